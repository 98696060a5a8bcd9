"""Synapses with delays of their own, on a grid of times of arrival.

A spike at t arrives at receiver i over ``weight[unit, i]`` after ``lag[unit, i]``, in general
between two times of the grid, k h and (k + 1) h. Both have a share of it, the nearer the more:

    t + lag = (k + f) h,     rows[k, i] += (1 - f) w,     rows[k + 1, i] += f w.

So what arrives is continuous in t and in the delay, with derivatives but where f is 0. ``rows``
[n_times, n] is all that the neurons are given; what comes after the last time is lost.
"""

from __future__ import annotations

from spikegrad.engine import njit
from spikegrad.engine.rows import OPTIONS, count_of


@njit(**OPTIONS)
def deposit(rows, step, weight, lag, unit, time, count):
    """Add ``count`` spikes of ``unit`` at ``time`` seconds to the rows at which they arrive."""
    last = rows.shape[0] - 1
    for i in range(rows.shape[1]):
        place = (time + lag[unit, i]) / step
        if place < last + 1:
            k = int(place)
            late = rows.dtype.type(place - k) * weight[unit, i] * count
            rows[k, i] += weight[unit, i] * count - late
            if k < last:
                rows[k + 1, i] += late


@njit(**OPTIONS)
def collect(gradient, step, weight, lag, unit, time, count, grad_weight, grad_lag):
    """The adjoint of :func:`deposit`, from dLoss/d(rows).

    Adds to the gradients of weights and delays, and returns dLoss/dt, in float64.
    """
    last, total = gradient.shape[0] - 1, 0.0
    for i in range(gradient.shape[1]):
        place = (time + lag[unit, i]) / step
        if place < last + 1:
            k = int(place)
            f = place - k
            early = gradient[k, i]
            late = gradient[k + 1, i] if k < last else type(early)(0)
            grad_weight[unit, i] += count * type(early)((1.0 - f) * early + f * late)
            slope = count * weight[unit, i] * (late - early) / step
            grad_lag[unit, i] += slope
            total += slope
    return total


@njit(**OPTIONS)
def deposit_all(rows, step, weight, lag, times, units, counts):
    """Add all spikes of one sample."""
    for e in range(times.shape[0]):
        count = count_of(counts, e)
        deposit(rows, step, weight, lag, units[e], times[e], count)


@njit(**OPTIONS)
def collect_all(
    gradient, step, weight, lag, times, units, counts, grad_weight, grad_lag, grad_times
):
    """Its adjoint; dLoss/dt of each spike goes to ``grad_times``."""
    for e in range(times.shape[0]):
        count = count_of(counts, e)
        grad_times[e] = collect(
            gradient, step, weight, lag, units[e], times[e], count, grad_weight, grad_lag
        )
