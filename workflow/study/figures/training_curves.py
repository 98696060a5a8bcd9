"""Learning curves and test accuracies, as figures draw them."""

from __future__ import annotations

from itertools import pairwise

import pandas as pd
import seaborn as sns
from matplotlib.axes import Axes
from matplotlib.ticker import MaxNLocator

from study.config.neurons import LADDER
from study.intervals import t_interval
from study.style import NEURON_COLOURS, neuron_label
from study.training.outcomes import FINISHED
from study.training.scores import by_unit

INTERVALS = {"errorbar": t_interval, "ls": "none", "capsize": 0.1, "err_kws": {"linewidth": 1}}
"""Means with t intervals."""
MARKERS = {"o": "●", "^": "▲", "s": "■", "D": "◆", "v": "▼"}
"""Of a fold's speakers, in the order of their numbers, as the label of an axis has them."""
BY_NEURON = {"hue": "neuron", "palette": NEURON_COLOURS, "legend": False}


def draw_learning_curves(
    axes: Axes, histories: pd.DataFrame, runs: pd.DataFrame, measure: str
) -> None:
    """``measure`` against epochs: each seed (thin), and the mean over all seeds.

    A run that diverged ends in a cross and counts in the mean with its last value. ``histories``
    has the columns neuron, seed, epoch and ``measure``, ``runs`` neuron, seed and outcome. The
    lines' labels say how many runs diverged.
    """
    epochs = sorted(histories["epoch"].unique())
    outcomes = runs.set_index(["neuron", "seed"])["outcome"]
    for neuron, own in histories.groupby("neuron", sort=False):
        curves = own.pivot_table(measure, "epoch", "seed").reindex(epochs)
        colour, outcome = NEURON_COLOURS[neuron], outcomes[neuron]
        diverged = curves[[seed for seed in curves if outcome[seed] != FINISHED]]
        axes.plot(curves, lw=0.5, alpha=0.6, color=colour)
        for _, values in diverged.items():
            ended = values.dropna().tail(1)
            axes.plot(ended.index, ended, "x", ms=5, color=colour)
        failed = (outcome != FINISHED).sum()
        label = neuron_label(neuron) + (f", {failed} of {len(outcome)} diverged" if failed else "")
        axes.plot(curves.ffill().mean(axis=1), lw=1.8, color=colour, label=label)
    axes.set_xlabel("epoch")
    axes.xaxis.set_major_locator(MaxNLocator("auto", integer=True))
    axes.set_ylim(0, 1 if "accuracy" in measure else None)


def draw_test_accuracies(axes: Axes, runs: pd.DataFrame) -> None:
    """Each run's accuracy on new and on known voices, and the means with intervals over units."""
    kinds = {
        "accuracy_unseen_speakers": "unseen\nvoices",
        "accuracy_seen_speakers": "known\nvoices",
    }
    kinds = {kind: name for kind, name in kinds.items() if runs[kind].notna().any()}
    long = runs.melt(["neuron", "seed"], list(kinds), "voices", "share").replace({"voices": kinds})
    common = {"x": "voices", "y": "share", "ax": axes} | BY_NEURON
    sns.stripplot(long.dropna(), **common, dodge=True, jitter=False, size=3.5, alpha=0.6)
    low, high = axes.get_ylim()
    margin = (high - low) / 2  # for intervals, which can be far wider than the dots
    units = pd.concat(
        by_unit(runs, kind).rename(columns={kind: "share"}).assign(voices=name)
        for kind, name in kinds.items()
    )
    sns.pointplot(units, **common, **INTERVALS, dodge=_apart(runs), marker="_", ms=14)
    axes.set(xlabel="", ylabel="test accuracy", ylim=(max(low - margin, 0), min(high + margin, 1)))


def draw_folds(axes: Axes, speakers: pd.DataFrame) -> None:
    """Test accuracy of each fold: on each of its speakers, and the mean over these.

    ``speakers`` is speakers.csv.
    """
    of_each = speakers.groupby(["neuron", "fold", "speaker"], sort=False)["accuracy"].mean()
    table = of_each.reset_index()
    names = table.groupby("fold")["speaker"].agg(lambda own: "\n".join(map(str, own.unique())))
    table["names"] = table["fold"].map(names)
    common = {"data": table, "x": "names", "y": "accuracy", "ax": axes} | BY_NEURON
    dots = {"order": names.unique(), "dodge": True, "jitter": False, "size": 4, "alpha": 0.6}
    markers = list(MARKERS)
    places = table.groupby("fold")["speaker"].rank("dense").astype(int) - 1
    for place, own in table.groupby(places % len(markers)):
        sns.stripplot(**common | {"data": own}, **dots, marker=markers[place])
    sns.pointplot(**common, dodge=_apart(table), errorbar=None, ls="none", marker="_", ms=9)
    shown = " ".join([*MARKERS.values()][: places.max() + 1])
    axes.set(xlabel=f"tested speakers of each fold ({shown})", ylabel="test accuracy")


def _apart(table: pd.DataFrame) -> float:
    """How far apart seaborn's dots of the neuron models in ``table`` are, first to last."""
    n = table["neuron"].nunique()
    return 0.8 * (n - 1) / n


def draw_gains(axes: Axes, shares: pd.DataFrame, what: str) -> None:
    """By how much ``what`` differs between neuron models in each unit, such as a fold, and the mean
    with its interval over units: each model minus the first, or, of the models from LIF to QIF,
    minus the one before.

    ``shares`` has a row for each unit and a column for each neuron model.
    """
    first, *others = shares
    steps = {*LADDER} == {*shares}
    gains = pd.concat(
        pd.DataFrame(
            {
                "neuron": after,
                "points": 100 * (shares[after] - shares[before]),
                "label": f"{neuron_label(after)}\n− {neuron_label(before)}",
            }
        )
        for before, after in (pairwise(LADDER) if steps else [(first, own) for own in others])
    )
    common = {"data": gains, "x": "points", "y": "label", "ax": axes} | BY_NEURON
    axes.axvline(0, color="0.6", lw=0.8)
    sns.stripplot(**common, jitter=False, size=3.5, alpha=0.6)
    sns.pointplot(**common, **INTERVALS, marker="|", ms=14)
    axes.set(xlabel=f"{what},\ndifference (points)", ylabel="")
