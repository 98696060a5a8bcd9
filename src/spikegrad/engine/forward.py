"""One sample forward, from event to event.

All neurons flow to the next event in one vectorised loop. A neuron that crosses its threshold on
the way is taken through its spike by itself, within the step, if no step is longer than the
shortest delay with which neurons drive each other. Where that is too short, the step ends with its
first spike; without any delay :mod:`spikegrad.engine.recurrence` does so. Steps are logged as
(d, source), spikes as (step, d) and what arrives of them as (spike, row, step), for
:mod:`spikegrad.engine.backward`.

Memory is allocated in :func:`forward`, since the loops over steps work without reference counts
(see :mod:`spikegrad.engine.rows`).
"""

from __future__ import annotations

import math

import numpy as np

from spikegrad.engine import njit
from spikegrad.engine.apart import (
    bring,
    bring_back,
    room_for_one,
    spike_apart,
    write_spikes,
)
from spikegrad.engine.formulas import (
    FAST,
    initial,
    kept,
    load,
    longest_step,
    spike,
    store,
)
from spikegrad.engine.grid_delays import deposit_spikes
from spikegrad.engine.records import PAUSE, SEGMENT, SPIKE, Progress, Record, volley
from spikegrad.engine.recurrence import advance_at_once, drives_at_once
from spikegrad.engine.rows import (
    LANES,
    PART,
    Found,
    copy_slot,
    count_of,
    first_spike,
    flow_all,
    flow_and_find,
    largest_current,
    receive,
    receive_all,
    rescale_all,
)
from spikegrad.engine.underway import pop, push

# Steps that a sample may take: where currents are strong some eight for a spike, as many as its
# neurons may spike; and some for each spike of the input and time constant, since inhibition takes
# steps too.
STEPS_FOR_SPIKE, STEPS_FOR_EVENT = 8, 16


# Delays in seconds from which on steps are as short as they are, instead of ending with each spike.
SHORTEST_STEP = 5e-4


@njit(**PART)
def advance(
    neuron, events, duration, weights, max_spikes, record, underway, buffer, found, progress
):
    """Run on to the end of the segment, of the sample, or of the room for spikes."""
    times, units, counts = events
    one = weights.input.dtype.type(1)
    steps, sources = record.steps, record.sources
    neurons = found.neurons
    now, current, event, n_steps, n_spikes, n_underway, n_arrivals, slot, done = progress
    n_events, n, n_rows = times.shape[0], buffer.shape[2], weights.recurrent.shape[0]
    coupled, gridded = weights.soonest < SHORTEST_STEP, weights.lags.shape[0] > 0
    full = False

    while not done:
        k, end = slot, 1 - slot
        until = times[event] if event < n_events else duration
        source = event if event < n_events else PAUSE
        if n_underway > 0 and underway[0, 0] < until:
            until, source = underway[0, 0], PAUSE
        if not coupled and now + weights.soonest < until:
            until, source = now + weights.soonest, PAUSE
        d = -math.expm1((now - until) / neuron.tau)
        if d > longest_step(neuron, current):
            current = largest_current(neuron, buffer, k, found.lanes)
            limit = longest_step(neuron, current)
            if d > limit:
                d, source = limit, PAUSE
                until = min(until, now - neuron.tau * math.log1p(-d))

        step = type(one)(max(d, 0.0))
        n_found = flow_and_find(neuron, step, buffer, k, end, found)
        if n_found > 0 and coupled:
            _, d, j = first_spike(neuron, step, buffer, k, -1, found)
            until, source = min(until, now - neuron.tau * math.log1p(-d)), SPIKE
            step = type(step)(d)
            flow_all(neuron, step, buffer, k, end)
            store(neuron, buffer, end, j, spike(neuron, load(neuron, buffer, end, j)))
            record.times[n_spikes], record.units[n_spikes] = until, j
            record.delays[n_spikes], record.spike_steps[n_spikes] = d, n_steps
            n_found = 1
        elif n_found > 0:
            bring(neuron, buffer, k, neurons, 0, n_found, found.few, 0)
            bring(neuron, buffer, end, neurons, 0, n_found, found.few, 1)
            if spike_apart(neuron, step, n_found, found):
                d, source = room_for_one(neuron, step, n_found, found), PAUSE
                until = min(until, now - neuron.tau * math.log1p(-d))
                step = type(step)(d)
                n_found = flow_and_find(neuron, step, buffer, k, end, found)
                bring(neuron, buffer, k, neurons, 0, n_found, found.few, 0)
                bring(neuron, buffer, end, neurons, 0, n_found, found.few, 1)
                spike_apart(neuron, step, n_found, found)
            bring_back(neuron, found.few, 1, neurons, 0, n_found, buffer, end)
            write_spikes(neuron, now, until, n_steps, n_found, found, record, n_spikes)
        if n_found > 0:
            first, n_spikes = n_spikes, n_spikes + n_found
            if gridded:
                deposit_spikes(record, first, n_spikes, weights)
            for m in range(first, n_spikes if not gridded else first):
                for row in range(record.units[m], n_rows, weights.n_out):
                    push(underway, n_underway, record.times[m] + weights.delays[row], m, row)
                    n_underway += 1
            full = (
                n_spikes + n > record.times.shape[0]
                or n_underway + n_rows > underway.shape[0]
                or n_arrivals + n_underway + n_rows > record.arrivals.shape[0]
            )
        current *= kept(neuron, d)
        steps[n_steps], sources[n_steps] = step, source
        n_steps += 1
        now, slot = until, end

        if source >= 0:
            event = volley(times, source)
            receive_all(neuron, weights.input, units, counts, source, event, buffer, end)
            for e in range(source, event):
                current += count_of(counts, e) * weights.reach[units[e]]
            if gridded:  # more has come since the weights were written
                current = largest_current(neuron, buffer, end, found.lanes)
        elif source == PAUSE and event == n_events and until >= duration:
            done = True
        while n_underway > 0 and underway[0, 0] <= until:
            row = int(underway[0, 2])
            receive(neuron, weights.recurrent, row, one, buffer, end)
            current += weights.recurrent_reach[row]
            record.arrivals[n_arrivals, 0] = int(underway[0, 1])
            record.arrivals[n_arrivals, 1] = row
            record.arrivals[n_arrivals, 2] = n_steps - 1
            n_arrivals += 1
            n_underway -= 1
            pop(underway, n_underway)
        done |= n_spikes > max_spikes
        if full or n_steps % SEGMENT == 0:
            break
    return Progress(now, current, event, n_steps, n_spikes, n_underway, n_arrivals, slot, done)


@njit(**FAST)
def grown(array):
    larger = np.empty((2 * array.shape[0], *array.shape[1:]), array.dtype)
    source, target = array.reshape(-1), larger.reshape(-1)
    for i in range(source.shape[0]):
        target[i] = source[i]
    return larger


@njit(**FAST, inline="always")
def forward(neuron, events, duration, weights, max_spikes):
    """Run one sample of ``duration`` seconds and return its :class:`Record`.

    A sample that makes more than ``max_spikes`` spikes stops there; and one that takes more steps
    than that and its delays allow, since currents or drive are huge.
    """
    n_events = events.times.shape[0]
    n_arrivals = int(events.counts.sum()) if events.counts.shape[0] > 0 else n_events
    max_steps = STEPS_FOR_SPIKE * (max_spikes // weights.n_out)
    max_steps += STEPS_FOR_EVENT * (n_arrivals + int(min(duration / neuron.tau, 1e15)))
    max_steps += int(duration / max(weights.soonest, SHORTEST_STEP))
    dtype, n = weights.input.dtype, weights.input.shape[1]
    n_state = len(initial(neuron, dtype.type(0)))
    buffer = np.empty((2, n_state, n), dtype)
    for i in range(n):
        store(neuron, buffer, 0, i, initial(neuron, dtype.type(0)))
    for v in range(weights.start.shape[0]):
        for i in range(n):
            buffer[0, v, i] = weights.start[v, i]
    factors, marks = np.empty(n, dtype), np.zeros(n + -n % 64, np.uint8)
    found = Found(
        np.empty(n, np.int64),
        marks,
        np.empty(LANES, dtype),
        np.zeros(max(n, SEGMENT)),
        np.empty(n),
        np.empty(n, np.int64),
        np.empty((2, n_state, n), dtype),
        weights.n_out,
    )

    capacity = n_events + 2 * SEGMENT
    steps, sources = np.empty(capacity, dtype), np.empty(capacity, np.int32)
    checkpoints = np.empty((capacity // SEGMENT, n_state, n), dtype)
    capacity = 2 * n
    spike_times, spike_units = np.empty(capacity, np.float64), np.empty(capacity, np.int64)
    spike_steps, delays = np.empty(capacity, np.int32), np.empty(capacity, dtype)
    at_once = drives_at_once(weights)
    n_rows = 0 if at_once else weights.recurrent.shape[0]
    arrivals, underway = np.empty((2 * n_rows, 3), np.int32), np.empty((2 * n_rows, 3), np.float64)

    progress = Progress(0.0, 0.0, 0, 0, 0, 0, 0, 0, False)
    while not progress.done:
        n_steps = progress.n_steps
        if n_steps > max_steps + STEPS_FOR_SPIKE * progress.n_spikes:
            break
        if n_steps % SEGMENT == 0:
            if n_steps // SEGMENT == checkpoints.shape[0]:
                checkpoints = grown(checkpoints)
            copy_slot(buffer, progress.slot, checkpoints, n_steps // SEGMENT)
            rescale_all(neuron, buffer, progress.slot, factors)
        if n_steps + SEGMENT > steps.shape[0]:
            steps, sources = grown(steps), grown(sources)
        if progress.n_spikes + n > spike_times.shape[0]:
            spike_times, spike_units = grown(spike_times), grown(spike_units)
            spike_steps, delays = grown(spike_steps), grown(delays)
        if progress.n_underway + n_rows > underway.shape[0]:
            underway = grown(underway)
        if progress.n_arrivals + progress.n_underway + n_rows > arrivals.shape[0]:
            arrivals = grown(arrivals)
        record = Record(
            spike_times,
            spike_units,
            spike_steps,
            delays,
            arrivals,
            steps,
            sources,
            checkpoints,
            buffer[0],
            0.0,
        )
        if at_once:
            progress = advance_at_once(
                neuron, events, duration, weights, max_spikes, record, buffer, found, progress
            )
        else:
            progress = advance(
                neuron,
                events,
                duration,
                weights,
                max_spikes,
                record,
                underway,
                buffer,
                found,
                progress,
            )

    n_steps, n_spikes = progress.n_steps, progress.n_spikes
    return Record(
        spike_times[:n_spikes].copy(),
        spike_units[:n_spikes].copy(),
        spike_steps[:n_spikes].copy(),
        delays[:n_spikes].copy(),
        arrivals[: progress.n_arrivals].copy(),
        steps[:n_steps],
        sources[:n_steps],
        checkpoints[: (n_steps - 1) // SEGMENT + 1],
        buffer[progress.slot].copy(),
        progress.now,
    )
