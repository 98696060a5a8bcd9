"""The first paper's single samples."""

from __future__ import annotations

from typing import Any

import matplotlib.pyplot as plt
import numpy as np
import pandas as pd
import seaborn as sns
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from study.figures.landscape_axes import (
    draw_disruption,
    draw_jumps,
    draw_shares,
    draw_sides,
    jump_label,
    same_span,
    state_axis,
    variation_shares,
    where,
)
from study.landscape.constants import JUMP, STATES
from study.style import NEURON_COLOURS, letter, neuron_label


def draw(
    changes: pd.DataFrame,
    census: pd.DataFrame,
    census_losses: pd.DataFrame,
    profiles: pd.DataFrame,
    examples: pd.DataFrame,
    spikes: pd.DataFrame,
) -> Figure:
    """Compose the first paper's single samples: jumps, their causes, and what follows them."""
    figure = plt.figure(figsize=(12, 6.4))
    (upper,), (lower,) = figure.subfigures(2, 1, height_ratios=(1, 1.4), squeeze=False)
    *along, raster = upper.subplots(1, 3)
    rate, causes, cascade = lower.subplots(1, 3)
    _draw_lines(along, changes, census_losses)
    _draw_largest(raster, examples, spikes)
    _draw_rate(rate, census)

    below: dict[str, Any] = {"loc": "upper center", "bbox_to_anchor": (0.2, -0.25), "ncols": 3}
    draw_shares(causes, variation_shares(profiles), **below)
    causes.tick_params(axis="y", labelsize=7)
    causes.set(xlabel="share of the total variation\nof a sample's loss")

    below |= {"bbox_to_anchor": (0.4, -0.25), "ncols": 2, "columnspacing": 0.8}
    draw_disruption(cascade, changes, **below)
    letter([*along, raster, rate, causes, cascade])
    return figure


def _draw_lines(panels: list[Axes], changes: pd.DataFrame, losses: pd.DataFrame) -> None:
    """A sample's loss along the line with most jumps, for each neuron model."""
    breaks = where(changes, search="breaks")
    jumps = where(breaks[breaks["loss_jump"].abs() > JUMP], state="trained")
    losses = where(losses, search="breaks", state="trained")
    here = ["seed", "direction", "sample"]
    counts = jumps.groupby(here).size()
    shown = counts.idxmax() if len(counts) else losses[here].iloc[0]
    neurons = list(losses["neuron"].unique())
    for axes, neuron in zip(panels, neurons, strict=False):
        line = {"neuron": neuron, **dict(zip(here, shown, strict=True))}
        n_jumps = len(where(jumps, **line))
        draw_jumps(axes, where(losses, **line), where(jumps, **line), NEURON_COLOURS[neuron])
        axes.set_title(f"{neuron_label(neuron)}, one sample: {n_jumps} jump{'s' * (n_jumps != 1)}")
        axes.set_ylabel("loss (nats)")
    same_span(panels[: len(neurons)])


def _draw_largest(axes: Axes, examples: pd.DataFrame, spikes: pd.DataFrame) -> None:
    """Spikes on both sides of the largest jump."""
    largest = examples.loc[examples["loss_jump"].abs().idxmax()]
    draw_sides(axes, where(spikes, **largest[["neuron", "kind", "layer"]]), largest)
    moment = 1000 * largest["time"]
    axes.set(xlim=(moment - 40, moment + 40), xlabel="time (ms)", ylabel="neuron")
    axes.set_title(f"{neuron_label(largest['neuron'])}, {jump_label(largest['loss_jump'])}")
    axes.legend(loc="upper center", bbox_to_anchor=(0.5, -0.25), ncols=2)


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
