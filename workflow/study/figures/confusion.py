"""How often test samples of each class are taken for each other."""

from __future__ import annotations

import pandas as pd
import seaborn as sns
from matplotlib.figure import Figure

from study.style import neuron_label, panels, plain


def draw(samples: pd.DataFrame) -> Figure:
    """Draw how often test samples of each class are taken for each other, for each neuron model."""
    groups = samples.groupby("neuron", sort=False, observed=True)
    figure, grid = panels(1, len(groups), (3.6, 3.6), (0.4, 0), sharey=True)
    for axes, (neuron, own) in zip(grid[0], groups, strict=True):
        share = pd.crosstab(own["label"], own["prediction"], normalize="index", dropna=False)
        share = share.rename(index=plain, columns=plain)
        sns.heatmap(
            share,
            vmin=0,
            vmax=1,
            cmap="viridis",
            square=True,
            xticklabels=True,
            yticklabels=True,
            cbar=False,
            ax=axes,
        )
        axes.set_title(neuron_label(neuron))
        axes.set(xlabel="predicted", ylabel="")
        axes.tick_params(length=0, labelsize=7)
    grid[0, 0].set_ylabel("spoken")
    figure.suptitle("share of each class's test samples, from 0 (dark) to 1 (yellow)")
    return figure
