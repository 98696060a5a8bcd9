"""How far single networks scatter."""

from __future__ import annotations

import numpy as np
import pandas as pd
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from study.figures.kernel_axes import legend_below, width_axis
from study.style import COLOURS, panels

STYLES = {"train": (COLOURS[0], "o"), "test": (COLOURS[1], "s")}


def draw(spreads: list[pd.DataFrame], trends: list[pd.DataFrame], experiments: list[str]) -> Figure:
    """Draw how far single networks are from their mean, beside what the SG-NTK predicts, by
    width."""
    figure, grid = panels(1, len(experiments), (2.5, 3.6), (0.6, 0), sharey=True)
    for axes, name, table, powers in zip(grid[0], experiments, spreads, trends, strict=True):
        last = table[table.step == table.step.max()]
        _draw_experiment(axes, last, powers)
        axes.set_title(
            f"{name.replace('_', ' ')}\n{last.n_networks.max()} networks, {last.step.max()} steps"
        )
        legend_below(axes, fontsize=7)
    grid[0, 0].set_ylabel("standard deviation of outputs, rms")
    figure.suptitle(
        "power of the width of what exceeds the prediction;\n"
        f"bars: 95 % bootstrap interval over networks, seed {table.seed.iloc[0]}",
    )
    return figure


def _draw_experiment(axes: Axes, last: pd.DataFrame, powers: pd.DataFrame) -> None:
    """Spreads after the last step, and what the SG-NTK's flow predicts (dashed)."""
    for points, (colour, marker) in STYLES.items():
        own = last[last.points == points].sort_values("width")
        power = powers[powers.quantity == f"spread, {points}"]
        label = f"{points} points"
        if len(power):
            fit = power.iloc[0]
            ends = ", ".join(f"{p:.2f}".replace("-inf", r"$-\infty$") for p in (fit.low, fit.high))
            excess = rf"$\propto n^{{{fit.exponent:.2f}}}$" if np.isfinite(fit.exponent) else "none"
            label += f": excess {excess} [{ends}]"
        bars = [own["std"] - own.low, own.high - own["std"]]
        axes.errorbar(
            own.width, own["std"], np.maximum(bars, 0), fmt=marker + "-", color=colour,
            markersize=3, capsize=2, label=label,
        )  # fmt: skip
        axes.plot(own.width, own.std_predicted, marker + "--", color=colour, markersize=3, mfc="w")
    axes.plot([], [], "--", color="grey", label="SG-NTK flow")
    axes.set_yscale("log")
    width_axis(axes, last.width)
