"""The second paper's figures in one."""

from __future__ import annotations

import matplotlib.pyplot as plt
import pandas as pd
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from study.figures.kernel_axes import (
    angle_axis,
    decades_axis,
    draw_distances,
    draw_limit,
    draw_networks,
    draw_widths,
    sequence,
    slope_label,
    width_axis,
)
from study.ntk import SAME_TIME
from study.style import letter


def draw(
    naive_analytic: pd.DataFrame,
    surrogate_analytic: pd.DataFrame,
    errors: pd.DataFrame,
    networks: pd.DataFrame,
    predictions: pd.DataFrame,
    distances: pd.DataFrame,
    problem: pd.DataFrame,
) -> Figure:
    """Compose the second paper's figures: kernels, their constancy, and regression."""
    figure, grid = plt.subplots(2, 3, figsize=(10.5, 6))
    diverging, converging, drift = grid[0]
    single, *compared = grid[1]
    draw_limit(diverging, naive_analytic)
    decades_axis(diverging)
    diverging.set(title="NTK of erf$_m$: no limit", ylabel="kernel with angle 0")
    diverging.legend()
    draw_limit(converging, surrogate_analytic)
    converging.set(title="SG-NTK of erf$_m$: a limit", ylabel="kernel with angle 0")
    _draw_drift(drift, errors)

    step, width = networks["step"].max(), networks["width"].max()
    final = networks[(networks["step"] == step) & (networks["width"] == width)]
    outputs = final.pivot_table(index="angle", columns="network", values="output")
    flow = predictions[predictions["step"] == step].sort_values("angle")
    train = problem[problem["train"]]
    draw_networks(single, outputs, dict(iter(flow.groupby("kernel"))), train)
    angle_axis(single)
    single.set(title=f"{outputs.shape[1]} sign networks, $n = {width}$", ylabel="output")
    single.legend(fontsize=7, ncols=2, loc="upper center", bbox_to_anchor=(0.5, -0.2))
    _draw_compared(compared, distances, step, width)
    letter(grid.flat)
    return figure


def _draw_drift(axes: Axes, errors: pd.DataFrame) -> None:
    """The change of kernels by all steps of training, by width, for each slope."""
    last = errors["step"].max()
    for slope, colour in sequence(sorted(errors["slope"].unique())).items():
        own = errors[(errors["slope"] == slope) & (errors["step"] == last)]
        draw_widths(axes, own, "drift", fmt="o-", color=colour, label=slope_label(slope))
    axes.set(title=f"change by {last} steps of training", ylabel="relative change of the kernel")


def _draw_compared(panels: list[Axes], distances: pd.DataFrame, step: int, width: int) -> None:
    """How far networks' mean is from each kernel's flow: by width after the last ``step``, and
    during training at the largest ``width``."""
    means, during = panels
    same_time = distances[distances["at"] == SAME_TIME]
    draw_distances(means, same_time[same_time["step"] == step], "width")
    means.set_title(f"after {step} steps")
    width_axis(means, same_time["width"])
    widest = same_time[(same_time["width"] == width) & (same_time["step"] > 0)]
    draw_distances(during, widest, "step")
    during.set(xscale="log", xlabel="steps of training", title=f"$n = {width}$")
    for axes in panels:
        axes.set_ylim(bottom=0)
        axes.set_ylabel("distance to the kernel's flow, rms")
    means.legend()
