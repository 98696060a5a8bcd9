"""Inputs off the circle."""

from __future__ import annotations

import numpy as np
import pandas as pd
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from study.figures.kernel_axes import draw_distances, width_axis
from study.ntk import OFF_CIRCLE_INPUTS, OFF_CIRCLE_SLOPE, OFF_CIRCLE_WIDTH, SAME_TIME
from study.style import COLOURS, panels


def draw(
    off_circle: pd.DataFrame,
    distances: list[pd.DataFrame],
    n_networks: int,
    experiments: list[str],
) -> Figure:
    """Draw the asymmetry of the SG-NTK for inputs of unequal norm."""
    figure, [(empirical, *trained)] = panels(1, 1 + len(distances), (3.75, 3.4))
    _draw_empirical(empirical, off_circle)
    empirical.set_title(
        f"erf$_{{{OFF_CIRCLE_SLOPE:g}}}$, {n_networks} networks, $n = {OFF_CIRCLE_WIDTH}$"
    )
    for axes, distance, name in zip(trained, distances, experiments, strict=True):
        own = distance[(distance["at"] == SAME_TIME) & (distance.step == distance.step.max())]
        draw_distances(axes, own, "width")
        width_axis(axes, own.width)
        axes.set_ylabel("distance of the mean to the flow, rms")
        axes.set_ylim(bottom=0)
        axes.set_title(f"{name.replace('_', ' ')}: {own.n_networks.max()} trained sign networks")
        axes.legend(loc="upper center", bbox_to_anchor=(0.5, -0.16), ncols=3)
    figure.suptitle(
        f"{off_circle.predict.max() + 1} Gaussian inputs in {OFF_CIRCLE_INPUTS} dimensions, "
        f"seed {off_circle.seed.iloc[0]}; "
        "bars: 2 standard errors; right: 95 % intervals over networks",
    )
    return figure


def _pairs(table: pd.DataFrame, column: str) -> tuple[np.ndarray, np.ndarray]:
    """Values for every pair of points once, and with the points exchanged."""
    n = table.predict.max() + 1
    matrix = table[column].to_numpy().reshape(n, n)
    i, j = np.triu_indices(n, 1)
    return matrix[i, j], matrix[j, i]


def _asymmetry(table: pd.DataFrame, column: str) -> np.ndarray:
    """K(x, x') - K(x', x)."""
    return np.subtract(*_pairs(table, column))


def _draw_empirical(axes: Axes, table: pd.DataFrame) -> None:
    """The asymmetry of finite networks' kernels against the analytic one."""
    exact, measured = _asymmetry(table, "erf"), _asymmetry(table, "empirical")
    error = np.hypot(*_pairs(table, "empirical_se"))
    axes.errorbar(exact, measured, 2 * error, fmt="o", markersize=2.5, linewidth=0.6)
    ends = np.array([exact.min(), exact.max()])
    axes.plot(ends, ends, color="black", linewidth=0.8, label="equal")
    axes.plot(ends, -ends, "--", color=COLOURS[1], linewidth=0.8, label="arguments exchanged")
    axes.set(xlabel="analytic $K(x, x') - K(x', x)$", ylabel="mean of finite networks")
    axes.legend()
