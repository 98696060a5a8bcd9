"""The adjoint of one sample: the forward pass's log is replayed backwards and never searched.

States are kept at the start of every segment of ``SEGMENT`` steps and recomputed in between.
"""

from __future__ import annotations

import numpy as np

from spikegrad.engine import njit
from spikegrad.engine.formulas import (
    FAST,
    flow,
    load,
    propagator,
    spike,
    spike_adjoint,
    store,
    through_spike,
    through_spike_adjoint,
    velocity,
)
from spikegrad.engine.grid_delays import collect
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
def replay(neuron, events, weights, record, segment, m, a, buffer, factors):
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
        while m < spike_steps.shape[0] and spike_steps[m] == first + k:
            j = record.units[m]
            start, after = load(neuron, buffer, k, j), load(neuron, buffer, k + 1, j)
            if source == SPIKE:
                after = spike(neuron, after)
            else:
                after = through_spike(neuron, step, record.delays[m], start, after)
            store(neuron, buffer, k + 1, j, after)
            m += 1
        if source >= 0:
            event = volley(times, source)
            receive_all(neuron, weights.input, units, counts, source, event, buffer, k + 1)
        while a < record.arrivals.shape[0] and record.arrivals[a, 2] == first + k:
            receive(neuron, weights.recurrent, record.arrivals[a, 1], one, buffer, k + 1)
            a += 1
    return m, a


@njit(**PART)
def retreat(neuron, events, weights, record, segment, m, a, buffer, adjoint, gradients):
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
            j = record.units[m]
            store(neuron, adjoint, 1, j, load(neuron, adjoint, 0, j))
        adjoint_all(neuron, step, buffer, k, adjoint)
        for n in range(m, after_last):
            j, delay = record.units[n], record.delays[n]
            row = j if weights.lags.shape[0] > 0 else weights.recurrent.shape[0]
            while row < weights.recurrent.shape[0]:  # delays on a grid
                place = record.times[n] / weights.step
                slope = collect(
                    grad_input, weights.recurrent, weights.lags, row, place, one,
                    grad_recurrent, grad_lags,
                )  # fmt: skip
                grad_times[n] += slope / weights.step
                row += weights.n_out
            g = type(step)(grad_times[n])
            start, after = load(neuron, buffer, k, j), load(neuron, adjoint, 1, j)
            plain = load(neuron, adjoint, 0, j)
            before = through_spike_adjoint(neuron, step, delay, start, after, plain, g)
            store(neuron, adjoint, 0, j, before)


@njit(**FAST, inline="always")
def backward(neuron, events, weights, record, grad_final, gradients):
    """The adjoint of :func:`spikegrad.engine.forward.forward` for one sample.

    ``grad_final`` [n_state, n] is dLoss/d(final state). ``gradients`` holds dLoss/dt of each
    spike, to which is added what comes by way of the layer itself; the gradients of input and
    recurrent weights, of recurrent delays and of those on a grid, which are added to; an array for
    dLoss/dt of each input event, and one for that of weights of 1 within each row of weights, whose
    events then come alone. These two may be empty.
    """
    n_state, n = grad_final.shape
    adjoint = np.empty((2, n_state, n), grad_final.dtype)  # slot 1: of neurons that spike
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
        replay(neuron, events, weights, record, segment, m, a, buffer, factors)
        retreat(
            neuron, events, weights, record, segment, last_m, last_a, buffer, adjoint, gradients
        )
        apply_factors(neuron, adjoint, 0, factors)


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
    factors = np.empty(n, record.final.dtype)
    result = np.empty((steps.shape[0], n_state, n), record.final.dtype)
    m, a, s = 0, 0, 0
    for segment in range(record.checkpoints.shape[0]):
        m, a = replay(neuron, events, weights, record, segment, m, a, buffer, factors)
        while s < steps.shape[0] and steps[s] < (segment + 1) * SEGMENT:
            copy_slot(buffer, steps[s] - segment * SEGMENT + 1, result, s)
            s += 1
    return result
