"""Changes of the order of spikes and of what arrives at their neurons."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from torch import Tensor

from study.landscape.objective import Objective
from study.landscape.signature import Spikes


class Synapses(NamedTuple):
    """Weights of a spiking layer, [n_in, n] and [n, n]; None without recurrence."""

    input: np.ndarray
    recurrent: np.ndarray | None


def synapses_of(objective: Objective) -> list[Synapses]:
    """Those of each spiking layer, with the weights that the network has now."""

    def copy(weights: Tensor) -> np.ndarray:
        return weights.detach().numpy().copy()

    return [
        Synapses(
            copy(layer.weight),
            None if layer.recurrent_weight is None else copy(layer.recurrent_weight),
        )
        for layer in objective.layers
    ]


def order_changes(a: Spikes, b: Spikes, synapses: list[Synapses]) -> np.ndarray:
    """How often, at least, a spike and something that arrives at its neuron swap order.

    Between two points where each neuron spikes as often; of a swap and its undoing neither
    counts. Inputs at one time arrive as one, with the sum of their weights. What arrives with
    weight 0 does not count, and neither do two spikes of neurons that are not connected. Three
    numbers: swaps with the network's input, with other spikes, and those of both where the arrival
    is inhibitory.
    """
    counts = np.zeros(3, int)
    for layer, (below, within) in enumerate(synapses, start=1):
        passed = _passed_below(a, b, layer, below)
        counts[0 if layer == 1 else 1] += len(passed)
        counts[2] += (passed < 0).sum()
        if within is not None:
            u, v = _exchanged(a, b, layer)
            pairs = np.stack([within[u, v], within[v, u]])  # each arrives at the other
            counts[1] += (pairs != 0).any(axis=0).sum()
            counts[2] += (pairs < 0).any(axis=0).sum()
    return counts


def _by_neuron(spikes: Spikes, layer: int) -> np.ndarray:
    """Places of a layer's spikes, sorted by neuron, then time; the input's as they come."""
    if layer == 0:
        return np.arange(len(spikes.times[0]))
    return np.argsort(spikes.units[layer], kind="stable")


def _passed_below(a: Spikes, b: Spikes, layer: int, weights: np.ndarray) -> np.ndarray:
    """Weights, none of them 0, of arrivals from below that spikes of ``layer`` pass."""
    own, events = ([_by_neuron(s, n) for s in (a, b)] for n in (layer, layer - 1))
    if layer == 1:  # the input does not move: ranks show which spikes pass any of it
        ranks = [s.ranks[0][o] for s, o in zip((a, b), own, strict=True)]
        own = [o[ranks[0] != ranks[1]] for o in own]
    # a spike at the very time of an arrival counts as later, in `ranks` as well
    after = [
        s.times[layer][o][:, None] >= s.times[layer - 1][e]
        for s, o, e in zip((a, b), own, events, strict=True)
    ]
    spike, event = np.nonzero(after[0] != after[1])
    if len(spike) == 0:
        return np.empty(0)
    spikes, arrivals = own[0][spike], events[0][event]
    weight = weights[a.units[layer - 1][arrivals], a.units[layer][spikes]]
    if layer == 1:
        weight = weight * a.counts[arrivals]
    moment = a.times[layer - 1][arrivals]
    new = np.r_[True, (np.diff(spike) != 0) | (np.diff(moment) != 0)]
    total = np.add.reduceat(weight, np.flatnonzero(new))
    return total[total != 0]


def _exchanged(a: Spikes, b: Spikes, layer: int) -> tuple[np.ndarray, np.ndarray]:
    """Neurons of the pairs of spikes of ``layer`` that come in the other order."""
    orders = [_by_neuron(s, layer) for s in (a, b)]
    place = np.empty(len(orders[0]), int)
    place[orders[0]] = orders[1]  # where each spike of a comes in b
    farthest = int(np.abs(place - np.arange(len(place))).max(initial=0))
    pairs = [np.empty((2, 0), int)]
    for step in range(1, 2 * farthest + 1):
        first = np.flatnonzero(place[:-step] > place[step:])
        pairs.append(np.stack([first, first + step]))
    first, second = a.units[layer][np.concatenate(pairs, axis=1)]
    return first, second
