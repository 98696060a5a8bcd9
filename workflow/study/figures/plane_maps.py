"""Panels of planes through weight space, and their directions in words."""

from __future__ import annotations

from typing import Any

import numpy as np
import pandas as pd
from matplotlib.axes import Axes
from matplotlib.collections import QuadMesh

DIRECTIONS = {
    "gaussian": "random direction {}",
    "filter": "random direction {},\nscaled per neuron",
    "layer": "random direction {},\nscaled per layer",
    "gradient": "along the gradient",
    "difference": "towards the network\nof another seed",
    "principal": "main direction {}\nof training",
}


def direction_label(name: str, line_break: str = "\n") -> str:
    """A direction of weight space in words."""
    kind = name.rstrip("0123456789")
    label = DIRECTIONS[kind].format(int(name[len(kind) :] or 0) + 1)
    return label.replace("\n", line_break)


def colour_range(planes: pd.DataFrame) -> tuple[float, float]:
    """Losses at the ends of the colour scale that ``planes`` share.

    The upper few per cent saturate, or one steep corner would take all the colours.
    """
    return planes["loss"].min(), planes["loss"].quantile(0.98)


def grid_of(plane: pd.DataFrame, column: str = "loss") -> pd.DataFrame:
    """A column of a plane's table, a row for each y and a column for each x."""
    return plane.pivot_table(index="y", columns="x", values=column, dropna=False)


def draw_surface(axes: Axes, plane: pd.DataFrame, low: float, high: float) -> QuadMesh:
    """The loss on a plane, in colours from ``low`` to ``high``, with contours."""
    loss = grid_of(plane)
    place = loss.columns, loss.index, loss
    image = axes.pcolormesh(*place, vmin=low, vmax=high, cmap="viridis", rasterized=True)
    levels = np.linspace(low, high, 25)
    axes.contour(*place, levels, colors="white", linewidths=0.3, alpha=0.6)
    axes.set_aspect("equal")
    return image


def draw_map(axes: Axes, grid: pd.DataFrame, **colours: Any) -> QuadMesh:
    """A plane in colours, x and y in units of its reach."""
    reach = grid.columns.max()
    image = axes.pcolormesh(
        grid.columns / reach, grid.index / reach, grid, rasterized=True, **colours
    )
    axes.set_aspect("equal")
    axes.set(xticks=[-1, 0, 1], yticks=[-1, 0, 1])
    return image
