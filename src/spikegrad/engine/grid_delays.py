"""Delays on a grid of times of arrival.

Times and delays are in steps h of the grid here. A spike at t arrives at receiver i over
``weight[unit, i]`` after ``lag[unit, i]``, or after ``lag[unit, 0]`` at all receivers if there is
one column. That is in general between two times of the grid, k and k + 1. Both have a share of it,
the nearer the more:

    t + lag = k + f,     rows[k, i] += (1 - f) w,     rows[k + 1, i] += f w.

So what arrives is continuous in t and in the delay, with derivatives but where f is 0. ``rows``
[n_times, n] is all that the neurons are given; what comes after the last time is lost.

Where each weight has its delay, spikes at times of the grid, as inputs usually are, have shares
that do not depend on t. Their :class:`Shares` and what they do are taken receiver by receiver, so
that all of a receiver is in the first-level cache: both shares are one complex number,
(1 - f) w + i f w, added to ``pairs[i, k]``. Places are unsigned, since indices that may be negative
cost a test each.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np

from spikegrad.engine import njit
from spikegrad.engine.rows import (
    IN_PLACE,
    INLINED,
    INLINED_ROW,
    KERNEL,
    PART,
    REDUCTION,
    add_row,
    count_of,
    product,
)

TILE = 16  # rows that are transposed at a time


class Shares(NamedTuple):
    """What the spikes of each unit at times of the grid do at each receiver, [n, n_in] each."""

    places: np.ndarray
    """Whole steps of the delays, uint32."""
    late: np.ndarray
    """What of each delay is left of a step, f, in the weights' type."""
    pairs: np.ndarray
    """(1 - f) w + i f w, complex."""
    longest: int
    """The largest of ``places``."""


def shares(weight: np.ndarray, lag: np.ndarray) -> Shares:
    """The shares of weights [n_in, n] that arrive after ``lag`` steps, float64 [n_in, n]."""
    whole = np.floor(lag)
    late = (lag - whole).astype(weight.dtype)
    pairs = weight - late * weight + 1j * (late * weight)
    kept = whole.T.astype(np.uint32), late.T.copy(), pairs.T.astype(pairs.dtype, order="C")
    return Shares(np.ascontiguousarray(kept[0]), *kept[1:], int(whole.max(initial=0)))


@njit(**PART)
def deposit(rows, weight, lag, unit, time, count):
    """Add ``count`` spikes of ``unit`` at ``time`` steps to the rows at which they arrive."""
    last = rows.shape[0] - 1
    if lag.shape[1] == 1:
        place = time + lag[unit, 0]
        if place < last + 1:
            k = int(place)
            late = rows.dtype.type(place - k) * count
            if k < last and late > 0:
                deposit_shares(rows, k, count - late, late, weight, unit)
            else:
                add_row(weight, unit, count - late, rows, k)
        return
    for i in range(rows.shape[1]):
        place = time + lag[unit, i]
        if place < last + 1:
            k = int(place)
            late = rows.dtype.type(place - k) * weight[unit, i] * count
            rows[k, i] += weight[unit, i] * count - late
            if k < last:
                rows[k + 1, i] += late


@njit(**PART)
def deposit_spikes(record, first, last, weights):
    """Add what the layer's own spikes from ``first`` until ``last`` send to the rows of input
    weights, four at a time where they arrive between the same two times."""
    rows, weight, lags, n_out = weights.input, weights.recurrent, weights.lags, weights.n_out
    one, final = weight.dtype.type(1), rows.shape[0] - 1
    for copy in range(0, weight.shape[0], n_out):
        m = first
        while m < last:
            if m + 4 <= last and lags.shape[1] == 1:
                a, b = copy + record.units[m], copy + record.units[m + 1]
                c, d = copy + record.units[m + 2], copy + record.units[m + 3]
                t_a = record.times[m] / weights.step + lags[a, 0]
                t_b = record.times[m + 1] / weights.step + lags[b, 0]
                t_c = record.times[m + 2] / weights.step + lags[c, 0]
                t_d = record.times[m + 3] / weights.step + lags[d, 0]
                least, most = min(min(t_a, t_b), min(t_c, t_d)), max(max(t_a, t_b), max(t_c, t_d))
                if most < final and int(least) == int(most):
                    k, real = int(least), rows.dtype.type
                    late = real(t_a - k), real(t_b - k), real(t_c - k), real(t_d - k)
                    deposit_four(rows, k, late, weight, a, b, c, d)
                    m += 4
                    continue
            row = copy + record.units[m]
            deposit(rows, weight, lags, row, record.times[m] / weights.step, one)
            m += 1


@njit(**PART)
def collect_spikes(record, first, last, weights, gradient, grad_weight, grad_lag, grad_times):
    """The adjoint of :func:`deposit_spikes`; dLoss/dt of each spike is added to ``grad_times``."""
    one = gradient.dtype.type(1)
    for m in range(first, last):
        for row in range(record.units[m], weights.recurrent.shape[0], weights.n_out):
            slope = collect(
                gradient, weights.recurrent, weights.lags, row, record.times[m] / weights.step, one,
                grad_weight, grad_lag,
            )  # fmt: skip
            grad_times[m] += slope / weights.step


@njit(**INLINED_ROW)
def deposit_four(rows, k, late, weight, a, b, c, d):
    """Add both shares of four rows of weights, to two of ``rows``."""
    one = rows.dtype.type(1)
    for i in range(rows.shape[1]):
        w_a, w_b, w_c, w_d = weight[a, i], weight[b, i], weight[c, i], weight[d, i]
        rows[k, i] += (
            (one - late[0]) * w_a
            + (one - late[1]) * w_b
            + (one - late[2]) * w_c
            + (one - late[3]) * w_d
        )
        rows[k + 1, i] += late[0] * w_a + late[1] * w_b + late[2] * w_c + late[3] * w_d


@njit(**INLINED_ROW)
def deposit_shares(rows, k, early, late, weight, unit):
    """Add both shares of a row of weights, to two of ``rows``."""
    for i in range(rows.shape[1]):
        w = weight[unit, i]
        rows[k, i] += early * w
        rows[k + 1, i] += late * w


@njit(**REDUCTION)
def collect_shares(gradient, k, early, late, weight, unit, grad_weight):
    """The adjoint of :func:`deposit_shares`; dLoss/dt of a spike that counts once."""
    total = weight.dtype.type(0)
    for i in range(gradient.shape[1]):
        here, later = gradient[k, i], gradient[k + 1, i]
        grad_weight[unit, i] += early * here + late * later
        total += (later - here) * weight[unit, i]
    return total


@njit(**PART)
def collect(gradient, weight, lag, unit, time, count, grad_weight, grad_lag):
    """The adjoint of :func:`deposit`, from dLoss/d(rows).

    Adds to the gradients of weights and lags, and returns dLoss/dt, in float64.
    """
    last, total = gradient.shape[0] - 1, 0.0
    if lag.shape[1] == 1:
        place = time + lag[unit, 0]
        if place < last + 1:
            k = int(place)
            late = gradient.dtype.type(place - k) * count
            if k < last:
                total = collect_shares(gradient, k, count - late, late, weight, unit, grad_weight)
            else:
                add_row(gradient, k, count - late, grad_weight, unit)
                total = -product(gradient, k, weight, unit)
            total *= count
            grad_lag[unit, 0] += total
        return total
    for i in range(gradient.shape[1]):
        place = time + lag[unit, i]
        if place < last + 1:
            k = int(place)
            f = place - k
            early = gradient[k, i]
            late = gradient[k + 1, i] if k < last else type(early)(0)
            grad_weight[unit, i] += count * type(early)((1.0 - f) * early + f * late)
            slope = count * weight[unit, i] * (late - early)
            grad_lag[unit, i] += slope
            total += slope
    return total


@njit(**IN_PLACE)
def deposit_all(rows, weight, lag, n_units, times, units, counts):
    """Add all spikes of one sample, and their copies over every ``n_units``-th row of weights."""
    for e in range(times.shape[0]):
        for row in range(units[e], weight.shape[0], n_units):
            deposit(rows, weight, lag, row, times[e], count_of(counts, e))


@njit(**IN_PLACE)
def collect_all(
    gradient, weight, lag, n_units, times, units, counts, grad_weight, grad_lag, grad_times
):
    """Its adjoint; dLoss/dt of each spike goes to ``grad_times``."""
    for e in range(times.shape[0]):
        count = count_of(counts, e)
        grad_times[e] = 0.0
        for row in range(units[e], weight.shape[0], n_units):
            grad_times[e] += collect(
                gradient, weight, lag, row, times[e], count, grad_weight, grad_lag
            )


@njit(**INLINED)
def multiple(pair, counts, event):
    """``pair`` times the event's count: a product of two complex numbers would cost more."""
    if counts.shape[0] == 0:
        return pair
    return complex(counts[event] * pair.real, counts[event] * pair.imag)


@njit(**KERNEL)
def deposited(shares, n_times, times, units, counts):
    """The rows of one sample whose spikes are at ``times`` of the grid, uint32 [n_events]."""
    places, _, own_shares, longest = shares
    n = places.shape[0]
    rows = np.empty((n_times, n), counts.dtype)
    pairs = np.zeros((n, n_times + longest + 1), own_shares.dtype)
    for i in range(n):
        for e in range(times.shape[0]):
            unit = units[e]
            pairs[i, times[e] + places[i, unit]] += multiple(own_shares[i, unit], counts, e)
    for first in range(0, n_times, TILE):
        for i in range(n):
            for k in range(first, min(first + TILE, n_times)):
                rows[k, i] = pairs[i, k].real
                if k > 0:
                    rows[k, i] += pairs[i, k - 1].imag
    return rows


@njit(**KERNEL)
def collected(shares, gradient, times, units, counts, weight, grad_weight, grad_lag):
    """The adjoint of :func:`deposited` for weights [n_in, n] and lags."""
    places, late, own_shares, longest = shares
    n, n_times = places.shape[0], gradient.shape[0]
    pairs = np.zeros((n, n_times + longest + 1), own_shares.dtype)
    for first in range(0, n_times, TILE):
        for i in range(n):
            for k in range(first, min(first + TILE, n_times)):
                following = gradient[k + 1, i] if k + 1 < n_times else 0.0
                pairs[i, k] = complex(gradient[k, i], following)
    sums = np.zeros(own_shares.shape, own_shares.dtype)
    for i in range(n):
        for e in range(times.shape[0]):
            unit = units[e]
            sums[i, unit] += multiple(pairs[i, times[e] + places[i, unit]], counts, e)
    for first in range(0, weight.shape[0], TILE):
        for i in range(n):
            for u in range(first, min(first + TILE, weight.shape[0])):
                change = sums[i, u].imag - sums[i, u].real
                grad_weight[u, i] += sums[i, u].real + late[i, u] * change
                grad_lag[u, i] += weight[u, i] * change
