"""What the figures of the search share: names of parameters, and the best so far."""

from __future__ import annotations

import pandas as pd
from matplotlib.axes import Axes

from study.style import NEURON_COLOURS

UNITS = {"tau": "s", "tau_out": "s", "window": "s", "target": "spikes"}


def label(key: str) -> str:
    """A short name for a key, with its unit: "network.init.scale" gives "init scale"."""
    parts = [part for part in key.split(".")[1:] if part not in ("augmentation", "activity")]
    unit = UNITS.get(key.split(".")[-1])
    return " ".join(parts).replace("_", " ") + (f" ({unit})" if unit else "")


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
