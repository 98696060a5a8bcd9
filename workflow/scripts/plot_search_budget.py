"""Draw the expected best trial at equal budgets, and the shares spent on trials that failed."""

import numpy as np

from _job import start
from study.search.tables import best_at
from study.statistics import t_interval
from study.storage.tables import read_table
from study.style import NEURON_COLOURS, neuron_label, plt, save

SHARES = np.geomspace(1e-3, 1, 300)  # of the budget, where means are drawn

start(snakemake)
budget = read_table(snakemake.input.budget)
stability = read_table(snakemake.input.stability)
figure, (best, failed) = plt.subplots(1, 2, figsize=(6.4, 2.9), width_ratios=(3, 1))

for neuron, own in budget.groupby("neuron", sort=False):
    colour = NEURON_COLOURS[neuron]
    for _, search in own.groupby("search"):
        best.plot(search["share"], search["expected_best"], c=colour, lw=0.6, alpha=0.6)
    curves = best_at(own, SHARES).dropna()
    best.plot(curves.index, curves.mean(axis=1), c=colour, lw=1.8, label=neuron_label(neuron))
    if curves.shape[1] > 1:
        low, high = zip(*map(t_interval, curves.to_numpy()), strict=True)
        best.fill_between(curves.index, low, high, color=colour, alpha=0.15, lw=0)
best.set(xlabel="share of the budget", ylabel="expected best validation accuracy", ylim=(0, 1))
best.set_xscale("log", base=2)
best.xaxis.set_major_formatter("{x:.2g}")
best.legend(loc="lower right")

neurons = list(stability["neuron"].unique())
for place, neuron in enumerate(neurons):
    own = stability.loc[stability["neuron"] == neuron, "failed_share"]
    colour = NEURON_COLOURS[neuron]
    failed.plot([place] * len(own), own, "o", c=colour, ms=4, alpha=0.5, clip_on=False)
    failed.plot(place, own.mean(), "_", c=colour, ms=16, mew=2, clip_on=False)
failed.set_xticks(range(len(neurons)), [neuron_label(neuron) for neuron in neurons])
failed.set(xlim=(-0.5, len(neurons) - 0.5), ylim=(0, 1), ylabel="spent on failed trials (share)")
searches = budget["search"].nunique()
figure.suptitle(
    f"{snakemake.params.data}: {searches} searches of equal budgets (thin, dots), their mean,"
    " 95 % interval (t)",
)
save(figure, snakemake.output)
