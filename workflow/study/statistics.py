"""Intervals of means, and rank correlations."""

from __future__ import annotations

import numpy as np
from numpy.typing import ArrayLike
from scipy.stats import spearmanr, t

LEVEL = 0.95
"""Of every interval."""
TAILS = (0.025, 0.975)
"""The quantiles of a bootstrap's resamples that bound it."""


def t_interval(values: ArrayLike) -> tuple[float, float]:
    """Student's 95 % interval of the mean of ``values`` [n], one from each unit.

    One value has an infinite interval, and none has no number (NaN).
    """
    x = np.asarray(values, np.float64)
    if len(x) == 0:
        return np.nan, np.nan
    if len(x) == 1:
        return -np.inf, np.inf
    margin = t.ppf((1 + LEVEL) / 2, len(x) - 1) * x.std(ddof=1) / len(x) ** 0.5
    return float(x.mean() - margin), float(x.mean() + margin)


def spearman(first: ArrayLike, second: ArrayLike) -> float:
    """Rank correlation of pairs [n], [n]; NaN with fewer than three, or if all of one are equal."""
    x, y = np.asarray(first, np.float64), np.asarray(second, np.float64)
    if len(x) < 3 or np.ptp(x) == 0 or np.ptp(y) == 0:
        return np.nan
    return float(spearmanr(x, y).statistic)
