"""What the SG-NTK figures share: axes of angles, colours and labels."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

import matplotlib.pyplot as plt
import numpy as np
import pandas as pd
from matplotlib.axes import Axes

from study.ntk import NNGP, SG_NTK, SYMMETRISED, TRANSPOSED, TWO_SIDED
from study.style import COLOURS, log_axis

KERNEL_STYLES: dict[str, Any] = {
    SG_NTK: {"color": "black", "linestyle": "-"},
    TWO_SIDED: {"color": COLOURS[1], "linestyle": ":"},
    NNGP: {"color": COLOURS[2], "linestyle": "--"},
    TRANSPOSED: {"color": COLOURS[3], "linestyle": "-."},
    SYMMETRISED: {"color": COLOURS[0], "linestyle": (0, (1, 1))},
}
TRAINING_POINTS: dict[str, Any] = {"color": "black", "marker": "x", "linestyle": ""}


def sequence(values: Iterable[float]) -> dict[float, Any]:
    """A colour for each of some ordered values, dark to light."""
    ordered = list(values)
    shades = plt.get_cmap("viridis")(np.linspace(0.1, 0.8, max(len(ordered), 2)))
    return {value: tuple(shade) for value, shade in zip(ordered, shades, strict=False)}


def angle_axis(axes: Axes, label: bool = True) -> None:
    """The paper's axis of angles on the circle."""
    axes.set_xlim(-np.pi, np.pi)
    axes.set_xticks([-np.pi, -np.pi / 2, 0, np.pi / 2, np.pi], [r"$-\pi$", "", "0", "", r"$\pi$"])
    if label:
        axes.set_xlabel(r"angle $\alpha$ (rad)")


def legend_below(axes: Axes, **options: object) -> None:
    """A legend under the panel, where it hides nothing."""
    axes.legend(loc="upper center", bbox_to_anchor=(0.5, -0.2), **options)


def slope_label(slope: float) -> str:
    """The m of erf_m."""
    return r"$m \to \infty$" if np.isinf(slope) else f"$m = {slope:g}$"


def draw_limit(axes: Axes, analytic: pd.DataFrame) -> None:
    """Analytic kernels with the point at angle 0, for each slope and its limit (dashed)."""
    slopes = sorted(slope for slope in analytic["slope"].unique() if np.isfinite(slope))
    for slope, colour in sequence(slopes).items():
        exact = analytic[analytic["slope"] == slope]
        axes.plot(exact["angle"], exact["kernel"], color=colour, label=slope_label(slope))
    exact = analytic[np.isinf(analytic["slope"])]
    axes.plot(exact["angle"], exact["kernel"], "--", color="black", lw=1, label=slope_label(np.inf))
    angle_axis(axes)


def decades_axis(axes: Axes) -> None:
    """The paper's axis for kernels of either sign and of very different size."""
    axes.set_yscale("asinh", linear_width=1.0)
    low, high = axes.get_ylim()
    decades = [-1000, -100, -10, 0, 10, 100, 1000]
    axes.set_yticks([tick for tick in decades if low < tick < high])
    axes.yaxis.set_major_formatter("{x:g}")
    axes.minorticks_off()


def draw_networks(
    axes: Axes, outputs: pd.DataFrame, regression: dict[str, pd.DataFrame], train: pd.DataFrame
) -> None:
    """Trained networks and their mean beside kernel regression (arXiv 2405.15539, fig. 3a).

    ``outputs`` has a row for each angle and a column for each network; ``regression`` each
    kernel's table of angle, mean and std; ``train`` the training points.
    """
    angle, mean, std = (regression[SG_NTK][name] for name in ("angle", "mean", "std"))
    axes.fill_between(
        angle, mean - 2 * std, mean + 2 * std, color="black", alpha=0.12, lw=0,
        label=r"SG-NTK $\pm$ 2 std",
    )  # fmt: skip
    alpha = min(0.3, 20 / outputs.shape[1])
    axes.plot(outputs, color=COLOURS[3], linewidth=0.8, alpha=alpha, rasterized=True)
    axes.plot(outputs.mean(axis=1), color=COLOURS[0], linewidth=2.5, label="mean of networks")
    for kernel in (SG_NTK, NNGP):
        table, style = regression[kernel], KERNEL_STYLES[kernel]
        axes.plot(table["angle"], table["mean"], lw=1.2, label=f"{kernel} regression", **style)
    axes.plot(train["angle"], train["target"], **TRAINING_POINTS, label="training points")


def draw_distances(axes: Axes, table: pd.DataFrame, x: str) -> None:
    """Distances of an ensemble from each kernel's prediction, with intervals, against ``x``.

    Kernels stand side by side where they would overlap.
    """
    kernels = [kernel for kernel in KERNEL_STYLES if kernel in set(table["kernel"])]
    for offset, kernel in zip((0.93, 1.0, 1.07, 0.87, 1.15), kernels, strict=False):
        here = table[table["kernel"] == kernel].sort_values(x)
        spread = [here["excess"] - here["excess_low"], here["excess_high"] - here["excess"]]
        axes.errorbar(
            here[x] * offset,
            here["excess"],
            np.maximum(spread, 0),
            fmt="o",
            **KERNEL_STYLES[kernel],
            markersize=3,
            capsize=2,
            label=kernel,
        )


def draw_widths(axes: Axes, table: pd.DataFrame, quantity: str, **style: Any) -> None:
    """Mean over networks and standard error of ``quantity`` at each width, log-log."""
    means = table.groupby("width")[quantity].agg(["mean", "sem"])
    axes.errorbar(means.index, means["mean"], means["sem"], capsize=2, markersize=4, **style)
    axes.set(xscale="log", yscale="log", xlabel="width $n$")


def width_axis(axes: Axes, widths: Iterable[int]) -> None:
    """A logarithmic axis of the ``widths`` of networks."""
    log_axis(axes, widths)
    axes.set_xlabel("width $n$")
