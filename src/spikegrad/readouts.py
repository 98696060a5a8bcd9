"""Readouts: hidden spike trains to logits, the same for every neuron model.

Times are float64 throughout; logits have the dtype of the readout's weights.
"""

from __future__ import annotations

import math
from typing import Any

import numpy as np
import torch
from torch import Tensor, nn
from torch.autograd.function import once_differentiable

from spikegrad.activity import sum_by_neuron
from spikegrad.eager import eager
from spikegrad.engine import njit
from spikegrad.layers import assign
from spikegrad.products import product
from spikegrad.spikes import SpikeTrains

State = tuple[Tensor, ...]


class LinearReadout(nn.Module):
    """Leaky integrators, one for each class, behind ``weight`` [n_in, n_classes].

    Every spike of neuron j makes the voltage of output o jump by W[j, o]; between spikes
    tau_out dV/dt = -V, and V(0) = 0.

    Parameters
    ----------
    n_in, n_classes
        Neurons that send spikes, and classes.
    tau_out
        Membrane time constant of the output neurons in seconds.
    scale
        Root mean square of the logits after :meth:`initialise`.
    dtype
        Of the weights and logits.
    """

    def __init__(
        self,
        n_in: int,
        n_classes: int,
        tau_out: float,
        scale: float = 1.0,
        dtype: torch.dtype = torch.float32,
    ) -> None:
        super().__init__()
        self.tau_out = seconds(tau_out, "tau_out")
        self.scale = scale
        self.weight = nn.Parameter(torch.empty(n_in, n_classes, dtype=dtype))
        self.reset_parameters()

    def jump(self) -> float:
        """Change of a logit that one early spike causes through a weight of 1."""
        return 1.0

    @torch.no_grad()
    def reset_parameters(self) -> None:
        """Draw weights from torch's own generator, for about one spike of each sending neuron."""
        self.weight.normal_(std=self.scale / (self.jump() * len(self.weight) ** 0.5))

    @torch.no_grad()
    def initialise(self, spikes: SpikeTrains, state: State, generator: torch.Generator) -> None:
        """Draw normal weights, scaled so that the logits of ``spikes`` have the wanted size.

        Raises
        ------
        ValueError
            If ``spikes`` hold no event.
        """
        if len(spikes.times) == 0:
            raise ValueError("cannot initialise a readout for the activity of silent neurons")
        weight = torch.empty_like(self.weight).normal_(generator=generator)
        assign(self, "weight", weight)
        assign(self, "weight", weight * (self.scale / self(spikes, state).square().mean().sqrt()))

    def checked_weight(self) -> Tensor:
        """The weight, which users may have replaced or converted."""
        if self.weight.dtype not in (torch.float32, torch.float64):
            raise ValueError(
                f"the readout's weights must be float32 or float64, not {self.weight.dtype}"
            )
        return self.weight


class IntegratedReadout(LinearReadout):
    """Logit = integral over [0, T] of exp(-t / T_w) V(t), in closed form a sum over spikes of

        W[j, o] g(t),
        g(t) = (exp(-t / T_w) - exp(-T / T_w - (T - t) / tau_out)) / (1 / T_w + 1 / tau_out).

    g(T) = 0: a spike that leaves the trial at its end takes nothing with it, so that the
    logits of a QIF network are continuous in every parameter.

    ``window`` is T_w in seconds; the other parameters are those of :class:`LinearReadout`.
    """

    def __init__(
        self,
        n_in: int,
        n_classes: int,
        tau_out: float,
        window: float,
        scale: float = 1.0,
        dtype: torch.dtype = torch.float32,
    ) -> None:
        self.window = seconds(window, "window")  # for reset_parameters, which comes next
        super().__init__(n_in, n_classes, tau_out, scale, dtype)

    def jump(self) -> float:
        return 1 / (1 / self.window + 1 / self.tau_out)

    @eager
    def forward(self, spikes: SpikeTrains, state: State | None = None) -> Tensor:
        """Logits [n_samples, n_classes]; the state of the sending layer is not used."""
        shares = _Shares.apply(spikes.times, spikes.duration, self.window, self.tau_out)
        weight = self.checked_weight()
        features = sum_by_neuron(shares, spikes, len(weight))
        return product(features.to(weight.dtype), weight)


class _Shares(torch.autograd.Function):
    """Spike times -> g(t), each [n_events], with its derivative from the same exponentials.

    As torch's own operations, this takes twice as many passes over the spikes.
    """

    @staticmethod
    def forward(ctx: Any, times: Tensor, end: float, window: float, tau_out: float) -> Tensor:
        t = times.numpy()
        width = 1 / (1 / window + 1 / tau_out)
        early = width * np.exp(-t / window)
        late = width * np.exp((t - end) / tau_out - end / window)
        ctx.save_for_backward(torch.from_numpy(-(early / window + late / tau_out)))
        return torch.from_numpy(early - late)

    @staticmethod
    @once_differentiable
    def backward(ctx: Any, grad: Tensor) -> tuple:
        (slopes,) = ctx.saved_tensors
        return grad * slopes, None, None, None


class MaximumReadout(LinearReadout):
    """Logit = max over [0, T] of V(t), exactly.

    V decays towards 0 between spikes, so the maximum is V(0) = 0 or stands just after a spike.
    """

    @eager
    def forward(self, spikes: SpikeTrains, state: State | None = None) -> Tensor:
        """Logits [n_samples, n_classes]; the state of the sending layer is not used."""
        weight = self.checked_weight()
        spikes.check(len(weight))
        return _Maximum.apply(spikes.times, weight, spikes.units, spikes.offsets, self.tau_out)


class _Maximum(torch.autograd.Function):
    """(spike times, weight) -> logits, by one scan over the spikes; and one back."""

    @staticmethod
    def forward(
        ctx: Any, times: Tensor, weight: Tensor, units: Tensor, offsets: Tensor, tau: float
    ) -> Tensor:
        rows = np.ascontiguousarray(weight.numpy())
        logits, peaks = _maxima(times.numpy(), units.numpy(), offsets.numpy(), rows, tau)
        tensors = [torch.from_numpy(array) for array in (logits, peaks)]
        ctx.save_for_backward(times, weight, units, offsets, *tensors)
        ctx.tau = tau
        return tensors[0].to(weight.dtype)

    @staticmethod
    @once_differentiable
    def backward(ctx: Any, grad: Tensor) -> tuple:
        _, weight, *_ = ctx.saved_tensors
        times, rows, units, offsets, logits, peaks = (
            np.ascontiguousarray(tensor.detach().numpy()) for tensor in ctx.saved_tensors
        )
        wanted = np.ascontiguousarray(grad.double().numpy())
        grad_times, grad_weight = _maxima_adjoint(
            times, units, offsets, rows, ctx.tau, logits, peaks, wanted
        )
        grads = torch.from_numpy(grad_times), torch.from_numpy(grad_weight).to(weight.dtype)
        return (*grads, None, None, None)


@njit(cache=True, nogil=True)
def _maxima(
    times: np.ndarray, units: np.ndarray, offsets: np.ndarray, weight: np.ndarray, tau: float
) -> tuple[np.ndarray, np.ndarray]:
    """The largest voltages, float64 [n_samples, n_classes], and the events that they follow.

    Of simultaneous spikes that is the last; it is -1 where the start is largest.
    """
    n_samples, n_classes = len(offsets) - 1, weight.shape[1]
    largest = np.zeros((n_samples, n_classes))
    peaks = np.full((n_samples, n_classes), -1)
    voltage = np.empty(n_classes)
    for b in range(n_samples):
        voltage[:] = 0.0
        last = 0.0
        for k in range(offsets[b], offsets[b + 1]):
            if times[k] > last:
                voltage *= np.exp((last - times[k]) / tau)
                last = times[k]
            for o in range(n_classes):
                voltage[o] += weight[units[k], o]
            if k + 1 < offsets[b + 1] and times[k + 1] == last:
                continue  # simultaneous spikes arrive together
            for o in range(n_classes):
                if not voltage[o] <= largest[b, o]:  # what is not a number shows in the logit
                    largest[b, o] = voltage[o]
                    peaks[b, o] = k
    return largest, peaks


@njit(cache=True, nogil=True)
def _maxima_adjoint(
    times: np.ndarray,
    units: np.ndarray,
    offsets: np.ndarray,
    weight: np.ndarray,
    tau: float,
    largest: np.ndarray,
    peaks: np.ndarray,
    grad: np.ndarray,
) -> tuple[np.ndarray, np.ndarray]:
    """dLoss/dt of each spike and dLoss/dW, in float64, from dLoss/d(logits)."""
    n_samples, n_classes = grad.shape
    grad_times, grad_weight = np.zeros(len(times)), np.zeros(weight.shape)
    adjoint = np.empty(n_classes)  # of the voltages
    for b in range(n_samples):
        adjoint[:] = 0.0
        for k in range(offsets[b + 1] - 1, offsets[b] - 1, -1):
            if k + 1 < offsets[b + 1] and times[k + 1] > times[k]:
                adjoint *= np.exp((times[k] - times[k + 1]) / tau)
            slope = 0.0
            for o in range(n_classes):
                if peaks[b, o] == k:
                    adjoint[o] = grad[b, o]
                    slope -= grad[b, o] * largest[b, o]
                grad_weight[units[k], o] += adjoint[o]
                slope += adjoint[o] * weight[units[k], o]
            grad_times[k] = slope / tau
    return grad_times, grad_weight


def seconds(value: float, name: str) -> float:
    """``value``, if it is a positive, finite number of seconds."""
    if not 0 < value < math.inf:
        raise ValueError(f"{name} must be a positive, finite number of seconds, not {value}")
    return float(value)
