"""Learning curves and delays, as figures draw them."""

from __future__ import annotations

import numpy as np
import pandas as pd
import seaborn as sns
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.ticker import MaxNLocator

from study.style import NEURON_COLOURS, neuron_label, plt


def draw_learning_curves(
    axes: Axes, history: pd.DataFrame, measure: str, legend: bool = False
) -> None:
    """``measure`` against epochs: each seed (thin) and their mean.

    ``history`` has the columns neuron, seed, epoch and ``measure``.
    """
    common = {"data": history, "x": "epoch", "y": measure, "hue": "neuron", "ax": axes}
    common["palette"] = NEURON_COLOURS
    sns.lineplot(**common, units="seed", estimator=None, lw=0.5, alpha=0.6, legend=False)
    sns.lineplot(**common, errorbar=None, lw=1.8, legend=legend)
    axes.set_xlabel("epoch")
    axes.xaxis.set_major_locator(MaxNLocator("auto", integer=True))
    axes.set_ylim(0, 1 if "accuracy" in measure else None)


def draw_delays(table: pd.DataFrame) -> Figure:
    """How delays are spread before training and after it, in columns for input and recurrent."""
    kinds = [(layer, of) for (layer, of), _ in table.groupby(["layer", "of"])]
    figure, (row,) = plt.subplots(
        1, len(kinds), figsize=(1 + 2.6 * len(kinds), 2.8), squeeze=False, sharey=True
    )
    bins = np.linspace(0, 1000 * table[["before", "after"]].to_numpy().max(), 31)
    for axes, (layer, of) in zip(row, kinds, strict=True):
        own = table[(table["layer"] == layer) & (table["of"] == of)]
        common = {"bins": bins, "density": True, "histtype": "step"}
        for number, (neuron, delays) in enumerate(own.groupby("neuron", sort=False)):
            colour = NEURON_COLOURS[str(neuron)]
            before = "before training" if number == 0 else None
            axes.hist(1000 * delays["before"], color="0.6", ls=":", label=before, **common)
            label = f"{neuron_label(str(neuron))}, after"
            axes.hist(1000 * delays["after"], color=colour, label=label, **common)
        axes.set(xlabel="delay (ms)", title=f"layer {layer}, {of} spikes")
    row[0].set_ylabel("density (1/ms)")
    row[-1].legend()
    return figure
