"""Draw what became of the settings that the searches of all neuron models begin with."""

import pandas as pd

from _job import start
from study.search.figures import label
from study.search.tables import RECURRENCE, first_settings
from study.storage.tables import read_table
from study.style import NEURON_COLOURS, letter, neuron_label, plt, save
from study.training.figures import draw_gains
from study.training.mean_field import CRITICAL

PARTS, PER_PART = 6, 4  # of the settings, in which medians are drawn: at most, and settings in each

start(snakemake)
every = read_table(snakemake.input.trials)
neurons = list(every["neuron"].unique())
trials = first_settings(every)
n_settings = len(trials) // len(neurons)
parts = {
    f"all {n_settings} settings": trials,
    f"the {trials['works'].sum() // len(neurons)} that no model failed at": trials[trials["works"]],
}
layout = [["scale", "reached"], [*parts]] if RECURRENCE in trials else [["reached", *parts]]
size = 3.3 * len(layout[0]), 2.6 * len(layout)
figure, panels = plt.subplot_mosaic(layout, figsize=size)

for neuron, own in trials.groupby("neuron", sort=False):
    style = {"color": NEURON_COLOURS[neuron], "label": neuron_label(neuron)}
    panels["reached"].ecdf(own["rung0_accuracy"], complementary=True, **style)
    if RECURRENCE in trials:
        for failed, some in own.groupby("failed"):
            dots = {"c": style["color"], "ms": 4, "alpha": 0.6, "clip_on": False}
            columns = some[RECURRENCE], some["rung0_accuracy"]
            panels["scale"].plot(*columns, "x" if failed else ".", **dots)
        n_parts = min(PARTS, n_settings // PER_PART + 1)
        bins = pd.qcut(own[RECURRENCE], n_parts, duplicates="drop")
        medians = own.groupby(bins, observed=True)[[RECURRENCE, "rung0_accuracy"]].median()
        panels["scale"].plot(*medians.to_numpy().T, **style)
accuracy = "validation accuracy"
panels["reached"].set(xlabel=accuracy, ylabel="share of settings that reach it")
panels["reached"].legend(handlelength=1)
if RECURRENCE in trials:
    panels["scale"].set(xscale="log", xlabel=label(RECURRENCE), ylabel=accuracy, ylim=(0, None))
    panels["scale"].axvline(CRITICAL, color="0.5", ls=":", lw=1)
for name, own in parts.items():
    panels[name].set_title(name)
    if len(own):
        draw_gains(panels[name], own.pivot_table("rung0_accuracy", "search", "neuron")[neurons])
letter(panels.values())
figure.suptitle(f"{snakemake.params.data}: the same settings with each neuron model")
save(figure, snakemake.output)
