"""Clipping sample by sample, against gradients of the samples taken one at a time."""

import numpy as np
import pytest
import torch

from networks import EVERY, random_layer, random_spikes
from spikegrad.layers import SpikingLayer
from spikegrad.spikes import SpikeTrains

WEIGHTS = torch.tensor([1.0, 30.0, 0.1, 2.0, 0.0, 5.0, 1.5], dtype=torch.float64)
"""Of the samples, so that norms differ by orders of magnitude."""


def weighted_loss(out: SpikeTrains, weights: torch.Tensor = WEIGHTS) -> torch.Tensor:
    return (weights[out.samples] * torch.cos(out.times / 0.02)).sum()


def gradients(
    layer: SpikingLayer,
    spikes: SpikeTrains,
    clip: float | None,
    weights: torch.Tensor = WEIGHTS,
) -> list[torch.Tensor]:
    layer.sample_clip = clip
    return list(torch.autograd.grad(weighted_loss(layer(spikes), weights), [*layer.parameters()]))


@pytest.mark.parametrize("neuron", EVERY)
@pytest.mark.parametrize(("recurrent", "clip"), [(False, 0.5), (True, 1.0), (False, 3.0)])
def test_each_sample_is_clipped_at_a_multiple_of_the_median(neuron, recurrent, clip):
    spikes = random_spikes(0, 7)
    layer = random_layer(neuron, spikes, recurrent=recurrent, drive=0.3)
    parts = [gradients(layer, spikes, None, WEIGHTS * own) for own in torch.eye(7)]
    norms = np.array([np.sqrt(sum(float(g.square().sum()) for g in part)) for part in parts])
    assert norms[4] == 0  # a sample without a gradient does not count for the median
    largest = clip * np.median(np.delete(norms, 4))
    assert 0 < (norms > largest).sum() < 6
    factors = np.minimum(1, largest / np.maximum(norms, 1e-300))
    expected = [
        sum(f * g for f, g in zip(factors, of_matrix, strict=True))
        for of_matrix in zip(*parts, strict=True)
    ]
    torch.testing.assert_close(gradients(layer, spikes, clip), expected, rtol=1e-10, atol=1e-12)
    np.testing.assert_allclose(layer.sample_norms, norms, rtol=1e-10)
    plain = gradients(layer, spikes, None)
    torch.testing.assert_close(gradients(layer, spikes, 1e9), plain, rtol=1e-12, atol=1e-14)


@pytest.mark.parametrize("neuron", ["lif", "qif_delta"])
@pytest.mark.parametrize(
    "options", [{"delays": "axonal", "copies": 2}, {"delays": "synaptic", "grid": 0.004}]
)
def test_gradients_of_delays_and_tau_are_scaled_as_those_of_the_weights(neuron, options):
    spikes = random_spikes(0, 7)
    layer = random_layer(neuron, spikes, max_delay=0.06, train_tau=True, **options)
    parts = [gradients(layer, spikes, None, WEIGHTS * own) for own in torch.eye(7)]
    found = gradients(layer, spikes, 0.5)
    norms = layer.sample_norms
    factors = np.minimum(1, 0.5 * np.median(norms[norms > 0]) / np.maximum(norms, 1e-300))
    assert (factors < 1).any()
    expected = [
        sum(f * g for f, g in zip(factors, of_parameter, strict=True))
        for of_parameter in zip(*parts, strict=True)
    ]
    assert len(found) == 5
    torch.testing.assert_close(found, expected, rtol=1e-9, atol=1e-12)


def test_gradients_of_input_times_are_not_clipped():
    spikes = random_spikes(3, 7)
    layer = random_layer("qif", spikes)
    found = []
    for clip in (None, 0.5):
        layer.sample_clip = clip
        times = spikes.times.clone().requires_grad_()
        out = layer(SpikeTrains(times, spikes.units, spikes.offsets, spikes.duration))
        found += torch.autograd.grad(weighted_loss(out), [times])
    assert torch.equal(*found)
