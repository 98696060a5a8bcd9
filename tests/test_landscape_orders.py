"""Changes of order that can matter, counted against loops over all pairs."""

from __future__ import annotations

import itertools

import numpy as np
import pytest
import torch

from landscapes import random_objective
from study.landscape.isolation import Line
from study.landscape.orders import Synapses, order_changes
from study.landscape.signature import Spikes, same_counts


def one_layer(
    moments: list[float],
    units: list[int],
    inputs: list[float],
    counts: tuple[int, ...] = (1, 1, 1),
) -> Spikes:
    """Input channel k arrives at ``inputs[k]``; ``units`` spike at ``moments``, ascending."""
    times = [np.array(inputs), np.array(moments)]
    channels = [np.arange(len(inputs)), np.array(units)]
    ranks = [np.searchsorted(times[0], times[1], side="right")]
    return Spikes(0.0, 0.0, times, channels, ranks, 1.0, np.array(counts))


@pytest.mark.parametrize(
    ("weights", "expected"),
    [
        ([1.0, 1.0, 1.0], [1, 0, 0]),
        ([1.0, -3.0, 1.0], [1, 0, 1]),
        ([-1.0, 3.0, 1.0], [1, 0, 0]),
        ([0.0, 0.0, 0.0], [0, 0, 0]),
        ([1.0, -1.0, 0.0], [0, 0, 0]),
    ],
)
def test_inputs_at_one_time_are_one_arrival(weights: list[float], expected: list[int]):
    inputs = [0.2, 0.2, 0.2]
    a, b = one_layer([0.1], [0], inputs), one_layer([0.3], [0], inputs)
    synapses = [Synapses(np.array(weights)[:, None], None)]
    assert order_changes(a, b, synapses).tolist() == expected
    assert order_changes(b, a, synapses).tolist() == expected


def test_an_input_with_a_count_arrives_as_often():
    inputs, counts = [0.2, 0.2, 0.2], (2, 1, 1)
    a, b = (one_layer([t], [0], inputs, counts) for t in (0.1, 0.3))
    for weights, expected in (([1.0, -2.0, 0.0], [0, 0, 0]), ([-1.0, 1.5, 0.0], [1, 0, 1])):
        assert (
            order_changes(a, b, [Synapses(np.array(weights)[:, None], None)]).tolist() == expected
        )


def events(spikes: Spikes, layer: int) -> dict[tuple[int, int], float]:
    """Times by neuron and its spikes' number."""
    found: dict[tuple[int, int], float] = {}
    for unit, time in zip(spikes.units[layer], spikes.times[layer], strict=True):
        found[int(unit), sum(u == unit for u, _ in found)] = float(time)
    return found


@pytest.mark.parametrize("layers", [(10,), (8, 6)])
def test_counts_are_those_of_all_pairs(layers: tuple[int, ...]):
    total = np.zeros(3, int)
    for seed in range(4):
        line = Line(*random_objective("qif", seed, layers))
        a = line.spikes(0.0)
        farther = (line.spikes(0.01 * 0.5**k) for k in itertools.count())
        b = next(s for s in farther if same_counts(a, s))
        for n, weights in enumerate(line.synapses):  # some neurons unconnected
            draw = np.random.default_rng([seed, n])
            for matrix in weights:
                matrix[draw.random(matrix.shape) < 0.3] = 0
        counts = by_pairs(a, b, line.synapses)
        assert order_changes(a, b, line.synapses).tolist() == counts.tolist()
        total += counts
    assert (total > 3).all()


def by_pairs(a: Spikes, b: Spikes, synapses: list[Synapses]) -> np.ndarray:
    counts = np.zeros(3, int)
    for layer, (below, within) in enumerate(synapses, start=1):
        own, lower = ([events(s, n) for s in (a, b)] for n in (layer, layer - 1))
        for s, e in itertools.product(own[0], lower[0]):
            swapped = (own[0][s] >= lower[0][e]) != (own[1][s] >= lower[1][e])
            weight = below[e[0], s[0]]
            counts[0 if layer == 1 else 1] += swapped and weight != 0
            counts[2] += swapped and weight < 0
        for s, e in itertools.combinations(own[0], 2):
            swapped = (own[0][s] < own[0][e]) != (own[1][s] < own[1][e])
            pair = within[s[0], e[0]], within[e[0], s[0]]
            counts[1] += swapped and any(pair)
            counts[2] += swapped and min(pair) < 0
    return counts


def test_synapses_are_those_at_the_start_of_the_line():
    objective, weights, direction = random_objective("lif", 0)
    objective.set_weights(weights + direction)
    line = Line(objective, weights, direction)
    line.spikes(1e-4)
    flat = torch.cat([torch.from_numpy(w).flatten() for w in line.synapses[0]])
    assert torch.equal(flat, weights[: len(flat)])
