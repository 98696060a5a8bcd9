"""Which kernel trained networks follow."""

from __future__ import annotations

import pandas as pd
from matplotlib.figure import Figure

from study.figures.kernel_axes import draw_distances, width_axis
from study.ntk import CONVERGENCE, SAME_TIME
from study.style import panels


def draw(distances: list[pd.DataFrame], experiments: list[str]) -> Figure:
    """Draw how far ensembles' means are from each kernel's prediction: by width and during
    training."""
    figure, grid = panels(2, len(experiments), (2.5, 2.5), (0.6, 0), sharey="row")
    for (by_width, by_step), name, table in zip(grid.T, experiments, distances, strict=True):
        last, widest = table.step.max(), table.width.max()
        trained = table[(table["at"] == CONVERGENCE) & (table.step == last)]
        draw_distances(by_width, trained, "width")
        during = table[(table["at"] == SAME_TIME) & (table.width == widest) & (table.step > 0)]
        draw_distances(by_step, during, "step")
        by_width.set_title(f"{name.replace('_', ' ')}\n{table.n_networks.max()} networks")
        by_step.set(xscale="log", xlabel=f"steps, $n = {widest}$")
        width_axis(by_width, table.width)
    grid[0, 0].set_ylabel("distance of the trained networks'\nmean to kernel regression, rms")
    grid[1, 0].set_ylabel("distance to the kernel's gradient\nflow at the same time, rms")
    for axes in grid.flat:
        axes.set_ylim(bottom=0)
    grid[0, 0].legend()
    figure.suptitle(
        "without the noise of finite ensembles;\n"
        f"bars: 95 % bootstrap interval over networks, seed {table.seed.iloc[0]}",
    )
    return figure
