"""Loops over a layer's neurons: each does one thing to a row of states, weights or gradients.

States live in slots of a buffer [n_slots, n_state, n]. The loops take the buffer and a slot, work
without reference counts, and are inlined: counting is atomic, and handing over an array means
handing over a dozen fields; either costs more than the arithmetic on a row.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from llvmlite import ir
from numba import types
from numba.extending import intrinsic

from spikegrad.engine import njit
from spikegrad.engine.formulas import (
    FAST,
    additive,
    arrival_gradient,
    arrive,
    arrive_adjoint,
    crossed,
    flow,
    flow_adjoint,
    input_current,
    load,
    near,
    propagator,
    rescaled,
    root,
    scale,
    store,
    store_moved,
    weight_gradient,
)

# Numbers of neurons are whole multiples of this: rows fill whole registers. The neurons that only
# fill up have no input, and their spikes, if a drive makes them spike, are passed over.
LANES = 16

NEVER = 2.0  # a step beyond all others

KERNEL = {"nogil": True, "cache": True, **FAST}  # what Python calls; all else are parts of these
IN_PLACE = {**KERNEL, "_nrt": False}  # without reference counts
PART = {**FAST, "_nrt": False}
INLINED = {**PART, "forceinline": True}
# Loops over a row, no neuron of which needs what another is given.
ROW = {**PART, "independent": True}
INLINED_ROW = {**INLINED, "independent": True}
# For sums whose order may be any fixed one.
REDUCTION = {**INLINED_ROW, "fastmath": {"contract", "reassoc"}}


class Found(NamedTuple):
    """Room for what looks for spikes."""

    neurons: np.ndarray
    """The neurons found, in its first places, int64 [n]."""
    marks: np.ndarray
    """Whether each neuron may be one of them, uint8 [n and what fills up a multiple of 64]."""
    lanes: np.ndarray
    """Room for :func:`largest_current`, [LANES]."""
    lengths: np.ndarray
    """Room for lengths of steps d, float64 [n, or SEGMENT if that is more]."""
    times: np.ndarray
    """Room for the times of the neurons' spikes, float64 [n]."""
    ranks: np.ndarray
    """Room for their order, int64 [n]."""
    few: np.ndarray
    """Room for states of the neurons found, [2, n_state, n]."""
    n_out: int
    """Neurons of the layer; the others only fill up."""


@intrinsic
def lowest_bit(typing_context, word):
    """The number of the lowest bit of a uint64 other than 0."""

    def generate(context, builder, signature, arguments):
        return builder.cttz(arguments[0], ir.Constant(ir.IntType(1), 1))

    return types.int64(types.uint64), generate


@intrinsic
def bits_of(typing_context, marks, word):
    """Which of the 64 ``marks`` from 64 * ``word`` on are 1, not 0, as the bits of a uint64.

    They are read eight at a time: a processor hands over what has just been written, and is not in
    its cache yet, where no more is read at once than was written.
    """

    def generate(context, builder, signature, arguments):
        array = context.make_array(signature.args[0])(context, builder, arguments[0])
        size = ir.IntType(64)
        first = builder.mul(arguments[1], ir.Constant(size, 64))
        place = builder.bitcast(builder.gep(array.data, [first]), size.as_pointer())
        bits = ir.Constant(size, 0)
        for k in range(8):
            own = builder.gep(place, [ir.Constant(size, k)])
            eight = builder.load_atomic(own, "monotonic", 8)  # which LLVM leaves alone
            # moves the byte i's lowest bit to 56 + i
            moved = builder.mul(eight, ir.Constant(size, 0x0102040810204080))
            byte = builder.lshr(moved, ir.Constant(size, 56))
            bits = builder.or_(bits, builder.shl(byte, ir.Constant(size, 8 * k)))
        return bits

    return types.uint64(marks, types.int64), generate


@intrinsic
def next_number(typing_context, counter):
    """The number in ``counter``, int64 [1], which is counted up for whoever comes next."""

    def generate(context, builder, signature, arguments):
        array = context.make_array(signature.args[0])(context, builder, arguments[0])
        return builder.atomic_rmw("add", array.data, ir.Constant(ir.IntType(64), 1), "monotonic")

    return types.int64(counter), generate


@njit(**INLINED_ROW)
def flow_all(neuron, d, buffer, k, end):
    """Flow all neurons by ``d``, from slot ``k`` to slot ``end``."""
    step = propagator(neuron, d)
    for i in range(buffer.shape[2]):
        store(neuron, buffer, end, i, flow(neuron, step, load(neuron, buffer, k, i)))


@njit(**INLINED_ROW)
def flow_and_find(neuron, d, buffer, k, end, found):
    """Flow all neurons by ``d``, from slot ``k`` to slot ``end``; how many spike on the way.

    They are written to ``found``.
    """
    step, some, marks = propagator(neuron, d), False, found.marks
    for i in range(buffer.shape[2]):
        start = load(neuron, buffer, k, i)
        after = flow(neuron, step, start)
        store(neuron, buffer, end, i, after)
        maybe = near(neuron, d, start, after)
        marks[i] = maybe
        some |= maybe
    if some and d > 0:
        return find_crossed(neuron, d, buffer, k, end, found)
    return 0


@njit(**INLINED)
def find_crossed(neuron, d, buffer, k, end, found):
    """How many of the neurons marked spiked between slots k and ``end``, written to ``found``."""
    neurons, marks, n_out = found.neurons, found.marks, found.n_out
    count = 0
    for w in range(marks.shape[0] // 64):
        word = bits_of(marks, w)
        while word != 0:
            i = 64 * w + lowest_bit(word)
            word &= word - np.uint64(1)
            start, after = load(neuron, buffer, k, i), load(neuron, buffer, end, i)
            neurons[count] = i
            count += (i < n_out) & crossed(neuron, d, start, after)
    return count


@njit(**INLINED_ROW)
def mark(neuron, d, buffer, k, found):
    """Mark those of slot ``k`` that may spike within a step ``d``; whether there are any."""
    step, some, marks = propagator(neuron, d), False, found.marks
    for i in range(buffer.shape[2]):
        start = load(neuron, buffer, k, i)
        maybe = near(neuron, d, start, flow(neuron, step, start))
        marks[i] = maybe
        some |= maybe
    return some


@njit(**INLINED)
def first_spike(neuron, d, buffer, k, also, found):
    """The earliest spike within a step ``d`` from slot ``k`` of the neurons marked; and of ``also``
    (or -1), which is asked whatever its mark.

    Returns how many spike, how far into the step the first does (float64), and which it is.
    """
    if d <= 0:
        return 0, float(d), also
    step = propagator(neuron, d)
    count, first, which = 0, NEVER, also
    word_also, bit = also >> 6, np.uint64(1) << np.uint64(also & 63)
    for w in range(found.marks.shape[0] // 64):
        word = bits_of(found.marks, w)
        if w == word_also:
            word |= bit
        while word != 0:
            i = 64 * w + lowest_bit(word)
            word &= word - np.uint64(1)
            start = load(neuron, buffer, k, i)
            spikes = (i < found.n_out) & crossed(neuron, d, start, flow(neuron, step, start))
            count += spikes
            # without a branch, which would be foreseen wrongly: that costs more than a root
            candidate = root(neuron, d, start) + NEVER * (1 - spikes)
            if candidate < first:
                first, which = candidate, i
    return count, first if count > 0 else float(d), which


@njit(**ROW)
def copy_slot(source, k, target, m):
    for v in range(source.shape[1]):
        for i in range(source.shape[2]):
            target[m, v, i] = source[k, v, i]


@njit(**ROW)
def rescale_all(neuron, buffer, k, factors):
    """Bring the states of slot k into range by ``factors`` [n], returned there."""
    for i in range(factors.shape[0]):
        factors[i] = scale(neuron, load(neuron, buffer, k, i))
    apply_factors(neuron, buffer, k, factors)


@njit(**INLINED_ROW)
def apply_factors(neuron, buffer, k, factors):
    """Rescale the states, or their adjoints, of slot k."""
    for i in range(factors.shape[0]):
        store(neuron, buffer, k, i, rescaled(neuron, load(neuron, buffer, k, i), factors[i]))


@njit(**INLINED)
def count_of(counts, event):
    """How many spikes ``event`` stands for."""
    return counts[event] if counts.shape[0] > 0 else counts.dtype.type(1)


@njit(**REDUCTION)
def product(rows, k, other, m):
    """The scalar product of two rows."""
    total = rows.dtype.type(0)
    for i in range(rows.shape[1]):
        total += rows[k, i] * other[m, i]
    return total


@njit(**INLINED_ROW)
def add_row(source, place, count, target, row):
    """Add ``count`` times a row of ``source`` to one of ``target``."""
    for i in range(target.shape[1]):
        target[row, i] += count * source[place, i]


@njit(**INLINED_ROW)
def receive(neuron, weight, unit, count, buffer, k):
    """``count`` spikes of ``unit`` arrive over its row of weights at the neurons of slot k."""
    for i in range(buffer.shape[2]):
        after = arrive(neuron, load(neuron, buffer, k, i), count * weight[unit, i])
        store_moved(neuron, buffer, k, i, after)


@njit(**ROW)
def receive_four(neuron, weight, units, counts, first, buffer, k):
    """The same for four events that arrive together, in their order."""
    a, b, c, d = units[first], units[first + 1], units[first + 2], units[first + 3]
    n_a, n_b = count_of(counts, first), count_of(counts, first + 1)
    n_c, n_d = count_of(counts, first + 2), count_of(counts, first + 3)
    for i in range(buffer.shape[2]):
        s = arrive(neuron, load(neuron, buffer, k, i), n_a * weight[a, i])
        s = arrive(neuron, arrive(neuron, s, n_b * weight[b, i]), n_c * weight[c, i])
        store_moved(neuron, buffer, k, i, arrive(neuron, s, n_d * weight[d, i]))


@njit(**INLINED)
def receive_all(neuron, weight, units, counts, first, after, buffer, k):
    """The events from ``first`` until ``after`` arrive together."""
    fours = (after - first) // 4
    for f in range(fours):
        receive_four(neuron, weight, units, counts, first + 4 * f, buffer, k)
    for e in range(first + 4 * fours, after):
        receive(neuron, weight, units[e], count_of(counts, e), buffer, k)


@njit(**INLINED_ROW)
def withdraw(neuron, weight, unit, count, buffer, k):
    """The states of slot k without the last event that arrived: ``count`` spikes of ``unit``.

    Where the adjoint does not depend on it, they are left as they are.
    """
    if additive(neuron):
        return
    for i in range(buffer.shape[2]):
        before = arrive(neuron, load(neuron, buffer, k, i), -count * weight[unit, i])
        store_moved(neuron, buffer, k, i, before)


@njit(**PART)
def largest_current(neuron, buffer, k, lanes):
    """The largest |I| of slot k, by way of the largest of each lane."""
    for i in range(LANES):
        lanes[i] = 0
    for block in range(0, buffer.shape[2], LANES):
        for i in range(LANES):
            current = abs(input_current(neuron, load(neuron, buffer, k, block + i)))
            lanes[i] = current if current > lanes[i] else lanes[i]
    largest = lanes[0]
    for i in range(1, LANES):
        largest = max(largest, lanes[i])
    return float(largest)


@njit(**INLINED_ROW)
def adjoint_all(neuron, d, buffer, k, adjoint):
    """Take the adjoint of all neurons back through the step ``d`` that started at slot k."""
    step = propagator(neuron, d)
    for i in range(buffer.shape[2]):
        before = flow_adjoint(neuron, step, load(neuron, buffer, k, i), load(neuron, adjoint, 0, i))
        store(neuron, adjoint, 0, i, before)


@njit(**INLINED_ROW)
def add_weight_gradient(neuron, unit, count, buffer, k, adjoint, gradient):
    """Add dLoss/dw of ``count`` spikes of ``unit`` that have arrived in slot k."""
    for i in range(adjoint.shape[2]):
        state, after = load(neuron, buffer, k, i), load(neuron, adjoint, 0, i)
        gradient[unit, i] += count * weight_gradient(neuron, state, after)


@njit(**INLINED_ROW)
def receive_adjoint(neuron, weight, unit, count, buffer, k, adjoint):
    """Take the adjoint of all neurons back through the arrival of ``count`` spikes of ``unit``."""
    for i in range(adjoint.shape[2]):
        state, after = load(neuron, buffer, k, i), load(neuron, adjoint, 0, i)
        store(neuron, adjoint, 0, i, arrive_adjoint(neuron, state, count * weight[unit, i], after))


@njit(**ROW)
def receive_four_adjoint(neuron, weight, units, counts, first, buffer, k, adjoint):
    """The same for four events that have arrived together."""
    a, b, c, d = units[first], units[first + 1], units[first + 2], units[first + 3]
    n_a, n_b = count_of(counts, first), count_of(counts, first + 1)
    n_c, n_d = count_of(counts, first + 2), count_of(counts, first + 3)
    for i in range(adjoint.shape[2]):
        state, after = load(neuron, buffer, k, i), load(neuron, adjoint, 0, i)
        after = arrive_adjoint(neuron, state, n_d * weight[d, i], after)
        after = arrive_adjoint(neuron, state, n_c * weight[c, i], after)
        after = arrive_adjoint(neuron, state, n_b * weight[b, i], after)
        store(neuron, adjoint, 0, i, arrive_adjoint(neuron, state, n_a * weight[a, i], after))


@njit(**INLINED)
def receive_all_adjoint(neuron, weight, units, counts, first, after, buffer, k, adjoint):
    """The same for all events from ``first`` until ``after``."""
    rest = first + (after - first) // 4 * 4
    for e in range(after - 1, rest - 1, -1):
        receive_adjoint(neuron, weight, units[e], count_of(counts, e), buffer, k, adjoint)
    for e in range(rest - 4, first - 1, -4):
        receive_four_adjoint(neuron, weight, units, counts, e, buffer, k, adjoint)


@njit(**REDUCTION)
def arrival_gradient_sum(neuron, weight, unit, count, buffer, k, adjoint):
    """dLoss/dt of ``count`` spikes of ``unit`` that have arrived in slot k."""
    total = weight.dtype.type(0)
    for i in range(buffer.shape[2]):
        state, after = load(neuron, buffer, k, i), load(neuron, adjoint, 0, i)
        arriving = count * weight[unit, i]
        total += arriving * arrival_gradient(neuron, state, arriving, after)
    return total


@njit(**INLINED_ROW)
def arrival_gradient_row(neuron, weight, unit, buffer, k, adjoint, slopes):
    """Write dLoss/dt of weights of 1 within those of ``unit`` that have arrived in slot k."""
    for i in range(buffer.shape[2]):
        state, after = load(neuron, buffer, k, i), load(neuron, adjoint, 0, i)
        slopes[unit, i] = arrival_gradient(neuron, state, weight[unit, i], after)
