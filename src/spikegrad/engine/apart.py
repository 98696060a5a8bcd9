"""Spikes within a step in which no neuron drives another: all of them at once.

The states of the neurons that spike are brought together in the first places of a small buffer,
where loops over them fill whole registers; the last one stands in all places that are left of one.
"""

from __future__ import annotations

import math

from spikegrad.engine import njit
from spikegrad.engine.formulas import (
    crossed,
    flow,
    load,
    propagator,
    remainder,
    root,
    spike,
    store,
    through_spike,
    through_spike_adjoint,
)
from spikegrad.engine.rows import INLINED, LANES, PART, ROW


@njit(**INLINED)
def whole(n):
    """``n``, or the next number of neurons that fills whole registers."""
    return (n + LANES - 1) // LANES * LANES


@njit(**ROW)
def bring(neuron, buffer, k, units, first, n, few, slot):
    """Copy the states of slot ``k`` of the ``n`` neurons from ``units[first]`` on to ``few``."""
    for f in range(whole(n)):
        j = units[first + min(f, n - 1)]
        store(neuron, few, slot, f, load(neuron, buffer, k, j))


@njit(**ROW)
def bring_back(neuron, few, slot, units, first, n, buffer, k):
    """Copy them back."""
    for f in range(n):
        store(neuron, buffer, k, units[first + f], load(neuron, few, slot, f))


@njit(**ROW)
def take_logarithms(lengths, n):
    """Of the first ``n`` steps d, their times -log(1 - d) in units of tau (float64).

    Nearly all steps are short, and log(1 - d) then is a short series, that of
    log((1 - y) / (1 + y)) with y = d / (2 - d), exact to float64's last bit or two for d < 0.3.
    """
    for k in range(whole(n)):
        d = lengths[k]
        y = d / (2.0 - d)
        square = y * y
        total = 0.0
        for power in range(21, 0, -2):
            total = total * square + 2.0 / power
        lengths[k] = y * total if d < 0.3 else -d
    for k in range(n):
        if lengths[k] < 0.0:
            lengths[k] = -math.log1p(lengths[k])


@njit(**ROW)
def spike_apart(neuron, d, n, found):
    """Take the first ``n`` of ``found.few`` through their spikes in a step ``d``.

    Slot 0 has their states before the step, slot 1 those after it without spikes, which the others
    replace. Spikes' places in the step go to ``found.lengths``. Returns whether one of the neurons
    spikes twice.
    """
    few, lengths, again = found.few, found.lengths, False
    for f in range(whole(n)):
        start, end = load(neuron, few, 0, f), load(neuron, few, 1, f)
        place = root(neuron, d, start)
        first = type(d)(place)
        after = spike(neuron, flow(neuron, propagator(neuron, first), start))
        rest = remainder(d, first)
        last = flow(neuron, propagator(neuron, rest), after)
        again |= (rest > 0) & crossed(neuron, rest, after, last)
        store(neuron, few, 1, f, through_spike(neuron, d, first, start, end))
        lengths[f] = place
    return again


@njit(**PART)
def room_for_one(neuron, d, n, found):
    """A step at most ``d`` in which none of the first ``n`` of ``found.few`` spikes twice
    (float64)."""
    room = float(d)
    for f in range(n):
        start = load(neuron, found.few, 0, f)
        first = root(neuron, d, start)
        after = spike(neuron, flow(neuron, propagator(neuron, type(d)(first)), start))
        rest = remainder(d, type(d)(first))
        end = flow(neuron, propagator(neuron, rest), after)
        if rest > 0 and crossed(neuron, rest, after, end):
            second = root(neuron, rest, after)
            room = min(room, first + (1.0 - first) * second / 2.0)
    return room


@njit(**INLINED)
def write_spikes(neuron, now, until, number, n, found, record, first):
    """Log the first ``n`` of ``found``, which spike in the step ``number`` from ``now`` until
    ``until``, from the place ``first`` on: in the order of their times, then units."""
    lengths, times, ranks = found.lengths, found.times, found.ranks
    for f in range(whole(n)):
        times[f], ranks[f] = lengths[f], 0
    take_logarithms(times, n)
    for f in range(whole(n)):
        times[f] = min(until, now + neuron.tau * times[f])
    for g in range(n):
        time = times[g]
        for f in range(whole(n)):
            ranks[f] += (time < times[f]) | ((time == times[f]) & (g < f))
    for f in range(n):
        m = first + ranks[f]
        record.times[m], record.units[m] = times[f], found.neurons[f]
        record.delays[m], record.spike_steps[m] = lengths[f], number


@njit(**ROW)
def replay_apart(neuron, d, record, first, n, buffer, k, end, few):
    """Take the neurons of ``n`` logged spikes through them, from slot ``k`` to slot ``end``."""
    bring(neuron, buffer, k, record.units, first, n, few, 0)
    bring(neuron, buffer, end, record.units, first, n, few, 1)
    for f in range(whole(n)):
        start, plain = load(neuron, few, 0, f), load(neuron, few, 1, f)
        place = record.delays[first + min(f, n - 1)]
        store(neuron, few, 1, f, through_spike(neuron, d, place, start, plain))
    bring_back(neuron, few, 1, record.units, first, n, buffer, end)


@njit(**ROW)
def retreat_apart(neuron, d, record, first, n, gradients, buffer, k, few, adjoint):
    """Take their adjoints back, given dLoss/dt of the spikes.

    Slot 1 of ``few`` has those after the step, ``adjoint`` all that are taken back without spikes.
    """
    bring(neuron, buffer, k, record.units, first, n, few, 0)
    bring(neuron, adjoint, 0, record.units, first, n, few, 2)
    for f in range(whole(n)):
        m = first + min(f, n - 1)
        start, after = load(neuron, few, 0, f), load(neuron, few, 1, f)
        plain, g = load(neuron, few, 2, f), type(d)(gradients[m])
        place = record.delays[m]
        before = through_spike_adjoint(neuron, d, place, start, after, plain, g)
        store(neuron, few, 2, f, before)
    bring_back(neuron, few, 2, record.units, first, n, adjoint, 0)
