"""The scores of training runs, summed up over folds, searches or seeds."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

import numpy as np
import pandas as pd

from study.intervals import t_interval

SCORES = (  # columns of a run's evaluation
    "accuracy",
    "accuracy_unseen_speakers",
    "accuracy_seen_speakers",
    "loss",
    "spikes_per_neuron",
    "silent_fraction",
)

SHARES = ("accuracy", "train_accuracy", "silent_fraction")
"""How measures begin whose intervals end at 0 and 1."""
UNITS = {"fold": "outer folds", "search": "searches", "seed": "seeds"}
"""What intervals are over, by the column that tells it apart."""


def unit_of(runs: pd.DataFrame) -> str:
    """What is independent among ``runs``: outer folds; with one of them searches; with one of these
    or none, seeds."""
    return next((unit for unit in ("fold", "search") if len(set(runs.get(unit, []))) > 1), "seed")


def by_unit(runs: pd.DataFrame, measure: str) -> pd.DataFrame:
    """Means of ``measure`` over each unit (:func:`unit_of`): columns neuron, unit, measure."""
    unit = unit_of(runs)
    means = runs.dropna(subset=measure).groupby(["neuron", unit], sort=False)[measure].mean()
    return means.reset_index().rename(columns={unit: "unit"})


def summary(runs: pd.DataFrame, measures: Iterable[str]) -> pd.DataFrame:
    """Mean and its t interval over units, for each neuron and each of the columns ``measures``.

    A run without a value of a measure is left out of it.
    """
    columns = ["neuron", "measure", "mean", "low", "high", "units", "runs"]
    rows = []
    for neuron, members in runs.groupby("neuron", sort=False):
        for measure in measures:
            values = by_unit(members, measure)[measure]
            n_runs = int(members[measure].notna().sum())
            within = (0.0, 1.0) if measure.startswith(SHARES) else (-np.inf, np.inf)
            interval = t_interval(values, within)
            rows.append((neuron, measure, values.mean(), *interval, len(values), n_runs))
    return pd.DataFrame(rows, columns=columns)


def accuracy_by_speaker(samples: pd.DataFrame, keys: Sequence[str]) -> pd.DataFrame:
    """Of each group of ``keys``, among them speaker: ``accuracy``, and over how many ``answers``.

    ``samples`` are those of :func:`study.training.evaluation.sample_table`, of several runs.
    """
    right = samples["label"].astype(str) == samples["prediction"].astype(str)
    groups = samples.assign(right=right).groupby(list(keys), dropna=False)["right"]
    return groups.agg(accuracy="mean", answers="size").reset_index()


def speakers_alike(speakers: pd.DataFrame, keys: Sequence[str]) -> pd.Series:
    """Accuracy of each group of ``keys`` in rows of speakers.csv: means over the rows of a speaker,
    then over speakers."""
    of_each = speakers.groupby([*keys, "speaker"])["accuracy"].mean()
    return of_each.groupby(list(keys)).mean()


def accuracy_by_fold(speakers: pd.DataFrame) -> pd.DataFrame:
    """Accuracy of a neuron model (columns) in a fold (rows), of rows of speakers.csv: means over
    its networks and, alike, over the fold's speakers."""
    table = speakers_alike(speakers, ["fold", "neuron"]).reset_index()
    return table.pivot_table("accuracy", index="fold", columns="neuron")


def minutes(history: pd.DataFrame) -> float:
    """Wall time of a training's epochs if each takes as long as their median: a training that was
    killed and went on, or waited, has no longer ones for that."""
    epochs = history[history["epoch"] > 0]
    return float(len(epochs) * epochs["seconds"].median() / 60)


def scores(
    runs: pd.DataFrame,
    samples: pd.DataFrame,
    histories: pd.DataFrame,
    searches: dict[int, int],
    folds: dict[int, str],
) -> dict[str, pd.DataFrame]:
    """All runs with their searches and folds (by seed), their learning curves, and what they sum up
    to."""
    for table in (runs, samples, histories):
        table.insert(0, "fold", table["seed"].map(folds))
        table.insert(1, "search", table["seed"].map(searches))
    keys = ["speaker", "unseen_speaker", "neuron", "fold", "search"]
    return {
        "runs": runs,
        "summary": summary(runs, SCORES),
        "speakers": accuracy_by_speaker(samples, keys),
        "histories": histories,
    }
