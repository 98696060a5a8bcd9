"""The first paper's single samples."""

from __future__ import annotations

from typing import Any

import numpy as np
import pandas as pd
import seaborn as sns
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from study.figures.landscape_axes import (
    draw_disruption,
    draw_shares,
    state_axis,
    variation_shares,
    where,
)
from study.landscape.constants import JUMP, STATES
from study.style import NEURON_COLOURS, letter, neuron_label, plt


def draw(
    changes: pd.DataFrame,
    census: pd.DataFrame,
    profiles: pd.DataFrame,
    examples: pd.DataFrame,
    losses: pd.DataFrame,
    potentials: pd.DataFrame,
) -> Figure:
    """Compose the first paper's single samples: jumps, their causes, and what follows them."""
    figure, grid = plt.subplots(3, 2, figsize=(8.25, 8.25))
    (loss, potential), (typical, rate), (causes, cascade) = grid
    draw_largest(loss, potential, examples, losses, potentials)
    _draw_typical(typical, losses)
    _draw_rate(rate, census)
    draw_shares(causes, variation_shares(profiles))
    causes.set(xlabel="share of the total variation\nof a sample's loss")
    draw_disruption(cascade, changes)
    letter(grid.flat)
    return figure


def draw_largest(
    loss: Axes,
    potential: Axes,
    examples: pd.DataFrame,
    losses: pd.DataFrame,
    potentials: pd.DataFrame,
) -> None:
    """The largest jump of the examples: the loss around it, and on both sides the potential of the
    neuron that it begins with."""
    change = examples.loc[examples["loss_jump"].abs().idxmax()]
    colour, of = NEURON_COLOURS[change["neuron"]], {k: change[k] for k in ("neuron", "kind")}
    _draw_loss(loss, where(losses, **of), colour)
    name, jump = neuron_label(change["neuron"]), abs(change["loss_jump"])
    loss.set(title=f"{name}: the loss jumps" if jump > JUMP else f"{name}: no jump")
    loss.set(ylabel="loss of one word (nats)")
    middle = loss.get_ylim()[0] + np.ptp(loss.get_ylim()) / 2
    count = int(change["later"])
    loss.text(0, middle, f"  {jump:.2g} nats;\n  {count} other\n  spikes change", va="center")

    traces = where(potentials, **of)
    traces = traces[(traces["time"] - change["time"]).abs() < 0.03]
    for side, shade, ls in (("left", "black", "-"), ("right", colour, "--")):
        own = where(traces, side=side)
        label = f"just {side}"
        potential.plot(1000 * own["time"], own["potential"], color=shade, ls=ls, label=label)
    potential.axhline(1, color="0.6", lw=0.7, ls=":")
    potential.set(xlabel="time (ms)", ylabel="potential (thresholds)")
    potential.set_title(f"{name}: a spike is gained or lost")
    potential.legend()


def _draw_loss(axes: Axes, line: pd.DataFrame, colour: str, **style: Any) -> None:
    """The ``line``'s loss, cut at the change, which is at 0."""
    left, right = line[line["x"] <= 0], line[line["x"] > 0]
    nothing = pd.DataFrame({"x": [0.0], "loss": [np.nan]})
    cut = pd.concat([left, nothing, right]).sort_values("x", kind="stable")
    axes.plot(1e3 * cut["x"], cut["loss"], color=colour, **style)
    axes.set_xlabel("relative distance ($10^{-3}$)")
    axes.ticklabel_format(axis="y", useOffset=False)


def _draw_typical(axes: Axes, losses: pd.DataFrame) -> None:
    """The loss around a typical change of each neuron model, less its mean."""
    for neuron, own in where(losses, kind="typical").groupby("neuron", sort=False):
        own = own.assign(loss=own["loss"] - own["loss"].mean())
        _draw_loss(axes, own, NEURON_COLOURS[neuron], label=neuron_label(neuron))
    axes.set(title="typical changes", ylabel="loss of one word,\nless its mean (nats)")
    axes.legend()


def _draw_rate(axes: Axes, census: pd.DataFrame) -> None:
    """How many jumps there are on the lines of each network."""
    jumps = census["jumps_per_length"]
    common: dict[str, Any] = {"data": census, "x": "state", "order": STATES, "y": jumps.name}
    common |= {"hue": "neuron", "palette": NEURON_COLOURS, "legend": False, "ax": axes}
    sns.stripplot(**common, dodge=True, jitter=False, size=5)
    positive = jumps[jumps > 0]
    if len(positive):
        axes.set_yscale("symlog", linthresh=positive.min())
        low, high = np.log10([positive.min(), positive.max()])
        axes.set_yticks([0, *10.0 ** np.arange(np.ceil(low), np.floor(high) + 1)])
    state_axis(axes)
    axes.set_ylabel("jumps per relative distance\nand sample")
    axes.set_ylim(0, 2 * jumps.max() or 1)
