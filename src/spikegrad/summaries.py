"""The scores of training runs, summed up over seeds."""

from __future__ import annotations

import math
from collections.abc import Iterable

import numpy as np
import pandas as pd
from scipy.stats import bootstrap

# What evaluation.scores gives each run.
SCORES = (
    "accuracy",
    "accuracy_unseen_speakers",
    "accuracy_seen_speakers",
    "loss",
    "spikes_per_neuron",
    "silent_fraction",
)


def interval(values: np.ndarray, seed: int, level: float = 0.95) -> tuple[float, float]:
    """Percentile bootstrap interval of the mean of ``values`` [n], one from each seed.

    A single value, or values that are all equal, give an interval of no width.
    """
    if len(values) < 2:
        return float(values.mean()), float(values.mean())
    result = bootstrap(
        (values,),
        np.mean,
        confidence_level=level,
        method="percentile",
        random_state=np.random.default_rng(seed),
    )
    return float(result.confidence_interval.low), float(result.confidence_interval.high)


def summary(runs: pd.DataFrame, measures: Iterable[str], seed: int) -> pd.DataFrame:
    """Mean over seeds and its bootstrap interval, for each neuron and measure.

    Parameters
    ----------
    runs
        One row for each run, with the columns ``neuron`` and ``measures``.
    measures
        Columns to summarise; a run without a value of one is left out of it.
    seed
        Of the bootstrap.

    Returns
    -------
    DataFrame
        Columns neuron, measure, mean, low, high (95 %), runs: how many had a value.
    """
    rows = []
    for neuron, members in runs.groupby("neuron", sort=False):
        for measure in measures:
            values = members[measure].dropna().to_numpy(float)
            low, high = interval(values, seed) if len(values) else (math.nan, math.nan)
            rows.append(
                {
                    "neuron": neuron,
                    "measure": measure,
                    "mean": members[measure].mean(),
                    "low": low,
                    "high": high,
                    "runs": len(values),
                }
            )
    return pd.DataFrame(rows)
