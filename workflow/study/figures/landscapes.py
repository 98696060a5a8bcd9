"""The first paper's landscapes."""

from __future__ import annotations

import pandas as pd
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from study.figures.landscape_axes import (
    STATE_STYLES,
    density_axis,
    draw_turn,
    minima_density,
    neuron_handles,
    where,
)
from study.figures.plane_maps import colour_range, direction_label, draw_surface
from study.style import NEURON_COLOURS, letter, neuron_label, plt

COMPARED = ["trained", "equal loss", "equal activity"]
"""States whose minima are drawn."""


def draw(
    planes: pd.DataFrame,
    step_losses: pd.DataFrame,
    line_minima: pd.DataFrame,
    seed: int,
    pair: list[str],
) -> Figure:
    """Compose the first paper's landscapes: surfaces, fragmentation, turning gradients."""
    first, second = pair
    plane = where(planes, seed=seed, state="trained", direction=first, direction2=second)
    neurons = list(plane["neuron"].unique())
    figure = plt.figure(figsize=(8.25, 5.5))
    (above,), (below,) = figure.subfigures(2, 1, squeeze=False)
    surfaces = above.subplots(1, len(neurons), squeeze=False, sharey=True)[0]
    low, high = colour_range(plane)
    for axes, neuron in zip(surfaces, neurons, strict=True):
        image = draw_surface(axes, where(plane, neuron=neuron), low, high)
        axes.set(title=neuron_label(neuron), xlabel=direction_label(first))
    surfaces[0].set_ylabel(direction_label(second))
    above.colorbar(image, ax=list(surfaces), label="loss (nats)", extend="max")

    minima, turn = below.subplots(1, 2)
    _draw_minima(minima, line_minima)
    draw_turn(turn, step_losses)
    handles = neuron_handles(neurons)
    handles += [
        plt.Line2D([], [], color="0.3", ls=STATE_STYLES[state], label=state) for state in COMPARED
    ]
    below.legend(handles=handles, loc="outside lower center", ncols=len(handles))
    letter([*surfaces, minima, turn])
    return figure


def _draw_minima(axes: Axes, line_minima: pd.DataFrame) -> None:
    """How many minima along lines are deeper than each depth, mean over networks."""
    compared = line_minima[line_minima["state"].isin(COMPARED)]
    density = minima_density(compared, "length")
    for (neuron, state), part in density.groupby(["neuron", "state"]):
        mean = part.groupby("depth")["density"].mean()
        axes.plot(mean, color=NEURON_COLOURS[neuron], ls=STATE_STYLES[state], lw=1.2)
    axes.set(xscale="log", xlabel="depth (nats)", ylabel="deeper minima\nper relative distance")
    density_axis(axes, density["density"])
