"""The first paper's comparison of performance."""

from __future__ import annotations

from typing import Any

import matplotlib.pyplot as plt
import pandas as pd
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from study.figures.search_curves import draw_best_so_far
from study.figures.training_curves import (
    draw_folds,
    draw_gains,
    draw_learning_curves,
    draw_test_accuracies,
)
from study.style import NEURON_COLOURS, letter, neuron_legend
from study.training.scores import UNITS, accuracy_by_fold, unit_of

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
    data: str,
    trials: pd.DataFrame | None = None,
) -> Figure:
    """Compose the first paper's comparison: search, training, silent neurons, test accuracy."""
    unit = unit_of(runs)
    layout = LAYOUTS[trials is not None, unit == "fold"]
    size = 2.75 * len(layout[0]), 2.75 * len(layout)
    figure, panels = plt.subplot_mosaic(layout, figsize=size)
    if trials is not None:
        _draw_trials(panels["search"], trials)

    draw_learning_curves(panels["training"], histories, "train_accuracy", legend=True)
    panels["training"].set_ylabel("training accuracy")
    neuron_legend(panels["training"], loc="lower right")
    draw_learning_curves(panels["silent"], histories, "silent_fraction")
    panels["silent"].set(ylabel="share of silent neurons", ylim=(0, None))

    if unit == "fold":
        draw_folds(panels["folds"], speakers)
        draw_gains(panels["gains"], accuracy_by_fold(speakers)[speakers["neuron"].unique()])
    else:
        draw_test_accuracies(panels["test"], runs)
    letter(panels.values())
    figure.suptitle(
        f"{data}: {runs['seed'].nunique()} seeds (thin lines) and their means;\n"
        f"tests with 95 % t intervals over {UNITS[unit]}",
    )
    return figure


def _draw_trials(axes: Axes, trials: pd.DataFrame) -> None:
    """Validation accuracies of all trials, and the best of each search so far."""
    for neuron, own in trials.groupby("neuron", sort=False):
        colour = NEURON_COLOURS[neuron]
        axes.scatter(
            own["number"] + 1, own["validation_accuracy"], s=9, color=colour, alpha=0.5, lw=0
        )
        draw_best_so_far(axes, own)
    axes.set(xlabel="trials of a search", ylabel="validation accuracy", ylim=(0, 1))
