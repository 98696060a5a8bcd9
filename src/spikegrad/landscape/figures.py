"""Panels that figures of landscapes share."""

from __future__ import annotations

import numpy as np
import pandas as pd
from matplotlib.axes import Axes
from matplotlib.collections import QuadMesh
from matplotlib.quiver import Quiver


def colour_range(planes: pd.DataFrame) -> tuple[float, float]:
    """Losses at the ends of the colour scale that ``planes`` share.

    The upper few per cent saturate, or one steep corner would take all the colours.
    """
    return planes["loss"].min(), planes["loss"].quantile(0.98)


def loss_grid(plane: pd.DataFrame) -> pd.DataFrame:
    """The loss on a plane, a row for each y and a column for each x."""
    return plane.pivot_table(index="y", columns="x", values="loss", dropna=False)


def draw_surface(axes: Axes, plane: pd.DataFrame, low: float, high: float) -> QuadMesh:
    """The loss on a plane, in colours from ``low`` to ``high``, with contours."""
    loss = loss_grid(plane)
    image = axes.pcolormesh(
        loss.columns, loss.index, loss, vmin=low, vmax=high, cmap="viridis", rasterized=True
    )
    axes.contour(
        loss.columns,
        loss.index,
        loss,
        np.linspace(low, high, 25),
        colors="white",
        linewidths=0.3,
        alpha=0.6,
    )
    axes.set_aspect("equal")
    return image


def draw_field(axes: Axes, plane: pd.DataFrame, low: float, high: float) -> Quiver:
    """Directions of descent on a plane, coloured by slope, over contours of the loss."""
    loss = loss_grid(plane)
    axes.contour(
        loss.columns,
        loss.index,
        loss,
        np.linspace(low, high, 25),
        vmin=low,
        vmax=high,
        cmap="viridis",
        linewidths=0.6,
    )
    arrows = plane.dropna(subset=["slope_x", "slope_y"])
    length = np.hypot(arrows["slope_x"], arrows["slope_y"])
    axes.set_aspect("equal")
    return axes.quiver(
        arrows["x"],
        arrows["y"],
        -arrows["slope_x"] / length,
        -arrows["slope_y"] / length,
        np.log10(length.clip(lower=1e-3)),
        cmap="magma_r",
        clim=(-1, 3),
        pivot="mid",
        scale=14,
        width=0.008,
    )


def draw_jumps(axes: Axes, line: pd.DataFrame, jumps: pd.DataFrame, colour: str) -> None:
    """The loss of a sample along a line, cut where it jumps; a tick marks each jump."""
    x = np.concatenate([line["x"], jumps["x"] + jumps["width"] / 2])
    y = np.concatenate([line["loss"], np.full(len(jumps), np.nan)])
    order = x.argsort(kind="stable")
    axes.plot(x[order], y[order], color=colour, lw=0.9)
    top = jumps["loss"] + jumps["loss_jump"].clip(lower=0)
    bottom = jumps["loss"] + jumps["loss_jump"].clip(upper=0)
    axes.vlines(jumps["x"], bottom, top, color="black", lw=0.8)
    axes.plot(
        jumps["x"],
        np.full(len(jumps), 0.03),
        "|",
        color="black",
        ms=6,
        transform=axes.get_xaxis_transform(),
    )
    axes.ticklabel_format(axis="x", style="sci", scilimits=(-2, 2))
    axes.ticklabel_format(axis="y", useOffset=False)
    axes.margins(y=0.12)
