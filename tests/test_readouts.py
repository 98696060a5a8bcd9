"""Readouts against brute-force integration, finite differences and continuity."""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import replace
from itertools import pairwise

import numpy as np
import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st
from scipy.integrate import solve_ivp
from torch import Tensor

from oracle import qif_rates
from spikegrad.first_spike import FirstSpikeReadout
from spikegrad.layers import SpikingLayer
from spikegrad.neurons import NEURONS
from spikegrad.readouts import IntegratedReadout, MaximumReadout
from spikegrad.spikes import SpikeTrains

DURATION, TAU, WINDOW = 0.5, 0.03, 0.2
N_IN, N_CLASSES = 5, 3


def trains(counts: list[int], seed: int = 0) -> SpikeTrains:
    """Random spike trains with the given number of spikes in each sample."""
    draw = np.random.default_rng(seed)
    times = [draw.uniform(0, DURATION, n) for n in counts]
    return SpikeTrains.from_arrays(times, [draw.integers(0, N_IN, n) for n in counts], DURATION)


def integrated(dtype: torch.dtype = torch.float64) -> IntegratedReadout:
    return with_random_weight(IntegratedReadout(N_IN, N_CLASSES, TAU, WINDOW, dtype=dtype))


def with_trained_times() -> IntegratedReadout:
    """One that has learned its times: they are not those that it was made with."""
    readout = IntegratedReadout(N_IN, N_CLASSES, 0.05, 0.1, dtype=torch.float64, train_times=True)
    with torch.no_grad():
        readout.log_window.fill_(math.log(WINDOW))
        readout.log_tau_out.fill_(math.log(TAU))
    return with_random_weight(readout)


def maximum(dtype: torch.dtype = torch.float64) -> MaximumReadout:
    return with_random_weight(MaximumReadout(N_IN, N_CLASSES, TAU, dtype=dtype))


def with_random_weight(readout):
    with torch.no_grad():
        readout.weight.normal_(generator=torch.Generator().manual_seed(1))
    return readout


JUMP = [(1.0, 1.0)]
RISE = [(4.0, 1.0), (-4.0, 2.0)]
"""Sizes and rates (1/tau) of an output's answer to a spike, without and with a synapse."""


def voltage(
    t: np.ndarray,
    spikes: SpikeTrains,
    sample: int,
    weight: np.ndarray,
    answer: list[tuple[float, float]],
) -> np.ndarray:
    """V(t) of the output neurons: the sum of the answers to all spikes before, [t, outputs]."""
    own = spikes.samples == sample
    ago = t[:, None] - spikes.times[own].numpy()
    kernel = sum(size * np.exp(-rate * np.maximum(ago, 0) / TAU) for size, rate in answer)
    return np.where(ago >= 0, kernel, 0) @ weight[spikes.units[own].numpy()]


def test_integrated_readout_equals_numerical_integral():
    spikes, readout = trains([7, 0, 12]), integrated()
    weight = readout.weight.detach().numpy()
    nodes, shares = np.polynomial.legendre.leggauss(20)
    for sample, logits in enumerate(readout(spikes).detach().numpy()):
        edges = [0.0, *spikes.times[spikes.samples == sample].tolist(), DURATION]
        expected = np.zeros(N_CLASSES)
        for start, stop in pairwise(edges):
            half = (stop - start) / 2
            t = start + half * (1 + nodes)
            weighted = half * shares * np.exp(-t / WINDOW)
            expected += weighted @ voltage(t, spikes, sample, weight, JUMP)
        np.testing.assert_allclose(logits, expected, rtol=0, atol=1e-11)


def test_maximum_readout_equals_the_largest_voltage_on_a_fine_grid():
    spikes, readout = trains([9, 0, 15], seed=3), maximum()
    weight = readout.weight.detach().numpy()
    for sample, logits in enumerate(readout(spikes).detach().numpy()):
        own = spikes.times[spikes.samples == sample].numpy()  # where V may have a corner
        grid = np.concatenate([np.linspace(0, DURATION, 20001), own])
        expected = voltage(grid, spikes, sample, weight, RISE).max(0)
        # No grid point is further than half a step from a maximum, where V' = 0.
        np.testing.assert_allclose(logits, expected, rtol=0, atol=2e-6)


def test_a_spike_takes_along_a_maximum_that_it_ends():
    """V still rises when it comes; two that come at once go together."""
    readout = MaximumReadout(2, 1, TAU, dtype=torch.float64)
    with torch.no_grad():
        readout.weight[:] = torch.tensor([[1.0], [-3.0]])

    def logit(end: Tensor) -> Tensor:
        times = torch.cat([torch.tensor([0.1]).double(), end, end])
        return readout(SpikeTrains(times, torch.tensor([0, 1, 1]), torch.tensor([0, 3]), DURATION))

    end = torch.tensor([0.1 + 0.3 * TAU], dtype=torch.float64, requires_grad=True)
    assert logit(end).item() == pytest.approx(4 * (math.exp(-0.3) - math.exp(-0.6)))
    assert torch.autograd.gradcheck(logit, end, eps=1e-7, atol=1e-8, rtol=1e-6)


@given(seed=st.integers(0, 10**6), change=st.sampled_from(["order", "end"]))
def test_the_maximum_is_continuous_where_spikes_change_places_or_leave(seed: int, change: str):
    """Two spikes a nanosecond apart, in either order; a spike just before and at the end."""
    rng = np.random.default_rng(seed)
    times, units = np.sort(rng.uniform(0, DURATION, 6)), rng.integers(N_IN, size=6)
    moved = times.copy()
    if change == "order":
        times[3], moved[3] = times[2] + 1e-9, times[2] - 1e-9
    else:
        times[5], moved[5] = DURATION - 1e-9, DURATION
    readout = maximum()
    before, after = (
        readout(SpikeTrains.from_arrays([when], [units], DURATION)) for when in (times, moved)
    )
    torch.testing.assert_close(before, after, rtol=0, atol=1e-6)


@pytest.mark.parametrize(
    ("make", "frozen"),
    [
        (integrated, ""),
        (maximum, ""),
        *((with_trained_times, own) for own in ("", "log_window", "log_tau_out")),
    ],
)
def test_gradients_equal_central_differences(make: Callable, frozen: str):
    spikes, readout = trains([7, 1, 12]), make()
    direction = torch.randn(3, N_CLASSES, generator=torch.Generator().manual_seed(5)).double()
    names = [name for name, _ in readout.named_parameters()]

    def loss(times: Tensor, *parameters: Tensor) -> Tensor:
        inputs = replace(spikes, times=times), None
        named = dict(zip(names, parameters, strict=True))
        return (torch.func.functional_call(readout, named, inputs) * direction).sum()

    times = spikes.times.clone().requires_grad_()
    given = [
        own.detach().clone().requires_grad_(name != frozen)
        for name, own in readout.named_parameters()
    ]
    assert torch.autograd.gradcheck(loss, (times, *given), eps=1e-7, atol=1e-8, rtol=1e-6)


@pytest.mark.parametrize("make", [integrated, maximum])
def test_initialise_gives_logits_of_the_wanted_size(make: Callable):
    readout = make()
    readout.scale = 2.5
    spikes = trains([30] * 8)
    readout.initialise(spikes, (), torch.Generator().manual_seed(0))
    assert readout(spikes).square().mean().sqrt().item() == pytest.approx(2.5)
    with pytest.raises(ValueError, match="silent"):
        readout.initialise(trains([0, 0]), (), torch.Generator())


# --- first spike -----------------------------------------------------------------------------


class TwoLayers(torch.nn.Module):
    """A hidden layer and a first-spike readout, in float64; recurrent but for delta synapses.

    In a recurrent delta layer a spike at the end makes potentials jump, hence phases.
    """

    def __init__(self, neuron: str, seed: int, gain: float, drive: float = 0.0) -> None:
        super().__init__()
        recurrent = neuron != "qif_delta"
        self.hidden = SpikingLayer(
            N_IN, 6, neuron, TAU, recurrent, dtype=torch.float64, drive=drive
        )
        self.readout = FirstSpikeReadout(
            6, N_CLASSES, neuron, TAU, time_scale=0.1, dtype=torch.float64, drive=drive
        )
        draw = torch.Generator().manual_seed(seed)
        with torch.no_grad():
            self.hidden.weight.normal_(1.0, 2.0, generator=draw)
            if recurrent:
                self.hidden.recurrent_weight.normal_(0.0, 0.5, generator=draw)
            self.readout.layer.weight.normal_(gain, 1.0, generator=draw)

    def forward(self, spikes: SpikeTrains) -> Tensor:
        out, state = self.hidden.run(spikes)
        return self.readout(out, state)


@pytest.mark.parametrize("neuron", ["lif", "qif"])
def test_first_spike_logits_are_the_first_spike_times(neuron: str):
    spikes, network = trains([30, 40]), TwoLayers(neuron, seed=0, gain=1.5)
    logits = network(spikes)
    out = network.readout.layer(network.hidden(spikes))
    spiked = set(zip(out.samples.tolist(), out.units.tolist(), strict=True))
    assert len(spiked) >= 3
    for sample, output in spiked:
        first = out.times[(out.samples == sample) & (out.units == output)][0]
        assert -0.1 * logits[sample, output].item() == pytest.approx(first.item())


@pytest.mark.parametrize(
    ("neuron", "seed", "drive"),
    [("lif", 0, 0.5), ("qif", 0, 0.0), ("qif", 1, 0.2), ("qif", 2, 0.5), ("qif_delta", 0, 0.5)],
)
def test_first_spike_gradients_equal_central_differences(neuron: str, seed: int, drive: float):
    # With little input some outputs are silent, so that QIF pseudospikes are among the times.
    spikes, network = trains([30, 40]), TwoLayers(neuron, seed, gain=0.3, drive=drive)
    direction = torch.randn(2, N_CLASSES, generator=torch.Generator().manual_seed(5)).double()
    names, values = zip(*network.named_parameters(), strict=True)

    def loss(times: Tensor, *weights: Tensor) -> Tensor:
        inputs = replace(spikes, times=times)
        weights_by_name = dict(zip(names, weights, strict=True))
        logits = torch.func.functional_call(network, weights_by_name, (inputs,))
        return (logits * direction).sum()

    arguments = [v.detach().clone().requires_grad_() for v in (spikes.times, *values)]
    assert torch.autograd.gradcheck(loss, arguments, eps=1e-7, atol=1e-7, rtol=1e-6)


@pytest.mark.parametrize(("neuron", "drive"), [("qif", 0.0), ("qif", 0.5), ("qif_delta", 0.3)])
def test_pseudospikes_are_those_of_the_equation_with_a_constant_current(neuron: str, drive: float):
    """Integrated until V is infinite; the phase is the share of a period that has passed."""
    draw, model = np.random.default_rng(0), NEURONS[neuron](TAU, drive)
    for _ in range(6):
        p, q, current, feed = draw.normal(size=4) * [1.0, 1.0, 6.0, 2.0]
        q = abs(q)
        state = [p, q] if neuron == "qif_delta" else [p, q, current]
        given = [torch.tensor([[value]], dtype=torch.float64) for value in (*state, feed)]
        delay, phase = (float(own) for own in model.pseudospikes(tuple(given[:-1]), given[-1]))
        start = np.arctan(p / q + feed) if neuron == "qif_delta" else np.arctan(p / q)
        x = (drive if neuron == "qif_delta" else current + feed + drive) / 10
        positive = 10 * np.log1p(np.exp(x))

        def rate(_: float, y: np.ndarray, positive: float = positive) -> np.ndarray:
            return qif_rates(y, 0.25 + positive) / TAU

        def at_infinity(_: float, y: np.ndarray) -> float:
            return y[0] - np.pi / 2

        at_infinity.terminal = True
        period = np.pi * TAU / positive**0.5
        found = solve_ivp(
            rate, (0, 2 * period), [start], "DOP853", events=at_infinity, rtol=1e-11, atol=1e-12
        )
        assert delay == pytest.approx(found.t_events[0][0], rel=1e-7)
        assert phase == pytest.approx(1 - delay / period, abs=1e-9)


@pytest.mark.parametrize(
    ("neuron", "drive"), [("qif", 0.0), ("qif", 0.5), ("qif_delta", 0.2), ("qif_delta", 0.5)]
)
def test_qif_logits_are_continuous_where_a_spike_crosses_the_end(neuron: str, drive: float):
    """Along a line in weight space, bisect a change of each layer's spike count to nothing."""
    spikes, network = trains([30], seed=2), TwoLayers(neuron, 3, gain=0.8, drive=drive)
    weight = network.hidden.weight.detach().clone()

    @torch.no_grad()
    def at(scale: float) -> tuple[Tensor, list[int]]:
        network.hidden.weight.copy_(weight * scale)
        hidden, state = network.hidden.run(spikes)
        out = network.readout.layer(hidden)
        return network.readout(hidden, state), [len(hidden.times), len(out.times)]

    points = [(scale, *at(scale)) for scale in np.linspace(0.5, 2.0, 61)]
    for layer in (0, 1):
        changes = [pair for pair in pairwise(points) if pair[0][2][layer] != pair[1][2][layer]]
        assert len(changes) > 1
        for (a, left, before), (b, right, _) in changes[:2]:
            while b - a > 1e-13:
                middle = (a + b) / 2
                logits, numbers = at(middle)
                if numbers[layer] == before[layer]:
                    a, left = middle, logits
                else:
                    b, right = middle, logits
            torch.testing.assert_close(left, right, rtol=0, atol=1e-7)
