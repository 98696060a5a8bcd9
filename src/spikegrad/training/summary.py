"""The scores of training runs, summed up over searches."""

from __future__ import annotations

from collections.abc import Iterable

import pandas as pd

from spikegrad.statistics import t_interval

# What evaluation.scores gives each run.
SCORES = (
    "accuracy",
    "accuracy_unseen_speakers",
    "accuracy_seen_speakers",
    "loss",
    "spikes_per_neuron",
    "silent_fraction",
)


def unit_of(runs: pd.DataFrame) -> str:
    """What is independent among ``runs``: searches or, with one search or none, seeds."""
    return "seed" if runs["search"].min() == runs["search"].max() else "search"


def by_unit(runs: pd.DataFrame, measure: str) -> pd.DataFrame:
    """Means of ``measure`` over each unit (:func:`unit_of`): columns neuron, unit, measure."""
    unit = unit_of(runs)
    means = runs.dropna(subset=measure).groupby(["neuron", unit], sort=False)[measure].mean()
    return means.reset_index().rename(columns={unit: "unit"})


def summary(runs: pd.DataFrame, measures: Iterable[str]) -> pd.DataFrame:
    """Mean and its t interval over searches, for each neuron and measure.

    Parameters
    ----------
    runs
        One row for each run, with the columns neuron, seed, search and ``measures``.
    measures
        Columns to summarise; a run without a value of one is left out of it.

    Returns
    -------
    DataFrame
        Columns neuron, measure, mean, low, high (95 %), units (searches; seeds, if there is but
        one search or none) and runs: how many had a value.
    """
    rows = []
    for neuron, members in runs.groupby("neuron", sort=False):
        for measure in measures:
            values = by_unit(members, measure)[measure]
            low, high = t_interval(values)
            rows.append(
                {
                    "neuron": neuron,
                    "measure": measure,
                    "mean": values.mean(),
                    "low": low,
                    "high": high,
                    "units": len(values),
                    "runs": int(members[measure].notna().sum()),
                }
            )
    return pd.DataFrame(rows)
