"""The first paper's starting point: QIF losses are continuous, LIF losses are not."""

from typing import Any

import numpy as np
import pytest
import torch
from torch.nn.functional import cross_entropy

from networks import random_layer, random_spikes
from spikegrad.readouts import IntegratedReadout

LABELS = torch.arange(6) % 4


def line(neuron: str, seed: int, drive: float = 0.0, **options: Any):
    """A recurrent network's loss as a function of the position on a random line through it."""
    spikes = random_spikes(seed, n_samples=6, n_events=60)
    layer = random_layer(neuron, spikes, n_out=12, seed=seed, drive=drive, **options)
    readout = IntegratedReadout(12, 4, tau_out=0.02, window=0.1, dtype=torch.float64)
    generator = torch.Generator().manual_seed(seed)
    readout.weight.data.normal_(generator=generator).mul_(200.0)
    parameters = list(layer.parameters())
    origin = [p.detach().clone() for p in parameters]
    direction = [
        p.std() * torch.randn(p.shape, generator=generator, dtype=torch.float64) for p in origin
    ]

    @torch.no_grad()
    def loss(position: float) -> float:
        for parameter, start, step in zip(parameters, origin, direction, strict=True):
            parameter.copy_(start + position * step)
        layer.bound()
        return cross_entropy(readout(layer(spikes)), LABELS).item()

    return loss


def steepest(loss, n_points: int = 101) -> dict[float, float]:
    """|change| of the loss over ever shorter intervals around its steepest point."""
    grid = np.linspace(-0.5, 0.5, n_points)
    values = [loss(x) for x in grid]
    k = int(np.argmax(np.abs(np.diff(values))))
    left, right, low, high = grid[k], grid[k + 1], values[k], values[k + 1]
    changes = {}
    while right - left > 1e-13:
        changes[right - left] = abs(high - low)
        middle = (left + right) / 2
        value = loss(middle)
        if abs(value - low) >= abs(high - value):
            right, high = middle, value
        else:
            left, low = middle, value
    return changes


@pytest.mark.parametrize(
    ("neuron", "drive", "seed"),
    [("qif", 0.0, 0), ("qif", 0.5, 1), ("qif", 1.25, 2), ("qif", 1.25, 3), ("qif_delta", 0.5, 3)],
)
def test_a_qif_loss_changes_less_and_less_over_shorter_intervals(neuron, drive, seed):
    """It may be very steep, where a neuron hesitates at the separatrix, but never jumps."""
    changes = np.array(list(steepest(line(neuron, seed, drive)).values()))
    assert changes[-1] < 1e-6 * changes[0]
    assert np.median(changes[-9:-1] / changes[-8:]) == pytest.approx(2, rel=0.1)


@pytest.mark.parametrize(("neuron", "drive"), [("qif", 0.0), ("qif", 0.5), ("qif_delta", 0.5)])
@pytest.mark.parametrize("kind", [{"delays": "axonal"}, {"delays": "synaptic", "grid": 0.004}])
def test_a_qif_loss_is_continuous_in_delays(neuron, drive, kind):
    delays = {**kind, "max_delay": 0.06, "min_delay": 0.001}
    changes = np.array(list(steepest(line(neuron, 4, drive, **delays)).values()))
    assert changes[-1] < 1e-6 * changes[0]


@pytest.mark.parametrize(
    ("neuron", "seed", "drive"),
    [
        ("lif", 0, 0.0),
        ("lif", 1, 0.5),
        *(pytest.param(n, 0, 0.0, marks=pytest.mark.weekly) for n in ("lif_refractory", "qif_cut")),
    ],
)
def test_a_loss_jumps_where_spikes_can_vanish(neuron, seed, drive):
    changes = np.array(list(steepest(line(neuron, seed, drive)).values()))
    assert changes[-1] > 1e-3
    assert changes[-1] == pytest.approx(changes[-20], rel=1e-3)
