"""Draw what the census finds: how many jumps, how high, and from what cause."""

import matplotlib.pyplot as plt
import pandas as pd
import seaborn as sns

from _job import start
from study.landscape import figures
from study.landscape.constants import CAUSES, JUMP, STATES
from study.landscape.figures import where
from study.storage.tables import read_table
from study.style import NEURON_COLOURS, neuron_label, neuron_legend, save

start(snakemake)
changes = read_table(snakemake.input.changes)
summary = read_table(snakemake.input.census)
breaks = where(changes, search="breaks", breaks=True)
neurons = list(summary["neuron"].unique())
figure, panels = plt.subplots(3, 2, figsize=(8, 8))
counts = {
    "jumps_per_length": "jumps per relative distance\nand sample",
    "jumps_per_length_and_spike": "jumps per relative distance\nand spike",
}
for axes, (column, name) in zip(panels[0], counts.items(), strict=True):
    common = {"data": summary, "x": "state", "order": STATES, "y": column, "ax": axes}
    common |= {"hue": "neuron", "palette": NEURON_COLOURS}
    sns.stripplot(**common, dodge=True, jitter=False, size=5, legend=False)
    bars = {"errorbar": None, "linestyle": "none", "marker": "_", "markersize": 18}
    apart = 0.4 if len(neurons) > 1 else False
    sns.pointplot(**common, **bars, dodge=apart, legend=axes is panels[0, 0])
    smallest = summary.loc[summary[column] > 0, column].min()
    axes.set_yscale("symlog", linthresh=0.5 * smallest if smallest > 0 else 1)
    axes.set_ylim(-0.05 * (smallest if smallest > 0 else 1), 3 * summary[column].max() or 1)
    axes.set_ylabel(name)
    figures.state_axis(axes)
neuron_legend(panels[0, 0], loc="center left", bbox_to_anchor=(0.0, 0.4))

axes = panels[1, 0]
for (neuron, state), own in breaks.groupby(["neuron", "state"]):
    heights = own["loss_jump"].abs()
    heights = heights[heights > JUMP]
    label = f"{neuron_label(neuron)}, {state} ({len(heights)})"
    style = {"ls": figures.STATE_STYLES[state], "color": NEURON_COLOURS[neuron]}
    figures.draw_tail(axes, heights, **style, label=label)
axes.set(xscale="log", xlabel="height of a jump (nats)", ylabel="share of jumps at least as high")
if axes.get_legend_handles_labels()[0]:
    axes.legend(loc="lower center", bbox_to_anchor=(0.4, 1.0), ncols=2)

shares = pd.crosstab([breaks["neuron"], breaks["state"]], breaks["cause"])
groups = [(n, s) for n in neurons for s in STATES if (n, s) in shares.index]
shares = shares.reindex(index=groups, columns=list(CAUSES), fill_value=0)
total = shares.sum(axis=1)
shares.index = [(*group, total[group]) for group in groups]
above = {"loc": "lower center", "bbox_to_anchor": (0.4, 1.0), "ncols": 4}
figures.draw_shares(panels[1, 1], shares.div(total.to_numpy(), axis=0), **above)
panels[1, 1].set(xlabel="share of changes that break (number)", xlim=(0, 1))

names = {"breaking_share": "of all", "breaking_share_of_inhibitory": "where inhibition\novertakes"}
broken = summary.melt(["neuron", "seed", "state"], list(names), "of", "share")
broken = broken.replace({"of": names})
sns.stripplot(
    broken, x="of", y="share", hue="neuron", palette=NEURON_COLOURS, dodge=True, jitter=False,
    size=4, ax=panels[2, 0], legend=False,
)  # fmt: skip
positive = broken.loc[broken["share"] > 0, "share"].min()
panels[2, 0].set_yscale("symlog", linthresh=positive if positive > 0 else 1)
panels[2, 0].set_ylim(0, 2 * broken["share"].max() or 1)
panels[2, 0].set(xlabel="", ylabel="share of order changes\nthat break")

below = {"loc": "upper center", "bbox_to_anchor": (0.4, -0.35), "ncols": 2, "columnspacing": 0.8}
figures.draw_disruption(panels[2, 1], changes, **below)
figure.suptitle(
    f"{snakemake.params.data}: certified changes of spikes along lines; "
    f"{summary['seed'].nunique()} seeds (dots) and their mean (bar)",
)
save(figure, snakemake.output)
