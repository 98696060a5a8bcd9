"""Draw what experiments/regime.py found, and print its table.

python experiments/plot_regime.py docs/results/regime.csv docs/images/regime.png
"""

from __future__ import annotations

import sys

import matplotlib.pyplot as plt
import numpy as np
import pandas as pd
from scipy.special import comb

from spikegrad.config.neurons import NEURON_STYLES
from spikegrad.report.style import letter, save

KINDS = [("lif", False), ("qif", False), ("qif", True), ("qif_delta", True)]
STYLES = {False: "--", True: "-"}


def name(neuron: str, driven: bool) -> str:
    return NEURON_STYLES[neuron].label + (", driven" if driven else "")


def colour(neuron: str, driven: bool) -> str:
    return "#56b4e9" if (neuron, driven) == ("qif", True) else NEURON_STYLES[neuron].colour


def expected_best(select: np.ndarray, report: np.ndarray) -> np.ndarray:
    """Expected ``report`` of the trial with the highest ``select`` among k of n, for k = 1 to n."""
    ordered, n = report[np.argsort(select, kind="stable")], len(report)
    ranks = np.arange(n)
    return np.array([(comb(ranks, k - 1) * ordered).sum() / comb(n, k) for k in range(1, n + 1)])


def main(source: str, target: str) -> None:
    table = pd.read_csv(source)
    table = table[table["stage"] == "random"]
    # only configurations that every column has been trained with
    complete = table.groupby("configuration").size() == 2 * len(KINDS)
    table = table[table["configuration"].isin(complete.index[complete])].copy()
    failed = table["outcome"] != "finished"
    table.loc[failed, ["validation", "unseen", "training"]] = 0.0
    n = table["configuration"].nunique()
    figure, panels = plt.subplots(2, 2, figsize=(8.5, 6.5))
    rows = []
    for (neuron, driven), clipped in ((kind, c) for kind in KINDS for c in (False, True)):
        own = table[(table["neuron"] == neuron) & (table["driven"] == driven)]
        own = own[own["clipped"] == clipped].sort_values("configuration")
        style = {"color": colour(neuron, driven), "ls": STYLES[clipped]}
        label = name(neuron, driven) + (", clipped" if clipped else "")
        best = expected_best(own["validation"].to_numpy(), own["unseen"].to_numpy())
        panels[0, 0].plot(np.arange(1, n + 1), best, label=label, lw=1.3, **style)
        tail = np.sort(own["sample_norm_max"].dropna())
        panels[1, 1].step(tail, 1 - np.arange(len(tail)) / len(tail), where="pre", lw=1.3, **style)
        done = own[own["outcome"] == "finished"]
        panels[1, 0].scatter(
            done["spikes"], done["unseen"], s=18, color=style["color"],
            marker="o" if clipped else "x", lw=1,
        )  # fmt: skip
        rows.append(
            {
                "": label,
                "unseen, median": own["unseen"].median(),
                "best by validation": own.loc[own["validation"].idxmax(), "unseen"],
                "training, median": own["training"].median(),
                "ran away": int((own["outcome"] == "overflow").sum()),
                "spikes": done["spikes"].median(),
                "silent": done["silent"].median(),
                "99 % of norms": done["sample_norm_99"].median(),
                "largest norm": done["sample_norm_max"].median(),
            }
        )
    for neuron, driven in KINDS:
        own = table[(table["neuron"] == neuron) & (table["driven"] == driven)]
        pair = own.pivot_table(index="configuration", columns="clipped", values="unseen")
        panels[0, 1].scatter(
            pair[False], pair[True], s=18, color=colour(neuron, driven), label=name(neuron, driven)
        )
    top = table["unseen"].max() + 0.03
    panels[0, 0].set(xlabel="trials $k$", ylabel="unseen speakers, expected best of $k$")
    panels[0, 1].plot([0, top], [0, top], color="0.7", lw=0.8, zorder=0)
    panels[0, 1].set(xlabel="unseen speakers, not clipped", ylabel="unseen speakers, clipped")
    panels[1, 0].set(xscale="log", xlabel="spikes per neuron", ylabel="unseen speakers")
    panels[1, 1].set(
        xscale="log", xlabel="largest sample's gradient norm over the batch's median",
        ylabel="share of configurations above",
    )  # fmt: skip
    panels[0, 0].legend(fontsize=7, ncols=2)
    panels[0, 1].legend(fontsize=7)
    letter(panels.flat)
    figure.suptitle(f"heidelberg-digits, a third of the training words, {n} random configurations")
    save(figure, [target])
    summary = pd.DataFrame(rows).set_index("")
    print(summary.round(3).to_markdown())


if __name__ == "__main__":
    main(*sys.argv[1:])
