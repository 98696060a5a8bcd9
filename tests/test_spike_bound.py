"""A bound of what goes back through a spike, against automatic differentiation of a simulation."""

import math
from itertools import pairwise

import pytest
import torch
from torch import Tensor

from networks import random_layer
from oracle import smooth_loss
from spikegrad.layers import SpikingLayer
from spikegrad.spikes import SpikeTrains

weekly = pytest.mark.weekly
N_EVENTS, N_IN, N, DURATION = 70, 20, 4, 0.142
TIMES = 0.002 * torch.arange(1, N_EVENTS + 1, dtype=torch.float64)
UNITS = torch.randint(0, N_IN, (N_EVENTS,), generator=torch.Generator().manual_seed(0))
SPIKES = SpikeTrains(TIMES, UNITS, torch.tensor([0, N_EVENTS]), DURATION)
OWN = {"train_drive": True}


def layer_of(neuron: str, drive: float, recurrent: bool, **options) -> SpikingLayer:
    return random_layer(neuron, SPIKES, N_IN, N, recurrent, 5, drive=drive, **options)


class Simulation:
    """A sample by Runge and Kutta's method in time over tau, with V = tan(y) for QIF neurons. All
    of a spike's derivatives that leave the ``bound`` are scaled down to it."""

    def __init__(self, layer: SpikingLayer, bound: float) -> None:
        self.lif, self.delta = layer.kind == "lif", layer.kind == "qif_delta"
        self.top, self.bottom = (1.0, 0.0) if self.lif else (math.pi / 2, -math.pi / 2)
        self.layer, self.bound = layer, bound
        self.times, self.units, self.excess = list[Tensor](), list[int](), list[float]()

    def rate(self, y: Tensor, current: Tensor) -> Tensor:
        if self.lif:
            return current - y
        return y.sin() ** 2 - y.sin() * y.cos() + current * y.cos() ** 2

    def flow(self, y: Tensor, current: Tensor, x: Tensor) -> tuple[Tensor, Tensor]:
        """Membrane variables and currents after the time ``x``."""
        h, drive = x / 12, self.layer._drives()
        for k in range(12):
            now, half, end = (
                drive + current * (-2 * h * (k + part)).exp() for part in (0.0, 0.5, 1.0)
            )
            a = self.rate(y, now)
            b = self.rate(y + h / 2 * a, half)
            c = self.rate(y + h / 2 * b, half)
            y = y + h / 6 * (a + 2 * b + 2 * c + self.rate(y + h * c, end))
        return y, current * (-2 * x).exp()

    def first_spike(self, y: Tensor, current: Tensor, x: Tensor) -> tuple[Tensor, int] | None:
        """When the first neuron spikes within ``x``, and which; its time may be differentiated."""
        with torch.no_grad():
            grid = [x * k / 8 for k in range(9)]
            above = [(self.flow(y, current, at)[0] >= self.top).nonzero() for at in grid]
            found = [k for k, neurons in enumerate(above) if len(neurons)]
            if not found:
                return None
            low, high = grid[found[0] - 1], grid[found[0]]
            for _ in range(50):
                middle = (low + high) / 2
                late = bool((self.flow(y, current, middle)[0] >= self.top).any())
                low, high = (low, middle) if late else (middle, high)
            at, currents = self.flow(y, current, high)
            i = int(at.argmax())
            speed = self.rate(at, currents + self.layer._drives())[i]
        return high - (self.flow(y, current, high)[0][i] - self.top) / speed, i

    def run(self, times: Tensor, units: Tensor) -> tuple[Tensor, Tensor]:
        """Spike times and the neurons that spike."""
        layer, tau = self.layer, torch.tensor(self.layer.tau, dtype=torch.float64)
        if layer.log_tau is not None:
            tau = layer.log_tau.exp()[0]
        y = torch.zeros(N, dtype=torch.float64, requires_grad=True)
        current, before = torch.zeros(N, dtype=torch.float64), [[y] for _ in range(N)]
        for event, (last, until) in enumerate(pairwise([0 * tau, *(times / tau), DURATION / tau])):
            now = last
            while (found := self.first_spike(y, current, until - now)) is not None:
                late, i = found
                slopes = torch.autograd.grad(late, before[i], retain_graph=True)
                by_V = [
                    float(slope[i].abs() * (1 if self.lif else at[i].detach().cos() ** 2))
                    for slope, at in zip(slopes, before[i], strict=True)
                ]
                if self.lif:  # V's own slope at the spike
                    there, now_there = self.flow(y, current, late)
                    speeds = self.rate(there, now_there + layer._drives()).detach()
                    by_V.append(1 / abs(float(speeds[i])))
                self.excess.append(max(by_V))
                when = now + late
                when = when.detach() + min(1, self.bound / max(by_V)) * (when - when.detach())
                self.times.append(tau * when)
                self.units.append(i)
                y, current = self.flow(y, current, when - now)
                now = when
                y = torch.where(torch.arange(N) == i, self.bottom, y)
                if layer.recurrent_weight is not None:
                    y, current = self.arrive(y, current, layer.recurrent_weight[i])
                    for own in before:
                        own.append(y)
                before[i] = [y]
            y, current = self.flow(y, current, until - now)
            if event < len(times):
                y, current = self.arrive(y, current, layer.weight[units[event]])
                for own in before:
                    own.append(y)
        return torch.stack(self.times), torch.tensor(self.units)

    def arrive(self, y: Tensor, current: Tensor, weight: Tensor) -> tuple[Tensor, Tensor]:
        return ((y.tan() + weight).atan(), current) if self.delta else (y, current + weight)


@pytest.mark.parametrize("recurrent", [False, True])
@pytest.mark.parametrize(
    ("neuron", "drive", "options"),
    [
        ("lif", 0.0, {"train_tau": True}),
        ("qif", 0.0, {"train_tau": True}),
        ("qif_delta", 0.2, {}),
        pytest.param("lif", 0.5, OWN, marks=weekly),
        pytest.param("qif", 0.2, OWN, marks=weekly),
        pytest.param("qif_delta", 0.2, OWN, marks=weekly),
    ],
)
def test_bounded_gradients_equal_those_of_a_simulation(neuron, drive, recurrent, options):
    layer = layer_of(neuron, drive, recurrent, **options)
    unbounded = Simulation(layer, math.inf)
    unbounded.run(TIMES, UNITS)
    excess = sorted(unbounded.excess)
    for bound in (excess[len(excess) // 2] * 1.01, excess[-1] * 1.01):
        layer.spike_bound, found = bound, []
        for simulated in (False, True):
            times = TIMES.clone().requires_grad_()
            if simulated:
                spikes, units = Simulation(layer, bound).run(times, UNITS)
            else:
                out = layer(SpikeTrains(times, UNITS, SPIKES.offsets, DURATION))
                spikes, units = out.times, out.units
            loss = (torch.cos(1.0 + torch.arange(len(spikes))) * spikes).sum()
            parameters = (times, *layer.parameters())
            found.append((spikes.detach(), units, *torch.autograd.grad(loss, parameters)))
        assert len(found[0][1]) == len(excess) > 10
        for one, other in zip(*found, strict=True):
            torch.testing.assert_close(one, other, rtol=1e-4, atol=1e-7)


@pytest.mark.parametrize(("neuron", "drive"), [("lif", 0.0), ("qif", 0.0), ("qif_delta", 0.2)])
def test_gradients_are_the_same_bits_where_no_spike_is_above_the_bound(neuron, drive):
    for recurrent in (False, True):
        layer = layer_of(neuron, drive, recurrent)
        found = []
        for layer.spike_bound in (None, 1e30, 0.5):
            out, state = layer.run(SPIKES)
            gradients = torch.autograd.grad(smooth_loss(out, state), [*layer.parameters()])
            found.append((out.times, *state, *gradients))
        plain, wide, narrow = found
        assert all(map(torch.equal, plain, wide))
        assert torch.equal(plain[0], narrow[0])
        assert not torch.equal(plain[-1], narrow[-1])
        assert plain[-1].norm() > narrow[-1].norm()
