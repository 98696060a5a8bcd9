"""The kernels: one sample forward, and its adjoint backward.

Forward, all neurons flow to the next event in one vectorised loop. If any crossed its
threshold, they flow to the earliest crossing instead, which is recorded and delivered over the
recurrent weights. Each step is logged as (d, source); backward, the log is replayed and never
searched. States are kept at the start of every segment of ``SEGMENT`` steps and recomputed in
between.
"""

from __future__ import annotations

import numpy as np
from numba import njit
from numba.extending import overload

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
    unrolled,
)

SEGMENT = 64
# Sources of a step in the log: an event's index >= 0; PAUSE; or SPIKE - j for a spike of neuron j.
PAUSE = -1
SPIKE = -2

OPTIONS = {"nogil": True, "cache": True, **FAST}


def empty_rows(neuron, shape, like):
    """An uninitialised array for each state variable of the neuron, in the type of ``like``."""


def slot(buffer, k):
    """The rows of step ``k`` in a buffer of one array [n_steps, n] for each state variable."""


@overload(empty_rows, jit_options={"forceinline": True})
def _empty_rows(neuron, shape, like):
    rows = "np.empty(shape, like.dtype), " * len(neuron.instance_class.variables())
    scope: dict = {"np": np}
    exec(f"def empty_rows(neuron, shape, like): return ({rows})", scope)
    return scope["empty_rows"]


@overload(slot, jit_options={"forceinline": True})
def _slot(buffer, k):
    scope: dict = {}
    exec(f"def slot(buffer, k): return ({unrolled(buffer, 'buffer[{k}][k], ')})", scope)
    return scope["slot"]


@njit(**OPTIONS)
def flow_all(neuron, d, state, end, flags):
    """Flow all neurons by ``d``; flag those that spike on the way."""
    for i in range(flags.shape[0]):
        s = load(state, i)
        r = flow(neuron, d, s)
        store(end, i, r)
        flags[i] = crossed(neuron, d, s, r)


@njit(**OPTIONS)
def replay_all(neuron, d, state, end):
    """Flow all neurons by ``d``, known to make no spike."""
    for i in range(state[0].shape[0]):
        store(end, i, flow(neuron, d, load(state, i)))


@njit(**OPTIONS)
def rescale_all(neuron, state, factors):
    """Bring every membrane state into range; ``factors`` [n] receives what it was multiplied by."""
    for i in range(factors.shape[0]):
        factors[i] = scale(neuron, load(state, i))
    for row in state[:-1]:
        for i in range(factors.shape[0]):
            row[i] *= factors[i]


@njit(**OPTIONS)
def add(row, to):
    for i in range(to.shape[0]):
        to[i] += row[i]


@njit(**OPTIONS)
def any_flag(flags):
    words = flags.view(np.uint64)
    found = np.uint64(0)
    for k in range(words.shape[0]):
        found |= words[k]
    return found != 0


@njit(**OPTIONS)
def earliest(neuron, d, state, flags):
    """The first spike among the flagged neurons: its step (float64) and its neuron."""
    first, which = 2.0, -1
    for i in range(flags.shape[0]):
        if flags[i]:
            candidate = root(neuron, d, load(state, i))
            if candidate < first:
                first, which = candidate, i
    return first, which


@njit(**OPTIONS)
def grown(array):
    larger = np.empty((2 * array.shape[0], *array.shape[1:]), array.dtype)
    larger[: array.shape[0]] = array
    return larger


@njit(**OPTIONS)
def forward(neuron, times, units, duration, weight, recurrent, reach, reach_back, max_spikes):
    """Run one sample.

    ``weight`` [n_in, n] and ``recurrent`` [n, n] or [0, n], n a multiple of 8; ``reach`` [n_in]
    and ``reach_back`` hold max |w| of each row. Returns spike times and units, the log
    (steps, sources), the states at segment starts [n_segments, n_state, n] and the final state
    [n_state, n]. A sample that would make more than ``max_spikes`` spikes stops there: it
    returns ``max_spikes + 1`` of them.
    """
    n = weight.shape[1]
    n_events = times.shape[0]
    state = empty_rows(neuron, n, weight)
    end = empty_rows(neuron, n, weight)
    factors = np.empty(n, weight.dtype)
    flags = np.empty(n, np.uint8)
    n_state = len(state)
    for i in range(n):
        store(state, i, initial(neuron, weight.dtype.type(0)))

    spike_times = np.empty(64, np.float64)
    spike_units = np.empty(64, np.int64)
    steps = np.empty(n_events + 64, weight.dtype)
    sources = np.empty(n_events + 64, np.int32)
    checkpoints = np.empty((n_events // SEGMENT + 2, n_state, n), weight.dtype)
    n_spikes = n_steps = event = 0
    now = 0.0
    current = 0.0  # an upper bound of |I| over the neurons

    while True:
        if n_steps == steps.shape[0]:
            steps, sources = grown(steps), grown(sources)
        if n_steps % SEGMENT == 0:
            segment = n_steps // SEGMENT
            if segment == checkpoints.shape[0]:
                checkpoints = grown(checkpoints)
            for k in range(n_state):
                checkpoints[segment, k] = state[k]
            rescale_all(neuron, state, factors)

        until = times[event] if event < n_events else duration
        source = event if event < n_events else PAUSE
        d = -np.expm1(-(until - now) / neuron.tau)
        if d > longest_step(neuron, current):
            current = 0.0
            for i in range(n):
                current = max(current, abs(state[-1][i]))
            limit = longest_step(neuron, current)
            if d > limit:
                d, source = limit, PAUSE
                until = min(until, now - neuron.tau * np.log1p(-d))

        step = weight.dtype.type(d)
        if step > 0:
            flow_all(neuron, step, state, end, flags)
            if any_flag(flags):
                d, j = earliest(neuron, step, state, flags)
                source = SPIKE - j
                until = min(until, now - neuron.tau * np.log1p(-d))
                step = weight.dtype.type(d)
                replay_all(neuron, step, state, end)
                store(end, j, spike(neuron, load(end, j)))
            state, end = end, state
            current *= (1.0 - d) ** 2
        steps[n_steps], sources[n_steps] = step, source
        n_steps += 1
        now = until

        if source >= 0:
            unit = units[event]
            event += 1
            add(weight[unit], state[-1])
            current += reach[unit]
        elif source <= SPIKE:
            j = SPIKE - source
            if n_spikes == spike_times.shape[0]:
                spike_times, spike_units = grown(spike_times), grown(spike_units)
            spike_times[n_spikes], spike_units[n_spikes] = now, j
            n_spikes += 1
            if n_spikes > max_spikes:
                break
            if recurrent.shape[0] > 0:
                add(recurrent[j], state[-1])
                current += reach_back[j]
        elif event == n_events and until >= duration:
            break

    final = np.empty((n_state, n), weight.dtype)
    for k in range(n_state):
        final[k] = state[k]
    n_segments = (n_steps - 1) // SEGMENT + 1
    return (
        spike_times[:n_spikes].copy(),
        spike_units[:n_spikes].copy(),
        steps[:n_steps].copy(),
        sources[:n_steps].copy(),
        checkpoints[:n_segments].copy(),
        final,
    )


@njit(**OPTIONS)
def act(source, units, weight, recurrent, neuron, state):
    """Do to ``state`` what ends a step: deliver an input event, or make and deliver a spike."""
    if source >= 0:
        add(weight[units[source]], state[-1])
    elif source <= SPIKE:
        j = SPIKE - source
        store(state, j, spike(neuron, load(state, j)))
        if recurrent.shape[0] > 0:
            add(recurrent[j], state[-1])


@njit(**OPTIONS)
def replay(neuron, units, weight, recurrent, checkpoint, steps, sources, buffer, factors):
    """Recompute a segment: slot k of ``buffer`` receives the state at the start of step k."""
    first = slot(buffer, 0)
    for v in range(len(first)):
        first[v][:] = checkpoint[v]
    rescale_all(neuron, first, factors)
    for k in range(steps.shape[0]):
        end = slot(buffer, k + 1)
        replay_all(neuron, steps[k], slot(buffer, k), end)
        act(sources[k], units, weight, recurrent, neuron, end)


@njit(**OPTIONS)
def adjoint_all(neuron, d, state, adjoint):
    """Take the adjoint of all neurons back through a step ``d`` that started at ``state``."""
    for i in range(state[0].shape[0]):
        store(adjoint, i, flow_adjoint(neuron, d, load(state, i), load(adjoint, i)))


@njit(**OPTIONS)
def arrival_gradient(neuron, row, state, adjoint):
    """dLoss/dt of a spike that arrives over the weights ``row``."""
    total = 0.0
    for i in range(row.shape[0]):
        total += row[i] * arrival_adjoint(neuron, load(state, i), load(adjoint, i))
    return total


@njit(**OPTIONS)
def backward(
    neuron,
    units,
    weight,
    recurrent,
    steps,
    sources,
    checkpoints,
    grad_times,
    grad_final,
    grad_weight,
    grad_recurrent,
    grad_inputs,
):
    """The adjoint of :func:`forward` for one sample.

    ``grad_times`` holds dLoss/dt of each spike, ``grad_final`` [n_state, n] that of the final
    state. Adds to ``grad_weight`` and ``grad_recurrent``; writes dLoss/dt of each input event
    to ``grad_inputs``, unless that is empty.
    """
    n = weight.shape[1]
    adjoint = empty_rows(neuron, n, weight)
    for v in range(len(adjoint)):
        adjoint[v][:] = grad_final[v]
    buffer = empty_rows(neuron, (SEGMENT + 1, n), weight)
    factors = np.empty(n, weight.dtype)
    n_spikes = grad_times.shape[0]

    for segment in range(checkpoints.shape[0] - 1, -1, -1):
        first = segment * SEGMENT
        last = min(first + SEGMENT, steps.shape[0])
        replay(
            neuron,
            units,
            weight,
            recurrent,
            checkpoints[segment],
            steps[first:last],
            sources[first:last],
            buffer,
            factors,
        )
        for k in range(last - first - 1, -1, -1):
            start, end = slot(buffer, k), slot(buffer, k + 1)
            step, source = steps[first + k], sources[first + k]
            if source >= 0:
                unit = units[source]
                add(adjoint[-1], grad_weight[unit])
                if grad_inputs.shape[0] > 0:
                    grad_inputs[source] = arrival_gradient(neuron, weight[unit], end, adjoint)
            elif source <= SPIKE:
                j = SPIKE - source
                n_spikes -= 1
                g = grad_times[n_spikes]
                if recurrent.shape[0] > 0:
                    add(adjoint[-1], grad_recurrent[j])
                    g += arrival_gradient(neuron, recurrent[j], end, adjoint)
                before = flow(neuron, step, load(start, j))
                after = load(adjoint, j)
                store(adjoint, j, spike_adjoint(neuron, before, after, weight.dtype.type(g)))
            adjoint_all(neuron, step, start, adjoint)
        for row in adjoint[:-1]:
            for i in range(n):
                row[i] *= factors[i]


@njit(**OPTIONS)
def states(neuron, units, weight, recurrent, steps, sources, checkpoints, which):
    """State of neuron ``which`` at the end of every step, [n_state, n_steps]."""
    n = weight.shape[1]
    buffer = empty_rows(neuron, (SEGMENT + 1, n), weight)
    factors = np.empty(n, weight.dtype)
    result = np.empty((len(buffer), steps.shape[0]), weight.dtype)
    for segment in range(checkpoints.shape[0]):
        first = segment * SEGMENT
        last = min(first + SEGMENT, steps.shape[0])
        replay(
            neuron,
            units,
            weight,
            recurrent,
            checkpoints[segment],
            steps[first:last],
            sources[first:last],
            buffer,
            factors,
        )
        for v in range(len(buffer)):
            result[v, first:last] = buffer[v][1 : last - first + 1, which]
    return result
