"""Draw the loss of single samples along the lines of the census, with every jump marked."""

import matplotlib.pyplot as plt

from _job import start
from study.landscape.constants import JUMP, STATES
from study.landscape.figures import draw_jumps
from study.landscape.plane_figures import direction_label
from study.storage.tables import read_table
from study.style import NEURON_COLOURS, neuron_label, save

log = start(snakemake)
changes = read_table(snakemake.input.changes)
losses = read_table(snakemake.input.losses)
losses = losses[losses["search"] == "breaks"]
first = losses.iloc[0]
here = ["seed", "direction", "sample"]
losses = losses[(losses[here] == first[here].to_list()).all(axis=1)]
changes = changes[(changes[here] == first[here].to_list()).all(axis=1)]
changes = changes[(changes["search"] == "breaks") & (changes["loss_jump"].abs() > JUMP)]
neurons, states = list(losses["neuron"].unique()), STATES
figure, grid = plt.subplots(
    len(neurons),
    len(states),
    figsize=(0.6 + 2.4 * len(states), 0.8 + 1.9 * len(neurons)),
    sharex=True,
    squeeze=False,
)
for row, neuron in zip(grid, neurons, strict=True):
    for axes, state in zip(row, states, strict=True):
        line = losses[(losses["neuron"] == neuron) & (losses["state"] == state)]
        jumps = changes[(changes["neuron"] == neuron) & (changes["state"] == state)]
        draw_jumps(axes, line, jumps, NEURON_COLOURS[neuron])
        axes.set_title(f"{neuron_label(neuron)}, {state}: {len(jumps)} jumps")
        if axes is row[0]:
            axes.set_ylabel("loss (nats)")
for axes in grid[:-1].flat:
    axes.set_xlabel("")
figure.suptitle(
    f"{snakemake.params.data}: training sample {first['sample']} of the subset, seed "
    f"{first['seed']}, {direction_label(first['direction'], ' ')}; ticks mark jumps",
)
save(figure, snakemake.output)
