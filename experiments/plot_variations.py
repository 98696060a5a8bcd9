"""Draw what search winners gain or lose when one thing changes: the table of variations.py.

python experiments/plot_variations.py docs/results/heidelberg-digits/variations.csv variations.png
"""

from __future__ import annotations

import argparse
from pathlib import Path

import matplotlib.pyplot as plt
import pandas as pd
import seaborn as sns
from matplotlib.lines import Line2D

from spikegrad.config.neurons import NEURON_STYLES
from spikegrad.report.style import NEURON_COLOURS, letter, neuron_label, save

PANELS = {
    "accuracy": "accuracy, all test words",
    "word_in_jumps": "share of a word's\nloss that jumps",
    "word_minima": "minima\nof a word's loss",
    "turned_clipped": "cosine of gradients\n$10^{-3}$ apart",
}


def named(runs: pd.DataFrame) -> pd.DataFrame:
    """The runs with a ``name`` for each change, those of one kind together; no answer: 0."""
    kind = pd.Categorical(runs["change"], runs["change"].unique())
    runs = runs.assign(kind=kind).sort_values("kind", kind="stable")
    to = runs["to"].map(lambda to: neuron_label(to) if to in NEURON_STYLES else to)
    name = (runs["change"] + ": " + to).str.removesuffix(": ")
    return runs.assign(name=name).fillna({"accuracy": 0.0})


def main(table: Path, target: str) -> None:
    runs = named(pd.read_csv(table, dtype={"to": str}).fillna({"to": ""}))
    away = runs[runs["outcome"] == "overflow"]
    neurons = [neuron for neuron in NEURON_STYLES if neuron in set(runs["neuron"])]
    rows = {"y": "name", "order": runs["name"].unique(), "jitter": False, "legend": False}
    rows |= {"hue": "neuron", "hue_order": neurons, "dodge": len(neurons) > 1}
    figure, panels = plt.subplots(
        1,
        len(PANELS),
        sharey=True,
        width_ratios=(2, 1, 1, 1),
        figsize=(10, 1 + len(rows["order"]) / 5),
    )
    for panel, (measure, label) in zip(panels, PANELS.items(), strict=True):
        sns.stripplot(runs, x=measure, palette=NEURON_COLOURS, size=4, ax=panel, **rows)
        crosses = {"marker": "x", "linewidth": 1, "palette": ["black"] * len(neurons)}
        sns.stripplot(away, x=measure, size=4, ax=panel, **crosses, **rows)
        for neuron in neurons:
            found = runs[(runs["neuron"] == neuron) & (runs["change"] == "as found")]
            panel.axvline(found[measure].mean(), color=NEURON_COLOURS[neuron], lw=0.8, ls=":")
        for k in range(1, len(rows["order"]), 2):
            panel.axhspan(k - 0.5, k + 0.5, color="0.95", zorder=0)
        panel.set(xlabel=label, ylabel="")
    panels[0].set_xlim(left=-0.02)
    panels[2].set_xscale("symlog", linthresh=1)
    panels[2].set_xlim(-0.2, 2 * runs["word_minima"].max() + 1)
    points = [Line2D([], [], marker="o", ms=4, lw=0, color=NEURON_COLOURS[n]) for n in neurons]
    cross = Line2D([], [], marker="x", ms=4, lw=0, color="black")
    panels[0].legend([*points, cross], [*map(neuron_label, neurons), "ran away"], loc="lower left")
    letter(panels)
    searches = runs.drop_duplicates("neuron").set_index("neuron")["search"]
    winners = ", ".join(f"{neuron_label(n)}'s search {searches[n]}" for n in neurons)
    figure.suptitle(f"Changes to the winners of {winners}; one point a run; dotted: as found")
    save(figure, [target])


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("table", type=Path, help="the table that variations.py has written")
    parser.add_argument("target", help="the picture")
    options = parser.parse_args()
    main(options.table, options.target)
