"""Draw loss surfaces and gradient fields on planes, neuron models side by side, same colours."""

import matplotlib.pyplot as plt

from _job import start
from study.landscape.constants import STATES
from study.landscape.plane_figures import (
    colour_range,
    direction_label,
    draw_field,
    draw_surface,
    plane_bars,
)
from study.storage.tables import read_table
from study.style import neuron_label, save

log = start(snakemake)
planes = read_table(snakemake.input.planes)
planes = planes[planes["seed"] == snakemake.params.seed]
neurons = list(planes["neuron"].unique())
there = set(zip(planes["direction"], planes["direction2"], strict=True))
pairs = [pair for pair in snakemake.params.pairs if tuple(pair) in there]
rows = [(state, *pair) for pair in pairs for state in STATES]
columns = [(neuron, what) for what in ("surface", "field") for neuron in neurons]
figure, grid = plt.subplots(
    len(rows),
    len(columns),
    figsize=(0.8 + 2.2 * len(columns), 0.5 + 2.1 * len(rows)),
    squeeze=False,
)
for panels, (state, first, second) in zip(grid, rows, strict=True):
    chosen = planes[
        (planes["state"] == state)
        & (planes["direction"] == first)
        & (planes["direction2"] == second)
    ]
    low, high = colour_range(chosen)
    for axes, (neuron, what) in zip(panels, columns, strict=True):
        own = chosen[chosen["neuron"] == neuron]
        if what == "surface":
            image = draw_surface(axes, own, low, high)
        else:
            arrows = draw_field(axes, own, low, high)
        axes.set_title(f"{neuron_label(neuron)}, {state}")
        axes.set_xlabel(direction_label(first) if state == STATES[-1] else "")
        axes.set_ylabel(direction_label(second) if axes is panels[0] else "")
    plane_bars(figure, image, panels[: len(neurons)], arrows, panels[len(neurons) :])
figure.suptitle(
    f"{snakemake.params.data}, seed {snakemake.params.seed}: loss, and descent directions "
    "(slopes in nats per relative distance)",
)
save(figure, snakemake.output)
