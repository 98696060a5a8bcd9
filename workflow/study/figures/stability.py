"""Unstable learning."""

from __future__ import annotations

import matplotlib.pyplot as plt
import pandas as pd
from matplotlib.figure import Figure

from study.figures.kernel_axes import legend_below, sequence
from study.ntk import UNSTABLE_POINTS
from study.style import COLOURS


def draw(drift: pd.DataFrame) -> Figure:
    """Draw the error of networks of growing width along an unstable direction of the SG-NTK, beside
    the prediction."""
    figure, axes = plt.subplots(figsize=(4.5, 4.2))
    for width, colour in sequence(sorted(drift.width.unique())).items():
        own = drift[drift.width == width]
        table = own.pivot_table(index="step", columns="network", values="error")
        mean, error = table.mean(axis=1), 1.96 * table.sem(axis=1)
        axes.fill_between(mean.index, mean - error, mean + error, color=colour, alpha=0.3, lw=0)
        axes.plot(mean, color=colour, label=f"$n = {width}$")
    predicted = drift.groupby("step").predicted.first()
    axes.plot(predicted, "--", color="black", linewidth=1, label="SG-NTK, $n \\to \\infty$")
    axes.axhline(0, color=COLOURS[4], linewidth=0.8)
    top = drift.groupby(["width", "step"]).error.mean().max()
    axes.set(
        ylim=(0, 1.5 * top), xlabel="steps of training", ylabel="error along the unstable direction"
    )
    first = drift.iloc[0]
    axes.set_title(
        f"2 layers, {first.surrogate.replace('_', ' ')}, {drift.network.nunique()} networks"
    )
    title = rf"$\lambda = {first.eigenvalue:.2f}$, $\|K\| = {first.norm:.1f}$; mean, 95 %"
    legend_below(axes, ncols=2, fontsize=7, title=title, title_fontsize=7)
    figure.suptitle(f"SG-NTK of sign networks, {UNSTABLE_POINTS} points, seed {first.seed}")
    return figure
