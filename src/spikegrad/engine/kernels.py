"""The kernels: one sample forward, and its adjoint backward.

Forward, all neurons flow to the next event in one vectorised loop. If any crossed its
threshold, they flow to the earliest crossing instead, which is recorded and delivered over the
recurrent weights. Each step is logged as (d, source); backward, the log is replayed and never
searched. States are kept at the start of every segment of ``SEGMENT`` steps and recomputed in
between.

States live in a buffer [SEGMENT + 1, n_state, n]: slot k holds the state at the start of step k
of the current segment. The loops take the buffer and k, since a view of an array costs more
atomic reference counting than the arithmetic on it, and even shares it between threads.
"""

from __future__ import annotations

import numpy as np
from numba import njit

from spikegrad.engine.formulas import (
    FAST,
    arrival_adjoint,
    crossed,
    flow,
    flow_adjoint,
    initial,
    load,
    longest_step,
    root,
    scale,
    spike,
    spike_adjoint,
    store,
)

SEGMENT = 32
# What ends a step in the log: the index (>= 0) of the first event of those at its time; PAUSE; or
# SPIKE - j for a spike of neuron j.
PAUSE = -1
SPIKE = -2

OPTIONS = {"nogil": True, "cache": True, **FAST}
# For sums whose order may be any fixed one.
REDUCTION = {**OPTIONS, "fastmath": {"contract", "reassoc"}}


@njit(**OPTIONS)
def flow_all(neuron, d, buffer, k):
    """Flow all neurons by ``d``, from slot k to slot k + 1."""
    for i in range(buffer.shape[2]):
        store(neuron, buffer, k + 1, i, flow(neuron, d, load(neuron, buffer, k, i)))


@njit(**REDUCTION)
def count_crossed(neuron, d, buffer, k):
    """How many neurons spiked between slots k and k + 1."""
    count = d * 0
    for i in range(buffer.shape[2]):
        start, end = load(neuron, buffer, k, i), load(neuron, buffer, k + 1, i)
        count += type(d)(1) if crossed(neuron, d, start, end) else type(d)(0)
    return count


@njit(**OPTIONS)
def earliest(neuron, d, buffer, k):
    """The first spike between slots k and k + 1: its step (float64) and its neuron."""
    first, which = 2.0, -1
    for i in range(buffer.shape[2]):
        start, end = load(neuron, buffer, k, i), load(neuron, buffer, k + 1, i)
        if crossed(neuron, d, start, end):
            candidate = root(neuron, d, start)
            if candidate < first:
                first, which = candidate, i
    return first, which


@njit(**OPTIONS)
def copy_slot(source, k, target, m):
    for v in range(source.shape[1]):
        for i in range(source.shape[2]):
            target[m, v, i] = source[k, v, i]


@njit(**OPTIONS)
def rescale_all(neuron, buffer, factors):
    """Bring the membrane states of slot 0 into range by ``factors`` [n], returned there."""
    n_state = buffer.shape[1]
    for i in range(factors.shape[0]):
        factors[i] = scale(neuron, load(neuron, buffer, 0, i))
    for v in range(n_state - 1):
        for i in range(factors.shape[0]):
            buffer[0, v, i] *= factors[i]


@njit(**OPTIONS)
def add_current(weight, unit, buffer, k):
    """A spike arrives: add its row of weights to the currents of slot k."""
    v = buffer.shape[1] - 1
    for i in range(buffer.shape[2]):
        buffer[k, v, i] += weight[unit, i]


@njit(**OPTIONS)
def largest_current(buffer, k):
    v = buffer.shape[1] - 1
    largest = 0.0
    for i in range(buffer.shape[2]):
        largest = max(largest, abs(buffer[k, v, i]))
    return largest


@njit(**OPTIONS)
def volley(times, event):
    """The first event after ``event`` that comes later than it."""
    after = event + 1
    while after < times.shape[0] and times[after] == times[event]:
        after += 1
    return after


@njit(**OPTIONS)
def grown(array):
    larger = np.empty((2 * array.shape[0], *array.shape[1:]), array.dtype)
    larger[: array.shape[0]] = array
    return larger


@njit(**OPTIONS)
def forward(neuron, times, units, duration, weight, recurrent, reach, reach_back, max_spikes):
    """Run one sample.

    ``weight`` [n_in, n] and ``recurrent`` [n, n] or [0, n]; ``reach`` [n_in] and ``reach_back``
    hold max |w| of each row. Returns spike times and units, the log (steps, sources), the
    states at segment starts [n_segments, n_state, n] and the final state [n_state, n]. A sample
    that would make more than ``max_spikes`` spikes stops there, with ``max_spikes + 1`` of them.
    """
    n, n_events = weight.shape[1], times.shape[0]
    n_state = len(initial(neuron, weight.dtype.type(0)))
    buffer = np.empty((SEGMENT + 1, n_state, n), weight.dtype)
    factors = np.empty(n, weight.dtype)
    for i in range(n):
        store(neuron, buffer, 0, i, initial(neuron, weight.dtype.type(0)))

    spike_times, spike_units = np.empty(64, np.float64), np.empty(64, np.int64)
    capacity = n_events + 64
    steps, sources = np.empty(capacity, weight.dtype), np.empty(capacity, np.int32)
    checkpoints = np.empty((capacity // SEGMENT + 1, n_state, n), weight.dtype)
    n_spikes = n_steps = event = 0
    now = current = 0.0  # ``current``: an upper bound of |I| over the neurons

    while True:
        k = n_steps % SEGMENT
        if k == 0:
            if n_steps > 0:
                copy_slot(buffer, SEGMENT, buffer, 0)
            if n_steps // SEGMENT == checkpoints.shape[0]:
                checkpoints = grown(checkpoints)
            copy_slot(buffer, 0, checkpoints, n_steps // SEGMENT)
            rescale_all(neuron, buffer, factors)
        if n_steps == steps.shape[0]:
            steps, sources = grown(steps), grown(sources)

        until = times[event] if event < n_events else duration
        source = event if event < n_events else PAUSE
        d = -np.expm1((now - until) / neuron.tau)
        if d > longest_step(neuron, current):
            current = largest_current(buffer, k)
            limit = longest_step(neuron, current)
            if d > limit:
                d, source = limit, PAUSE
                until = min(until, now - neuron.tau * np.log1p(-d))

        step = weight.dtype.type(max(d, 0.0))
        flow_all(neuron, step, buffer, k)
        if step > 0 and count_crossed(neuron, step, buffer, k) > 0:
            first, j = earliest(neuron, step, buffer, k)
            if j >= 0:
                d, source = first, SPIKE - j
                until = min(until, now - neuron.tau * np.log1p(-d))
                step = weight.dtype.type(d)
                flow_all(neuron, step, buffer, k)
                store(neuron, buffer, k + 1, j, spike(neuron, load(neuron, buffer, k + 1, j)))
        current *= (1.0 - d) ** 2
        steps[n_steps], sources[n_steps] = step, source
        n_steps += 1
        now = until

        if source >= 0:
            event = volley(times, source)
            for e in range(source, event):
                add_current(weight, units[e], buffer, k + 1)
                current += reach[units[e]]
        elif source <= SPIKE:
            j = SPIKE - source
            if n_spikes == spike_times.shape[0]:
                spike_times, spike_units = grown(spike_times), grown(spike_units)
            spike_times[n_spikes], spike_units[n_spikes] = now, j
            n_spikes += 1
            if n_spikes > max_spikes:
                break
            if recurrent.shape[0] > 0:
                add_current(recurrent, j, buffer, k + 1)
                current += reach_back[j]
        elif event == n_events and until >= duration:
            break

    return (
        spike_times[:n_spikes].copy(),
        spike_units[:n_spikes].copy(),
        steps[:n_steps],
        sources[:n_steps],
        checkpoints[: (n_steps - 1) // SEGMENT + 1],
        buffer[(n_steps - 1) % SEGMENT + 1].copy(),
    )


@njit(**OPTIONS)
def replay(
    neuron, times, units, weight, recurrent, steps, sources, checkpoints, segment, buffer, factors
):
    """Recompute the states of a segment; returns its first step and the step after its last."""
    first = segment * SEGMENT
    last = min(first + SEGMENT, steps.shape[0])
    copy_slot(checkpoints, segment, buffer, 0)
    rescale_all(neuron, buffer, factors)
    for k in range(last - first):
        flow_all(neuron, steps[first + k], buffer, k)
        source = sources[first + k]
        if source >= 0:
            for e in range(source, volley(times, source)):
                add_current(weight, units[e], buffer, k + 1)
        elif source <= SPIKE:
            j = SPIKE - source
            store(neuron, buffer, k + 1, j, spike(neuron, load(neuron, buffer, k + 1, j)))
            if recurrent.shape[0] > 0:
                add_current(recurrent, j, buffer, k + 1)
    return first, last


@njit(**OPTIONS)
def adjoint_all(neuron, d, buffer, k, adjoint):
    """Take the adjoint of all neurons back through the step ``d`` that started at slot k."""
    for i in range(buffer.shape[2]):
        before = flow_adjoint(neuron, d, load(neuron, buffer, k, i), load(neuron, adjoint, 0, i))
        store(neuron, adjoint, 0, i, before)


@njit(**OPTIONS)
def add_gradient(adjoint, gradient, unit):
    """dLoss/dw of a spike that arrives is the adjoint of the current."""
    v = adjoint.shape[1] - 1
    for i in range(adjoint.shape[2]):
        gradient[unit, i] += adjoint[0, v, i]


@njit(**REDUCTION)
def arrival_gradient(neuron, weight, unit, buffer, k, adjoint):
    """dLoss/dt of a spike of ``unit`` that has arrived in slot k."""
    total = weight.dtype.type(0)
    for i in range(buffer.shape[2]):
        state, after = load(neuron, buffer, k, i), load(neuron, adjoint, 0, i)
        total += weight[unit, i] * arrival_adjoint(neuron, state, after)
    return total


@njit(**OPTIONS)
def backward(
    neuron, times, units, weight, recurrent, steps, sources, checkpoints,
    grad_times, grad_final, grad_weight, grad_recurrent, grad_inputs,
):  # fmt: skip
    """The adjoint of :func:`forward` for one sample.

    ``grad_times`` holds dLoss/dt of each spike, ``grad_final`` [n_state, n] that of the final
    state. Adds to ``grad_weight`` and ``grad_recurrent``; writes dLoss/dt of each input event
    to ``grad_inputs``, unless that is empty.
    """
    n_state, n = grad_final.shape
    adjoint = grad_final.copy().reshape(1, n_state, n)
    buffer = np.empty((SEGMENT + 1, n_state, n), weight.dtype)
    factors = np.empty(n, weight.dtype)
    n_spikes = grad_times.shape[0]

    for segment in range(checkpoints.shape[0] - 1, -1, -1):
        first, last = replay(
            neuron, times, units, weight, recurrent, steps, sources, checkpoints,
            segment, buffer, factors,
        )  # fmt: skip
        for k in range(last - first - 1, -1, -1):
            step, source = steps[first + k], sources[first + k]
            if source >= 0:
                for e in range(source, volley(times, source)):
                    add_gradient(adjoint, grad_weight, units[e])
                    if grad_inputs.shape[0] > 0:
                        grad_inputs[e] = arrival_gradient(
                            neuron, weight, units[e], buffer, k + 1, adjoint
                        )
            elif source <= SPIKE:
                j = SPIKE - source
                n_spikes -= 1
                g = grad_times[n_spikes]
                if recurrent.shape[0] > 0:
                    add_gradient(adjoint, grad_recurrent, j)
                    g += arrival_gradient(neuron, recurrent, j, buffer, k + 1, adjoint)
                before = flow(neuron, step, load(neuron, buffer, k, j))
                after = load(neuron, adjoint, 0, j)
                after = spike_adjoint(neuron, before, after, weight.dtype.type(g))
                store(neuron, adjoint, 0, j, after)
            adjoint_all(neuron, step, buffer, k, adjoint)
        for v in range(n_state - 1):
            for i in range(n):
                adjoint[0, v, i] *= factors[i]


@njit(**OPTIONS)
def states(neuron, times, units, weight, recurrent, steps, sources, checkpoints, which):
    """State of neuron ``which`` at the end of every step, [n_state, n_steps]."""
    n_state, n = checkpoints.shape[1:]
    buffer = np.empty((SEGMENT + 1, n_state, n), weight.dtype)
    factors = np.empty(n, weight.dtype)
    result = np.empty((n_state, steps.shape[0]), weight.dtype)
    for segment in range(checkpoints.shape[0]):
        first, last = replay(
            neuron, times, units, weight, recurrent, steps, sources, checkpoints,
            segment, buffer, factors,
        )  # fmt: skip
        for k in range(last - first):
            result[:, first + k] = buffer[k + 1, :, which]
    return result
