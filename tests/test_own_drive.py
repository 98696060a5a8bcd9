"""Neurons of a layer that have a drive and a phase of their own."""

from typing import Any

import pytest
import torch

from networks import DAILY, random_layer, random_spikes
from oracle import assert_gradients, assert_spikes, integrate, sample_of
from spikegrad.layers import SpikingLayer
from spikegrad.spikes import SpikeTrains

SPIKES = random_spikes(2, n_samples=3, n_events=40, duration=0.15)
OWN: dict[str, Any] = {"train_drive": True, "train_phase": True}
ONSETS = {"lif": 1.0, "qif": 0.25, "qif_delta": 0.25}
"""Drives above which neurons spike by themselves: the layers' neurons lie around them."""


def layer_of(neuron: str, spikes: SpikeTrains, recurrent: bool, **options: Any) -> SpikingLayer:
    """Eight neurons, one of them just at its onset."""
    options = {"drive": ONSETS[neuron], **OWN, **options}
    layer = random_layer(neuron, spikes, 20, 8, recurrent, 3, **options)
    with torch.no_grad():
        spread = torch.linspace(-0.9, 1.2, 8, dtype=torch.float64)
        layer.drive += spread * (spread.abs() > 0.2)
        layer.phase += torch.linspace(0.05, 0.65, 8, dtype=torch.float64)[[3, 1, 7, 0, 5, 2, 6, 4]]
    return layer


@pytest.mark.parametrize("neuron", DAILY)
@pytest.mark.parametrize("recurrent", [False, True])
def test_spike_times_equal_numerical_integration(neuron, recurrent):
    layer = layer_of(neuron, SPIKES, recurrent)
    drive, phase = layer.drive.detach(), layer.phase.detach()
    start = phase if neuron == "lif" else 0.5 + torch.tan(torch.pi * (phase - 0.5)) / 2
    with torch.no_grad():
        out = layer(SPIKES)
    back = layer.recurrent_weight.detach().numpy() if recurrent else None
    for b in range(2):
        expected = integrate(
            neuron, 0.02, *sample_of(SPIKES, b), layer.weight.detach().numpy(), back,
            SPIKES.duration, drive.numpy(), start=start.numpy(),
        )  # fmt: skip
        assert len(expected) > 5
        assert_spikes(out, b, expected)


@pytest.mark.parametrize("neuron", DAILY)
@pytest.mark.parametrize(
    ("recurrent", "options"),
    [
        (False, {}),
        (True, {}),
        (True, {"train_tau": "neuron"}),
        (True, {"train_tau": True, "delays": "axonal", "max_delay": 0.05, "min_delay": 0.01}),
        (True, {"delays": "synaptic", "max_delay": 0.06, "grid": 0.004}),
    ],
)
def test_gradients_equal_central_differences(neuron, recurrent, options):
    layer = layer_of(neuron, SPIKES, recurrent, **options)
    assert_gradients([layer], SPIKES, more_than=20, brief=0.1)


@pytest.mark.parametrize(("neuron", "drive"), [("lif", 0.5), ("qif", 0.2), ("qif_delta", 0.2)])
def test_a_layer_at_rest_begins_as_one_without_own_drives(neuron, drive):
    """Also in single precision, and with the same weights."""
    for dtype, error in ((torch.float64, 1e-9), (torch.float32, 1e-4)):
        plain, own = (
            random_layer(neuron, SPIKES, 20, 8, dtype=dtype, drive=drive, **options)
            for options in ({}, OWN)
        )
        assert torch.equal(plain.weight, own.weight)
        one, other = plain(SPIKES), own(SPIKES)
        assert len(one.times) > 20
        assert torch.equal(one.units, other.units)
        torch.testing.assert_close(one.times, other.times, rtol=0, atol=error)


def test_bounds_and_arguments_are_those_of_each_neuron():
    layer = layer_of("qif", SPIKES, False, train_tau="neuron")
    copy = SpikingLayer(**layer.arguments() | {"dtype": torch.float64})
    copy.load_state_dict(layer.state_dict())
    assert torch.equal(copy(SPIKES).times, layer(SPIKES).times)
    turning = SpikingLayer(5, 500, "qif", drive=0.5, **OWN).phase
    assert turning.min() < 0.1
    assert turning.max() > 0.9
    with torch.no_grad():
        layer.phase[3] = 1.5
    with pytest.raises(ValueError, match="phases lie between"):
        layer(SPIKES)
    layer.bound()
    assert layer.phase[3] == 0.99
    layer(SPIKES)
    with torch.no_grad():
        layer.drive[0] = torch.nan
    with pytest.raises(ValueError, match="drives are not finite"):
        layer(SPIKES)
    with pytest.raises(ValueError, match="are learned by lif, qif, qif_delta layers"):
        SpikingLayer(5, 4, "qif_cut", train_drive=True)
