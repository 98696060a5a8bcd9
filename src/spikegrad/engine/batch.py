"""Batches of samples, forward and backward, in one compiled call for each thread.

Threads take one sample after the other from a counter. What they find has a place that depends on
the sample alone, and sums over samples have a fixed order, so that no bit depends on the number of
threads.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from numba.typed import List

from spikegrad.engine import njit
from spikegrad.engine.arrivals import delayed
from spikegrad.engine.backward import backward, end_gradient
from spikegrad.engine.formulas import FAST
from spikegrad.engine.forward import forward
from spikegrad.engine.records import Events, Record, Weights
from spikegrad.engine.rows import KERNEL, PART, next_number
from spikegrad.engine.sums import square_sum
from spikegrad.engine.volleys import (
    VolleyGradients,
    add_to_all_channels,
    arrival_gradients,
    by_channel,
    channels_in_cache,
    clear,
    gathered,
    line_of_volleys,
    line_on_grid,
    volleys,
)


class Batch(NamedTuple):
    """The input of several samples, one after the other, and what a layer makes of it."""

    times: np.ndarray
    """In seconds, ascending within each sample, float64 [n_events]."""
    units: np.ndarray
    """Input channels, int64 [n_events]."""
    counts: np.ndarray
    """Spikes that each event stands for, in the weights' type, [n_events]; or [0] if one each."""
    offsets: np.ndarray
    """The first event of each sample, and the number of events, int64 [n_samples + 1]."""
    delays: np.ndarray
    """Seconds by which events come later over each row of input weights, float64 [n_rows]; or [0]
    if they do not."""
    large: float
    """Events of a volley from which on they are taken as one; where weights lie beyond the cache,
    an eighth of that."""
    few: float
    """Volleys for each channel up to which they are, however small."""
    copies: int
    """Copies of a line of delays, of which each comes ``step`` seconds after the one before."""
    step: float


class Input(NamedTuple):
    """The input of one sample as the engine takes it: events one by one, or volleys."""

    events: Events
    weights: Weights
    bounds: np.ndarray = np.empty(0, np.int64)
    """The first event of each volley, see :mod:`spikegrad.engine.volleys`; [0] if one by one."""
    places: np.ndarray = np.empty((1, 0), np.int64)
    """The rows of the volleys' copies, int64 [n_copies, n_volleys]."""


class Log(NamedTuple):
    """What the backward pass needs of a sample's forward pass."""

    arrived: Events
    """The input after its delays, before it is taken as volleys."""
    origins: np.ndarray
    """The events of the sample that it consists of, int64; [0] if they are all."""
    input: Input
    record: Record


class Arriving(NamedTuple):
    """Gradients of what arrives in one sample, as the engine takes it."""

    rows: np.ndarray
    """Those of the weights of each event, [n_events, n]; or of the input weights."""
    moved: np.ndarray
    """dLoss/dt of each event, float64 [n_events]; or [0]."""
    slopes: np.ndarray
    """dLoss/dt of a weight of 1 within those of each volley, [n_volleys, n]; or none."""


class Gradients(NamedTuple):
    """Where :func:`backward_batch` and :func:`collect_batch` write gradients of samples.

    Weights have ``n_groups`` places, of which each sums up those of as many samples that follow
    each other. What is not wanted has no rows.
    """

    input: np.ndarray
    """Of input weights, [n_groups, n_in, n]; none if those of volleys are kept."""
    recurrent: np.ndarray
    """[n_groups, n_rows, n]"""
    lags: np.ndarray
    """Of recurrent delays on a grid, [n_samples, n_rows, n or 1]."""
    delays: np.ndarray
    """Of recurrent delays, float64 [n_samples, n_rows]."""
    input_delays: np.ndarray
    """float64 [n_samples, n_in]"""
    times: np.ndarray
    """Of the events' times, float64 [n_events]."""
    taus: np.ndarray
    """Of log(tau), float64 [n_samples]."""
    start: np.ndarray
    """Of the state at t = 0, [n_samples, n_state, n]."""
    squares: np.ndarray
    """Sums of squares of the weights' gradients, float64 [n_samples]; wanted if each sample is a
    group."""


@njit(**KERNEL)
def room_for(n, example):
    """A list of ``n`` places for what is like ``example``."""
    places = List()
    for _ in range(n):
        places.append(example)
    return places


@njit(**FAST, inline="always")
def replaced(weights, rows, reach):
    """The ``weights`` with other ``rows`` of input weights."""
    return Weights(
        rows,
        weights.recurrent,
        reach,
        weights.recurrent_reach,
        weights.delays,
        weights.soonest,
        weights.lags,
        weights.step,
        weights.n_out,
        weights.start,
    )


@njit(**FAST, inline="always")
def take(events, batch, weights, duration):
    """Events as volleys, if these are large, or few beside the channels; or one by one.

    A row is written and read once more than the weights are, which pays from some number of events
    a volley on, or where weights lie beyond the cache. Those of several copies are volleys.
    """
    bounds, counts = volleys(events.times), events.counts
    n_volleys, n_channels = bounds.shape[0] - 1, weights.input.shape[0]
    if batch.copies > 1 or weights.step > 0:
        own = events.times[bounds[:-1]]
        if weights.step > 0:
            times, places = line_on_grid(own, batch.step, batch.copies, weights.step, duration)
        else:
            times, places = line_of_volleys(own, batch.step, batch.copies, duration)
    else:
        in_cache = n_channels <= channels_in_cache(weights.input)
        least = batch.large if in_cache else batch.large / 8
        if n_volleys * least > events.times.shape[0] and n_volleys > batch.few * n_channels:
            return Input(events, weights, bounds[:0], np.empty((1, 0), np.int64))
        times, places = events.times[bounds[:-1]], np.arange(n_volleys).reshape((1, n_volleys))
    n_rows = times.shape[0]
    rows, reach = gathered(weights.input, events.units, counts, bounds, places, n_rows)
    together = Events(times, np.arange(n_rows), counts[:0])
    return Input(together, replaced(weights, rows[:n_rows], reach[:n_rows]), bounds, places)


@njit(**FAST, inline="always")
def arrive(batch, b, n_in, duration):
    """The events of sample ``b`` after their delays, and which of the sample's they are."""
    first, last = batch.offsets[b], batch.offsets[b + 1]
    counts = batch.counts
    if counts.shape[0] > 0:
        counts = counts[first:last]
    times, units = batch.times[first:last], batch.units[first:last]
    if batch.delays.shape[0] == 0:
        return Events(times, units, counts), np.empty(0, np.int64)
    times, units, counts, origins = delayed(times, units, counts, batch.delays, n_in, duration)
    return Events(times, units, counts), origins


@njit(**KERNEL)
def take_batch(counter, batch, weights, n_in, duration, logs):
    """Write to ``logs`` the input of those samples of ``batch`` that have none there."""
    b = next_number(counter)
    while b < batch.offsets.shape[0] - 1:
        if logs[b].input.events.times.shape[0] == 0:
            arrived, origins = arrive(batch, b, n_in, duration)
            own = take(arrived, batch, weights, duration)
            logs[b] = Log(arrived, origins, own, logs[b].record)
        b = next_number(counter)


@njit(**KERNEL)
def forward_batch(counter, neuron, duration, max_spikes, logs, final):
    """Run the samples whose input ``logs`` have, each of ``duration`` seconds.

    Their records come to ``logs``, their final states to ``final`` [n_state, n_samples, n_out].
    """
    b = next_number(counter)
    while b < len(logs):
        own = logs[b]
        record = forward(neuron, own.input.events, duration, own.input.weights, max_spikes)
        for v in range(final.shape[0]):
            for i in range(final.shape[2]):
                final[v, b, i] = record.final[v, i]
        logs[b] = Log(own.arrived, own.origins, own.input, record)
        b = next_number(counter)


@njit(**KERNEL)
def sizes(logs):
    """The number of each sample's spikes, int64, and the time in seconds that it has come to."""
    n = len(logs)
    numbers, times = np.empty(n, np.int64), np.empty(n, np.float64)
    for b in range(n):
        numbers[b], times[b] = logs[b].record.times.shape[0], logs[b].record.until
    return numbers, times


@njit(**KERNEL)
def together(logs):
    """Whether each sample's events have come as volleys."""
    found = np.empty(len(logs), np.bool_)
    for b in range(len(logs)):
        found[b] = logs[b].input.bounds.shape[0] > 0
    return found


@njit(**KERNEL)
def joined(logs, offsets):
    """Times and units of all samples' spikes, of which each sample's are from its offset on."""
    times, units = np.empty(offsets[-1], np.float64), np.empty(offsets[-1], np.int64)
    for b in range(len(logs)):
        record = logs[b].record
        for k in range(record.times.shape[0]):
            times[offsets[b] + k], units[offsets[b] + k] = record.times[k], record.units[k]
    return times, units


@njit(**PART)
def dot(a, b):
    total = 0.0
    for k in range(a.shape[0]):
        total += a[k] * b[k]
    return total


@njit(**KERNEL)
def backward_batch(
    counter, neuron, logs, weights, duration, offsets, grad_times, grad_final, gradients, arriving
):
    """The adjoint of :func:`forward_batch`, group by group.

    ``offsets`` are the samples' first spikes, ``grad_times`` and ``grad_final`` [n_samples,
    n_state, n] the gradients of spike times and final states. Gradients of events that came one by
    one are added to ``gradients``, those of all else that arrives are written to ``arriving``.
    """
    n_samples, n_groups = len(logs), gradients.recurrent.shape[0]
    size = -(-n_samples // max(n_groups, 1))
    wants_tau, gridded = gradients.taus.shape[0] > 0, weights.step > 0
    wants_each = wants_arrivals(gradients) and not gridded
    g = next_number(counter)
    while g < n_groups:
        clear(gradients.input[g].reshape(-1))
        clear(gradients.recurrent[g].reshape(-1))
        for b in range(g * size, min((g + 1) * size, n_samples)):
            log, own_times = logs[b], grad_times[offsets[b] : offsets[b + 1]]
            events, own, record = log.input.events, log.input.weights, log.record
            together = log.input.bounds.shape[0] > 0
            through, moved = own_times.copy(), np.empty(0, np.float64)
            if wants_each or wants_tau:
                moved = np.empty(events.times.shape[0], np.float64)
            slopes = own.input[:0]
            if together and wants_each:
                slopes = np.empty_like(own.input)
            rows, into_rows = gradients.input[g], gradients.input[g]
            if together or gridded:  # what comes after the sample's end has the last row, of zeros
                rows = np.zeros((own.input.shape[0] + 1, own.input.shape[1]), own.input.dtype)
                into_rows = rows[: own.input.shape[0]]
            into = (
                through,
                into_rows,
                gradients.recurrent[g],
                gradients.delays[b],
                gradients.lags[b],
            )
            backward(
                neuron,
                events,
                own,
                record,
                grad_final[b],
                (*into, moved, slopes),
                gradients.start[b],
            )
            arriving[b] = Arriving(rows, moved, slopes)
            if wants_tau:
                # Times in units of tau are all that the equations know: what spike times gain, the
                # end of the sample and all that arrives lose. A grid and its delays scale along.
                total = dot(through if gridded else own_times, record.times)
                total -= dot(moved, events.times) + dot(gradients.delays[b], weights.delays)
                total -= end_gradient(neuron, record.final, grad_final[b]) * duration / neuron.tau
                gradients.taus[b] = total
        g = next_number(counter)


@njit(**PART)
def wants_arrivals(gradients):
    """Whether the gradients of the events' times of arrival are wanted."""
    return gradients.times.shape[0] > 0 or gradients.input_delays.shape[1] > 0


@njit(**KERNEL)
def collect_batch(counter, logs, weights, first, gradients, arriving, kept):
    """Add to ``gradients`` what comes to weights of volleys, input times and input delays.

    ``first`` are the samples' first events. Gradients of volleys' weights for which there is no
    room are written to ``kept``.
    """
    n_samples, n_groups = len(logs), gradients.recurrent.shape[0]
    size = -(-n_samples // max(n_groups, 1))
    clips = gradients.squares.shape[0] > 0
    g = next_number(counter)
    while g < n_groups:
        for b in range(g * size, min((g + 1) * size, n_samples)):
            log, (rows, moved, slopes) = logs[b], arriving[b]
            arrived, bounds, places = log.arrived, log.input.bounds, log.input.places
            units, counts = arrived.units, arrived.counts
            together = bounds.shape[0] > 0
            if wants_arrivals(gradients):
                each = moved
                if together:
                    each = np.empty(units.shape[0], np.float64)
                    arrival_gradients(weights.input, units, counts, bounds, slopes, each)
                add_arrivals(each, log.origins, units, first[b], b, gradients)
            if together:
                n_channels = weights.input.shape[0] // places.shape[0]
                own = VolleyGradients(rows, places, *by_channel(units, counts, bounds, n_channels))
                if gradients.input.shape[1] > 0:
                    add_to_all_channels(own, gradients.input[g])
                else:
                    kept[b] = own
                    if clips:
                        gradients.squares[b] = add_to_all_channels(own, rows[:0])
            if clips:
                gradients.squares[b] += square_sum(gradients.input[g])
                gradients.squares[b] += square_sum(gradients.recurrent[g])
        g = next_number(counter)


@njit(**PART)
def add_arrivals(each, origins, units, first, b, gradients):
    """Add dLoss/dt of the events that arrive in sample ``b`` to those of the events that they come
    from, the first of which is ``first``, and to those of their delays."""
    for e in range(each.shape[0]):
        if gradients.times.shape[0] > 0:
            origin = origins[e] if origins.shape[0] > 0 else e
            gradients.times[first + origin] += each[e]
        if gradients.input_delays.shape[1] > 0:
            gradients.input_delays[b, units[e]] += each[e]
