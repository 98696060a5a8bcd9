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
from study.style import NEURON_COLOURS, panels

UNITS = {"tau": "s", "tau_out": "s", "window": "s", "target": "spikes"}
PER_ROW = 4  # panels
QUARTERS = 4  # of a range


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
            axes.set_xticks(range(len(parameter.choices)), [str(c) for c in parameter.choices])
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


def positions(parameter: Range | Choice, values: pd.Series) -> np.ndarray:
    """Where ``values`` of a parameter lie on its axis: themselves, or the choice's number."""
    if isinstance(parameter, Choice):
        names = [str(choice) for choice in parameter.choices]
        return values.astype(str).map(names.index).to_numpy(float)
    return values.to_numpy(float)


def failure_shares(parameter: Range | Choice, values: pd.Series, failed: pd.Series) -> pd.DataFrame:
    """Share of failed trials in quarters of a parameter's range, or for each choice.

    Columns: centre (on the parameter's axis), trials, share, low, high: the 95 % interval of
    Wilson's score. Regions without a trial are left out.
    """
    if isinstance(parameter, Choice):
        edges = np.arange(len(parameter.choices) + 1) - 0.5
        centres = (edges[1:] + edges[:-1]) / 2
    elif parameter.log:
        edges = np.geomspace(parameter.low, parameter.high, QUARTERS + 1)
        centres = np.sqrt(edges[1:] * edges[:-1])
    else:
        edges = np.linspace(parameter.low, parameter.high, QUARTERS + 1)
        centres = (edges[1:] + edges[:-1]) / 2
    place = np.searchsorted(edges, positions(parameter, values), side="right") - 1
    rows = []
    for region, own in failed.groupby(np.clip(place, 0, len(centres) - 1)):
        interval = binomtest(int(own.sum()), len(own)).proportion_ci(method="wilson")
        rows.append((centres[region], len(own), own.mean(), interval.low, interval.high))
    return pd.DataFrame(rows, columns=["centre", "trials", "share", "low", "high"])


def label_panels(figure: Figure, label: str) -> None:
    """Name the y axis of a figure of :func:`parameter_panels` by ``label``, and its colours."""
    for axes in figure.axes:
        if (place := axes.get_subplotspec()) and place.is_first_col():
            axes.set_ylabel(label)
    handles, names = axes.get_legend_handles_labels()
    figure.legend(handles, names, loc="outside lower center", ncols=len(names))


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
