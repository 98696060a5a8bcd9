"""The kernels: one sample forward, and its adjoint backward.

Forward, all neurons flow to the next event in one vectorised loop. A neuron that crosses its
threshold on the way is taken through its spike by itself, within the step. Where neurons drive
each other, the step ends with its first spike, whose recurrent weights arrive there. Steps are
logged as (d, source) and spikes as (step, d); backward, the log is replayed and never searched.
States are kept at the start of every segment of ``SEGMENT`` steps and recomputed in between.

Memory is allocated outside of the loops over steps, in :func:`forward`, :func:`backward` and
:func:`states`, since those work without reference counts (see :mod:`spikegrad.engine.rows`).
"""

from __future__ import annotations

import math
from typing import NamedTuple

import numpy as np

from spikegrad.engine import njit
from spikegrad.engine.formulas import (
    crossed,
    flow,
    flow_adjoint,
    initial,
    load,
    longest_step,
    root,
    spike,
    spike_adjoint,
    store,
)
from spikegrad.engine.rows import (
    ALLOCATING,
    INLINED,
    OPTIONS,
    Found,
    add_current,
    add_currents,
    add_gradient,
    adjoint_all,
    any_near,
    arrival_gradient,
    copy_slot,
    find_crossed,
    flow_all,
    largest_current,
    rescale_all,
)

SEGMENT = 32
# What ends a step in the log: the index (>= 0) of the first event of those at its time; or, in
# a layer whose neurons drive each other, a spike; or neither.
PAUSE = -1
SPIKE = -2


class Events(NamedTuple):
    """The input of one sample."""

    times: np.ndarray
    """In seconds, ascending, float64 [n_events]."""
    units: np.ndarray
    """Input channels, int64 [n_events]."""


class Weights(NamedTuple):
    """The weights of a layer, with the largest absolute value of each row."""

    input: np.ndarray
    """[n_in, n]"""
    recurrent: np.ndarray
    """[n, n], or [0, n] if the neurons do not drive each other."""
    reach: np.ndarray
    """[n_in]"""
    recurrent_reach: np.ndarray
    """[n] or [0]"""


class Progress(NamedTuple):
    """How far :func:`advance` has come."""

    now: float
    current: float
    """An upper bound of |I| over the neurons."""
    event: int
    n_steps: int
    n_spikes: int
    done: bool


class Record(NamedTuple):
    """What :func:`forward` logs of one sample."""

    times: np.ndarray
    """Spike times in seconds, float64 [n_spikes], ascending."""
    units: np.ndarray
    """The neurons that spike, int64 [n_spikes]."""
    spike_steps: np.ndarray
    """The step in which each spike falls, int32 [n_spikes]."""
    delays: np.ndarray
    """How far into its step (in d) each spike comes, [n_spikes]."""
    steps: np.ndarray
    """Length d of each step, [n_steps]."""
    sources: np.ndarray
    """What ends each step, int32 [n_steps]."""
    checkpoints: np.ndarray
    """The states at the start of each segment, [n_segments, n_state, n]."""
    final: np.ndarray
    """The state at the trial's end, [n_state, n]."""


@njit(**INLINED)
def first_spike(neuron, d, buffer, k, neurons, n_found):
    """The earliest spike of the neurons found: how far into the step (float64), and whose."""
    first, which = 2.0, -1
    for f in range(n_found):
        candidate = root(neuron, d, load(neuron, buffer, k, neurons[f]))
        if candidate < first:
            first, which = candidate, neurons[f]
    return first, which


@njit(**OPTIONS)
def room_for_one(neuron, d, buffer, k, neurons, n_found):
    """A step at most ``d`` in which no neuron found spikes twice (float64)."""
    room = float(d)
    for f in range(n_found):
        start = load(neuron, buffer, k, neurons[f])
        first = root(neuron, d, start)
        after = spike(neuron, flow(neuron, type(d)(first), start))
        rest = remainder(d, type(d)(first))
        if rest > 0 and crossed(neuron, rest, after, flow(neuron, rest, after)):
            second = root(neuron, rest, after)
            room = min(room, first + (1.0 - first) * second / 2.0)
    return room


@njit(**INLINED)
def remainder(d, first):
    """What remains of a step ``d`` after its part ``first``."""
    return (d - first) / (type(d)(1) - first)


@njit(**INLINED)
def flow_through_spike(neuron, d, first, s):
    """Flow one neuron by ``d``, with its spike at ``first``."""
    after = spike(neuron, flow(neuron, first, s))
    return flow(neuron, remainder(d, first), after)


@njit(**INLINED)
def adjoint_through_spike(neuron, d, first, s, adjoint, g):
    """The adjoint of :func:`flow_through_spike`, with g = dLoss/dt of the spike."""
    before = flow(neuron, first, s)
    after = spike(neuron, before)
    adjoint = flow_adjoint(neuron, remainder(d, first), after, adjoint)
    adjoint = spike_adjoint(neuron, before, adjoint, g)
    return flow_adjoint(neuron, first, s, adjoint)


@njit(**INLINED)
def volley(times, event):
    """The first event after ``event`` that comes later than it."""
    after = event + 1
    while after < times.shape[0] and times[after] == times[event]:
        after += 1
    return after


@njit(**OPTIONS)
def insert(record, place, time, unit, delay):
    """Insert a spike into the record before ``place``, behind those that come no later."""
    times, units, delays = record.times, record.units, record.delays
    while place > 0 and times[place - 1] > time:
        times[place], units[place] = times[place - 1], units[place - 1]
        delays[place] = delays[place - 1]
        place -= 1
    times[place], units[place], delays[place] = time, unit, delay


@njit(**OPTIONS)
def advance(neuron, events, duration, weights, max_spikes, record, buffer, found, progress):
    """Run on to the end of the segment, of the trial, or of the room for spikes."""
    times, units = events
    steps, sources = record.steps, record.sources
    neurons = found.neurons
    now, current, event, n_steps, n_spikes, done = progress
    n_events, n = times.shape[0], buffer.shape[2]
    coupled = weights.recurrent.shape[0] > 0

    while not done:
        k = n_steps % 2
        end = 1 - k
        until = times[event] if event < n_events else duration
        source = event if event < n_events else PAUSE
        d = -math.expm1((now - until) / neuron.tau)
        if d > longest_step(neuron, current):
            current = largest_current(buffer, k)
            limit = longest_step(neuron, current)
            if d > limit:
                d, source = limit, PAUSE
                until = min(until, now - neuron.tau * math.log1p(-d))

        step = type(buffer[0, 0, 0])(max(d, 0.0))
        flow_all(neuron, step, buffer, k, end)
        n_found = 0
        if step > 0 and any_near(neuron, step, buffer, k, end):
            n_found = find_crossed(neuron, step, buffer, k, end, found)
        if n_found > 0:
            if coupled:
                d, neurons[0] = first_spike(neuron, step, buffer, k, neurons, n_found)
                source, n_found = SPIKE, 1
            else:
                room = room_for_one(neuron, step, buffer, k, neurons, n_found)
                if room < step:
                    d, source = room, PAUSE
            if source < 0:
                until = min(until, now - neuron.tau * math.log1p(-d))
                step = type(step)(d)
                flow_all(neuron, step, buffer, k, end)
            if source == PAUSE:
                n_found = find_crossed(neuron, step, buffer, k, end, found)
            for f in range(n_found):
                j = neurons[f]
                start = load(neuron, buffer, k, j)
                delay = d if coupled else root(neuron, step, start)
                after = flow_through_spike(neuron, step, type(step)(delay), start)
                store(neuron, buffer, end, j, after)
                time = min(until, now - neuron.tau * math.log1p(-delay))
                insert(record, n_spikes, time, j, delay)
                record.spike_steps[n_spikes] = n_steps
                n_spikes += 1
        current *= (1.0 - d) ** 2
        steps[n_steps], sources[n_steps] = step, source
        n_steps += 1
        now = until

        if source >= 0:
            event = volley(times, source)
            add_currents(weights.input, units, source, event, buffer, end)
            for e in range(source, event):
                current += weights.reach[units[e]]
        elif source == SPIKE:
            add_current(weights.recurrent, neurons[0], buffer, end)
            current += weights.recurrent_reach[neurons[0]]
        elif event == n_events and until >= duration:
            done = True
        done |= n_spikes > max_spikes
        if n_steps % SEGMENT == 0 or n_spikes + n > record.times.shape[0]:
            break
    return Progress(now, current, event, n_steps, n_spikes, done)


@njit(**ALLOCATING)
def grown(array):
    larger = np.empty((2 * array.shape[0], *array.shape[1:]), array.dtype)
    larger[: array.shape[0]] = array
    return larger


@njit(**ALLOCATING)
def forward(neuron, events, duration, weights, max_spikes):
    """Run one sample of ``duration`` seconds and return its :class:`Record`.

    A sample that makes more than ``max_spikes`` spikes stops there.
    """
    dtype, n = weights.input.dtype, weights.input.shape[1]
    n_state = len(initial(neuron, dtype.type(0)))
    buffer = np.empty((2, n_state, n), dtype)
    for i in range(n):
        store(neuron, buffer, 0, i, initial(neuron, dtype.type(0)))
    factors, marks = np.empty(n, dtype), np.empty(n, np.uint8)
    found = Found(np.empty(n, np.int64), marks, marks.view(np.uint64))

    capacity = events.times.shape[0] + 2 * SEGMENT
    steps, sources = np.empty(capacity, dtype), np.empty(capacity, np.int32)
    checkpoints = np.empty((capacity // SEGMENT, n_state, n), dtype)
    capacity = 2 * n
    spike_times, spike_units = np.empty(capacity, np.float64), np.empty(capacity, np.int64)
    spike_steps, delays = np.empty(capacity, np.int32), np.empty(capacity, dtype)

    progress = Progress(0.0, 0.0, 0, 0, 0, False)
    while not progress.done:
        n_steps = progress.n_steps
        if n_steps % SEGMENT == 0:
            if n_steps // SEGMENT == checkpoints.shape[0]:
                checkpoints = grown(checkpoints)
            copy_slot(buffer, 0, checkpoints, n_steps // SEGMENT)
            rescale_all(neuron, buffer, factors)
        if n_steps + SEGMENT > steps.shape[0]:
            steps, sources = grown(steps), grown(sources)
        if progress.n_spikes + n > spike_times.shape[0]:
            spike_times, spike_units = grown(spike_times), grown(spike_units)
            spike_steps, delays = grown(spike_steps), grown(delays)
        record = Record(
            spike_times, spike_units, spike_steps, delays, steps, sources, checkpoints, buffer[0]
        )
        progress = advance(
            neuron, events, duration, weights, max_spikes, record, buffer, found, progress
        )

    n_steps, n_spikes = progress.n_steps, progress.n_spikes
    return Record(
        spike_times[:n_spikes].copy(),
        spike_units[:n_spikes].copy(),
        spike_steps[:n_spikes].copy(),
        delays[:n_spikes].copy(),
        steps[:n_steps],
        sources[:n_steps],
        checkpoints[: (n_steps - 1) // SEGMENT + 1],
        buffer[n_steps % 2].copy(),
    )


@njit(**OPTIONS)
def replay(neuron, events, weights, record, segment, m, buffer, factors):
    """Recompute the states of a segment, whose first spike is ``m``; the spike after its last."""
    times, units = events
    spike_steps = record.spike_steps
    first = segment * SEGMENT
    copy_slot(record.checkpoints, segment, buffer, 0)
    rescale_all(neuron, buffer, factors)
    for k in range(min(SEGMENT, record.steps.shape[0] - first)):
        step, source = record.steps[first + k], record.sources[first + k]
        flow_all(neuron, step, buffer, k, k + 1)
        while m < spike_steps.shape[0] and spike_steps[m] == first + k:
            j = record.units[m]
            end = flow_through_spike(neuron, step, record.delays[m], load(neuron, buffer, k, j))
            store(neuron, buffer, k + 1, j, end)
            m += 1
        if source >= 0:
            add_currents(weights.input, units, source, volley(times, source), buffer, k + 1)
        elif source == SPIKE:
            add_current(weights.recurrent, record.units[m - 1], buffer, k + 1)
    return m


@njit(**OPTIONS)
def retreat(neuron, events, weights, record, segment, m, buffer, adjoint, gradients):
    """Take the adjoint back through a segment; ``m`` is the spike after its last."""
    times, units = events
    grad_times, grad_input, grad_recurrent, grad_arrivals = gradients
    first = segment * SEGMENT
    for k in range(min(SEGMENT, record.steps.shape[0] - first) - 1, -1, -1):
        step, source = record.steps[first + k], record.sources[first + k]
        feedback = step * 0
        if source >= 0:
            for e in range(source, volley(times, source)):
                add_gradient(adjoint, grad_input, units[e])
                if grad_arrivals.shape[0] > 0:
                    grad_arrivals[e] = arrival_gradient(
                        neuron, weights.input, units[e], buffer, k + 1, adjoint
                    )
        elif source == SPIKE:
            j = record.units[m - 1]
            add_gradient(adjoint, grad_recurrent, j)
            feedback = arrival_gradient(neuron, weights.recurrent, j, buffer, k + 1, adjoint)
        after_last = m
        while m > 0 and record.spike_steps[m - 1] == first + k:
            m -= 1
            j = record.units[m]
            start, after = load(neuron, buffer, k, j), load(neuron, adjoint, 0, j)
            g = type(step)(grad_times[m] + feedback)
            before = adjoint_through_spike(neuron, step, record.delays[m], start, after, g)
            store(neuron, adjoint, 1, j, before)
        adjoint_all(neuron, step, buffer, k, adjoint)
        for spiked in range(m, after_last):
            j = record.units[spiked]
            store(neuron, adjoint, 0, j, load(neuron, adjoint, 1, j))


@njit(**ALLOCATING)
def backward(neuron, events, weights, record, grad_final, gradients):
    """The adjoint of :func:`forward` for one sample.

    ``grad_final`` [n_state, n] is dLoss/d(final state). ``gradients`` holds dLoss/dt of each
    spike; the gradients of input and recurrent weights, which are added to; and an array for
    dLoss/dt of each input event, which may be empty.
    """
    n_state, n = grad_final.shape
    adjoint = np.empty((2, n_state, n), grad_final.dtype)  # slot 1: of neurons that spike
    adjoint[0] = grad_final
    buffer = np.empty((SEGMENT + 1, n_state, n), grad_final.dtype)
    factors = np.empty(n, grad_final.dtype)
    m = record.times.shape[0]
    for segment in range(record.checkpoints.shape[0] - 1, -1, -1):
        after_last = m
        while m > 0 and record.spike_steps[m - 1] >= segment * SEGMENT:
            m -= 1
        replay(neuron, events, weights, record, segment, m, buffer, factors)
        retreat(neuron, events, weights, record, segment, after_last, buffer, adjoint, gradients)
        for v in range(n_state - 1):
            adjoint[0, v] *= factors


@njit(**ALLOCATING)
def states(neuron, events, weights, record, which):
    """State of neuron ``which`` at the end of every step, [n_state, n_steps]."""
    n_state, n = record.final.shape
    buffer = np.empty((SEGMENT + 1, n_state, n), record.final.dtype)
    factors = np.empty(n, record.final.dtype)
    result = np.empty((n_state, record.steps.shape[0]), record.final.dtype)
    m = 0
    for segment in range(record.checkpoints.shape[0]):
        m = replay(neuron, events, weights, record, segment, m, buffer, factors)
        part = result[:, segment * SEGMENT : (segment + 1) * SEGMENT]
        part[:] = buffer[1 : part.shape[1] + 1, :, which].T
    return result
