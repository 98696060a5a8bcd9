"""Draw loss along lines through networks: each seed of each neuron model."""

from _job import start
from study.landscape.constants import STATES
from study.landscape.figures import draw_lines, neuron_handles, where
from study.landscape.plane_figures import direction_label
from study.storage.tables import read_table
from study.style import panels, save

start(snakemake)
lines = read_table(snakemake.input.lines)
directions = snakemake.params.directions
figure, grid = panels(len(STATES), len(directions), (2.6, 1.6), (0.6, 0.7), sharex="col")
for row, state in zip(grid, STATES, strict=True):
    for axes, direction in zip(row, directions, strict=True):
        draw_lines(axes, where(lines, state=state, direction=direction))
        if state == STATES[0]:
            axes.set_title(direction_label(direction))
        if state == STATES[-1]:
            axes.set_xlabel("relative distance")
        if direction == directions[0]:
            axes.set_ylabel(f"{state}\nloss (nats)")
handles = neuron_handles(lines["neuron"].unique())
figure.legend(handles=handles, loc="outside upper right", ncols=len(handles))
figure.suptitle(
    f"{snakemake.params.data}: {lines['seed'].nunique()} seeds, means over "
    f"{snakemake.params.samples} samples",
    x=0.01,
    ha="left",
)
save(figure, snakemake.output)
