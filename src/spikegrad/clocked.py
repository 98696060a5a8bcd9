"""Clocked layers with surrogate gradients: what exact spike times are compared with.

The neurons are those of :mod:`spikegrad.neurons`, advanced by whole steps in closed form: LIF
exactly, QIF under the mean of the step's current. Input arrives at the beginning of a step, and a
neuron whose potential has passed its threshold spikes at its end. As the step goes to 0, spikes
become those of :class:`spikegrad.layers.SpikingLayer` of the same parameters, with an error in
proportion to the step.

Backward, a spike has the derivative psi(u) of a surrogate by the distance u from the threshold
(Neftci, Mostafa, Zenke 2019): V - 1 for LIF, and for QIF, whose threshold is infinite, the angle
atan2(p, q) - pi/2 of V = p / q, in radians. A reset passes no gradient (Zenke and Vogels 2021).
"""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np
import torch
from torch import Tensor

from spikegrad.layers import SpikingLayer, check_place, distinct, not_spikes, warn_silent
from spikegrad.products import product
from spikegrad.raster import Raster, arriving
from spikegrad.spikes import SpikeTrains
from spikegrad.surrogates import SURROGATES, SuperSpike
from spikegrad.times import SAME, positive_seconds
from spikegrad.wrappers import once_differentiable

State = tuple[Tensor, ...]
Surrogate = Callable[[Tensor], Tensor]
DEFAULT = SuperSpike(0.1)
SMALL = 0.5
"""Up to which |y| the slope of an entire function of y is summed as a series."""


@dataclass(frozen=True)
class ClockedLIF:
    """State (V, I): V' = e V + (e - e^2) I + (1 - e) J, I' = e^2 I with e = exp(-x).

    States are of tensors [n_samples, n].
    """

    x: float
    """Length of a step in units of tau."""
    drive: float

    def start(self, like: Tensor) -> State:
        """The state at rest."""
        return torch.zeros_like(like), torch.zeros_like(like)

    def arrive(self, state: State, weights: Tensor) -> State:
        """After arriving ``weights``."""
        *before, current = state
        return *before, current + weights

    def flow(self, state: State) -> State:
        """After a step without events."""
        v, current = state
        e = math.exp(-self.x)
        return e * v + ((e - e * e) * current + (1 - e) * self.drive), e * e * current

    def distance(self, state: State) -> Tensor:
        """How far the potential is beyond its threshold."""
        return state[0] - 1

    def reset(self, state: State, spiked: Tensor) -> State:
        """After spikes of the neurons that have ``spiked``, 1 or 0."""
        v, current = state
        return v * (1 - spiked), current

    def potential(self, state: State) -> Tensor:
        """Membrane potential V."""
        return state[0]


class _Entire(torch.autograd.Function):
    """C = cosh(sqrt y) and S = sinh(sqrt y) / sqrt y, of either sign of y; dC/dy = S / 2.

    By hand, since torch's own backward pass would take several times as many operations.
    """

    @staticmethod
    def forward(ctx: Any, y: Tensor) -> tuple[Tensor, Tensor]:
        root = y.abs().sqrt_().clamp_(min=1e-8)
        growing = y > 0
        c = torch.where(growing, root.cosh(), root.cos())
        s = torch.where(growing, root.sinh(), root.sin()).div_(root)
        ctx.save_for_backward(y, c, s)
        return c, s

    @staticmethod
    @once_differentiable
    def backward(ctx: Any, grad_c: Tensor, grad_s: Tensor) -> Tensor:
        y, c, s = ctx.saved_tensors
        small = y.clamp(-SMALL, SMALL)
        slope = torch.zeros_like(y)  # dS/dy: a series where (C - S) / 2y would cancel
        for k in range(7, 0, -1):
            slope.mul_(small).add_(k / math.factorial(2 * k + 1))
        far = y.abs() > SMALL
        slope = torch.where(far, (c - s) / (2 * torch.where(far, y, 1.0)), slope)
        return (grad_c * s).mul_(0.5).add_(grad_s * slope)


def entire(y: Tensor) -> tuple[Tensor, Tensor]:
    """cosh(sqrt y) and sinh(sqrt y) / sqrt y, of either sign of y."""
    return _Entire.apply(y)


def turned(p: Tensor, q: Tensor, current: Tensor | float, x: float) -> tuple[Tensor, Tensor]:
    """p and q of V = p / q after ``x`` time constants under a constant current, up to a factor.

    p' = -p + c q, q' = -p: the exponential of a 2 x 2 matrix.
    """
    c, s = entire(torch.as_tensor(x * x * (0.25 - current), dtype=p.dtype))
    new_p = c * p + x * s * (current * q - p / 2)
    new_q = c * q + x * s * (q / 2 - p)
    size = (new_p.abs() + new_q.abs()).detach()  # V is the same in any scale
    return new_p / size, new_q / size


class ClockedQIF(ClockedLIF):
    """State (p, q, I) with V = p / q; the current of a step is its mean."""

    def start(self, like: Tensor) -> State:
        return torch.zeros_like(like), torch.ones_like(like), torch.zeros_like(like)

    def flow(self, state: State) -> State:
        p, q, current = state
        decay = math.exp(-2 * self.x)
        mean = current * ((1 - decay) / (2 * self.x)) + self.drive
        return *turned(p, q, mean, self.x), decay * current

    def distance(self, state: State) -> Tensor:
        return torch.atan2(state[0], state[1]) - math.pi / 2

    def reset(self, state: State, spiked: Tensor) -> State:
        sign = 1 - 2 * spiked
        return (state[0] * sign, state[1] * sign, *state[2:])

    def potential(self, state: State) -> Tensor:
        return state[0] / state[1]


class ClockedQIFDelta(ClockedQIF):
    """State (p, q); a weight moves V."""

    def start(self, like: Tensor) -> State:
        return torch.zeros_like(like), torch.ones_like(like)

    def arrive(self, state: State, weights: Tensor) -> State:
        p, q = state
        return p + weights * q, q

    def flow(self, state: State) -> State:
        p, q = state
        return turned(p, q, self.drive, self.x)


DYNAMICS = {"lif": ClockedLIF, "qif": ClockedQIF, "qif_delta": ClockedQIFDelta}
"""What makes a clocked neuron of the step in units of tau, and the drive."""


class _Spike(torch.autograd.Function):
    """1 beyond the threshold, else 0; with the derivative psi of a surrogate."""

    @staticmethod
    def forward(ctx: Any, u: Tensor, surrogate: Surrogate) -> Tensor:
        ctx.save_for_backward(u)
        ctx.surrogate = surrogate
        return (u > 0).to(u.dtype)

    @staticmethod
    def backward(ctx: Any, grad: Tensor) -> tuple[Tensor, None]:
        (u,) = ctx.saved_tensors
        return grad * ctx.surrogate(u), None


class ClockedLayer(SpikingLayer):
    """A layer of spiking neurons on a grid of times, with surrogate gradients.

    Parameters
    ----------
    n_in, n_out, tau, recurrent, dtype, drive
        As of :class:`spikegrad.layers.SpikingLayer`, whose parameters, initial weights and
        state_dict these are, too.
    neuron
        A key of :data:`DYNAMICS`.
    step
        Seconds between two times of the grid; samples consist of whole steps.
    surrogate
        psi(u), by which the derivative of a spike by its distance u from the threshold is replaced.
        u is in units of the threshold for LIF, in radians for QIF neurons.

    Raises
    ------
    ValueError
        If an argument is out of its range.
    """

    def __init__(
        self,
        n_in: int,
        n_out: int,
        neuron: str = "qif",
        tau: float = 0.02,
        step: float = 1e-3,
        surrogate: Surrogate = DEFAULT,
        recurrent: bool = False,
        dtype: torch.dtype = torch.float32,
        drive: float = 0.0,
    ) -> None:
        if neuron not in DYNAMICS:
            raise ValueError(f"neuron '{neuron}' has no clocked form; there are {sorted(DYNAMICS)}")
        step = positive_seconds(step, "step")
        if not callable(surrogate):
            raise ValueError(
                f"surrogate must be a function of u, as SuperSpike(0.1), not {surrogate!r}"
            )
        super().__init__(n_in, n_out, neuron, tau, recurrent, dtype, drive=drive)
        self.step, self.surrogate = step, surrogate
        self.dynamics = DYNAMICS[neuron](step / tau, float(drive))

    def arguments(self) -> dict[str, Any]:
        """What such a layer is made with, as plain values.

        ValueError for a surrogate of your own.
        """
        own = self.surrogate
        name = next((name for name, kind in SURROGATES.items() if type(own) is kind), None)
        if name is None:
            raise ValueError(
                f"the surrogate {self.surrogate} is none of {', '.join(SURROGATES)}, and cannot be"
                " kept in a file"
            )
        keys = ("n_in", "n_out", "neuron", "tau", "recurrent", "dtype", "drive")
        kept = {key: value for key, value in super().arguments().items() if key in keys}
        width = own.width  # type: ignore[attr-defined]
        return kept | {"step": self.step, "surrogate": [name, width]}

    def forward(self, spikes: SpikeTrains | Raster) -> Raster:  # type: ignore[override]
        """The neurons' spikes at the ends of steps.

        Raises and warns as :meth:`SpikingLayer.forward`; ValueError, too, if samples do not consist
        of whole steps, rasters have other ones, or ``sample_clip`` is set, which exact layers alone
        have.
        """
        out = self.run(spikes)[0]
        if len(spikes) and not out.values.any() and int(spikes.sizes.sum()):
            warn_silent()
        return out

    def run(self, spikes: SpikeTrains | Raster) -> tuple[Raster, State]:  # type: ignore[override]
        """As :meth:`forward`, with the state at the sample's end, each [n_samples, n_out]."""
        return self._run(self._arriving(spikes))

    def _run(
        self, arrivals: Tensor, look: Callable[[State], None] = lambda state: None
    ) -> tuple[Raster, State]:
        """Run on what arrives before each step; ``look`` is given each state before its reset."""
        if self.sample_clip is not None:
            raise ValueError("sample_clip: clocked layers do not clip single samples' gradients")
        state = self.dynamics.start(arrivals[:, 0])
        values: list[Tensor] = []
        for incoming in arrivals.unbind(1):
            state = self.dynamics.flow(self.dynamics.arrive(state, incoming))
            look(state)
            values.append(spike(self.dynamics.distance(state), self.surrogate))
            state = self._after(state, values[-1], values[-1].detach())
        return Raster(torch.stack(values, 1), self.step), state

    @torch.no_grad()
    def initialise(
        self,
        spikes: SpikeTrains | Raster,
        mean: float,
        scale: float,
        recurrent_scale: float,
        generator: torch.Generator,
    ) -> None:
        """As :meth:`SpikingLayer.initialise`, also for the activity of a raster."""
        trains = spikes.trains() if isinstance(spikes, Raster) else spikes
        super().initialise(trains, mean, scale, recurrent_scale, generator)

    @torch.no_grad()
    def trace(
        self, spikes: SpikeTrains | Raster, sample: int, neuron: int, times: np.ndarray
    ) -> np.ndarray:
        """Membrane potential of one neuron in one sample at ``times`` [n] (seconds): at the end of
        the step that each falls into, before a reset. Raises as :meth:`SpikingLayer.trace`.
        """
        check_place(sample, len(spikes), neuron, self.n_out)
        times, place = distinct(times, spikes.duration)
        arrivals = self._arriving(spikes)[sample : sample + 1]
        found: list[Tensor] = []
        self._run(arrivals, lambda state: found.append(self.dynamics.potential(state)[0, neuron]))
        potentials = torch.stack(found).numpy()
        steps = np.ceil(times / self.step - SAME).astype(int) - 1
        return potentials[np.clip(steps, 0, len(potentials) - 1)][place]

    def along(self, spikes: SpikeTrains, raster: Raster | None = None) -> Raster:
        """Spikes of the exact layer of the same parameters, with surrogate gradients along it.

        ``raster`` are the same input spikes with gradients, if a layer below has been followed
        likewise.

        Counts of each step, in general 0 or 1. The gradients are those of this layer at the exact
        states on the grid; a neuron that spikes within a step is at its threshold there. Errors are
        those of both layers.
        """
        with torch.no_grad():
            exact = SpikingLayer.run(self, spikes)[0]
            out = Raster.of(exact, self.n_out, self.step, self.weight.dtype)
            at_ends = np.minimum(out.times.numpy(), spikes.duration)
            states = self.states(spikes, at_ends)  # of the exact layer
        state = self.dynamics.start(out.values[:, 0])
        values: list[Tensor] = []
        ends = zip(*(variable.unbind(1) for variable in states), strict=True)
        arrivals = self._arriving(spikes) if raster is None else product(raster.values, self.weight)
        steps = zip(arrivals.unbind(1), out.values.unbind(1), ends, strict=True)
        for incoming, count, at_end in steps:
            state = self.dynamics.flow(self.dynamics.arrive(state, incoming))
            fired = (count > 0).to(count.dtype)
            there = self.dynamics.distance(at_end) * (1 - fired)
            u = replaced(self.dynamics.distance(state), there)
            values.append(replaced(spike(u, self.surrogate), count))
            state = tuple(map(replaced, self._after(state, values[-1], fired), at_end))
        return Raster(torch.stack(values, 1), self.step)

    def exact(self) -> SpikingLayer:
        """The exact layer of the same parameters."""
        neuron, recurrent = self.neuron, self.recurrent_weight is not None
        size = self.n_in, self.n_out, self.kind, neuron.tau, recurrent, self.weight.dtype
        with torch.random.fork_rng(devices=[]):  # the weights that it draws are not used
            layer = SpikingLayer(*size, self.max_spikes, neuron.drive)
        layer.weight, layer.recurrent_weight = self.weight, self.recurrent_weight
        return layer

    def _arriving(self, spikes: SpikeTrains | Raster) -> Tensor:
        """What input brings before each step, [n_samples, n_steps, n_out]."""
        for weight in self._weights():
            if not weight.isfinite().all():
                raise ValueError("the layer's weights are not finite: training has diverged")
        if isinstance(spikes, Raster):
            if spikes.step != self.step or spikes.values.shape[2] != self.n_in:
                raise ValueError(
                    f"the layer takes rasters of {self.n_in} neurons and steps of {self.step} s, "
                    f"not of {spikes.values.shape[2]} and {spikes.step} s"
                )
            return spikes.arriving(self.weight)
        if not isinstance(spikes, SpikeTrains):
            raise not_spikes(spikes)
        spikes.check(self.n_in)
        return arriving(spikes, self.weight, self.step)

    def _after(self, state: State, spikes: Tensor, fired: Tensor) -> State:
        """The state after ``spikes`` of neurons that have ``fired``, 1 or 0."""
        state = self.dynamics.reset(state, fired)
        if self.recurrent_weight is None:
            return state
        return self.dynamics.arrive(state, product(spikes, self.recurrent_weight))


def spike(u: Tensor, surrogate: Surrogate) -> Tensor:
    """1 where ``u`` is above 0, else 0, with the derivative ``surrogate`` (u)."""
    return _Spike.apply(u, surrogate)


def replaced(computed: Tensor, value: Tensor) -> Tensor:
    """``value``, with the gradients of what was ``computed``."""
    return value + (computed - computed.detach())
