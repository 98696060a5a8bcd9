"""Input spikes as they arrive after delays, sorted by time."""

from __future__ import annotations

import numpy as np

from spikegrad.engine import njit
from spikegrad.engine.formulas import FAST
from spikegrad.engine.rows import KERNEL

# Arrivals closer than this share of the sample's duration are one: they differ by how spike times
# and delays were rounded.
SAME = 4 * float(np.finfo(np.float64).eps)


@njit(**FAST)
def delayed(times, units, counts, delays, n_units, duration):
    """Copies of one sample's spikes, each with a delay of its own, until the sample's end.

    Parameters
    ----------
    times, units, counts
        As :class:`spikegrad.engine.records.Events`.
    delays
        Seconds, float64 [n_copies * n_units]: the copy c of unit u has that of the row
        ``c * n_units + u``.
    n_units, duration
        Number of units, and length of the sample in seconds.

    Returns
    -------
    times, rows, counts, origins
        Times of arrival, ascending; their rows; counts, or [0]; and the spikes that they are copies
        of, int64.
    """
    n, n_copies = times.shape[0], delays.shape[0] // n_units
    n_buckets = max(n_copies * n // 4, 1)  # equal spans of time, with some four arrivals each
    scale = n_buckets / duration
    places = np.zeros(n_buckets + 2, np.int64)
    for c in range(n_copies):
        for k in range(n):
            time = times[k] + delays[c * n_units + units[k]]
            if time <= duration:
                places[int(time * scale) + 1] += 1
    for b in range(n_buckets):
        places[b + 1] += places[b]
    n_kept = places[n_buckets] + places[n_buckets + 1]
    arrivals, rows = np.empty(n_kept, np.float64), np.empty(n_kept, np.int64)
    origins = np.empty(n_kept, np.int64)
    for c in range(n_copies):
        for k in range(n):
            row = c * n_units + units[k]
            time = times[k] + delays[row]
            if time <= duration:
                bucket = int(time * scale)
                place = places[bucket]
                places[bucket] += 1
                arrivals[place], rows[place], origins[place] = time, row, k
    for m in range(1, n_kept):  # within a bucket
        time, row, origin = arrivals[m], rows[m], origins[m]
        place = m
        while place > 0 and arrivals[place - 1] > time:
            arrivals[place], rows[place] = arrivals[place - 1], rows[place - 1]
            origins[place] = origins[place - 1]
            place -= 1
        arrivals[place], rows[place], origins[place] = time, row, origin
    first = 0.0
    for m in range(n_kept):
        if m > 0 and arrivals[m] - first <= SAME * duration:
            arrivals[m] = first
        first = arrivals[m]
    copies = np.empty(n_kept if counts.shape[0] > 0 else 0, counts.dtype)
    for m in range(copies.shape[0]):
        copies[m] = counts[origins[m]]
    return arrivals, rows, copies, origins


@njit(**KERNEL)
def delayed_line(times, units, counts, step, n_copies, n_units, duration):
    """The same where each copy of all units comes ``step`` seconds after the one before."""
    n = times.shape[0]
    arrivals = np.empty(n_copies * n, np.float64)
    rows, origins = np.empty(n_copies * n, np.int64), np.empty(n_copies * n, np.int64)
    heads = np.zeros(n_copies, np.int64)  # the next spike of each copy
    m = 0
    while True:
        first = np.inf
        for c in range(n_copies):
            if heads[c] < n:
                first = min(first, times[heads[c]] + c * step)
        if not first <= duration:
            break
        for c in range(n_copies):
            k = heads[c]
            while k < n and times[k] + c * step - first <= SAME * duration:
                arrivals[m], rows[m], origins[m] = first, c * n_units + units[k], k
                m += 1
                k += 1
            heads[c] = k
    copies = np.empty(m if counts.shape[0] > 0 else 0, counts.dtype)
    for e in range(copies.shape[0]):
        copies[e] = counts[origins[e]]
    return arrivals[:m], rows[:m], copies, origins[:m]
