"""Kernels of finite networks beside the analytic ones."""

from __future__ import annotations

import matplotlib.pyplot as plt
import pandas as pd
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.gridspec import GridSpec

from study.config.ntk import KernelExperiment
from study.figures.kernel_axes import angle_axis, decades_axis, draw_limit, sequence, slope_label
from study.ntk import TRUE_DERIVATIVE


def draw(networks: pd.DataFrame, analytic: pd.DataFrame, experiment: KernelExperiment) -> Figure:
    """Draw finite networks' kernels with the analytic ones (arXiv 2405.15539, figs. 1 and 2)."""
    ordinary = experiment.surrogate.name == TRUE_DERIVATIVE
    name = "NTK" if ordinary else "SG-NTK"
    n_rows, n_widths = networks.slope.nunique(), len(experiment.widths)
    figure = plt.figure(figsize=(2 * n_widths + 2.6, 1.6 * n_rows + 0.9))
    grid = figure.add_gridspec(n_rows, n_widths + 1, width_ratios=[1] * n_widths + [1.3])
    shared = _draw_cells(figure, grid, networks, analytic, experiment, name)
    if ordinary:
        decades_axis(shared)
    else:  # the narrowest networks' curves may leave the panels, else the others' would be flat
        low, high = analytic.kernel.min(), analytic.kernel.max()
        shared.set_ylim(low - 0.6 * (high - low), high + 0.6 * (high - low))

    limit = figure.add_subplot(grid[:, -1])
    draw_limit(limit, analytic)
    limit.set_title(r"$n \to \infty$, analytic")
    limit.set_ylabel(name)
    if ordinary:
        decades_axis(limit)
    limit.legend()
    figure.legend(*shared.get_legend_handles_labels(), loc="outside lower left", ncols=3)
    figure.suptitle(
        f"{name} of erf$_m$ networks with a point at angle 0; "
        f"{experiment.n_networks} networks, seed {networks.seed.iloc[0]}",
        fontsize=9,
    )
    return figure


def _draw_cells(
    figure: Figure,
    grid: GridSpec,
    networks: pd.DataFrame,
    analytic: pd.DataFrame,
    experiment: KernelExperiment,
    name: str,
) -> Axes:
    """A panel for each slope and width. Returns the first, which has the legend's entries and
    whose axes are shared."""
    slopes, widths = sorted(networks.slope.unique()), experiment.widths
    colours = sequence([min(experiment.record_steps), max(experiment.record_steps)])
    shared = figure.add_subplot(grid[0, 0])
    for row, slope in enumerate(slopes):
        exact = analytic[analytic.slope == slope]
        for column, width in enumerate(widths):
            axes = shared
            if row or column:
                axes = figure.add_subplot(grid[row, column], sharex=shared, sharey=shared)
            cell = networks[(networks.slope == slope) & (networks.width == width)]
            for step, colour in colours.items():
                curves = cell[cell.step == step].pivot_table(
                    index="angle", columns="network", values="kernel"
                )
                axes.plot(curves, color=colour, linewidth=0.8, alpha=0.6)
            axes.plot(exact.angle, exact.kernel, color="black", linewidth=1.2)
            angle_axis(axes, label=row == len(slopes) - 1)
            axes.tick_params(labelbottom=row == len(slopes) - 1, labelleft=column == 0)
            if row == 0:
                axes.set_title(f"$n = {width}$")
            if column == 0:
                axes.set_ylabel(f"{name}, {slope_label(slope)}")
    for step, colour in colours.items():
        shared.plot([], color=colour, label=f"{step} steps")
    shared.plot([], color="black", label="analytic")
    return shared
