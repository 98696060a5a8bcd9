"""One sample's spikes at a point of a line: what makes two points differ, and where.

The *signature* of a spiking layer is the sequence of neurons that spike, interleaved with the
layer's input: for each spike its neuron and how many input events came before it. As long as the
signature stays the same, spike times are smooth functions of the weights.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from itertools import pairwise
from typing import NamedTuple

import numpy as np

from study.landscape.objective import Evaluation

TINY = 5e-324


@dataclass(frozen=True, eq=False)
class Spikes:
    """All spikes of one sample at one point, with the loss.

    ``times`` in seconds and ``units`` are one array for the input, then for each spiking layer;
    ``ranks`` holds for each spike of a spiking layer the number of input events before it, and
    ``counts`` how many spikes each event of the network's input stands for.
    """

    x: float
    loss: float
    times: list[np.ndarray]
    units: list[np.ndarray]
    ranks: list[np.ndarray]
    duration: float
    counts: np.ndarray

    @cached_property
    def by_neuron(self) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
        """Layers, units and times of all spikes but the input's, sorted by neuron, then time."""
        layers = np.concatenate([np.full(len(t), n) for n, t in enumerate(self.times) if n > 0])
        units, times = np.concatenate(self.units[1:]), np.concatenate(self.times[1:])
        order = np.lexsort((times, units, layers))
        return layers[order], units[order], times[order]


class Event(NamedTuple):
    """A spike, counted per neuron from 0; layer 0 is the input, and unit -1 the sample's end."""

    layer: int
    unit: int
    number: int

    def time(self, spikes: Spikes) -> float:
        """Its time in seconds, and twice the sample's duration where it does not happen."""
        if self.unit < 0:
            return spikes.duration
        own = np.flatnonzero(spikes.units[self.layer] == self.unit)
        if self.number >= len(own):
            return 2 * spikes.duration
        return float(spikes.times[self.layer][own[self.number]])


class Order(NamedTuple):
    """Two events that come in one order at one point, and in the other at another."""

    first: Event
    second: Event

    def lag(self, spikes: Spikes) -> float:
        """Seconds that ``first`` comes after ``second``; never 0, since one of them is earlier."""
        lag = self.first.time(spikes) - self.second.time(spikes)
        # a spike at the very time of an input event counts as later, in `ranks` as well
        return lag or (TINY if self.second.layer < self.first.layer else -TINY)


def spikes_of(x: float, found: Evaluation) -> Spikes:
    """The spikes of an :class:`Evaluation` of a single sample."""
    times = [train.times.detach().numpy() for train in found.trains]
    units = [train.units.numpy() for train in found.trains]
    ranks = [np.searchsorted(a, b, side="right") for a, b in pairwise(times)]
    given = found.trains[0]
    counts = given.multiplicities.numpy()
    return Spikes(x, float(found.loss), times, units, ranks, given.duration, counts)


def same_signature(a: Spikes, b: Spikes) -> bool:
    """Whether the same neurons spike in the same order, with the same input between them."""
    pairs = zip(a.units[1:] + a.ranks, b.units[1:] + b.ranks, strict=True)
    return all(np.array_equal(x, y) for x, y in pairs)


def same_counts(a: Spikes, b: Spikes) -> bool:
    """Whether each neuron spikes as often."""
    pairs = zip(a.by_neuron[:2], b.by_neuron[:2], strict=True)
    return all(np.array_equal(x, y) for x, y in pairs)


def first_difference(a: Spikes, b: Spikes) -> Order:
    """The earliest events in time whose order differs; it is (first, second) at ``a``."""
    found = []
    for layer in range(1, len(a.times)):
        place = _first_place(a, b, layer)
        if place is not None:
            here = [s.times[layer][place] for s in (a, b) if place < len(s.times[layer])]
            found.append((min(here), layer, place))
    _, layer, place = min(found)
    sides = [_event(s, layer, place) for s in (a, b)]
    if sides[0] != sides[1]:
        return Order(*sides)
    # The same spike, before or after an input event.
    ranks = [int(s.ranks[layer - 1][place]) for s in (a, b)]
    event = _event(a, layer - 1, min(ranks))
    return Order(sides[0], event) if ranks[0] < ranks[1] else Order(event, sides[0])


def _first_place(a: Spikes, b: Spikes, layer: int) -> int | None:
    n_a, n_b = len(a.units[layer]), len(b.units[layer])
    n = min(n_a, n_b)
    differs = (a.units[layer][:n] != b.units[layer][:n]) | (
        a.ranks[layer - 1][:n] != b.ranks[layer - 1][:n]
    )
    if differs.any():
        return int(differs.argmax())
    return n if n_a != n_b else None


def _event(spikes: Spikes, layer: int, place: int) -> Event:
    units = spikes.units[layer]
    if place >= len(units):
        return Event(layer, -1, 0)
    return Event(layer, int(units[place]), int((units[:place] == units[place]).sum()))
