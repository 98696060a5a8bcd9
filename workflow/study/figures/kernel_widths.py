"""Kernels of finite networks against width."""

from __future__ import annotations

import pandas as pd
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from study.figures.kernel_axes import draw_widths, legend_below, sequence, slope_label
from study.style import panels

QUANTITIES = {  # column, power of the width that is drawn as a guide, and label
    "error": ("squared_error", -1.0, "mean squared error of the kernel"),
    "drift": ("drift", -0.5, "relative change of the kernel by training"),
}


def draw(
    errors: list[pd.DataFrame],
    exponents: list[pd.DataFrame],
    experiments: list[str],
    quantity: str,
) -> Figure:
    """Draw the error of finite networks' kernels, or their drift by training, against width.

    ``quantity`` is one of QUANTITIES.
    """
    column, power, label = QUANTITIES[quantity]
    figure, grid = panels(1, len(experiments), (3.4, 4), sharey=True)
    for axes, name, table, powers in zip(grid[0], experiments, errors, exponents, strict=True):
        _draw_experiment(axes, table, powers[powers["quantity"] == column], column, power)
        axes.set_title(f"{name.replace('_', ' ')}, {table['step'].max()} steps")
        legend_below(axes, title="power of the width [95 % interval]", title_fontsize=8)
    grid[0, 0].set_ylabel(label)
    note = "dotted: before training; " if column == "squared_error" else ""
    networks = table["network"].nunique()
    figure.suptitle(f"{note}bars: standard error over {networks} networks")
    return figure


def _draw_experiment(
    axes: Axes, table: pd.DataFrame, powers: pd.DataFrame, column: str, power: float
) -> None:
    """A line for each slope, after training; of an error also before it (dotted)."""
    first, last = table["step"].min(), table["step"].max()
    fits = powers[powers["step"] == last]
    for slope, colour in sequence(sorted(table["slope"].unique())).items():
        here = table[table["slope"] == slope]
        text = slope_label(slope)
        for _, fit in fits[fits["slope"] == slope].iterrows():  # none of a single width
            interval = f"[{fit['low']:.2f}, {fit['high']:.2f}]"
            text += f": $n^{{{fit['exponent']:.2f}}}$ {interval}"
        trained = here[here["step"] == last]
        draw_widths(axes, trained, column, fmt="o-", color=colour, label=text)
        if column == "squared_error":
            untrained = here[here["step"] == first]
            draw_widths(axes, untrained, column, fmt="s:", color=colour, alpha=0.6)
    means = trained.groupby("width")[column].mean()  # of the last slope
    widths = means.index.to_numpy(float)
    guide = means.iloc[-1] * (widths / widths[-1]) ** power
    axes.plot(widths, guide, color="grey", linewidth=0.8, label=f"$n^{{{power:g}}}$")
