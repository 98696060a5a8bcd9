"""Which kernel trained networks follow."""

from __future__ import annotations

import pandas as pd
from matplotlib.figure import Figure

from study.figures.kernel_axes import draw_distances, width_axis
from study.ntk import SAME_TIME
from study.style import letter, panels


def draw(distances: list[pd.DataFrame], titles: list[str]) -> Figure:
    """Draw how far ensembles' means are from each kernel's gradient flow, by width."""
    figure, grid = panels(-(-(len(titles) + 1) // 3), 3, (2.75, 2.4), sharey=True)
    shown = grid.flat[: len(titles)]
    for axes, title, table in zip(shown, titles, distances, strict=True):
        trained = (table["at"] == SAME_TIME) & (table["step"] == table["step"].max())
        draw_distances(axes, table[trained], "width")
        width_axis(axes, table["width"])
        axes.set_title(title)
    grid[0, 0].set_ylim(bottom=0)
    for axes in grid[:, 0]:
        axes.set_ylabel("distance of the networks'\nmean from the kernel's flow")
    for axes in grid.flat[len(titles) :]:
        axes.set_axis_off()
    grid.flat[len(titles)].legend(*grid.flat[0].get_legend_handles_labels(), loc="center")
    letter(shown)
    return figure
