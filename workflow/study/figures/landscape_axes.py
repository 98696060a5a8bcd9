"""Panels that figures of landscapes share."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

import numpy as np
import pandas as pd
from matplotlib.axes import Axes
from matplotlib.lines import Line2D

from study.landscape.constants import CAUSES, STATES, height_column
from study.style import COLOURS, NEURON_COLOURS, neuron_label

STATE_STYLES = {"untrained": ":", "equal loss": "--", "trained": "-", "equal activity": "-."}
"""Line styles of the states."""


def where(table: pd.DataFrame, **values: Any) -> pd.DataFrame:
    """The rows of ``table`` that have these ``values`` in their columns."""
    for column, value in values.items():
        table = table[table[column] == value]
    return table


def minima_density(minima: pd.DataFrame, extent: str) -> pd.DataFrame:
    """Minima of each network by depth, per ``extent`` ("length" or "area") of all that was seen.

    Columns: neuron, state, seed, depth, density.
    """
    keys = ["neuron", "state", "seed", "depth"]
    total = minima.groupby(keys, sort=False)[["minima", extent]].sum().reset_index()
    return total.assign(density=total["minima"] / total[extent])


def density_axis(axes: Axes, density: pd.Series) -> None:
    """A logarithmic y axis for ``density`` that shows 0 too."""
    positive = density[density > 0]
    least = positive.min() if len(positive) else 1.0
    axes.set_yscale("symlog", linthresh=least, linscale=0.5)
    most = max(density.max(), least)
    axes.set_ylim(-0.1 * least, 1.6 * most)
    powers = np.arange(np.ceil(np.log10(least)), np.log10(1.6 * most))
    axes.set_yticks([0, *10.0**powers], ["0", *(f"{10.0**power:g}" for power in powers)])
    axes.set_yticks([], minor=True)


def state_axis(axes: Axes) -> None:
    """An x axis of the states, after a plot in their order."""
    axes.set_xticks(range(len(STATES)), [state.replace(" ", "\n") for state in STATES])
    axes.set_xlabel("")


def draw_tail(axes: Axes, values: pd.Series, **style: Any) -> None:
    """The share of ``values`` that are at least as large, as steps; nothing if there are none."""
    if len(values):
        ordered = np.sort(values)
        share = np.linspace(1, 0, len(ordered) + 1)
        axes.step([*ordered, ordered[-1]], share, where="pre", **style)


def draw_shares(axes: Axes, shares: pd.DataFrame) -> None:
    """Stacked bars, a row for each network kind and a colour for each column of ``shares``, whose
    index holds neuron and state."""
    left = np.zeros(len(shares))
    for (name, values), colour in zip(shares.items(), COLOURS, strict=False):
        if values.any():
            axes.barh(range(len(shares)), values, left=left, color=colour, label=name)
            left += values.to_numpy()
    names = [f"{neuron_label(neuron)}, {state}" for neuron, state in shares.index]
    axes.set_yticks(range(len(shares)), names)
    axes.invert_yaxis()
    axes.set_xlim(0, 1.5 * max(0.01, left.max()))  # with room for the legend
    axes.legend(fontsize=7, handlelength=1, loc="upper right")


def variation_shares(profiles: pd.DataFrame) -> pd.DataFrame:
    """Of a sample's total variation, the share in jumps by cause, mean over networks, for
    :func:`draw_shares`.

    "lingering" is what lies where spikes linger: continuous, but steep beyond double precision.
    """
    columns = {height_column(cause): cause for cause in CAUSES} | {"unresolved": "lingering"}
    total = profiles.groupby(["neuron", "state", "seed"])[["variation", *columns]].sum()
    shares = total[list(columns)].div(total["variation"], axis=0).rename(columns=columns)
    means = shares.groupby(["neuron", "state"]).mean()
    return means.loc[
        [(n, s) for n in profiles["neuron"].unique() for s in STATES if (n, s) in means.index]
    ]


def draw_disruption(axes: Axes, changes: pd.DataFrame) -> None:
    """How many later spikes differ between the two sides of a census's ``changes``, by neuron.

    Where a spike appears or disappears by a jump, and at harmless changes of order.
    """
    breaks = where(changes, search="breaks", lingers=False)
    appear = breaks[(breaks["appeared"] + breaks["vanished"] > 0) & (breaks["cause"] != "end")]
    harmless = where(changes, search="swaps", breaks=False, interacts=True)
    for kind, some, ls in (("spike (dis)appears", appear, "-"), ("harmless", harmless, ":")):
        for neuron, own in some.groupby("neuron", sort=False):
            name = f"{neuron_label(neuron)}, {kind}"
            later = own["aside_later"].dropna()
            draw_tail(axes, later, ls=ls, color=NEURON_COLOURS[neuron], label=name)
    axes.set_xscale("symlog", linthresh=1)
    axes.set(
        xlabel="further spikes that (dis)appear\nor move by more than 1 ms",
        ylabel="share of changes, at least",
        xlim=(0, None),
    )
    axes.legend(fontsize=7)


def draw_seeds(axes: Axes, table: pd.DataFrame, x: str, y: str, ls: str = "-") -> None:
    """Means of ``y`` over what has the same neuron, seed and ``x``: seeds thin, their mean thick.

    ``table`` has the columns neuron and seed.
    """
    means = table.groupby(["neuron", "seed", x], sort=False)[y].mean().reset_index()
    for (neuron, _), own in means.groupby(["neuron", "seed"], sort=False):
        axes.plot(own[x], own[y], lw=0.5, ls=ls, alpha=0.6, color=NEURON_COLOURS[neuron])
    for neuron, own in means.groupby("neuron", sort=False):
        mean = own.groupby(x)[y].mean()
        axes.plot(mean.index, mean, lw=1.6, ls=ls, color=NEURON_COLOURS[neuron])


def draw_turn(axes: Axes, losses: pd.DataFrame) -> None:
    """How far the gradient turns along steps of training, on each step's own batch."""
    draw_seeds(axes, where(losses, batch="own"), "t", "cosine")
    axes.axvline(1, color="0.6", lw=0.7, ls=":")
    axes.set(xlabel="distance (step lengths)", ylabel="cosine with the\ngradient before the step")


def neuron_handles(neurons: Iterable[str]) -> list[Line2D]:
    """Legend entries of neuron models."""
    return [Line2D([], [], color=NEURON_COLOURS[n], label=neuron_label(n)) for n in neurons]
