"""Clocked layers against the event engine, and their surrogate gradients."""

from __future__ import annotations

import math

import numpy as np
import pytest
import torch

from networks import DAILY, random_counts, random_layer, random_spikes
from spikegrad import SpikeTrains
from spikegrad.clocked import ClockedLayer, entire, spike
from spikegrad.layers import SpikingLayer
from spikegrad.raster import Raster
from spikegrad.readouts import IntegratedReadout, MaximumReadout
from spikegrad.surrogates import SURROGATES, SuperSpike

driven = pytest.mark.parametrize("drive", [0.0, pytest.param(0.5, marks=pytest.mark.weekly)])


def clocked(layer: SpikingLayer, neuron: str, step: float, width: float = 0.5) -> ClockedLayer:
    """The clocked layer of the same parameters."""
    recurrent = layer.recurrent_weight is not None
    own = ClockedLayer(
        layer.n_in, layer.n_out, neuron, layer.neuron.tau, step, SuperSpike(width),
        recurrent, layer.weight.dtype, layer.neuron.drive,
    )  # fmt: skip
    own.load_state_dict(layer.state_dict())
    return own


def distance(one: SpikeTrains, other: SpikeTrains) -> float:
    """Mean distance in seconds between the first spikes of each neuron."""
    gaps = []
    for b in range(len(one)):
        a, c = one[b], other[b]
        for unit in c.units.unique():
            first, second = (own.times[own.units == unit][:1] for own in (a, c))
            gaps.append((first - second).abs())
    return float(torch.cat(gaps).mean())


@pytest.mark.parametrize("neuron", DAILY)
@driven
@pytest.mark.parametrize("recurrent", [False, True])
def test_spikes_become_those_of_the_engine_as_the_step_goes_to_zero(neuron, drive, recurrent):
    """With half the step, spikes come half as far from the engine's: the method is of order 1."""
    spikes = random_spikes(3, n_samples=12, n_events=40, duration=0.2)
    layer = random_layer(neuron, spikes, n_out=12, seed=2, recurrent=recurrent, drive=drive)
    with torch.no_grad():
        if recurrent:
            layer.recurrent_weight.mul_(0.3)
        exact = layer(spikes)
        errors = [
            distance(clocked(layer, neuron, 0.2 / n)(spikes).trains(), exact) for n in (2000, 8000)
        ]
    assert len(exact.times) > 8
    assert errors[1] < 1e-4
    order = math.log2(errors[0] / errors[1]) / 2
    assert 0.6 < order < 1.5


@pytest.mark.parametrize("neuron", DAILY)
@pytest.mark.parametrize("drive", [0.0, pytest.param(0.2, marks=pytest.mark.weekly)])
def test_potentials_between_spikes_are_those_of_the_engine(neuron, drive):
    """On a grid of input times; LIF's and δ-QIF's to rounding, QIF's to second order."""
    spikes = random_counts(4, 2e-3, n_samples=2, n_events=30, duration=0.1)
    layer = random_layer(neuron, spikes, n_out=6, drive=drive)
    with torch.no_grad():
        layer.weight.mul_(0.02)
        layer.recurrent_weight.zero_()
    gaps = []
    for step in (2e-3, 1e-3):
        own = clocked(layer, neuron, step)
        out, state = own.run(spikes)
        assert out.values.sum() == 0
        assert len(layer(spikes).times) == 0
        exact = layer.states(spikes, np.array([spikes.duration]))
        there = layer.neuron.potential(tuple(v[:, 0] for v in exact))
        gaps.append(float((own.dynamics.potential(state) - there).detach().abs().max()))
    if neuron == "qif":
        assert gaps[1] < 0.3 * gaps[0] < 1e-3
    else:
        assert max(gaps) < 1e-12


def test_entire_functions_are_those_of_roots():
    y = torch.linspace(-30, 30, 4001, dtype=torch.float64)
    root = y.to(torch.complex128).sqrt()
    for found, expected in zip(entire(y), (torch.cosh(root), torch.sinh(root) / root), strict=True):
        torch.testing.assert_close(found, expected.real, rtol=1e-13, atol=1e-13)
    points = y[::97].clone().requires_grad_()
    assert torch.autograd.gradcheck(entire, points)


@pytest.mark.parametrize("neuron", DAILY)
@driven
def test_gradients_are_those_of_spikes_on_their_tangents(neuron, drive, monkeypatch):
    """By central differences where each spike follows its tangent, whose slope is the surrogate;
    resets stay as they were."""
    spikes = random_counts(6, 5e-3, n_samples=1, n_events=30, n_units=5, duration=0.06)
    layer = random_layer(neuron, spikes, 5, 3, drive=drive, scale=12.0)
    own = clocked(layer, neuron, 5e-3, width=2.0)
    factors = torch.randn(12, 3, generator=torch.Generator().manual_seed(0), dtype=torch.float64)
    distances: list[torch.Tensor] = []

    def noted(u: torch.Tensor, surrogate: SuperSpike) -> torch.Tensor:
        distances.append(u.detach())
        return spike(u, surrogate)

    monkeypatch.setattr("spikegrad.clocked.spike", noted)
    out = own(spikes).values[0]
    assert 2 < out.sum() < 36
    gradients = torch.autograd.grad((out * factors).sum(), list(own.parameters()))

    def on_tangents() -> torch.Tensor:
        points, fired = iter(distances), iter(distances)

        def tangent(u: torch.Tensor, surrogate: SuperSpike) -> torch.Tensor:
            at = next(points)
            return (at > 0) + surrogate(at) * (u - at)

        def after(state: tuple, values: torch.Tensor, _: torch.Tensor) -> tuple:
            return ClockedLayer._after(own, state, values, (next(fired) > 0).double())

        monkeypatch.setattr("spikegrad.clocked.spike", tangent)
        monkeypatch.setattr(own, "_after", after)
        return (own(spikes).values[0] * factors).sum()

    for weight, gradient in zip(own.parameters(), gradients, strict=True):
        for place in np.ndindex(*weight.shape):
            ends = []
            with torch.no_grad():
                for move in (1e-6, -2e-6):
                    weight[place] += move
                    ends.append(on_tangents())
                weight[place] += 1e-6
            expected = (ends[0] - ends[1]) / 2e-6
            torch.testing.assert_close(gradient[place], expected, rtol=1e-5, atol=1e-6)


@pytest.mark.parametrize("neuron", DAILY)
@driven
def test_gradients_along_the_engine_are_the_layers_own_for_small_steps(neuron, drive):
    """Where spikes agree, so do the gradients, better with smaller steps; the spikes are exact."""
    spikes = random_spikes(3, n_samples=2, n_events=40, duration=0.2)
    layer = random_layer(neuron, spikes, n_out=6, seed=2, recurrent=False, drive=drive)
    cosines = []
    for n in (200, 1600):
        own = clocked(layer, neuron, 0.2 / n, width=1.0)
        gradients = []
        for out in (own(spikes), own.along(spikes)):
            kernel = torch.cos(20 * out.times)[:, None] * torch.arange(1, 7)
            gradients.append(torch.autograd.grad((out.values * kernel).sum(), own.weight)[0])
        exact = Raster.of(layer(spikes), 6, 0.2 / n, torch.float64)
        assert torch.equal(out.values, exact.values)
        cosines.append(float(torch.cosine_similarity(*(g.flatten() for g in gradients), dim=0)))
    assert cosines[1] > 0.98
    assert 1 - cosines[1] < 0.6 * (1 - cosines[0])


def test_rasters_are_trains_and_back():
    spikes = random_counts(5, 0.02, n_samples=3)
    spikes.times[spikes.offsets[1:] - 1] = spikes.duration
    raster = Raster.of(spikes, 20, 0.01, torch.float32)
    for b in range(3):  # those of (k step, (k + 1) step] are at its end, those of 0 in the first
        own = spikes[b]
        edges = 0.01 * np.arange(round(spikes.duration / 0.01) + 1) + 1e-9
        edges[0] = -1.0
        expected, *_ = np.histogram2d(
            own.times, own.units, [edges, np.arange(21)], weights=own.multiplicities
        )
        np.testing.assert_array_equal(raster.values[b], expected)
    assert (spikes.times == 0).any()
    ones = Raster((raster.values > 0).float(), 0.01)
    again = Raster.of(ones.trains(), 20, 0.01, torch.float32)
    assert torch.equal(again.values, ones.values)
    assert again.duration == pytest.approx(spikes.duration)


def test_readouts_of_rasters_are_those_of_their_trains():
    """The maximum over a grid misses peaks between its times, by the square of the step."""
    spikes = random_spikes(2, n_samples=3, n_units=6)
    generator = torch.Generator().manual_seed(1)
    for kind, args in ((IntegratedReadout, (0.02, 0.1)), (MaximumReadout, (0.02,))):
        readout = kind(6, 4, *args, dtype=torch.float64)
        readout.weight.data.normal_(generator=generator)
        errors = []
        for step in (1e-3, 2.5e-4):
            raster = Raster.of(spikes, 6, step, torch.float64)
            values = raster.values.requires_grad_()
            found, expected = readout(Raster(values, step)), readout(raster.trains())
            errors.append(float((found - expected).detach().abs().max()))
            assert torch.autograd.grad(found.square().sum(), values)[0].abs().sum() > 0
        if kind is IntegratedReadout:
            assert max(errors) < 1e-12
        else:
            assert errors[1] < 0.2 * errors[0] < 0.01


PRIMITIVES = {
    "superspike": lambda u, w: u / (1 + u.abs() / w),
    "sigmoid": lambda u, w: 4 * w * torch.sigmoid(u / w),
    "arctan": lambda u, w: w * torch.atan(u / w),
    "box": lambda u, w: u.clamp(-w, w),
}
"""Functions whose derivatives surrogates are."""


@pytest.mark.parametrize("name", SURROGATES)
def test_surrogates_are_derivatives(name):
    for width in (0.1, 30.0):
        psi = SURROGATES[name](width)
        u = torch.linspace(-4.1, 4.1, 96, dtype=torch.float64).mul(width).requires_grad_()
        (expected,) = torch.autograd.grad(PRIMITIVES[name](u, width).sum(), u)
        torch.testing.assert_close(psi(u.detach()), expected, rtol=1e-12, atol=1e-12)
        assert psi(torch.zeros(1)) == 1
    with pytest.raises(ValueError, match="width of a surrogate must be above 0"):
        SURROGATES[name](0.0)


@pytest.mark.parametrize("neuron", DAILY)
def test_states_are_those_before_what_arrives(neuron):
    spikes = SpikeTrains.from_arrays([[0.1, 0.1]], [[0, 1]], 0.2)
    layer = random_layer(neuron, spikes, n_out=3, seed=2, recurrent=False)
    last = layer.states(spikes, np.array([0.2, 0.1, 0.2]))
    rest = layer.states(spikes, np.array([0.05]))
    for variable, resting in zip(last, rest, strict=True):
        torch.testing.assert_close(variable[:, 1], resting[:, 0])
        torch.testing.assert_close(variable[:, 0], variable[:, 2], rtol=0, atol=0)
    assert (last[0][:, 0] != rest[0][:, 0]).all()
    with pytest.raises(ValueError, match="within the sample"):
        layer.states(spikes, np.array([0.3]))
