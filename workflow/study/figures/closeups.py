"""Close-ups of landscapes."""

from __future__ import annotations

import numpy as np
import pandas as pd
from matplotlib.colors import LogNorm
from matplotlib.figure import Figure

from study.figures.landscape_axes import where
from study.figures.plane_maps import draw_map, grid_of
from study.style import neuron_label, panels

TITLES = ("loss (nats)", "gradient's length\nover its median")


def draw(closeups: pd.DataFrame, seed: int) -> Figure:
    """Draw close-ups of a network of each neuron model: loss and gradient's length."""
    planes = where(closeups, seed=seed)
    median = planes.groupby(["neuron", "of", "reach"])["norm"].transform("median")
    planes = planes.assign(length=planes["norm"] / median)
    neurons = list(planes["neuron"].unique())
    views = list(planes.groupby(["of", "reach"]).groups)
    size, margin = (1.5, 1.35), (1.2, 0.8)
    figure, grid = panels(len(views), 2 * len(neurons), size, margin, sharex=True, sharey=True)
    for row, (of, reach) in zip(grid, views, strict=True):
        own = where(planes, of=of, reach=reach)
        _draw_view(figure, row, [where(own, neuron=neuron) for neuron in neurons])
        row[0].set_ylabel(f"{of}\nreach {reach:g}")
    for k, axes in enumerate(grid[0]):
        what, which = divmod(k, len(neurons))
        axes.set_title(f"{neuron_label(neurons[which])}\n{TITLES[what]}")
    figure.supxlabel("distance along the first direction, in units of the reach")
    figure.supylabel("distance along the second direction")
    return figure


def _draw_view(figure: Figure, row: np.ndarray, planes: list[pd.DataFrame]) -> None:
    """A row of panels: the losses of all ``planes``, then their gradients."""
    losses, lengths = np.split(row, 2)
    for axes, plane in zip(losses, planes, strict=True):
        low, high = plane["loss"].quantile([0.01, 0.99])
        image = draw_map(axes, grid_of(plane), cmap="viridis", vmin=low, vmax=high)
        figure.colorbar(image, ax=axes, shrink=0.8)
    for axes, plane in zip(lengths, planes, strict=True):
        image = draw_map(axes, grid_of(plane, "length"), cmap="magma", norm=LogNorm(0.2, 5))
    bar = figure.colorbar(image, ax=list(lengths), shrink=0.8)
    bar.set_ticks([0.2, 1, 5], labels=["0.2", "1", "5"])
    bar.ax.minorticks_off()
