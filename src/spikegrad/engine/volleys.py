"""Input spikes that arrive together, as one: the sum of their rows of weights.

On a grid of times many spikes arrive at once. All that the neurons then need of them is a row for
each time, ``rows[k] = sum of count w[unit]``, and all that the weights need of the neurons is a
row of gradients for each time. The volley k has the events from ``bounds[k]`` until
``bounds[k + 1]``.

The same spikes can arrive several times, as copies with weights of their own: a line of delays.
Copy c of the volley k then is part of the row ``places[c, k]``. Without a line there is one copy,
and its places are 0, 1, 2, ...

Rows are read one after another by time or by channel, and of what is read at random some columns
are packed together, so that they stay in the nearest cache.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np

from spikegrad.engine import njit
from spikegrad.engine.arrivals import delayed_line
from spikegrad.engine.formulas import FAST
from spikegrad.engine.records import volley
from spikegrad.engine.rows import (
    IN_PLACE,
    INLINED,
    INLINED_ROW,
    KERNEL,
    PART,
    count_of,
    next_number,
    product,
)
from spikegrad.engine.sums import square_sum

CACHED = 1 << 19  # bytes
WIDTH = 128  # columns of rows that are read at random, packed together into the nearest cache


class VolleyGradients(NamedTuple):
    """Gradients of the weights of one sample whose events came as volleys."""

    rows: np.ndarray
    """Those of what arrives together, [n_rows, n]."""
    places: np.ndarray
    """The rows of the volleys' copies, int64 [n_copies, n_volleys]."""
    starts: np.ndarray
    """The sample's events by channel, see :func:`by_channel`, which makes these three."""
    numbers: np.ndarray
    counts: np.ndarray


@njit(**KERNEL)
def volleys(times):
    """The first events of all volleys, and the number of events, int64 [n_volleys + 1]."""
    bounds = np.empty(times.shape[0] + 1, np.int64)
    n, bounds[0] = 0, 0
    while bounds[n] < times.shape[0]:
        bounds[n + 1] = volley(times, bounds[n])
        n += 1
    return bounds[: n + 1].copy()


@njit(**IN_PLACE)
def channels_in_cache(weight):
    """How many channels' weights are read at random at a time."""
    return max(CACHED // (weight.shape[1] * weight.itemsize), 1)


@njit(**INLINED)
def unsigned(place):
    """A place that is no longer tested for being negative, which costs more than adding a row."""
    return np.uint64(place)


@njit(**INLINED_ROW)
def add_four_rows(source, places, counts, first, target):
    """Add four rows, at the places from ``first`` on, to ``target`` [n]."""
    second, third, fourth = first + unsigned(1), first + unsigned(2), first + unsigned(3)
    a, b = unsigned(places[first]), unsigned(places[second])
    c, d = unsigned(places[third]), unsigned(places[fourth])
    n_a, n_b = count_of(counts, first), count_of(counts, second)
    n_c, n_d = count_of(counts, third), count_of(counts, fourth)
    for i in range(target.shape[0]):
        two = n_a * source[a, i] + n_b * source[b, i]
        target[i] += two + (n_c * source[c, i] + n_d * source[d, i])


@njit(**INLINED_ROW)
def add_one_row(source, place, count, target):
    for i in range(target.shape[0]):
        target[i] += count * source[place, i]


@njit(**INLINED)
def add_rows(source, places, counts, first, last, target):
    """Add the rows at all places from ``first`` until ``last`` to ``target`` [n]."""
    e, after = unsigned(first), unsigned(last)
    for _ in range((last - first) // 4):
        add_four_rows(source, places, counts, e, target)
        e += unsigned(4)
    while e < after:
        add_one_row(source, unsigned(places[e]), count_of(counts, e), target)
        e += unsigned(1)


@njit(**FAST)
def line_of_volleys(times, step, n_copies, duration):
    """When copies of volleys at ``times`` arrive, each ``step`` seconds after the one before.

    Returns
    -------
    times
        Ascending, float64 [n_rows].
    places
        The row that each copy is part of, int64 [n_copies, n_volleys]; n_rows if it comes after the
        sample's ``duration``.
    """
    numbers = np.arange(times.shape[0])
    arrivals, copies, _, _ = delayed_line(
        times, numbers, numbers[:0], step, n_copies, len(times), duration
    )
    bounds = volleys(arrivals)
    n_rows = bounds.shape[0] - 1
    places = np.full(n_copies * len(times), n_rows)
    for m in range(n_rows):
        for e in range(bounds[m], bounds[m + 1]):
            places[copies[e]] = m
    return arrivals[bounds[:-1]], places.reshape((n_copies, len(times)))


@njit(**FAST)
def line_on_grid(times, step, n_copies, grid, duration):
    """The same where all times of a grid have a row, and copies arrive at times of it."""
    n_rows = int(duration / grid * (1.0 + 1e-12)) + 1
    places = np.empty((n_copies, times.shape[0]), np.int64)
    for c in range(n_copies):
        for k in range(times.shape[0]):
            places[c, k] = min(int(np.rint((times[k] + c * step) / grid)), n_rows)
    return np.minimum(np.arange(n_rows) * grid, duration), places


@njit(**KERNEL)
def farthest_from_grid(times, grid):
    """The largest distance of ``times`` from times of a grid, in its steps."""
    farthest = 0.0
    for e in range(times.shape[0]):
        place = times[e] / grid
        farthest = max(farthest, abs(place - round(place)))
    return farthest


@njit(**FAST)
def gathered(weight, units, counts, bounds, places, n_rows):
    """What arrives of all copies, [n_rows + 1, n], of which the last stays 0; and the largest of
    each row's absolute values."""
    rows = np.zeros((n_rows + 1, weight.shape[1]), weight.dtype)
    n_units = weight.shape[0] // places.shape[0]
    packed, own = np.empty((n_units, WIDTH), rows.dtype), np.empty(WIDTH, rows.dtype)
    channels = np.arange(n_units)
    for column in range(0, weight.shape[1], WIDTH):
        for c in range(places.shape[0]):
            pack(weight, channels + c * n_units, column, packed)
            for k in range(places.shape[1]):
                if places[c, k] < n_rows:
                    clear(own)
                    add_rows(packed, units, counts, bounds[k], bounds[k + 1], own)
                    add_columns(own, 1, rows, places[c, k], column)
    most = np.zeros(n_rows + 1, weight.dtype)
    for m in range(n_rows):
        for i in range(rows.shape[1]):
            most[m] = max(most[m], abs(rows[m, i]))
    return rows, most


@njit(**PART)
def pack(source, places, column, packed):
    """Copy the columns from ``column`` on of the rows at ``places``; 0 beyond the last."""
    n = min(WIDTH, source.shape[1] - column)
    for r in range(places.shape[0]):
        own = source[places[r], column : column + n]
        for i in range(n):
            packed[r, i] = own[i]
        for i in range(n, WIDTH):
            packed[r, i] = 0


@njit(**INLINED_ROW)
def add_columns(own, factor, target, row, column):
    """Add ``factor`` times ``own`` [WIDTH] to the columns of a row from ``column`` on."""
    columns = target[row, column : column + WIDTH]
    for i in range(columns.shape[0]):
        columns[i] += factor * own[i]


@njit(**INLINED_ROW)
def clear(row):
    for i in range(row.shape[0]):
        row[i] = 0


@njit(**FAST)
def by_channel(units, counts, bounds, n_channels):
    """The events in the order of their channels, then times.

    Returns
    -------
    starts
        The first event of each channel, and the number of events, int64 [n_channels + 1].
    numbers
        The events' volleys, int64 [n_events].
    counts
        Their counts, or [0].
    """
    starts = np.zeros(n_channels + 2, np.int64)
    for e in range(units.shape[0]):
        starts[units[e] + 2] += 1
    for u in range(2, n_channels + 2):
        starts[u] += starts[u - 1]
    numbers, sorted_counts = np.empty(units.shape[0], np.int64), np.empty_like(counts)
    for k in range(bounds.shape[0] - 1):
        for e in range(bounds[k], bounds[k + 1]):
            place = starts[units[e] + 1]
            starts[units[e] + 1] += 1
            numbers[place] = k
            if counts.shape[0] > 0:
                sorted_counts[place] = counts[e]
    return starts[:-1], numbers, sorted_counts


@njit(**FAST)
def add_to_channels(sample, factor, copy, column, total):
    """Add ``factor`` times a sample's :class:`VolleyGradients` to those of weights, [n_copies *
    n_channels, n]: to the columns from ``column`` on of the rows of a copy. Returns the sum of the
    squares of what is added, before the factor."""
    rows, places, starts, numbers, counts = sample
    packed = np.empty((places.shape[1], WIDTH), rows.dtype)
    own, n_channels, squares = np.empty((1, WIDTH), rows.dtype), starts.shape[0] - 1, 0.0
    pack(rows, places[copy], column, packed)
    for unit in range(n_channels):
        if starts[unit] < starts[unit + 1]:
            clear(own[0])
            add_rows(packed, numbers, counts, starts[unit], starts[unit + 1], own[0])
            squares += square_sum(own)
            if total.shape[0] > 0:
                add_columns(own[0], factor, total, copy * n_channels + unit, column)
    return squares


@njit(**FAST)
def add_to_all_channels(sample, total):
    """The same for all copies and columns; without rows in ``total`` for the sum alone."""
    squares = 0.0
    for copy in range(sample.places.shape[0]):
        for column in range(0, sample.rows.shape[1], WIDTH):
            squares += add_to_channels(sample, sample.rows.dtype.type(1), copy, column, total)
    return squares


@njit(**KERNEL)
def add_batch_to_channels(counter, samples, factors, n_copies, total):
    """The same of all ``samples``, each by its factor, for copies and columns from ``counter`` on.
    Samples without places have no such gradients."""
    part = next_number(counter)
    while part < n_copies * -(-total.shape[1] // WIDTH):
        copy, column = part % n_copies, part // n_copies * WIDTH
        for b in range(len(samples)):
            if samples[b].places.shape[1] > 0:
                add_to_channels(samples[b], factors[b], copy, column, total)
        part = next_number(counter)


@njit(**PART)
def arrival_gradients(weight, units, counts, bounds, slopes, gradients):
    """dLoss/dt of each event, from that of a weight of 1 that arrives with its volley."""
    for k in range(slopes.shape[0]):
        for e in range(bounds[k], bounds[k + 1]):
            gradients[e] = count_of(counts, e) * product(weight, units[e], slopes, k)
