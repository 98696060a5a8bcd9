"""Draw the expected best of k trials, and the share of trials that diverge."""

from _job import start
from study.statistics import t_interval
from study.storage.tables import read_table
from study.style import NEURON_COLOURS, neuron_label, plt, save

log = start(snakemake)
budget = read_table(snakemake.input.budget)
stability = read_table(snakemake.input.stability)
figure, (best, diverged) = plt.subplots(1, 2, figsize=(6.4, 2.9), width_ratios=(3, 1))

for neuron, own in budget.groupby("neuron", sort=False):
    colour = NEURON_COLOURS[neuron]
    curves = own.pivot_table(index="k", columns="search", values="expected_best")
    best.plot(curves.index, curves, c=colour, lw=0.6, alpha=0.6)
    best.plot(curves.index, curves.mean(axis=1), c=colour, lw=1.8, label=neuron_label(neuron))
    if curves.shape[1] > 1:
        low, high = zip(*map(t_interval, curves.to_numpy()), strict=True)
        best.fill_between(curves.index, low, high, color=colour, alpha=0.15, lw=0)
best.set(xlabel="trials (k)", ylabel="expected best validation accuracy", ylim=(0, 1))
best.set_xlim(0.9, budget["k"].max() * 1.05)
best.set_xscale("log", base=2)
best.xaxis.set_major_formatter("{x:g}")
best.legend(loc="lower right")

shares = stability.assign(share=stability["diverged"] / stability["trials"])
neurons = list(shares["neuron"].unique())
for place, neuron in enumerate(neurons):
    own, colour = shares.loc[shares["neuron"] == neuron, "share"], NEURON_COLOURS[neuron]
    diverged.plot([place] * len(own), own, "o", c=colour, ms=4, alpha=0.5, clip_on=False)
    diverged.plot(place, own.mean(), "_", c=colour, ms=16, mew=2, clip_on=False)
diverged.set_xticks(range(len(neurons)), [neuron_label(neuron) for neuron in neurons])
diverged.set(xlim=(-0.5, len(neurons) - 0.5), ylim=(0, 1), ylabel="trials that diverge (share)")
searches = budget["search"].nunique()
figure.suptitle(
    f"{snakemake.params.data}: {searches} searches of {budget['k'].max()} trials (thin, dots), "
    "their mean, 95 % interval (t)",
)
save(figure, snakemake.output)
