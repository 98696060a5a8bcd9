"""Numbers with intervals, and what they say about a claim; docs/claims.md gives the reasons.

Coverage and error rates are simulated in tests/test_claims_statistics.py.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from enum import StrEnum

import numpy as np
from numpy.typing import NDArray
from scipy.stats import permutation_test, t

from study.intervals import LEVEL, t_interval, welch_margin

Values = NDArray[np.float64]


class Verdict(StrEnum):
    """What is known of a claim."""

    SUPPORTED = "supported"
    NOT_SUPPORTED = "not supported"
    EXCLUDED = "excluded"  # undecided, but true by less than would matter, if at all
    UNDECIDED = "undecided"
    NOT_MEASURABLE = "not measurable"


@dataclass(frozen=True)
class Estimate:
    """A number with its 95 % interval; NaN where there is nothing to measure.

    An exact number has no interval: low and high are its extremes over the cases that it stands
    for.
    """

    value: float
    low: float
    high: float
    n: int  # how many ``unit``s the number rests on; of two groups, the smaller
    unit: str  # what varies at random: searches, networks, ...
    p: float | None = None  # of the permutation test that two groups do not differ, if compared


NOTHING = Estimate(np.nan, np.nan, np.nan, 0, "searches")


@dataclass(frozen=True)
class Criterion:
    """Where the number has to lie, with its whole interval, for the claim to be supported."""

    side: str  # ">" or "<"
    threshold: float  # in units of the measure
    least: int  # fewest units that a verdict rests on
    refuting: int | None = None  # fewest that one against the claim rests on, if that is another
    matters: float | None = None  # the number nearest to the threshold that would matter

    def __str__(self) -> str:
        return f"{self.side} {self.threshold:g}"

    def verdict(self, estimate: Estimate) -> Verdict:
        """Supported, or not, if the whole interval lies on one side of the threshold.

        Else, or if two groups that are compared could be one (p > 1 - LEVEL), excluded if the whole
        interval falls short of what ``matters``. Undecided if it does not, or with too few units.
        Not measurable where there is no number.
        """
        if np.isnan(estimate.value):
            return Verdict.NOT_MEASURABLE
        sign = 1 if self.side == ">" else -1  # the claim is that the number is large, times this
        low, high = sorted((sign * estimate.low, sign * estimate.high))
        threshold, differ = sign * self.threshold, estimate.p is None or estimate.p <= 1 - LEVEL
        if differ and low > threshold:
            return Verdict.SUPPORTED if estimate.n >= self.least else Verdict.UNDECIDED
        if estimate.n < (self.least if self.refuting is None else self.refuting):
            return Verdict.UNDECIDED
        if differ and high < threshold:
            return Verdict.NOT_SUPPORTED
        short = self.matters is not None and high < sign * self.matters
        return Verdict.EXCLUDED if short else Verdict.UNDECIDED


def exact_estimate(values: Values, n: int, unit: str) -> Estimate:
    """Numbers without sampling error: their median and extremes."""
    return Estimate(float(np.median(values)), float(np.min(values)), float(np.max(values)), n, unit)


def mean(
    values: Values, unit: str = "searches", within: tuple[float, float] = (-np.inf, np.inf)
) -> Estimate:
    """The mean of ``values`` [n], one from each unit, which all lie ``within`` two numbers, with
    Student's t interval."""
    if len(values) == 0:
        return NOTHING
    return Estimate(float(values.mean()), *t_interval(values, within), len(values), unit)


def share(values: Values, unit: str = "searches") -> Estimate:
    """As :func:`mean`, of shares."""
    return mean(values, unit, within=(0.0, 1.0))


def difference(first: Values, second: Values, seed: int, unit: str = "searches") -> Estimate:
    """Mean of ``first`` minus mean of ``second``, one value from each unit.

    With Welch's t interval, and p of the permutation test of which unit is whose: exact while
    there are fewer than 10,000 ways, by as many drawn with ``seed`` above.
    """
    n = min(len(first), len(second))
    if n == 0:
        return NOTHING
    value = float(first.mean() - second.mean())
    if n == 1:
        return Estimate(value, -np.inf, np.inf, 1, unit, p=1.0)
    errors = np.array([x.var(ddof=1) / len(x) for x in (first, second)])  # squared
    margin = welch_margin(errors, [len(first) - 1, len(second) - 1])
    test = permutation_test(
        (first, second),
        lambda a, b, axis: a.mean(axis) - b.mean(axis),
        vectorized=True,
        rng=np.random.default_rng(seed),
    )
    low, high = float(value - margin), float(value + margin)
    return Estimate(value, low, high, n, unit, float(test.pvalue))


def paired_difference(gains: Values, seed: int, unit: str) -> Estimate:
    """Mean of ``gains`` [n], the differences of two groups, one from each unit.

    With Student's t interval, and p of the permutation test of which group is which in each unit,
    that is of the signs of ``gains``: as exact as that of :func:`difference`.
    """
    if len(gains) < 2:
        return replace(mean(gains, unit), p=1.0) if len(gains) else NOTHING
    test = permutation_test(
        (gains,),
        lambda x, axis: x.mean(axis),
        permutation_type="samples",
        vectorized=True,
        rng=np.random.default_rng(seed),
    )
    return replace(mean(gains, unit), p=float(test.pvalue))


def within_strata(strata: Sequence[Values], unit: str) -> Estimate:
    """The mean over ``strata`` of the means within, of differences of two groups, one from each
    unit; what strata differ by is no error.

    With Student's t interval by the pooled variance within strata, and p of the same test.
    """
    freedom = sum(len(values) - 1 for values in strata)
    value = float(np.mean([values.mean() for values in strata]))
    squares = sum(((values - values.mean()) ** 2).sum() for values in strata)
    weight = sum(1 / len(values) for values in strata) / len(strata) ** 2
    error = float((squares / freedom * weight) ** 0.5)
    margin = float(t.ppf((1 + LEVEL) / 2, freedom) * error)
    p = float(2 * t.sf(abs(value) / error, freedom)) if error else float(value == 0)
    n = sum(map(len, strata))
    return Estimate(value, value - margin, value + margin, n, unit, p)


def holm_adjusted(p_values: Iterable[float]) -> Values:
    """Holm's adjustment of ``p_values`` for their number; missing ones (NaN) stay missing."""
    p = np.array(list(p_values), np.float64)
    known = np.flatnonzero(~np.isnan(p))
    order = known[np.argsort(p[known], kind="stable")]
    result = p.copy()
    steps = p[order] * np.arange(len(order), 0, -1)
    result[order] = np.minimum(np.maximum.accumulate(steps), 1.0)
    return result
