"""Input spikes that arrive together, as one: the sum of their rows of weights.

On a grid of times many spikes arrive at once. All that the neurons then need of them is a row for
each time, ``rows[k] = sum of count w[unit]``, and all that the weights need of the neurons is a
row of gradients for each time. The volley k has the events from ``bounds[k]`` until
``bounds[k + 1]``.

The same spikes can arrive several times, as copies with weights of their own: a line of delays.
Copy c of the volley k then is part of the row ``places[c, k]``. Without a line there is one copy,
and its places are 0, 1, 2, ...

Rows are read one after another by time or by channel, so that what is read at random stays in the
second-level cache.
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
    REDUCTION,
    add_row,
    count_of,
    next_number,
    product,
)

CACHED = 1 << 19


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


@njit(**PART)
def ordered(units, bounds):
    """Whether the channels of each volley ascend."""
    for k in range(bounds.shape[0] - 1):
        for e in range(bounds[k] + 1, bounds[k + 1]):
            if units[e] < units[e - 1]:
                return False
    return True


@njit(**INLINED_ROW)
def add_four_rows(source, places, counts, first, target, row):
    """The same for four rows, at the places from ``first`` on."""
    a, b, c, d = places[first], places[first + 1], places[first + 2], places[first + 3]
    n_a, n_b = count_of(counts, first), count_of(counts, first + 1)
    n_c, n_d = count_of(counts, first + 2), count_of(counts, first + 3)
    for i in range(target.shape[1]):
        two = n_a * source[a, i] + n_b * source[b, i]
        target[row, i] += two + (n_c * source[c, i] + n_d * source[d, i])


@njit(**INLINED)
def add_rows(source, places, counts, first, last, target, row):
    """The same for all places from ``first`` until ``last``."""
    rest = first + (last - first) // 4 * 4
    for e in range(first, rest, 4):
        add_four_rows(source, places, counts, e, target, row)
    for e in range(rest, last):
        add_row(source, places[e], count_of(counts, e), target, row)


@njit(**FAST)
def gathered(weight, reach, units, counts, bounds):
    """What arrives in each volley, [n_volleys, n], and bounds of its absolute values.

    ``reach`` are the largest absolute values of the rows of ``weight``.
    """
    n_volleys, n_channels = bounds.shape[0] - 1, weight.shape[0]
    if ordered(units, bounds):
        n_channels = channels_in_cache(weight)
    rows, heads = np.empty((n_volleys, weight.shape[1]), weight.dtype), bounds.copy()
    for end in range(n_channels, weight.shape[0] + n_channels, n_channels):
        gather_until(weight, units, counts, bounds, min(end, weight.shape[0]), heads, rows)
    most = np.zeros(n_volleys, weight.dtype)
    for k in range(n_volleys):
        for e in range(bounds[k], bounds[k + 1]):
            most[k] += count_of(counts, e) * reach[units[e]]
    return rows, most


@njit(**PART)
def gather_until(weight, units, counts, bounds, end, heads, rows):
    """Add the events of channels below ``end`` from ``heads`` on, which go on behind them."""
    for k in range(rows.shape[0]):
        first = last = heads[k]
        if end == weight.shape[0]:
            last = bounds[k + 1]
        while last < bounds[k + 1] and units[last] < end:
            last += 1
        if first == bounds[k]:
            clear(rows, k)
        add_rows(weight, units, counts, first, last, rows, k)
        heads[k] = last


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
def gathered_copies(weight, units, counts, bounds, places, n_rows):
    """What arrives of all copies, [n_rows + 1, n], of which the last stays 0; and the largest of
    each row's absolute values."""
    rows = np.zeros((n_rows + 1, weight.shape[1]), weight.dtype)
    n_units = weight.shape[0] // places.shape[0]
    for c in range(places.shape[0]):
        own = weight[c * n_units : (c + 1) * n_units]
        for k in range(places.shape[1]):
            if places[c, k] < n_rows:
                add_rows(own, units, counts, bounds[k], bounds[k + 1], rows, places[c, k])
    most = np.zeros(n_rows + 1, weight.dtype)
    for m in range(n_rows):
        for i in range(rows.shape[1]):
            most[m] = max(most[m], abs(rows[m, i]))
    return rows, most


@njit(**INLINED_ROW)
def clear(rows, k):
    for i in range(rows.shape[1]):
        rows[k, i] = 0


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


@njit(**INLINED)
def add_channel(sample, channel, room, own):
    """Write the gradient of a channel's weights to ``own`` [1, n]; whether it has any event."""
    rows, places, starts, numbers, counts = sample
    copy, unit = divmod(channel, starts.shape[0] - 1)
    first, last = starts[unit], starts[unit + 1]
    for e in range(first, last):
        room[e] = places[copy, numbers[e]]
    clear(own, 0)
    add_rows(rows, room, counts, first, last, own, 0)
    return last > first


@njit(**FAST)
def add_to_channels(sample, factor, first, last, total):
    """Add ``factor`` times a sample's :class:`VolleyGradients` to those of weights, [n_copies *
    n_channels, n], of the rows from ``first`` until ``last``."""
    room = np.empty_like(sample.numbers)
    own = np.empty((1, total.shape[1]), total.dtype)
    for channel in range(first, last):
        if add_channel(sample, channel, room, own):
            for i in range(total.shape[1]):
                total[channel, i] += factor * own[0, i]


@njit(**KERNEL)
def add_batch_to_channels(counter, samples, factors, n_threads, total):
    """The same of all ``samples``, each by its factor, as many channels at a time as lie in cache,
    from ``counter`` on. Samples without places have no such gradients."""
    n_rows = total.shape[0]
    at_once = min(channels_in_cache(total), -(-n_rows // n_threads))
    first = next_number(counter) * at_once
    while first < n_rows:
        for b in range(len(samples)):
            if samples[b].places.shape[1] > 0:
                last = min(first + at_once, n_rows)
                add_to_channels(samples[b], factors[b], first, last, total)
        first = next_number(counter) * at_once


@njit(**REDUCTION)
def squares(own):
    total = own.dtype.type(0)
    for i in range(own.shape[1]):
        total += own[0, i] * own[0, i]
    return total


@njit(**FAST)
def square_sum_of_channels(sample):
    """Sum of the squares of the gradients that :func:`add_to_channels` adds, in float64."""
    room = np.empty_like(sample.numbers)
    own = np.empty((1, sample.rows.shape[1]), sample.rows.dtype)
    total = 0.0
    for channel in range(sample.places.shape[0] * (sample.starts.shape[0] - 1)):
        if add_channel(sample, channel, room, own):
            total += squares(own)
    return total


@njit(**PART)
def arrival_gradients(weight, units, counts, bounds, slopes, gradients):
    """dLoss/dt of each event, from that of a weight of 1 that arrives with its volley."""
    for k in range(slopes.shape[0]):
        for e in range(bounds[k], bounds[k + 1]):
            gradients[e] = count_of(counts, e) * product(weight, units[e], slopes, k)
