"""Tangent kernels of spiking networks, against torch.func and small steps of learning."""

from __future__ import annotations

import pytest
import torch
from torch import nn

from networks import random_layer, random_spikes
from spikegrad import SpikeTrains
from spikegrad.clocked import ClockedLayer
from spikegrad.ntk import (
    Erf,
    ErfDerivative,
    SurrogateActivation,
    along,
    empirical_sg_ntk,
    tangent_kernels,
)
from spikegrad.raster import Raster
from spikegrad.readouts import IntegratedReadout
from spikegrad.surrogates import SuperSpike

SPIKES = random_spikes(3, n_samples=4, n_events=30, n_units=6, duration=0.1)


def stack(neuron: str, recurrent: bool = True) -> tuple[list[ClockedLayer], IntegratedReadout]:
    """Two clocked layers that are active on ``SPIKES``, and a readout of three classes."""
    below = random_layer(neuron, SPIKES, 6, 5, recurrent, seed=1)
    above = random_layer(neuron, below(SPIKES), 5, 4, recurrent, seed=2)
    layers = []
    for exact in (below, above):
        own = ClockedLayer(
            exact.n_in, exact.n_out, neuron, 0.02, 1e-3, SuperSpike(0.5), recurrent,
            torch.float64,
        )  # fmt: skip
        own.load_state_dict(exact.state_dict())
        layers.append(own)
    readout = IntegratedReadout(4, 3, 0.02, 0.1, dtype=torch.float64)
    readout.weight.data.normal_(generator=torch.Generator().manual_seed(4))
    return layers, readout


def test_kernels_of_a_module_are_those_of_torch_func():
    """A module behind spike counts: the generic rows have the SG-NTK that empirical_sg_ntk has."""
    torch.manual_seed(0)
    activation = SurrogateActivation(Erf(3.0), ErfDerivative(1.0))
    module = nn.Sequential(nn.Linear(6, 8), activation, nn.Linear(8, 2)).double()
    exact = SurrogateActivation(Erf(3.0), Erf(3.0).derivative)
    true = nn.Sequential(module[0], exact, module[2])
    twice = SurrogateActivation(Erf(3.0), ErfDerivative(1.0), ErfDerivative(1.0))
    counts = Raster.of(SPIKES, 6, 0.01, torch.float64).values.sum(1)

    def features(spikes: SpikeTrains) -> torch.Tensor:
        return Raster.of(spikes, 6, 0.01, torch.float64).values.sum(1)

    functions = (lambda s: true(features(s)), lambda s: module(features(s)))
    for trace in (False, True):
        found = tangent_kernels(*functions, list(module.parameters()), SPIKES, trace_outputs=trace)
        for name, own in (
            ("exact", true),
            ("mixed", module),
            ("surrogate", nn.Sequential(module[0], twice, module[2])),
        ):
            expected = empirical_sg_ntk(own, counts, trace_outputs=trace)
            torch.testing.assert_close(getattr(found, name), expected)


@pytest.mark.parametrize("neuron", ["qif", "qif_delta"])
def test_the_mixed_kernel_predicts_what_a_surrogate_step_does(neuron):
    """To first order in the step: what is left falls with its square. Of QIF neurons always."""
    layers, readout = stack(neuron)
    exact = [layer.exact() for layer in layers]
    parameters = [p for layer in layers for p in layer.parameters()]

    def logits(spikes: SpikeTrains) -> torch.Tensor:
        return readout(exact[1](exact[0](spikes)))

    labels = torch.tensor([0, 1, 2, 0])
    kernels = tangent_kernels(
        logits, lambda s: readout(along(layers, s)), parameters, SPIKES, trace_outputs=False
    )
    out = logits(SPIKES).detach().requires_grad_()
    loss = nn.functional.cross_entropy(out, labels)
    (g,) = torch.autograd.grad(loss, out)
    slope = torch.einsum("no,nmop,mp->", g, kernels.mixed, g)
    found = readout(along(layers, SPIKES))
    torch.testing.assert_close(found, out.detach(), rtol=0, atol=0.1)
    step = torch.autograd.grad((found * g).sum(), parameters)
    before = [p.detach().clone() for p in parameters]
    left = []
    for predicted in (1e-6, 1e-7):
        size = predicted / float(slope)
        with torch.no_grad():
            for p, old, move in zip(parameters, before, step, strict=True):
                p.copy_(old - size * move)
            change = nn.functional.cross_entropy(logits(SPIKES), labels) - loss
        left.append(abs(float(change.detach()) + predicted))
    assert left[0] < 1e-7
    assert left[1] < 0.03 * left[0]
