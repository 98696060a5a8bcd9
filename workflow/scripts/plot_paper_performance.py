"""Compose the first paper's comparison: search, training, test accuracy, silent neurons."""

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
from study.training.summary import UNITS, unit_of

log = start(snakemake)
history = read_table(*snakemake.input.histories)
runs = read_table(snakemake.input.runs)
unit = unit_of(runs)
compared = [3.7, 1.4] if unit == "fold" else [2.75]  # widths in inches
widths = [*[2.75] * bool(snakemake.input.trials), 2.75, *compared, 2.75]
figure, panels = plt.subplots(1, len(widths), figsize=(sum(widths), 2.9), width_ratios=widths)
searched, (learning, *tests, silent) = (panels[: -2 - len(compared)], panels[-2 - len(compared) :])

for panel in searched:
    trials = read_table(*snakemake.input.trials)
    for neuron, own in trials.groupby("neuron", sort=False):
        style = {"s": 9, "color": NEURON_COLOURS[neuron], "alpha": 0.5, "lw": 0}
        panel.scatter(own["number"] + 1, own["validation_accuracy"], **style)
        draw_best_so_far(panel, own)
    panel.set(xlabel="trials of a search", ylabel="validation accuracy", ylim=(0, 1))

draw_learning_curves(learning, history, "train_accuracy", legend=True)
learning.set_ylabel("training accuracy")
neuron_legend(learning, loc="lower right")
draw_learning_curves(silent, history, "silent_fraction")
silent.set(ylabel="share of silent neurons", ylim=(0, None))

if unit == "fold":
    speakers = read_table(snakemake.input.speakers)
    draw_folds(tests[0], speakers)
    draw_gains(tests[1], speakers)
else:
    draw_test_accuracies(tests[0], runs)
letter(panels)
figure.suptitle(
    f"{snakemake.params.data}: {runs['seed'].nunique()} seeds (thin lines) and their means; tests "
    f"with 95 % t intervals over {UNITS[unit]}",
)
save(figure, snakemake.output)
