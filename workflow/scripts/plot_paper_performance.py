"""Compose the first paper's comparison: search, training, silent neurons, test accuracy."""

import matplotlib.pyplot as plt

from _job import start
from study.search.figures import draw_best_so_far
from study.storage.tables import read_table
from study.style import NEURON_COLOURS, letter, neuron_legend, save
from study.training.figures import (
    draw_folds,
    draw_gains,
    draw_learning_curves,
    draw_test_accuracies,
)
from study.training.summary import UNITS, accuracy_by_fold, unit_of

LAYOUTS = {  # by whether there are searches, and whether folds
    (True, True): [["search", "training", "silent"], ["folds", "folds", "gains"]],
    (True, False): [["search", "training"], ["silent", "test"]],
    (False, True): [["training", "silent"], ["folds", "gains"]],
    (False, False): [["training", "silent", "test"]],
}

start(snakemake)
history = read_table(snakemake.input.histories)
runs = read_table(snakemake.input.runs)
unit = unit_of(runs)
layout = LAYOUTS[bool(snakemake.input.trials), unit == "fold"]
size = 2.75 * len(layout[0]), 2.75 * len(layout)
figure, panels = plt.subplot_mosaic(layout, figsize=size)

if snakemake.input.trials:
    trials = read_table(snakemake.input.trials)
    for neuron, own in trials.groupby("neuron", sort=False):
        style = {"s": 9, "color": NEURON_COLOURS[neuron], "alpha": 0.5, "lw": 0}
        panels["search"].scatter(own["number"] + 1, own["validation_accuracy"], **style)
        draw_best_so_far(panels["search"], own)
    panels["search"].set(xlabel="trials of a search", ylabel="validation accuracy", ylim=(0, 1))

draw_learning_curves(panels["training"], history, "train_accuracy", legend=True)
panels["training"].set_ylabel("training accuracy")
neuron_legend(panels["training"], loc="lower right")
draw_learning_curves(panels["silent"], history, "silent_fraction")
panels["silent"].set(ylabel="share of silent neurons", ylim=(0, None))

if unit == "fold":
    speakers = read_table(snakemake.input.speakers)
    draw_folds(panels["folds"], speakers)
    draw_gains(panels["gains"], accuracy_by_fold(speakers)[speakers["neuron"].unique()])
else:
    draw_test_accuracies(panels["test"], runs)
letter(panels.values())
figure.suptitle(
    f"{snakemake.params.data}: {runs['seed'].nunique()} seeds (thin lines) and their means;\n"
    f"tests with 95 % t intervals over {UNITS[unit]}",
)
save(figure, snakemake.output)
