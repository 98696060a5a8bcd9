"""Numbers with intervals, and what they say about a claim."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace
from enum import StrEnum

import numpy as np
from numpy.typing import NDArray
from scipy.stats import bootstrap, permutation_test

Values = NDArray[np.float64]

LEVEL = 0.95
"""Of every interval; 1 - LEVEL is the largest p with which a comparison counts."""


class Verdict(StrEnum):
    """What is known of a claim."""

    SUPPORTED = "supported"
    NOT_SUPPORTED = "not supported"
    UNDECIDED = "undecided"


@dataclass(frozen=True)
class Estimate:
    """A number with its 95 % interval.

    Attributes
    ----------
    value, low, high
        The estimate and its interval. An exact number has no interval: low and high are its
        extremes over the cases that it stands for.
    n
        How many ``unit``s the number rests on.
    unit
        What varies at random: seeds, networks, ...
    p
        Of the permutation test that the two groups do not differ; None where none are compared.
    """

    value: float
    low: float
    high: float
    n: int
    unit: str
    p: float | None = None


@dataclass(frozen=True)
class Criterion:
    """Where the number has to lie, with its whole interval, for the claim to be supported.

    Attributes
    ----------
    side
        ">" or "<".
    threshold
        In units of the measure.
    least
        Fewest units that a verdict rests on.
    """

    side: str
    threshold: float
    least: int

    def __str__(self) -> str:
        return f"{self.side} {self.threshold:g}"

    def verdict(self, estimate: Estimate) -> Verdict:
        """Supported, or not, if the whole interval lies on one side of the threshold.

        Undecided if it does not, if there are too few units, or if two groups that are compared
        could be one (p > 0.05).
        """
        if estimate.n < self.least or (estimate.p is not None and estimate.p > 1 - LEVEL):
            return Verdict.UNDECIDED
        above, below = estimate.low > self.threshold, estimate.high < self.threshold
        if above or below:
            as_claimed = above if self.side == ">" else below
            return Verdict.SUPPORTED if as_claimed else Verdict.NOT_SUPPORTED
        return Verdict.UNDECIDED


def exact(values: Values, n: int, unit: str) -> Estimate:
    """Numbers without sampling error: their median and extremes."""
    return Estimate(float(np.median(values)), float(np.min(values)), float(np.max(values)), n, unit)


def mean(values: Values, seed: int) -> Estimate:
    """The mean of ``values`` [n], one from each seed, with its bootstrap interval."""
    return _resampled((values,), np.mean, seed)


def difference(first: Values, second: Values, seed: int) -> Estimate:
    """Mean of ``first`` minus mean of ``second``, one value from each seed."""
    return _compared(first, second, lambda a, b, axis: a.mean(axis) - b.mean(axis), seed)


def ratio(first: Values, second: Values, seed: int) -> Estimate:
    """Mean of ``first`` over mean of ``second``, one positive value from each seed."""
    return _compared(first, second, lambda a, b, axis: a.mean(axis) / b.mean(axis), seed)


def _compared(
    first: Values, second: Values, statistic: Callable[..., Values], seed: int
) -> Estimate:
    estimate = _resampled((first, second), statistic, seed)
    if estimate.n < 2:
        return replace(estimate, p=1.0)
    # Medians and means of few seeds have crude intervals; the test is exact for any number.
    test = permutation_test(
        (first, second), statistic, vectorized=True, random_state=np.random.default_rng(seed)
    )
    return replace(estimate, p=float(test.pvalue))


def _resampled(groups: tuple[Values, ...], statistic: Callable[..., Values], seed: int) -> Estimate:
    """``statistic`` of ``groups``, each resampled by itself."""
    n = min(map(len, groups))
    if n == 0:
        return Estimate(np.nan, np.nan, np.nan, 0, "seeds")
    value = float(statistic(*groups, axis=-1))
    if n == 1:
        return Estimate(value, -np.inf, np.inf, 1, "seeds")
    result = bootstrap(
        groups,
        statistic,
        vectorized=True,
        confidence_level=LEVEL,
        method="percentile",
        random_state=np.random.default_rng(seed),
    )
    low, high = result.confidence_interval
    return Estimate(value, float(low), float(high), n, "seeds")
