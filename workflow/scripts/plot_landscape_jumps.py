"""Draw the loss of single samples along the lines of the census, with every jump marked."""

import matplotlib.pyplot as plt
import numpy as np
import pandas as pd

from _job import start
from spikegrad.figures import NEURON_COLOURS, save
from spikegrad.landscape.terms import JUMP, STATES

log = start(snakemake)
changes = pd.read_parquet(snakemake.input.changes)
losses = pd.read_parquet(snakemake.input.losses)
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
        # the curve is cut where it jumps
        x = np.concatenate([line["x"], jumps["x"] + jumps["width"] / 2])
        y = np.concatenate([line["loss"], np.full(len(jumps), np.nan)])
        order = x.argsort(kind="stable")
        axes.plot(x[order], y[order], color=NEURON_COLOURS[neuron], lw=0.9)
        top = jumps["loss"] + jumps["loss_jump"].clip(lower=0)
        bottom = jumps["loss"] + jumps["loss_jump"].clip(upper=0)
        axes.vlines(jumps["x"], bottom, top, color="black", lw=0.8)
        axes.plot(
            jumps["x"],
            np.full(len(jumps), 0.03),
            "|",
            color="black",
            ms=6,
            transform=axes.get_xaxis_transform(),
        )
        axes.ticklabel_format(axis="x", style="sci", scilimits=(-2, 2))
        axes.ticklabel_format(axis="y", useOffset=False)
        axes.margins(y=0.12)
        axes.set_title(f"{neuron.upper()}, {state}: {len(jumps)} jumps")
        if axes is row[0]:
            axes.set_ylabel("loss (nats)")
for axes in grid[-1]:
    axes.set_xlabel("relative distance")
figure.suptitle(
    f"{snakemake.params.data}: training sample {first['sample']} of the subset, seed "
    f"{first['seed']}, along {first['direction']}; ticks mark jumps",
    fontsize=9,
)
save(figure, snakemake.output)
