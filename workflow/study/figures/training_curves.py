"""Learning curves and test accuracies, as figures draw them."""

from __future__ import annotations

import pandas as pd
import seaborn as sns
from matplotlib.axes import Axes
from matplotlib.ticker import MaxNLocator

from study.intervals import t_interval
from study.style import NEURON_COLOURS, neuron_label
from study.training.scores import by_unit

INTERVALS = {"errorbar": t_interval, "ls": "none", "capsize": 0.1, "err_kws": {"linewidth": 1}}
"""Means with t intervals."""
MARKERS = {"o": "●", "^": "▲", "s": "■", "D": "◆", "v": "▼"}
"""Of a fold's speakers, in the order of their numbers, as the label of an axis has them."""
BY_NEURON = {"hue": "neuron", "palette": NEURON_COLOURS, "legend": False}


def draw_learning_curves(
    axes: Axes, history: pd.DataFrame, measure: str, legend: bool = False
) -> None:
    """``measure`` against epochs: each seed (thin) and their mean.

    ``history`` has the columns neuron, seed, epoch and ``measure``.
    """
    common = {"data": history, "x": "epoch", "y": measure, "hue": "neuron", "ax": axes}
    common["palette"] = NEURON_COLOURS
    sns.lineplot(**common, units="seed", estimator=None, lw=0.5, alpha=0.6, legend=False)
    sns.lineplot(**common, errorbar=None, lw=1.8, legend=legend)
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


def draw_gains(axes: Axes, shares: pd.DataFrame) -> None:
    """What other neuron models have more than the first in each unit, such as a fold, and the mean
    with its interval over units.

    ``shares`` has a row for each unit and a column for each neuron model.
    """
    first, *others = shares
    gains = (100 * shares[others]).sub(100 * shares[first], axis="index")
    gains = gains.melt(var_name="neuron", value_name="points")
    gains["label"] = gains["neuron"].map(neuron_label)
    common = {"data": gains, "x": "label", "y": "points", "ax": axes} | BY_NEURON
    axes.axhline(0, color="0.6", lw=0.8)
    sns.stripplot(**common, jitter=False, size=3.5, alpha=0.6)
    sns.pointplot(**common, **INTERVALS, marker="_", ms=14)
    axes.set(xlabel="", ylabel=f"more than {neuron_label(first)} (points)")
