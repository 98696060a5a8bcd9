"""The adjoint of one sample: the forward pass's log is replayed backwards and never searched.

States are kept at the start of every segment of ``SEGMENT`` steps and recomputed in between.
"""

from __future__ import annotations

import numpy as np

from spikegrad.engine import njit
from spikegrad.engine.apart import bring, replay_apart, retreat_apart
from spikegrad.engine.formulas import (
    FAST,
    flow,
    load,
    propagator,
    spike,
    spike_adjoint,
    store,
    velocity,
)
from spikegrad.engine.grid_delays import collect_spikes
from spikegrad.engine.records import SEGMENT, SPIKE, SPIKE_AT_ONCE, volley
from spikegrad.engine.recurrence import spike_all, spike_all_adjoint
from spikegrad.engine.rows import (
    KERNEL,
    PART,
    add_weight_gradient,
    adjoint_all,
    apply_factors,
    arrival_gradient_row,
    arrival_gradient_sum,
    copy_slot,
    count_of,
    flow_all,
    receive,
    receive_adjoint,
    receive_all,
    receive_all_adjoint,
    rescale_all,
    withdraw,
)


@njit(**PART)
def replay(neuron, events, weights, record, segment, m, a, buffer, factors, few):
    """Recompute the states of a segment, whose first spike is ``m`` and first arrival ``a``.

    Returns the spike and the arrival after its last.
    """
    times, units, counts = events
    spike_steps, one = record.spike_steps, weights.input.dtype.type(1)
    first = segment * SEGMENT
    copy_slot(record.checkpoints, segment, buffer, 0)
    rescale_all(neuron, buffer, 0, factors)
    for k in range(min(SEGMENT, record.steps.shape[0] - first)):
        step, source = record.steps[first + k], record.sources[first + k]
        if source == SPIKE_AT_ONCE:
            spike_all(neuron, step, record.units[m], weights.recurrent, buffer, k, k + 1)
            m += 1
            continue
        flow_all(neuron, step, buffer, k, k + 1)
        before = m
        while m < spike_steps.shape[0] and spike_steps[m] == first + k:
            m += 1
        if source == SPIKE:
            j = record.units[before]
            store(neuron, buffer, k + 1, j, spike(neuron, load(neuron, buffer, k + 1, j)))
        elif m > before:
            replay_apart(neuron, step, record, before, m - before, buffer, k, k + 1, few)
        if source >= 0:
            event = volley(times, source)
            receive_all(neuron, weights.input, units, counts, source, event, buffer, k + 1)
        while a < record.arrivals.shape[0] and record.arrivals[a, 2] == first + k:
            receive(neuron, weights.recurrent, record.arrivals[a, 1], one, buffer, k + 1)
            a += 1
    return m, a


@njit(**PART)
def retreat(neuron, events, weights, record, segment, m, a, buffer, adjoint, few, gradients):
    """Take the adjoint back through a segment; ``m`` and ``a`` are those after its last."""
    times, units, counts = events
    grad_times, grad_input, grad_recurrent, grad_delays, grad_lags, grad_arrivals, slopes = (
        gradients
    )
    one = weights.input.dtype.type(1)
    first = segment * SEGMENT
    for k in range(min(SEGMENT, record.steps.shape[0] - first) - 1, -1, -1):
        step, source = record.steps[first + k], record.sources[first + k]
        if source == SPIKE_AT_ONCE:
            m -= 1
            j = record.units[m]
            feedback = spike_all_adjoint(
                neuron, step, j, weights.recurrent, buffer, k, adjoint, grad_times[m],
                grad_recurrent,
            )  # fmt: skip
            grad_times[m] += feedback
            grad_delays[j] += feedback
            continue
        while a > 0 and record.arrivals[a - 1, 2] == first + k:
            a -= 1
            spike, row = record.arrivals[a, 0], record.arrivals[a, 1]
            add_weight_gradient(neuron, row, one, buffer, k + 1, adjoint, grad_recurrent)
            feedback = arrival_gradient_sum(
                neuron, weights.recurrent, row, one, buffer, k + 1, adjoint
            )
            grad_times[spike] += feedback
            grad_delays[row] += feedback
            if source >= 0 or (a > 0 and record.arrivals[a - 1, 2] == first + k):
                withdraw(neuron, weights.recurrent, row, one, buffer, k + 1)
            receive_adjoint(neuron, weights.recurrent, row, one, buffer, k + 1, adjoint)
        if source >= 0:
            event = volley(times, source)
            for e in range(source, event):
                count = count_of(counts, e)
                add_weight_gradient(neuron, units[e], count, buffer, k + 1, adjoint, grad_input)
            if slopes.shape[0] > 0:
                arrival_gradient_row(
                    neuron, weights.input, units[source], buffer, k + 1, adjoint, slopes
                )
            if grad_arrivals.shape[0] == 0:
                receive_all_adjoint(
                    neuron, weights.input, units, counts, source, event, buffer, k + 1, adjoint
                )
            else:
                for e in range(event - 1, source - 1, -1):
                    count = count_of(counts, e)
                    grad_arrivals[e] = arrival_gradient_sum(
                        neuron, weights.input, units[e], count, buffer, k + 1, adjoint
                    )
                    if e > source:
                        withdraw(neuron, weights.input, units[e], count, buffer, k + 1)
                    receive_adjoint(neuron, weights.input, units[e], count, buffer, k + 1, adjoint)
        elif source == SPIKE:
            m -= 1
            j = record.units[m]
            before = flow(neuron, propagator(neuron, step), load(neuron, buffer, k, j))
            g = type(step)(grad_times[m])
            after = spike_adjoint(neuron, before, load(neuron, adjoint, 0, j), g)
            store(neuron, adjoint, 0, j, after)
        after_last = m
        while m > 0 and record.spike_steps[m - 1] == first + k:
            m -= 1
        n = after_last - m
        if n > 0:
            bring(neuron, adjoint, 0, record.units, m, n, few, 1)
        adjoint_all(neuron, step, buffer, k, adjoint)
        if n > 0 and weights.step > 0:
            collect_spikes(
                record, m, after_last, weights, grad_input, grad_recurrent, grad_lags, grad_times
            )
        if n > 0:
            retreat_apart(neuron, step, record, m, n, grad_times, buffer, k, few, adjoint)


@njit(**FAST, inline="always")
def backward(neuron, events, weights, record, grad_final, gradients, grad_start):
    """The adjoint of :func:`spikegrad.engine.forward.forward` for one sample.

    ``grad_final`` [n_state, n] is dLoss/d(final state). ``gradients`` holds dLoss/dt of each
    spike, to which is added what comes by way of the layer itself; the gradients of input and
    recurrent weights, of recurrent delays and of those on a grid, which are added to; an array for
    dLoss/dt of each input event, and one for that of weights of 1 within each row of weights, whose
    events then come alone. These two may be empty. ``grad_start`` [n_state, n], or [0, n], gets
    dLoss/d(state at t = 0).
    """
    n_state, n = grad_final.shape
    adjoint = np.empty((1, n_state, n), grad_final.dtype)
    few = np.empty((3, n_state, n), grad_final.dtype)
    # an assignment would compile Numba's message about shapes, too: a fifth of the time of all
    copy_slot(grad_final.reshape((1, n_state, n)), 0, adjoint, 0)
    buffer = np.empty((SEGMENT + 1, n_state, n), grad_final.dtype)
    factors = np.empty(n, grad_final.dtype)
    m, a = record.times.shape[0], record.arrivals.shape[0]
    for segment in range(record.checkpoints.shape[0] - 1, -1, -1):
        last_m, last_a = m, a
        while m > 0 and record.spike_steps[m - 1] >= segment * SEGMENT:
            m -= 1
        while a > 0 and record.arrivals[a - 1, 2] >= segment * SEGMENT:
            a -= 1
        replay(neuron, events, weights, record, segment, m, a, buffer, factors, few)
        retreat(
            neuron,
            events,
            weights,
            record,
            segment,
            last_m,
            last_a,
            buffer,
            adjoint,
            few,
            gradients,
        )
        apply_factors(neuron, adjoint, 0, factors)
    for v in range(grad_start.shape[0]):
        for i in range(n):
            grad_start[v, i] = adjoint[0, v, i]


@njit(**FAST)
def end_gradient(neuron, final, grad_final):
    """tau dLoss/dT by way of the final state at T, [n_state, n], from dLoss/d(final)."""
    states, gradients = final.reshape((1, *final.shape)), grad_final.reshape((1, *final.shape))
    total = 0.0
    for i in range(final.shape[1]):
        change = velocity(neuron, load(neuron, states, 0, i))
        gradient = load(neuron, gradients, 0, i)
        for v in range(len(change)):
            total += change[v] * gradient[v]
    return total


@njit(**KERNEL)
def states(neuron, events, weights, record, steps):
    """States at the ends of ``steps``, which ascend, [n_steps, n_state, n]."""
    n_state, n = record.final.shape
    buffer = np.empty((SEGMENT + 1, n_state, n), record.final.dtype)
    factors, few = np.empty(n, record.final.dtype), np.empty((2, n_state, n), record.final.dtype)
    result = np.empty((steps.shape[0], n_state, n), record.final.dtype)
    m, a, s = 0, 0, 0
    for segment in range(record.checkpoints.shape[0]):
        m, a = replay(neuron, events, weights, record, segment, m, a, buffer, factors, few)
        while s < steps.shape[0] and steps[s] < (segment + 1) * SEGMENT:
            copy_slot(buffer, steps[s] - segment * SEGMENT + 1, result, s)
            s += 1
    return result
