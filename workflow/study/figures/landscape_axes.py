"""Panels that figures of landscapes share."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Any

import numpy as np
import pandas as pd
import seaborn as sns
from matplotlib.axes import Axes
from matplotlib.lines import Line2D

from study.landscape.constants import CAUSES, JUMP, STATES, height_column
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


def draw_lines(axes: Axes, lines: pd.DataFrame) -> None:
    """The loss along a line through each network."""
    for (neuron, _), line in lines.groupby(["neuron", "seed"]):
        axes.plot(line["x"], line["loss"], lw=0.8, color=NEURON_COLOURS[neuron])


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


def jump_label(jump: float) -> str:
    """A jump of a sample's loss, in nats, in words."""
    return f"jump by {abs(jump):.2g} nats" if abs(jump) > JUMP else "no jump"


def draw_sides(axes: Axes, spikes: pd.DataFrame, change: pd.Series) -> None:
    """Spikes just left and just right of a change, of the neuron that it begins with in colour.

    ``spikes`` are those of its layer, by their distance x from the change; ``change`` is a row of
    the census.
    """
    colour = NEURON_COLOURS[change["neuron"]]
    right = spikes["x"][spikes["x"] > 0].min()
    for x, marker, shade, label in ((0, "o", "black", "left"), (right, "x", colour, "right")):
        side = spikes[spikes["x"] == x]
        own = side["unit"] == change["unit"]
        for some, drawn, size in ((side[~own], "0.7", 2.5), (side[own], shade, 4)):
            axes.plot(
                1000 * some["time"], some["unit"], marker, ms=size, mew=0.6, mfc="none",
                color=drawn, ls="none", label=f"just {label}" if drawn == shade else None,
            )  # fmt: skip
    axes.axvline(1000 * change["time"], color="0.6", lw=0.7, ls=":")


def draw_jumps(axes: Axes, line: pd.DataFrame, jumps: pd.DataFrame, colour: str) -> None:
    """The loss of a sample along a line, in 1/1000, cut where it jumps; ticks mark jumps."""
    x = np.concatenate([line["x"], jumps["x"] + jumps["width"] / 2])
    y = np.concatenate([line["loss"], np.full(len(jumps), np.nan)])
    order = x.argsort(kind="stable")
    axes.plot(1e3 * x[order], y[order], color=colour, lw=0.9)
    top = jumps["loss"] + jumps["loss_jump"].clip(lower=0)
    bottom = jumps["loss"] + jumps["loss_jump"].clip(upper=0)
    axes.vlines(1e3 * jumps["x"], bottom, top, color="black", lw=0.8)
    ticks: dict[str, Any] = {"color": "black", "ms": 6, "transform": axes.get_xaxis_transform()}
    axes.plot(1e3 * jumps["x"], np.full(len(jumps), 0.03), "|", **ticks)
    axes.set_xlabel("relative distance ($10^{-3}$)")
    axes.ticklabel_format(axis="y", useOffset=False)
    axes.margins(y=0.12)


def same_span(panels: Sequence[Axes]) -> None:
    """Vertical axes of equal length around what each of the ``panels`` shows."""
    limits = np.array([axes.get_ylim() for axes in panels])
    half = np.ptp(limits, axis=1).max() / 2
    for axes, middle in zip(panels, limits.mean(axis=1), strict=True):
        axes.set_ylim(middle - half, middle + half)


def draw_shares(axes: Axes, shares: pd.DataFrame, **legend: Any) -> None:
    """Stacked bars, a row for each network kind and a colour for each column of ``shares``.

    The index holds neuron, state and, for the label, what the shares are of. ``legend`` says
    where the legend stands.
    """
    left = np.zeros(len(shares))
    for (name, values), colour in zip(shares.items(), COLOURS, strict=False):
        if values.any():
            axes.barh(range(len(shares)), values, left=left, color=colour, label=name)
            left += values.to_numpy()
    names = [f"{neuron_label(n)}, {state} ({of})" for n, state, of in shares.index]
    axes.set_yticks(range(len(shares)), names)
    axes.invert_yaxis()
    axes.set_xlim(0, 1.05 * max(0.01, left.max()))
    axes.legend(columnspacing=0.8, handlelength=1, **legend)


def variation_shares(profiles: pd.DataFrame) -> pd.DataFrame:
    """Of the total variation of profiles, the share in jumps by cause, for :func:`draw_shares`.

    "unresolved" is what lies where spikes linger, steep beyond double precision.
    """
    columns = {height_column(cause): cause for cause in CAUSES}
    columns["unresolved"] = "lingering (continuous)"
    total = profiles.groupby(["neuron", "state"])[["variation", *columns]].sum()
    groups = [(n, s) for n in profiles["neuron"].unique() for s in STATES if (n, s) in total.index]
    total = total.loc[groups]
    shares = total[list(columns)].div(total["variation"], axis=0).rename(columns=columns)
    shares.index = [(*group, f"{total.loc[group, 'variation']:.3g} nats") for group in groups]
    return shares


def draw_disruption(axes: Axes, changes: pd.DataFrame, **legend: Any) -> None:
    """How many later spikes differ between the two sides of a census's ``changes``, by neuron.

    Where a spike appears or disappears, and at harmless changes of order. ``legend`` says where the
    legend stands.
    """
    breaks = where(changes, search="breaks")
    appear = breaks[breaks["appeared"] + breaks["vanished"] > 0]
    harmless = where(changes, search="swaps", breaks=False, interacts=True)
    for kind, some, ls in (("spike (dis)appears", appear, "-"), ("harmless", harmless, ":")):
        for neuron, own in some.groupby("neuron", sort=False):
            later = own["aside_later"].dropna()
            name = f"{neuron_label(neuron)}, {kind} ({len(later)})"
            draw_tail(axes, later, ls=ls, color=NEURON_COLOURS[neuron], label=name)
    axes.set_xscale("symlog", linthresh=1)
    axes.set(
        xlabel="further spikes that (dis)appear\nor move by more than 1 ms",
        ylabel="share of changes, at least",
        xlim=(0, None),
    )
    axes.legend(**legend)


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


def draw_predictions(axes: Axes, steps: pd.DataFrame) -> None:
    """The change of the loss that the gradient predicts against what the step makes of it."""
    own = where(steps, batch="own")
    sns.scatterplot(
        own, x="predicted", y="change", hue="neuron", palette=NEURON_COLOURS, s=9, ax=axes,
        legend=False, linewidth=0,
    )  # fmt: skip
    least = own[["predicted", "change"]].abs().quantile(0.1).min()
    most = 2 * own[["predicted", "change"]].abs().max(axis=None)
    axes.axline((0, 0), slope=1, color="0.6", lw=0.7, ls=":")
    decades = 10.0 ** np.arange(np.ceil(np.log10(least)), np.floor(np.log10(most)) + 1)
    shown = decades[::-3]
    shown = shown[(shown > 100 * least) | (shown == shown.max(initial=0))]  # not on top of 0
    ticks = [*-shown, 0, *shown[::-1]]
    axes.set_xscale("symlog", linthresh=least)
    axes.set_yscale("symlog", linthresh=least)
    axes.set(
        xlim=(-most, most),
        ylim=(-most, most),
        xlabel="predicted change\nof the loss (nats)",
        ylabel="its real change",
    )
    axes.set_xticks(ticks)
    axes.set_yticks(ticks)
    axes.minorticks_off()


def neuron_handles(neurons: Iterable[str]) -> list[Line2D]:
    """Legend entries of neuron models."""
    return [Line2D([], [], color=NEURON_COLOURS[n], label=neuron_label(n)) for n in neurons]
