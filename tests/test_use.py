"""What new users did first: layers as they are built, longer training, other folders."""

from __future__ import annotations

import numpy as np
import pytest
import torch

from networks import random_spikes
from spikegrad import IntegratedReadout, MaximumReadout, SpikeTrains, SpikingLayer


@pytest.mark.parametrize(
    ("neuron", "n_units", "rate"),
    [("lif", 20, 10), ("lif", 700, 10), ("qif", 700, 10)],
)
def test_a_layer_spikes_as_it_is_built(neuron: str, n_units: int, rate: int):
    """At ``rate`` spikes per second and unit."""
    torch.manual_seed(0)
    layer = SpikingLayer(n_units, 16, neuron, recurrent=True)
    out = layer(random_spikes(0, 8, rate * n_units, n_units, duration=1.0))
    rates = len(out.times) / 8 / 16
    assert 0.5 < rates < 100
    out.times.sum().backward()
    assert layer.weight.grad.norm() > 0
    assert layer.recurrent_weight.grad.norm() > 0


def test_layers_are_drawn_as_those_of_torch():
    """From torch's generator: a seed gives the same weights, the next layer others."""
    drawn = []
    for _ in range(2):
        torch.manual_seed(3)
        layers = [SpikingLayer(5, 4, recurrent=True), SpikingLayer(5, 4, recurrent=True)]
        layers += [IntegratedReadout(5, 4, 0.02, 0.3), MaximumReadout(5, 4, 0.02)]
        drawn.append([weight.detach() for layer in layers for weight in layer.parameters()])
    for one, other in zip(*drawn, strict=True):
        assert torch.equal(one, other)
    assert not torch.equal(drawn[0][0], drawn[0][2])


@pytest.mark.parametrize(
    "readout", [IntegratedReadout(50, 500, 0.02, 0.3), MaximumReadout(50, 500, 0.02)]
)
def test_a_readout_gives_logits_of_its_scale_as_it_is_built(readout):
    """Each neuron spikes once in each sample, early: logits of the order of 1."""
    early = [np.full(50, 0.01) for _ in range(4)]
    logits = readout(SpikeTrains.from_arrays(early, [np.arange(50)] * 4, 1.0))
    assert 0.3 < logits.square().mean().sqrt() < 3
