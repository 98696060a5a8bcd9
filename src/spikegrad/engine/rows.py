"""Loops over a layer's neurons: each does one thing to a row of states, weights or gradients.

States live in slots of a buffer [n_slots, n_state, n]. The loops take the buffer and a slot, work
without reference counts, and are inlined: counting is atomic, and handing over an array means
handing over a dozen fields; either costs more than the arithmetic on a row.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np

from spikegrad.engine import njit
from spikegrad.engine.formulas import (
    FAST,
    arrival_adjoint,
    crossed,
    flow,
    flow_adjoint,
    load,
    near,
    scale,
    store,
)

# Numbers of neurons are whole multiples of this: rows fill whole registers. Neurons that only fill
# up have no input and never spike.
LANES = 16

ALLOCATING = {"nogil": True, "cache": True, **FAST}
OPTIONS = {**ALLOCATING, "_nrt": False}  # without reference counts
INLINED = {**OPTIONS, "forceinline": True}
# For sums whose order may be any fixed one.
REDUCTION = {**INLINED, "fastmath": {"contract", "reassoc"}}


class Found(NamedTuple):
    """Room for :func:`find_crossed`."""

    neurons: np.ndarray
    """The neurons found, in its first places, int64 [n]."""
    marks: np.ndarray
    """Whether each neuron is one of them, uint8 [n]."""
    words: np.ndarray
    """The same memory, uint64 [n / 8]: eight neurons are passed over at a time."""


@njit(**INLINED)
def flow_all(neuron, d, buffer, k, end):
    """Flow all neurons by ``d``, from slot ``k`` to slot ``end``."""
    for i in range(buffer.shape[2]):
        store(neuron, buffer, end, i, flow(neuron, d, load(neuron, buffer, k, i)))


@njit(**INLINED)
def any_near(neuron, d, buffer, k, end):
    """Whether a neuron may have spiked from slot k to ``end``."""
    found = False
    for i in range(buffer.shape[2]):
        start, after = load(neuron, buffer, k, i), load(neuron, buffer, end, i)
        found |= near(neuron, d, start, after)
    return found


@njit(**INLINED)
def find_crossed(neuron, d, buffer, k, end, found):
    """Write the neurons that spiked between slots k and ``end`` to ``found``; their number."""
    neurons, marks, words = found
    for i in range(marks.shape[0]):
        start, after = load(neuron, buffer, k, i), load(neuron, buffer, end, i)
        marks[i] = near(neuron, d, start, after) & crossed(neuron, d, start, after)
    count = 0
    for w in range(words.shape[0]):
        if words[w] != 0:
            for i in range(8 * w, 8 * w + 8):
                if marks[i]:
                    neurons[count] = i
                    count += 1
    return count


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


@njit(**INLINED)
def add_current(weight, unit, buffer, k):
    """A spike arrives: add its row of weights to the currents of slot k."""
    v = buffer.shape[1] - 1
    for i in range(buffer.shape[2]):
        buffer[k, v, i] += weight[unit, i]


@njit(**OPTIONS)
def add_four_currents(weight, units, first, buffer, k):
    """The same for four spikes that arrive together, in their order."""
    v = buffer.shape[1] - 1
    a, b, c, d = units[first], units[first + 1], units[first + 2], units[first + 3]
    for i in range(buffer.shape[2]):
        current = buffer[k, v, i] + weight[a, i] + weight[b, i]
        buffer[k, v, i] = current + weight[c, i] + weight[d, i]


@njit(**INLINED)
def add_currents(weight, units, first, after, buffer, k):
    """The spikes from ``first`` until ``after`` arrive together."""
    fours = (after - first) // 4
    for f in range(fours):
        add_four_currents(weight, units, first + 4 * f, buffer, k)
    for e in range(first + 4 * fours, after):
        add_current(weight, units[e], buffer, k)


@njit(**OPTIONS)
def largest_current(buffer, k):
    v = buffer.shape[1] - 1
    largest = 0.0
    for i in range(buffer.shape[2]):
        largest = max(largest, abs(buffer[k, v, i]))
    return largest


@njit(**INLINED)
def adjoint_all(neuron, d, buffer, k, adjoint):
    """Take the adjoint of all neurons back through the step ``d`` that started at slot k."""
    for i in range(buffer.shape[2]):
        before = flow_adjoint(neuron, d, load(neuron, buffer, k, i), load(neuron, adjoint, 0, i))
        store(neuron, adjoint, 0, i, before)


@njit(**INLINED)
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
