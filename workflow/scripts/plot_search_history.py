"""Draw each trial's accuracy against its number, the best so far, and the finalists."""

import matplotlib.pyplot as plt
import pandas as pd

from _job import start
from spikegrad.figures import NEURON_COLOURS, neuron_label, save
from spikegrad.search.records import UNCHANGED

log = start(snakemake)
trials = pd.concat(map(pd.read_parquet, snakemake.input.trials), ignore_index=True)
runs = pd.concat(map(pd.read_parquet, snakemake.input.runs), ignore_index=True)
neurons = list(trials["neuron"].unique())
figure, grid = plt.subplots(
    1, len(neurons), figsize=(3.0 * len(neurons) + 1.2, 2.8), sharey=True, squeeze=False
)
for neuron, axes in zip(neurons, grid.flat, strict=True):
    own, colour = trials[trials["neuron"] == neuron], NEURON_COLOURS[neuron]
    for outcome, style in {"stopped": {"fc": "none"}, "finished": {"fc": colour}}.items():
        some = own[own["outcome"] == outcome]
        axes.scatter(
            some["number"], some["validation_accuracy"], s=18, ec=colour, label=outcome, **style
        )
    failed = own[own["failed"]]
    if len(failed):
        axes.scatter(failed["number"], [0] * len(failed), s=18, c="k", marker="x", label="failed")
    finished = own[own["outcome"] == "finished"]
    best = finished["validation_accuracy"].cummax()
    axes.step(finished["number"], best, where="post", c=colour, lw=1, label="best finished so far")
    means = runs[runs["neuron"] == neuron].groupby("number")["validation_accuracy"].agg(list)
    right = own["number"].max() * 1.08 + 1
    for number, values in means.items():
        unchanged = number == UNCHANGED
        style = {"c": "0.4" if unchanged else colour, "marker": "s" if unchanged else "D"}
        axes.plot([right] * len(values), values, ls="none", ms=2.5, alpha=0.5, **style)
        axes.plot(
            right, sum(values) / len(values), ls="none", ms=6, mfc="none", **style,
            label="configured values" if unchanged else None,
        )  # fmt: skip
        right += own["number"].max() * 0.04 + 0.5
    axes.axvline(own["number"].max() * 1.04 + 0.5, c="0.8", lw=0.8)
    axes.set(title=neuron_label(neuron), xlabel="trial; right of the line: finalists, fresh seeds")
    axes.set_ylim(-0.02, None)
    axes.set_xticks([tick for tick in axes.get_xticks() if 0 <= tick <= own["number"].max()])
grid.flat[-1].legend(loc="upper left", bbox_to_anchor=(1, 1), fontsize=7)
grid[0, 0].set_ylabel("validation accuracy")
figure.suptitle(f"{snakemake.params.data}: trials at their last rung; large: means", fontsize=9)
save(figure, snakemake.output)
