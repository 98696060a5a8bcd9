"""Draw what the census finds: how many jumps, how high, and from what cause."""

import matplotlib.pyplot as plt
import numpy as np
import pandas as pd
import seaborn as sns

from _job import start
from spikegrad.figures import COLOURS, NEURON_COLOURS, neuron_label, neuron_legend, save
from spikegrad.landscape.terms import CAUSES, JUMP, STATES

log = start(snakemake)
changes = pd.read_parquet(snakemake.input.changes)
summary = pd.read_csv(snakemake.input.summary)
breaks = changes[(changes["search"] == "breaks") & changes["breaks"]]
neurons = list(summary["neuron"].unique())
figure, panels = plt.subplots(2, 2, figsize=(7, 5.4))
counts = {
    "jumps_per_length": "jumps per relative distance\nand sample",
    "jumps_per_length_and_spike": "jumps per relative distance\nand spike",
}
for axes, (column, name) in zip(panels[0], counts.items(), strict=True):
    sns.stripplot(
        summary,
        x="state",
        order=STATES,
        y=column,
        hue="neuron",
        palette=NEURON_COLOURS,
        dodge=True,
        jitter=False,
        size=5,
        ax=axes,
        legend=False,
    )
    sns.pointplot(
        summary,
        x="state",
        order=STATES,
        y=column,
        hue="neuron",
        palette=NEURON_COLOURS,
        dodge=0.4,
        errorbar=None,
        linestyle="none",
        marker="_",
        markersize=18,
        ax=axes,
        legend=axes is panels[0, 0],
    )
    smallest = summary.loc[summary[column] > 0, column].min()
    axes.set_yscale("symlog", linthresh=0.5 * smallest if smallest > 0 else 1)
    axes.set_ylim(-0.05 * (smallest if smallest > 0 else 1), 3 * summary[column].max() or 1)
    axes.set(xlabel="", ylabel=name)
neuron_legend(panels[0, 0], loc="center left", bbox_to_anchor=(0.0, 0.4))

axes = panels[1, 0]
for (neuron, state), own in breaks.groupby(["neuron", "state"]):
    heights = np.sort(own["loss_jump"].abs())
    heights = heights[heights > JUMP]
    if len(heights):
        share = 1 - np.arange(len(heights)) / len(heights)
        style = [":", "--", "-", "-."][STATES.index(state)]
        label = f"{neuron_label(neuron)}, {state} ({len(heights)})"
        axes.step(heights, share, where="pre", ls=style, color=NEURON_COLOURS[neuron], label=label)
axes.set(xscale="log", xlabel="height of a jump (nats)", ylabel="share of jumps at least as high")
if axes.get_legend_handles_labels()[0]:
    axes.legend(loc="lower left")

axes = panels[1, 1]
groups = [(n, s) for n in neurons for s in STATES]
table = pd.crosstab([breaks["neuron"], breaks["state"]], breaks["cause"])
table = table.reindex(index=groups, columns=list(CAUSES), fill_value=0)
left = np.zeros(len(groups))
total = table.sum(axis=1).to_numpy()
for cause, colour in zip(CAUSES, COLOURS, strict=False):
    share = table[cause].to_numpy() / np.maximum(total, 1)
    axes.barh(range(len(groups)), share, left=left, color=colour, label=cause)
    left += share
axes.set_yticks(
    range(len(groups)),
    [f"{neuron_label(n)}, {s} ({k})" for (n, s), k in zip(groups, total, strict=True)],
)
axes.invert_yaxis()
axes.set(xlabel="share of changes that break (number)", xlim=(0, 1))
axes.legend(
    loc="upper center", bbox_to_anchor=(0.4, 1.16), ncols=4, columnspacing=0.8, handlelength=1
)
figure.suptitle(
    f"{snakemake.params.data}: certified changes of spikes along lines; "
    f"{summary['seed'].nunique()} seeds (dots) and their mean (bar)",
    fontsize=9,
)
save(figure, snakemake.output)
