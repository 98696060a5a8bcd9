"""Trained networks beside kernel regression."""

from __future__ import annotations

from typing import Any

import matplotlib.pyplot as plt
import numpy as np
import pandas as pd
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from study.config.ntk import Ensemble
from study.figures.kernel_axes import (
    KERNEL_STYLES,
    TRAINING_POINTS,
    angle_axis,
    draw_networks,
    legend_below,
    sequence,
)
from study.ntk import SG_NTK


def draw(
    networks: pd.DataFrame,
    predictions: pd.DataFrame,
    problem: pd.DataFrame,
    experiment: Ensemble,
) -> Figure:
    """Draw an experiment's trained networks beside kernel regression (arXiv 2405.15539, fig. 3)."""
    train = problem[problem.train]
    last = networks.step.max()
    final = networks[networks.step == last]
    ordered = predictions.sort_values("angle")
    regression, flow = (
        dict(iter(ordered[ordered.step == step].groupby("kernel"))) for step in (np.inf, last)
    )
    colours = sequence(experiment.widths)
    functions = {
        width: final[final.width == width].pivot_table(
            index="angle", columns="network", values="output"
        )
        for width in colours
    }
    largest = experiment.widths[-1]
    widest = functions[largest]
    figure, (single, means, differences) = plt.subplots(1, 3, figsize=(8.25, 3.2))
    draw_networks(single, widest, regression, train)
    single.set_ylabel("output")
    single.set_title(f"{widest.shape[1]} networks, $n = {largest}$")
    _draw_means(means, functions, colours, regression[SG_NTK], train)
    _draw_differences(
        differences, widest, flow, color=colours[largest], label=f"networks, $n = {largest}$, 95 %"
    )
    for axes in (single, means, differences):
        angle_axis(axes)
        legend_below(axes, ncols=2, fontsize=7)
    figure.suptitle(experiment.in_words.replace("\n", " "))
    return figure


def _draw_means(
    axes: Axes,
    functions: dict[float, pd.DataFrame],
    colours: dict[float, Any],
    sg_ntk: pd.DataFrame,
    train: pd.DataFrame,
) -> None:
    """Means of networks of each width, whose ``functions`` have a row for each angle."""
    for width, colour in colours.items():
        axes.plot(functions[width].mean(axis=1), color=colour, lw=2, label=f"$n = {width}$")
    axes.plot(sg_ntk.angle, sg_ntk["mean"], color="black", lw=1.2, label="SG-NTK regression")
    axes.plot(train.angle, train.target, **TRAINING_POINTS)
    axes.set_ylabel("mean output")
    axes.set_title("means of networks")


def _draw_differences(
    axes: Axes, outputs: pd.DataFrame, flow: dict[str, pd.DataFrame], color: Any, label: str
) -> None:
    """The mean of networks and each kernel's gradient flow, less the SG-NTK's."""
    offset = flow[SG_NTK]["mean"].to_numpy()
    error = 1.96 * outputs.sem(axis=1)
    mean = outputs.mean(axis=1) - offset
    axes.fill_between(outputs.index, mean - error, mean + error, color=color, alpha=0.3)
    axes.plot(mean, color=color, lw=2, label=label)
    for kernel, table in flow.items():
        style = KERNEL_STYLES[kernel]
        axes.plot(table.angle, table["mean"].to_numpy() - offset, label=kernel, **style)
    axes.set_ylabel("difference from SG-NTK flow")
    axes.set_title("which kernel do the networks follow?")
