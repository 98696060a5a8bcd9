"""Layers whose spikes arrive at all their neurons in the moment they are made.

Each step ends with the first spike of all neurons, whose weights arrive there, or with an event.
The loops over neurons do all of a spike at once: where a spike costs some hundred nanoseconds,
each loop of its own over a row would cost a tenth of that.
"""

from __future__ import annotations

import math

from spikegrad.engine import njit
from spikegrad.engine.apart import take_logarithms
from spikegrad.engine.formulas import (
    arrival_gradient,
    arrive,
    arrive_adjoint,
    flow,
    flow_adjoint,
    kept,
    load,
    longest_step,
    near,
    propagator,
    remainder,
    spike,
    spike_adjoint,
    store,
    weight_gradient,
)
from spikegrad.engine.records import PAUSE, SEGMENT, SPIKE_AT_ONCE, Progress, volley
from spikegrad.engine.rows import (
    INLINED,
    INLINED_ROW,
    PART,
    REDUCTION,
    count_of,
    first_spike,
    flow_all,
    largest_current,
    mark,
    receive_all,
)

# Neurons found to spike in one step, of which the first alone is wanted, from which on a part of
# the step is searched first.
MANY = 4
# The shortest such part: a shorter one parts no spikes that come together, and would fall to zero.
SHORTEST_PART = 1e-9


@njit(**INLINED)
def drives_at_once(weights):
    """Whether spikes arrive in the moment they are made."""
    same = weights.delays.shape[0] == weights.n_out
    return same and weights.soonest == 0 and not weights.delays.any()


@njit(**INLINED)
def next_event(neuron, times, event, duration, now):
    """When the next event comes, or the end, and the step from ``now`` to it (float64)."""
    until = times[event] if event < times.shape[0] else duration
    return until, max(-math.expm1((now - until) / neuron.tau), 0.0)


@njit(**INLINED)
def step_within(neuron, current, left, part):
    """As far as the event, the part, and what a step may be at this current, in part's type."""
    return min(part, type(part)(min(left, longest_step(neuron, current))))


@njit(**INLINED)
def after_spike(neuron, step, j, weight, buffer, k):
    """The state of neuron ``j``, which spikes at the end of a step from slot ``k``."""
    state = spike(neuron, flow(neuron, step, load(neuron, buffer, k, j)))
    return arrive(neuron, state, weight[j, j])


@njit(**INLINED_ROW)
def spike_all(neuron, d, j, weight, buffer, k, end):
    """Flow all neurons by ``d``, from slot k to slot ``end``, where ``j`` spikes."""
    step = propagator(neuron, d)
    for i in range(buffer.shape[2]):
        state = flow(neuron, step, load(neuron, buffer, k, i))
        store(neuron, buffer, end, i, arrive(neuron, state, weight[j, i]))
    store(neuron, buffer, end, j, after_spike(neuron, step, j, weight, buffer, k))


@njit(**INLINED_ROW)
def spike_and_mark(neuron, d, j, weight, after, buffer, k, end, found):
    """The same, and mark those but ``j`` that may spike within a step ``after`` from there."""
    first, second, marks = propagator(neuron, d), propagator(neuron, after), found.marks
    for i in range(buffer.shape[2]):
        state = flow(neuron, first, load(neuron, buffer, k, i))
        state = arrive(neuron, state, weight[j, i])
        store(neuron, buffer, end, i, state)
        marks[i] = near(neuron, after, state, flow(neuron, second, state))
    store(neuron, buffer, end, j, after_spike(neuron, first, j, weight, buffer, k))


@njit(**REDUCTION)
def spike_all_adjoint(neuron, d, j, weight, buffer, k, adjoint, g, gradient):
    """The adjoint of :func:`spike_all` from slot k to k + 1, with g = dLoss/dt of the spike.

    Adds the weights' gradient, and returns what comes to dLoss/dt by way of them.
    """
    step, total = propagator(neuron, d), weight.dtype.type(0)
    own = load(neuron, adjoint, 0, j)
    for i in range(buffer.shape[2]):
        state, after = load(neuron, buffer, k + 1, i), load(neuron, adjoint, 0, i)
        total += weight[j, i] * arrival_gradient(neuron, state, weight[j, i], after)
        gradient[j, i] += weight_gradient(neuron, state, after)
        before = arrive_adjoint(neuron, state, weight[j, i], after)
        start = load(neuron, buffer, k, i)
        store(neuron, adjoint, 0, i, flow_adjoint(neuron, step, start, before))
    start, state = load(neuron, buffer, k, j), load(neuron, buffer, k + 1, j)
    own = arrive_adjoint(neuron, state, weight[j, j], own)
    own = spike_adjoint(neuron, flow(neuron, step, start), own, type(d)(g + total))
    store(neuron, adjoint, 0, j, flow_adjoint(neuron, step, start, own))
    return total


@njit(**INLINED)
def write_times(neuron, times, duration, record, lengths, before, after):
    """Write the times of the spikes that ``after`` has and ``before`` has not; the time there.

    ``lengths`` are those of the steps in between, d in float64, and are overwritten: logarithms one
    by one would take a tenth of the time of all.
    """
    now, event, spike = before.now, before.event, before.n_spikes
    take_logarithms(lengths, after - before.n_steps)
    until = times[event] if event < times.shape[0] else duration
    for k in range(after - before.n_steps):
        source = record.sources[before.n_steps + k]
        if source >= 0:
            now, event = until, volley(times, event)
            until = times[event] if event < times.shape[0] else duration
            continue
        now = min(until, now + neuron.tau * lengths[k])
        if source == SPIKE_AT_ONCE:
            record.times[spike] = now
            spike += 1
    return now


@njit(**INLINED)
def look(neuron, d, buffer, k, found):
    """As :func:`first_spike`, of all neurons."""
    if mark(neuron, d, buffer, k, found):
        return first_spike(neuron, d, buffer, k, -1, found)
    return 0, float(d), -1


@njit(**PART)
def advance_at_once(neuron, events, duration, weights, max_spikes, record, buffer, found, progress):
    """Run on to the end of the segment, of the sample, or of the room for spikes.

    ``here`` are the states now; of the ``n_found`` neurons that spike within a ``step`` from
    there ``j`` is the first, after ``d``; ``left`` is the step to the next event.
    """
    times, units, counts = events
    one = weights.input.dtype.type(1)
    now, current, event, n_steps, n_spikes, n_underway, n_arrivals, here, done = progress
    lengths, first_step = found.lengths, n_steps
    n_events, n = times.shape[0], buffer.shape[2]
    part = one  # a step in which few neurons spike, as far as is known

    until, left = next_event(neuron, times, event, duration, now)
    step = step_within(neuron, current, left, part)
    n_found, d, j = look(neuron, step, buffer, here, found)
    while not done:
        while n_found == 0 and step < type(one)(left):
            if longest_step(neuron, current) < left:
                current = largest_current(neuron, buffer, here, found.lanes)
            longest = step_within(neuron, current, left, one)
            if step >= longest:
                break
            step = min(type(one)(2) * step, longest)
            n_found, d, j = look(neuron, step, buffer, here, found)
        if n_found > MANY:
            part = max(type(one)(3) * step / type(one)(n_found), type(one)(SHORTEST_PART))

        ends = n_found == 0 and step >= type(one)(left)
        record.steps[n_steps] = d
        current *= kept(neuron, d)
        left = max(remainder(left, d), 0.0)
        lengths[n_steps - first_step] = d
        there = 1 - here
        if n_found > 0:
            record.sources[n_steps] = SPIKE_AT_ONCE
            record.units[n_spikes], record.delays[n_spikes] = j, d
            record.spike_steps[n_spikes] = n_steps
            n_spikes += 1
            done = n_spikes > max_spikes
            current += weights.recurrent_reach[j]
            step = step_within(neuron, current, left, part)
            spike_and_mark(
                neuron, type(one)(d), j, weights.recurrent, step, buffer, here, there, found
            )
            n_found, d, j = first_spike(neuron, step, buffer, there, j, found)
        else:
            record.sources[n_steps] = event if ends and event < n_events else PAUSE
            flow_all(neuron, step, buffer, here, there)
            if ends and event < n_events:
                first, event, part = event, volley(times, event), one
                receive_all(neuron, weights.input, units, counts, first, event, buffer, there)
                for e in range(first, event):
                    current += count_of(counts, e) * weights.reach[units[e]]
                until, left = next_event(neuron, times, event, duration, until)
            else:
                done = ends
            step = step_within(neuron, current, left, part)
            n_found, d, j = look(neuron, step, buffer, there, found)
        here = there
        n_steps += 1
        if n_spikes + n > record.times.shape[0] or n_steps % SEGMENT == 0:
            break
    now = write_times(neuron, times, duration, record, lengths, progress, n_steps)
    if done and n_spikes <= max_spikes:
        now = duration
    return Progress(now, current, event, n_steps, n_spikes, n_underway, n_arrivals, here, done)
