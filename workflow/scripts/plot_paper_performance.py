"""Compose the first paper's comparison: search, training, test accuracy, silent neurons."""

import matplotlib.pyplot as plt
import pandas as pd
import seaborn as sns

from _job import start
from study.search.figures import draw_best_so_far
from study.statistics import t_interval
from study.storage.tables import read_table
from study.style import NEURON_COLOURS, letter, neuron_legend, save
from study.training.figures import draw_learning_curves
from study.training.summary import UNITS, by_unit, unit_of

log = start(snakemake)
history = read_table(*snakemake.input.histories)
runs = read_table(snakemake.input.runs)
shown = "abcd" if snakemake.input.trials else "bcd"
figure, panels = plt.subplots(1, len(shown), figsize=(2.75 * len(shown), 2.9))
*searched, learning, test, silent = panels

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

kinds = {"accuracy_unseen_speakers": "unseen\nvoices", "accuracy_seen_speakers": "known\nvoices"}
kinds = {kind: name for kind, name in kinds.items() if runs[kind].notna().any()}
long = runs.melt(["neuron", "seed"], list(kinds), "voices", "share").replace({"voices": kinds})
common = {"x": "voices", "y": "share", "hue": "neuron", "ax": test}
common |= {"palette": NEURON_COLOURS, "legend": False}
sns.stripplot(long.dropna(), **common, dodge=True, jitter=False, size=3.5, alpha=0.6)
low, high = test.get_ylim()
margin = (high - low) / 2  # for intervals, which can be far wider than the dots
units = pd.concat(
    by_unit(runs, kind).rename(columns={kind: "share"}).assign(voices=name)
    for kind, name in kinds.items()
)
sns.pointplot(
    units,
    **common,
    dodge=0.4,
    errorbar=t_interval,
    ls="none",
    marker="_",
    ms=14,
    capsize=0.1,
    err_kws={"linewidth": 1},
)
test.set(xlabel="", ylabel="test accuracy", ylim=(max(low - margin, 0), min(high + margin, 1)))
letter(panels, shown)
figure.suptitle(
    f"{snakemake.params.data}: {runs['seed'].nunique()} seeds (thin lines, dots), their mean and, "
    f"in c, its 95 % t interval over {UNITS[unit_of(runs)]}",
)
save(figure, snakemake.output)
