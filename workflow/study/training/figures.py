"""Learning curves, as several figures draw them."""

from __future__ import annotations

import pandas as pd
import seaborn as sns
from matplotlib.axes import Axes
from matplotlib.ticker import MaxNLocator

from study.style import NEURON_COLOURS


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
