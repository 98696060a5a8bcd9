"""Intervals of means, and rank correlations."""

from __future__ import annotations

import numpy as np
from numpy.typing import ArrayLike, NDArray
from scipy.stats import spearmanr, t

LEVEL = 0.95
"""Of every interval."""
TAILS = (0.025, 0.975)
"""The quantiles of a bootstrap's resamples that bound it."""


def t_interval(
    values: ArrayLike, within: tuple[float, float] = (-np.inf, np.inf)
) -> tuple[float, float]:
    """Student's 95 % interval of the mean of ``values`` [n], one from each unit.

    It ends where no value can lie: outside ``within``.
    One value has an infinite interval, and none has no number (NaN).
    """
    x = np.asarray(values, np.float64)
    if len(x) == 0:
        return np.nan, np.nan
    if len(x) == 1:
        return within
    margin = t.ppf((1 + LEVEL) / 2, len(x) - 1) * x.std(ddof=1) / len(x) ** 0.5
    low, high = float(x.mean() - margin), float(x.mean() + margin)
    return max(low, within[0]), min(high, within[1])


def welch_margin(errors: NDArray[np.float64], freedoms: ArrayLike) -> float:
    """Half of the 95 % t interval of a sum of independent means, by their squared standard
    ``errors`` and degrees of freedom (Welch and Satterthwaite)."""
    if not errors.any():
        return 0.0
    freedom = errors.sum() ** 2 / (errors**2 / np.asarray(freedoms)).sum()
    return float(t.ppf((1 + LEVEL) / 2, freedom) * errors.sum() ** 0.5)


def exponents(x: NDArray[np.float64], y: NDArray[np.float64]) -> NDArray[np.float64]:
    """Of y = constant x^exponent, by least squares in the logarithms, for each row of ``y``
    [..., n_x]; not finite where that has a 0."""
    logs = np.log(np.asarray(x))
    centred = logs - logs.mean()
    with np.errstate(divide="ignore", invalid="ignore"):
        return (np.log(np.asarray(y)) * centred).sum(-1) / (centred**2).sum()


def last_exponent(x: ArrayLike, y: ArrayLike) -> float:
    """The exponent that ``y`` [n_x] follows between the two largest finite ``x``."""
    finite = np.isfinite(x)
    x, y = np.asarray(x)[finite], np.asarray(y)[finite]
    last = np.argsort(x)[-2:]
    return float(exponents(x[last], y[last]))


def power_interval(
    x: NDArray[np.float64],
    table: NDArray[np.float64],
    rng: np.random.Generator,
    n_resamples: int,
) -> tuple[float, float]:
    """95 % bootstrap interval of the exponent that means over networks follow, ``table``
    [n_networks, n_x], each column resampled by itself. Of few networks it is too narrow."""
    drawn = rng.integers(len(table), size=(n_resamples, *table.shape))
    means = np.take_along_axis(table[None], drawn, axis=1).mean(axis=1)
    low, high = np.quantile(exponents(x, means), TAILS)
    return float(low), float(high)


def spearman(first: ArrayLike, second: ArrayLike) -> float:
    """Rank correlation of pairs [n], [n]; NaN with fewer than three, or if all of one are equal."""
    x, y = np.asarray(first, np.float64), np.asarray(second, np.float64)
    if len(x) < 3 or np.ptp(x) == 0 or np.ptp(y) == 0:
        return np.nan
    return float(spearmanr(x, y).statistic)
