"""Draw loss surfaces and gradient fields on planes, neuron models side by side, same colours."""

from _job import start
from study.landscape.constants import STATES
from study.landscape.figures import where
from study.landscape.plane_figures import direction_label, draw_planes
from study.storage.tables import read_table
from study.style import neuron_label, panels, save

start(snakemake)
planes = where(read_table(snakemake.input.planes), seed=snakemake.params.seed)
neurons = list(planes["neuron"].unique())
there = set(zip(planes["direction"], planes["direction2"], strict=True))
pairs = [pair for pair in snakemake.params.pairs if tuple(pair) in there]
rows = [(state, *pair) for pair in pairs for state in STATES]
figure, grid = panels(len(rows), 2 * len(neurons), (2.2, 2.1), (0.8, 0.5))
for row, (state, first, second) in zip(grid, rows, strict=True):
    draw_planes(row, where(planes, state=state, direction=first, direction2=second))
    for axes, neuron in zip(row, 2 * neurons, strict=True):
        axes.set_title(f"{neuron_label(neuron)}, {state}")
        axes.set_xlabel(direction_label(first) if state == STATES[-1] else "")
    row[0].set_ylabel(direction_label(second))
figure.suptitle(
    f"{snakemake.params.data}, seed {snakemake.params.seed}: loss, and descent directions "
    "(slopes in nats per relative distance)",
)
save(figure, snakemake.output)
