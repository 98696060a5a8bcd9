"""How often test samples of each class are taken for each other."""

from __future__ import annotations

import pandas as pd
import seaborn as sns
from matplotlib.figure import Figure

from study.style import neuron_label, panels, plain


def draw(samples: pd.DataFrame, data: str) -> Figure:
    """Draw how often test samples of each class are taken for each other, for each neuron model."""
    groups = samples.groupby("neuron", sort=False, observed=True)
    figure, grid = panels(1, len(groups), (3.6, 3.6), (0.4, 0), sharey=True)
    for axes, (neuron, own) in zip(grid[0], groups, strict=True):
        share = pd.crosstab(own["label"], own["prediction"], normalize="index", dropna=False)
        last = axes is grid[0][-1]
        share = share.rename(index=plain, columns=plain)
        sns.heatmap(
            share,
            vmin=0,
            vmax=1,
            cmap="viridis",
            square=True,
            xticklabels=True,
            yticklabels=True,
            cbar=last,
            cbar_kws={"label": "share of the class's samples", "shrink": 0.8},
            ax=axes,
        )
        accuracy = (own["label"] == own["prediction"]).mean()
        n_seeds = own["seed"].nunique()
        axes.set_title(f"{neuron_label(neuron)}: {accuracy:.1%} right, {n_seeds} seeds")
        axes.set(xlabel="predicted", ylabel="spoken" if axes is grid[0][0] else "")
        axes.tick_params(length=0, labelsize=7)
    figure.suptitle(f"{data}, test set")
    return figure
