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
from study.style import NEURON_COLOURS, plt

UNITS = {"tau": "s", "tau_out": "s", "window": "s", "target": "spikes"}
PER_ROW = 4


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
    figure, grid = plt.subplots(
        rows,
        columns,
        figsize=(1.8 * columns + 0.6, height * rows + 0.5),
        sharey=True,
        squeeze=False,
    )
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


def failure_shares(
    parameter: Range | Choice, values: pd.Series, failed: pd.Series, n_regions: int = 4
) -> pd.DataFrame:
    """Share of failed trials in equal parts of a parameter's range, or for each choice.

    Columns: centre (on the parameter's axis), trials, share, low, high: the 95 % interval of
    Wilson's score. Regions without a trial are left out.
    """
    where = positions(parameter, values)
    if isinstance(parameter, Choice):
        edges = np.arange(len(parameter.choices) + 1) - 0.5
        centres = np.arange(len(parameter.choices), dtype=float)
    elif parameter.log:
        edges = np.geomspace(parameter.low, parameter.high, n_regions + 1)
        centres = np.sqrt(edges[1:] * edges[:-1])
    else:
        edges = np.linspace(parameter.low, parameter.high, n_regions + 1)
        centres = (edges[1:] + edges[:-1]) / 2
    region = np.clip(np.searchsorted(edges, where, side="right") - 1, 0, len(centres) - 1)
    rows = []
    for k, centre in enumerate(centres):
        own = failed[region == k]
        if len(own) == 0:
            continue
        interval = binomtest(int(own.sum()), len(own)).proportion_ci(method="wilson")
        rows.append((centre, len(own), own.mean(), interval.low, interval.high))
    return pd.DataFrame(rows, columns=["centre", "trials", "share", "low", "high"])


def best_so_far(trials: pd.DataFrame) -> pd.DataFrame:
    """The best accuracy up to each trial, of those that finished or failed: [number, search].

    ``trials`` are one neuron model's. Trials that halving stopped do not compete; NaN before the
    first that does.
    """
    ended = trials[trials["outcome"] != "stopped"]
    accuracies = ended.pivot_table(index="number", columns="search", values="validation_accuracy")
    return accuracies.cummax().ffill()


def draw_best_so_far(axes: Axes, trials: pd.DataFrame, label: str | None = None) -> None:
    """What :func:`best_so_far` tells of one neuron model, against trials from 1.

    Thin lines are searches; the thick one is their mean.
    """
    best = best_so_far(trials)
    colour = NEURON_COLOURS[trials["neuron"].iloc[0]]
    axes.step(best.index + 1, best, where="post", color=colour, lw=0.6, alpha=0.6)
    mean = best.mean(axis=1, skipna=False)
    axes.step(best.index + 1, mean, where="post", color=colour, lw=1.8, label=label)
