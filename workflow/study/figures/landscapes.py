"""The first paper's landscapes."""

from __future__ import annotations

import matplotlib.pyplot as plt
import numpy as np
import pandas as pd
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from study.figures.landscape_axes import (
    STATE_STYLES,
    density_axis,
    draw_lines,
    draw_predictions,
    draw_turn,
    minima_density,
    neuron_handles,
    where,
)
from study.figures.plane_maps import direction_label, draw_planes
from study.style import NEURON_COLOURS, letter, neuron_label

COMPARED = ["trained", "equal loss", "equal activity"]
"""States whose minima are drawn."""


def draw(
    planes: pd.DataFrame,
    lines: pd.DataFrame,
    steps: pd.DataFrame,
    step_losses: pd.DataFrame,
    line_minima: pd.DataFrame,
    seed: int,
    pair: list[str],
    direction: str,
) -> Figure:
    """Compose the first paper's landscapes: surfaces, gradients, fragmentation."""
    first, second = pair
    plane = where(planes, seed=seed, state="trained", direction=first, direction2=second)
    neurons = list(plane["neuron"].unique())
    rows = 1 if len(neurons) < 3 else 2
    figure = plt.figure(figsize=(11, 2.6 * (rows + 1)))
    (above,), (below,) = figure.subfigures(2, 1, height_ratios=[rows, 1], squeeze=False)
    surfaces = above.subplots(rows, 2 * len(neurons) // rows).ravel()
    _draw_surfaces(surfaces, plane, neurons, pair)

    line, minima, turn, predictions = below.subplots(1, 4)
    draw_lines(line, where(lines, state="trained", direction=direction))
    line.set(xlabel=f"relative distance,\n{direction_label(direction)}", ylabel="loss (nats)")
    _draw_minima(minima, line_minima)
    draw_turn(turn, step_losses)
    draw_predictions(predictions, steps)
    handles = neuron_handles(neurons)
    handles += [
        plt.Line2D([], [], color="0.3", ls=STATE_STYLES[state], label=state) for state in COMPARED
    ]
    below.legend(handles=handles, loc="outside lower center", ncols=len(handles))
    letter([*surfaces, line, minima, turn, predictions])
    return figure


def _draw_surfaces(
    panels: np.ndarray, plane: pd.DataFrame, neurons: list[str], pair: list[str]
) -> None:
    """The plane of each of the ``neurons``, then their descents."""
    draw_planes(panels, plane)
    names = [neuron_label(neuron) for neuron in neurons]
    first, second = map(direction_label, pair)
    for axes, title in zip(panels, [*names, *(f"{n}, descent" for n in names)], strict=True):
        axes.set(title=title, xlabel=first)
    for axes in panels[:: len(neurons)]:
        axes.set_ylabel(second)


def _draw_minima(axes: Axes, line_minima: pd.DataFrame) -> None:
    """How many minima along lines are deeper than each depth, mean over networks."""
    compared = line_minima[line_minima["state"].isin(COMPARED)]
    density = minima_density(compared, "length")
    for (neuron, state), part in density.groupby(["neuron", "state"]):
        mean = part.groupby("depth")["density"].mean()
        axes.plot(mean, color=NEURON_COLOURS[neuron], ls=STATE_STYLES[state], lw=1.2)
    axes.set(xscale="log", xlabel="depth (nats)", ylabel="deeper minima\nper relative distance")
    density_axis(axes, density["density"])
