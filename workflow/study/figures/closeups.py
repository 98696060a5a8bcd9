"""Close-ups of landscapes."""

from __future__ import annotations

import numpy as np
import pandas as pd
from matplotlib.colors import LogNorm
from matplotlib.figure import Figure

from study.figures.landscape_axes import where
from study.figures.plane_maps import draw_map, grid_of
from study.style import neuron_label, panels

TITLES = ("loss, less the\ncentre's (nats)", "gradient's length\nover its median")


def draw(closeups: pd.DataFrame, seed: int) -> Figure:
    """Draw close-ups of a network of each neuron model: loss and gradient's length."""
    planes = where(closeups, seed=seed)
    keys = ["neuron", "of", "reach"]
    median = planes.groupby(keys)["norm"].transform("median")
    centre = where(planes, x=0, y=0).set_index(keys)["loss"].rename("centre")
    planes = planes.join(centre, on=keys).assign(length=planes["norm"] / median)
    planes["above"] = planes["loss"] - planes["centre"]
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
    """A row of panels: the losses of all ``planes`` on one scale, then their gradients."""
    losses, lengths = np.split(row, 2)
    most = max(plane["above"].abs().quantile(0.99) for plane in planes)
    for axes, plane in zip(losses, planes, strict=True):
        image = draw_map(axes, grid_of(plane, "above"), cmap="RdBu_r", vmin=-most, vmax=most)
    figure.colorbar(image, ax=list(losses), shrink=0.8)
    for axes, plane in zip(lengths, planes, strict=True):
        image = draw_map(axes, grid_of(plane, "length"), cmap="magma", norm=LogNorm(0.2, 5))
    bar = figure.colorbar(image, ax=list(lengths), shrink=0.8)
    bar.set_ticks([0.2, 1, 5], labels=["0.2", "1", "5"])
    bar.ax.minorticks_off()
