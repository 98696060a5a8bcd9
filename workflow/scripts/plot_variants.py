"""Draw the runs of each variant: by case, or in the order of their accuracy if they are draws."""

import numpy as np
import pandas as pd
import seaborn as sns
from matplotlib.lines import Line2D

from _job import start
from spikegrad.config.neurons import NEURON_STYLES
from spikegrad.report.style import NEURON_COLOURS, letter, neuron_label, plt, save
from spikegrad.storage.tables import read_table

PANELS = {
    "accuracy": "accuracy, all test samples",
    "word_in_jumps": "share of a sample's\nloss that jumps",
    "word_minima": "minima\nof a sample's loss",
    "turned_clipped": "cosine of gradients\n$10^{-3}$ apart",
}


def draw_cases(runs):
    """A row for each case, a point for each run; a dotted line: the study's own networks."""
    shown = [name for name in PANELS if name in runs]
    names = runs["to"].unique()
    size = (2.5 + 1.9 * len(shown), 1.2 + len(names) / 4)
    widths = [2.0, 1.0, 1.0, 1.0][: len(shown)]
    figure, panels = plt.subplots(
        1, len(shown), sharey=True, squeeze=False, figsize=size, width_ratios=widths
    )
    rows = {"y": "to", "order": names, "jitter": False, "legend": False, "size": 4}
    rows |= {"hue": "neuron", "hue_order": neurons, "dodge": len(neurons) > 1}
    away = runs[runs["outcome"] != "finished"]
    for panel, name in zip(panels[0], shown, strict=True):
        sns.stripplot(runs, x=name, palette=NEURON_COLOURS, ax=panel, **rows)
        black = {"marker": "x", "linewidth": 1, "palette": ["black"] * len(neurons)}
        sns.stripplot(away, x=name, ax=panel, **black, **rows)
        for k in range(1, len(names), 2):
            panel.axhspan(k - 0.5, k + 0.5, color="0.95", zorder=0)
        panel.set(xlabel=PANELS[name], ylabel="")
    for neuron in neurons:
        panels[0, 0].axvline(own.get(neuron, np.nan), color=NEURON_COLOURS[neuron], lw=0.8, ls=":")
    if "word_minima" in shown:
        panels[0, 2].set_xscale("symlog", linthresh=1)
        panels[0, 2].set_xlim(-0.2, 2 * runs["word_minima"].max() + 1)
    if len(shown) > 1:
        letter(panels[0])
    return figure, panels[0, 0]


def draw_draws(runs):
    """Accuracies in descending order, a line for each neuron model and case."""
    figure, panel = plt.subplots(figsize=(4.6, 3.2))
    cases = list(runs["to"].unique())
    for (neuron, to), some in runs.groupby(["neuron", "to"], sort=False):
        some = some.sort_values("accuracy", ascending=False, ignore_index=True)
        style = {"color": NEURON_COLOURS[neuron], "ls": ("-", "--", "-.", ":")[cases.index(to) % 4]}
        panel.plot(some.index + 1, some["accuracy"], marker="o", ms=4, lw=1.0, **style)
        away = some[some["outcome"] != "finished"]
        panel.plot(away.index + 1, away["accuracy"], "kx", ms=4)
    panel.set(xlabel="draws, best first", ylabel="accuracy, all test samples")
    return figure, panel


log = start(snakemake)
own = read_table(snakemake.input.runs).groupby("neuron")["accuracy"].mean()
pictures = zip(snakemake.input.tables, snakemake.output.png, snakemake.output.pdf, strict=True)
for table, *files in pictures:
    runs = pd.read_csv(table, dtype={"to": str}).fillna({"to": "", "accuracy": 0.0})
    runs["to"] = [neuron_label(to) if to in NEURON_STYLES else to for to in runs["to"]]
    neurons = [neuron for neuron in NEURON_STYLES if neuron in set(runs["neuron"])]
    figure, panel = draw_draws(runs) if "draw" in runs else draw_cases(runs)
    points = [Line2D([], [], marker="o", ms=4, lw=0, color=NEURON_COLOURS[n]) for n in neurons]
    cross = Line2D([], [], marker="x", ms=4, lw=0, color="black")
    panel.legend([*points, cross], [*map(neuron_label, neurons), "diverged"], loc="best")
    figure.suptitle(f"{snakemake.params.data}: {runs['change'].iloc[0]}")
    save(figure, files)
