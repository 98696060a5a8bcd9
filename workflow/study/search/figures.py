"""What the figures of the search share: axes for parameters, failures by region, progress."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np
import pandas as pd
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.ticker import LogLocator
from scipy.stats import binomtest

from study.config.search import Choice, Range
from study.search.regions import names
from study.style import NEURON_COLOURS, panels

UNITS = {"tau": "s", "tau_out": "s", "window": "s", "target": "spikes"}
PER_ROW = 4  # panels


def label(key: str) -> str:
    """A short name for a key, with its unit: "network.init.scale" gives "init scale"."""
    parts = [part for part in key.split(".")[1:] if part not in ("augmentation", "activity")]
    unit = UNITS.get(key.split(".")[-1])
    return " ".join(parts).replace("_", " ") + (f" ({unit})" if unit else "")


def parameter_panels(
    space: list[Range | Choice], height: float
) -> tuple[Figure, Iterator[tuple[Range | Choice, Axes]]]:
    """A figure with a panel for each parameter, scaled and labelled; ``height`` in inches."""
    columns = min(PER_ROW, len(space))
    rows = -(-len(space) // columns)
    figure, grid = panels(rows, columns, (1.8, height), (0.6, 0.5), sharey=True)
    for axes in grid.flat[len(space) :]:
        axes.remove()
    for parameter, axes in zip(space, grid.flat, strict=False):
        axes.set_xlabel(label(parameter.key))
        if isinstance(parameter, Choice):
            axes.set_xticks(range(len(parameter.choices)), names(parameter))
            axes.set_xlim(-0.5, len(parameter.choices) - 0.5)
        elif parameter.log:
            axes.set_xscale("log")
            axes.set_xlim(parameter.low / 1.1, parameter.high * 1.1)
            decades = np.log10(parameter.high / parameter.low)
            axes.xaxis.set_major_locator(LogLocator(subs=(1, 3) if decades < 2.5 else (1,)))
            axes.xaxis.set_major_formatter("{x:g}")
            axes.xaxis.set_minor_formatter("")
        else:
            margin = (parameter.high - parameter.low) / 20
            axes.set_xlim(parameter.low - margin, parameter.high + margin)
    return figure, zip(space, grid.flat, strict=False)


def failure_shares(regions: pd.DataFrame) -> pd.DataFrame:
    """Share of failed trials in each of the ``regions`` in which there is one.

    ``regions`` are some rows of :func:`study.search.regions.region_table`. Columns: region, share,
    low, high: the 95 % interval of Wilson's score.
    """
    rows = []
    for row in regions[regions["trials"] > 0].itertuples():
        interval = binomtest(row.failed, row.trials).proportion_ci(method="wilson")
        rows.append((row.region, row.failed / row.trials, interval.low, interval.high))
    return pd.DataFrame(rows, columns=["region", "share", "low", "high"])


def label_panels(figure: Figure, label: str) -> None:
    """Name the y axis of a figure of :func:`parameter_panels` by ``label``, and its colours."""
    for axes in figure.axes:
        if (place := axes.get_subplotspec()) and place.is_first_col():
            axes.set_ylabel(label)
    handles, labels = axes.get_legend_handles_labels()
    figure.legend(handles, labels, loc="outside lower center", ncols=len(labels))


def best_so_far(trials: pd.DataFrame) -> pd.DataFrame:
    """The best accuracy up to each trial, of those that finished or failed: [number, search].

    ``trials`` are one neuron model's. Trials that halving stopped do not compete; NaN before the
    first that does.
    """
    ended = trials[trials["outcome"] != "stopped"]
    accuracies = ended.pivot_table(index="number", columns="search", values="validation_accuracy")
    return accuracies.cummax().ffill()


def draw_best_so_far(axes: Axes, trials: pd.DataFrame, label: str | None = None) -> None:
    """Draw :func:`best_so_far` of one neuron model against trials from 1: a thin line for each
    search, and a thick one for their mean."""
    best = best_so_far(trials)
    colour = NEURON_COLOURS[trials["neuron"].iloc[0]]
    axes.step(best.index + 1, best, where="post", color=colour, lw=0.6, alpha=0.6)
    mean = best.mean(axis=1, skipna=False)
    axes.step(best.index + 1, mean, where="post", color=colour, lw=1.8, label=label)
