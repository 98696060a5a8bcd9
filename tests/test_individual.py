"""Neurons of a layer that have time constants of their own."""

from dataclasses import replace
from typing import Any

import numpy as np
import pytest
import torch

from networks import random_layer, random_spikes
from oracle import assert_gradients, assert_spikes, integrate, sample_of
from spikegrad.layers import SpikingLayer
from spikegrad.spikes import SpikeTrains

SPIKES = random_spikes(2, n_samples=3, n_events=40, duration=0.15)
AXONAL = {"delays": "axonal", "max_delay": 0.06}
weekly = pytest.mark.weekly
every_model = pytest.mark.parametrize(
    ("neuron", "drive"),
    [
        ("lif", 0.5),
        ("qif", 0.0),
        pytest.param("qif", 0.5, marks=weekly),
        ("qif_delta", 0.5),
        pytest.param("lif_refractory", 0.0, marks=weekly),
        pytest.param("qif_cut", 0.5, marks=weekly),
    ],
)


def layer_of(neuron: str, spikes: SpikeTrains, recurrent: bool, **options: Any) -> SpikingLayer:
    """Eight neurons whose time constants lie around 20 ms, a factor of two or more apart."""
    layer = random_layer(neuron, spikes, 20, 8, recurrent, 3, train_tau="neuron", **options)
    with torch.no_grad():
        spread = torch.randn(8, generator=torch.Generator().manual_seed(0), dtype=torch.float64)
        layer.log_tau += 0.7 * spread
    return layer


@every_model
@pytest.mark.parametrize("recurrent", [False, True])
def test_spike_times_equal_numerical_integration(neuron, drive, recurrent):
    layer = layer_of(neuron, SPIKES, recurrent, drive=drive)
    taus = layer.log_tau.exp().detach().numpy()
    with torch.no_grad():
        out = layer(SPIKES)
    back = layer.recurrent_weight.detach().numpy() if recurrent else None
    for b in range(2):
        expected = integrate(
            neuron, taus, *sample_of(SPIKES, b), layer.weight.detach().numpy(), back,
            SPIKES.duration, drive,
        )  # fmt: skip
        assert len(expected) > 5
        assert_spikes(out, b, expected)


@every_model
@pytest.mark.parametrize(
    ("recurrent", "options"),
    [
        (False, {}),
        (True, {}),
        (True, AXONAL),
        (True, {**AXONAL, "min_delay": 0.01}),
        (True, {"delays": "synaptic", "max_delay": 0.06, "grid": 0.004}),
    ],
)
def test_gradients_equal_central_differences(neuron, drive, recurrent, options):
    layer = layer_of(neuron, SPIKES, recurrent, drive=drive, **options)
    assert_gradients([layer], SPIKES, more_than=20, brief=0.1)


def test_equal_time_constants_are_those_of_the_layer():
    """What one constant of the layer gains is the sum of what its neurons' constants gain."""
    found = []
    for train_tau in (True, "neuron"):
        layer = random_layer("lif", SPIKES, train_tau=train_tau)
        out, state = layer.run(SPIKES)
        loss = torch.cos(50 * out.times).sum() + sum(own.sin().sum() for own in state)
        found.append((out.times.detach(), *torch.autograd.grad(loss, [*layer.parameters()])))
    (*of_layer, common), (*of_neurons, own) = found
    for one, other in zip((*of_layer, common), (*of_neurons, own.sum(0, True)), strict=True):
        torch.testing.assert_close(other, one, rtol=1e-8, atol=1e-10)


def test_float32_gradients_are_near_those_of_float64():
    double = layer_of("lif", SPIKES, True)
    single = layer_of("lif", SPIKES, True, dtype=torch.float32)
    single.load_state_dict(double.state_dict())
    double.load_state_dict(single.state_dict())
    times, gradients = [], []
    for layer in (single, double):
        layer.sample_clip = 2.0
        out = layer(replace(SPIKES))
        times.append(out.times.detach())
        gradients.append(torch.autograd.grad(torch.sin(50 * out.times).sum(), layer.log_tau)[0])
    np.testing.assert_allclose(*times, rtol=0, atol=1e-5)
    assert (gradients[0] - gradients[1]).norm() < 1e-3 * gradients[1].norm()


def test_bounds_and_arguments_are_those_of_each_neuron():
    layer = layer_of("lif", SPIKES, False)
    copy = SpikingLayer(**layer.arguments() | {"dtype": torch.float64})
    copy.load_state_dict(layer.state_dict())
    assert torch.equal(copy(SPIKES).times, layer(SPIKES).times)
    assert torch.equal(layer.states(SPIKES, np.array([0.0]))[0], torch.zeros(3, 1, 8).double())
    with torch.no_grad():
        layer.log_tau[3] = 5.0
    with pytest.raises(ValueError, match="a trained tau lies between"):
        layer(SPIKES)
    layer.bound()
    assert layer.log_tau[3] == 0.0  # a second
