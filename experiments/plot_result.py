"""Draw a kept study's result: learning curves, accuracy over spikes, and speakers.

python experiments/plot_result.py docs/results/heidelberg-digits docs/images/result.png
"""

from __future__ import annotations

import argparse
from pathlib import Path

import matplotlib.pyplot as plt
import numpy as np
import pandas as pd
from matplotlib.axes import Axes
from matplotlib.ticker import LogLocator, NullFormatter, ScalarFormatter

from answers import GOAL
from spikegrad.config.neurons import NEURON_STYLES
from spikegrad.report.style import letter, neuron_label, save

AWAY = {"marker": "x", "color": "black", "lw": 0, "ms": 5, "zorder": 3}


def draw_curves(axes: Axes, curves: pd.DataFrame, runs: pd.DataFrame) -> None:
    """Validation accuracy of every network, epoch by epoch; a cross where one runs away."""
    ends = runs[runs["outcome"] == "overflow"].set_index(["neuron", "seed"]).index
    for (neuron, seed), own in curves.sort_values("epoch").groupby(["neuron", "seed"]):
        colour = NEURON_STYLES[neuron].colour
        epoch, accuracy = own["epoch"], own["validation_accuracy"]
        axes.plot(epoch, accuracy, color=colour, lw=0.8, alpha=0.8)
        if (neuron, seed) in ends:
            axes.plot(epoch.iloc[-1], accuracy.iloc[-1], **AWAY)
    axes.set(xlabel="epoch", ylabel="accuracy, validation words", ylim=(0, 1))


def draw_activity(axes: Axes, runs: pd.DataFrame) -> None:
    """Test accuracy of every network over its spikes."""
    for neuron, own in runs.groupby("neuron"):
        colour = NEURON_STYLES[neuron].colour
        place = own["spikes_per_neuron"], own["accuracy"]
        axes.scatter(*place, s=22, color=colour, label=neuron_label(neuron))
    away = runs[runs["outcome"] == "overflow"]
    if len(away):
        axes.plot(away["spikes_per_neuron"], away["accuracy"], **AWAY, label="ran away")
    axes.axhline(GOAL, color="0.7", lw=0.8, ls=":")
    axes.set(xscale="log", xlabel="spikes per neuron and word", ylabel="accuracy, all test words")
    axes.xaxis.set_major_locator(LogLocator(subs=(1, 2, 5)))
    axes.xaxis.set_major_formatter(ScalarFormatter())
    axes.xaxis.set_minor_formatter(NullFormatter())
    axes.legend()


def draw_speakers(axes: Axes, speakers: pd.DataFrame) -> None:
    """Test accuracy of each search by speaker, those never heard first; bars: means."""
    table = speakers.pivot_table(
        "accuracy", index=["unseen_speaker", "speaker"], columns=["neuron", "search"]
    ).sort_index(ascending=[False, True])
    neurons = [neuron for neuron in NEURON_STYLES if neuron in table]
    for k, neuron in enumerate(neurons):
        own, colour = table[neuron], NEURON_STYLES[neuron].colour
        place = np.arange(len(own)) + 0.25 * (k - (len(neurons) - 1) / 2)
        for search in own:
            axes.plot(place, own[search], "o", ms=2, color=colour)
        axes.plot(place, own.mean(axis=1), "_", ms=7, mew=2, color=colour)
    unseen = sum(table.index.get_level_values("unseen_speaker"))
    axes.axvspan(-0.5, unseen - 0.5, color="0.92", zorder=0)
    axes.set_xticks(range(len(table)), table.index.get_level_values("speaker").astype(str))
    axes.set(xlabel="speaker (grey: not in training)", ylabel="accuracy of each search")


def main(folder: Path, target: str) -> None:
    runs = pd.read_csv(folder / "training_reached.csv")
    figure, panels = plt.subplots(1, 3, figsize=(10, 3.1))
    draw_curves(panels[0], pd.read_parquet(folder / "training_histories.parquet"), runs)
    draw_activity(panels[1], runs)
    draw_speakers(panels[2], pd.read_csv(folder / "speakers.csv"))
    letter(panels)
    searches = runs["search"].nunique()
    figure.suptitle(
        f"{folder.name}: {len(runs)} networks from {searches} search{'es' * (searches > 1)} of each"
        " neuron model; crosses: ran away, the best epoch until then counts"
    )
    save(figure, [target])


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("folder", type=Path, help="a study that experiments/keep.py has kept")
    parser.add_argument("target", help="the picture")
    options = parser.parse_args()
    main(options.folder, options.target)
