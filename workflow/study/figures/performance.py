"""The first paper's comparison of performance."""

from __future__ import annotations

from typing import Any

import matplotlib.pyplot as plt
import pandas as pd
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from study.figures.training_curves import (
    draw_folds,
    draw_gains,
    draw_learning_curves,
    draw_test_accuracies,
)
from study.style import NEURON_COLOURS, letter
from study.training.scores import accuracy_by_fold, unit_of

LAYOUTS: dict[tuple[bool, bool], list[Any]] = {  # by whether there are searches, and whether folds
    (True, True): [["search", "training", "silent"], ["folds", "folds", "gains"]],
    (True, False): [["search", "training"], ["silent", "test"]],
    (False, True): [["training", "silent"], ["folds", "gains"]],
    (False, False): [["training", "silent", "test"]],
}


def draw(
    histories: pd.DataFrame,
    runs: pd.DataFrame,
    speakers: pd.DataFrame,
    trials: pd.DataFrame | None = None,
) -> Figure:
    """Compose the first paper's comparison: search, training, silent neurons, test accuracy."""
    unit = unit_of(runs)
    layout = LAYOUTS[trials is not None, unit == "fold"]
    size = 2.75 * len(layout[0]), 2.75 * len(layout)
    figure, panels = plt.subplot_mosaic(layout, figsize=size)
    if trials is not None:
        _draw_trials(panels["search"], trials)

    draw_learning_curves(panels["training"], histories, runs, "train_accuracy")
    panels["training"].set_ylabel("training accuracy")
    panels["training"].legend(loc="lower right")
    draw_learning_curves(panels["silent"], histories, runs, "silent_fraction")
    panels["silent"].set(ylabel="share of silent neurons", ylim=(0, None))

    if unit == "fold":
        draw_folds(panels["folds"], speakers)
        shares = accuracy_by_fold(speakers)[speakers["neuron"].unique()]
        draw_gains(panels["gains"], shares, "test accuracy")
    else:
        draw_test_accuracies(panels["test"], runs)
    letter(panels.values())
    return figure


def _draw_trials(axes: Axes, trials: pd.DataFrame) -> None:
    """The best validation accuracy up to each trial: a thin line for each search, and a thick one
    for their mean."""
    for neuron, own in trials.groupby("neuron", sort=False):
        best, colour = best_so_far(own), NEURON_COLOURS[neuron]
        axes.step(best.index + 1, best, where="post", color=colour, lw=0.6, alpha=0.6)
        mean = best.mean(axis=1, skipna=False)
        axes.step(best.index + 1, mean, where="post", color=colour, lw=1.8)
    axes.set(xlabel="trials of a search", ylabel="best validation accuracy", ylim=(0, 1))


def best_so_far(trials: pd.DataFrame) -> pd.DataFrame:
    """The best accuracy up to each trial, of those that finished or failed: [number, search].

    ``trials`` are one neuron model's. Trials that halving stopped do not compete; NaN before the
    first that does.
    """
    ended = trials[trials["outcome"] != "stopped"]
    accuracies = ended.pivot_table(index="number", columns="search", values="validation_accuracy")
    return accuracies.cummax().ffill()
