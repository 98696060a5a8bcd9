"""Readouts: hidden spike trains to logits, the same for every neuron model.

Times are float64 throughout; logits have the dtype of the readout's weights.
"""

from __future__ import annotations

import math
from typing import Any

import numpy as np
import torch
from torch import Tensor, nn

from spikegrad.activity import sum_by_neuron
from spikegrad.engine import njit
from spikegrad.layers import assign, type_name
from spikegrad.products import product
from spikegrad.raster import Raster
from spikegrad.sizes import whole
from spikegrad.spikes import SpikeTrains
from spikegrad.times import check_trained, positive_seconds
from spikegrad.wrappers import once_differentiable, uncompiled

State = tuple[Tensor, ...]
SHORTEST, LONGEST = 1e-4, 10.0
"""Bounds of trained times in seconds."""


class LinearReadout(nn.Module):
    """Leaky integrators, one for each class, behind ``weight`` [n_in, n_classes].

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

    Raises
    ------
    ValueError
        If ``tau_out`` is no positive number, or there is no neuron or class.
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
        n_in, n_classes = whole(n_in=n_in, n_classes=n_classes)
        self._tau_out = positive_seconds(tau_out, "tau_out", LONGEST)
        self.scale = scale
        self.weight = nn.Parameter(torch.empty(n_in, n_classes, dtype=dtype))
        self.reset_parameters()

    @property
    def tau_out(self) -> float:
        """Membrane time constant of the output neurons in seconds."""
        return self._tau_out

    def arguments(self) -> dict[str, Any]:
        """What such a readout is made with, as plain values; trained times as they are now."""
        n_in, n_classes = self.weight.shape
        own = {"n_in": n_in, "n_classes": n_classes, "tau_out": self.tau_out, "scale": self.scale}
        return own | {"dtype": type_name(self.weight)}

    def jump(self) -> float:
        """Change of a logit that one early spike causes through a weight of 1."""
        return 1.0

    @torch.no_grad()
    def reset_parameters(self) -> None:
        """Draw weights from torch's own generator, for about one spike of each sending neuron."""
        self.weight.normal_(std=self.scale / (self.jump() * len(self.weight) ** 0.5))

    @torch.no_grad()
    def initialise(
        self, spikes: SpikeTrains | Raster, state: State, generator: torch.Generator
    ) -> None:
        """Draw normal weights, scaled so that the logits of ``spikes`` have the wanted size.

        ValueError if ``spikes`` hold no event, or none that a logit depends on.
        """
        if int(spikes.sizes.sum()) == 0:
            raise ValueError("cannot initialise a readout for the activity of silent neurons")
        weight = torch.empty_like(self.weight).normal_(generator=generator)
        assign(self, "weight", weight)
        size = self(spikes, state).square().mean().sqrt()
        if size == 0:
            raise ValueError("cannot initialise a readout by spikes that leave all logits at 0")
        assign(self, "weight", weight * (self.scale / size))


class IntegratedReadout(LinearReadout):
    """Logit = integral over [0, T] of exp(-t / T_w) V(t), in closed form a sum over spikes of

        W[j, o] g(t),
        g(t) = (exp(-t / T_w) - exp(-T / T_w - (T - t) / tau_out)) / (1 / T_w + 1 / tau_out).

    Every spike of neuron j makes the voltage of output o jump by W[j, o]; between spikes
    tau_out dV/dt = -V, and V(0) = 0. g(T) = 0: a spike that leaves the sample at its end takes
    nothing with it, so that the logits of a QIF network are continuous in every parameter.

    ``window`` is T_w in seconds. With ``train_times`` the logarithms of T_w and tau_out are
    parameters, too: ``log_window`` and ``log_tau_out``, float64 [1]. The other arguments are those
    of :class:`LinearReadout`. ValueError if a time is no positive number or, if trained, not within
    0.1 ms and 10 s.
    """

    log_window: nn.Parameter | None
    log_tau_out: nn.Parameter | None

    def __init__(
        self,
        n_in: int,
        n_classes: int,
        tau_out: float,
        window: float,
        scale: float = 1.0,
        dtype: torch.dtype = torch.float32,
        train_times: bool = False,
    ) -> None:
        # For reset_parameters, which comes next.
        self._window = positive_seconds(window, "window", LONGEST)
        self.log_window = self.log_tau_out = None
        super().__init__(n_in, n_classes, tau_out, scale, dtype)
        if not train_times:
            return
        for name, time in (("window", window), ("tau_out", tau_out)):
            check_trained(time, name, SHORTEST, LONGEST)
            logarithm = torch.tensor([time], dtype=torch.float64).log()
            setattr(self, f"log_{name}", nn.Parameter(logarithm))

    def arguments(self) -> dict[str, Any]:
        """As of :class:`LinearReadout`, and ``window``."""
        trained = self.log_window is not None
        return super().arguments() | {"window": self.window, "train_times": trained}

    @property
    def window(self) -> float:
        """T_w in seconds."""
        return self._window if self.log_window is None else math.exp(self.log_window.item())

    @property
    def tau_out(self) -> float:
        """As of :class:`LinearReadout`, as it is now."""
        return self._tau_out if self.log_tau_out is None else math.exp(self.log_tau_out.item())

    @torch.no_grad()
    def bound(self) -> None:
        """Bring trained times back within their bounds, after a step of an optimiser."""
        for logarithm in (self.log_window, self.log_tau_out):
            if logarithm is not None:
                logarithm.clamp_(math.log(SHORTEST), math.log(LONGEST))

    def jump(self) -> float:
        """As of :class:`LinearReadout`."""
        return 1 / (1 / self.window + 1 / self.tau_out)

    @uncompiled
    def forward(self, spikes: SpikeTrains | Raster, state: State | None = None) -> Tensor:
        """Logits [n_samples, n_classes]; the state of the sending layer is not used."""
        if self.log_window is not None and self.log_tau_out is not None:
            for name, time in (("window", self.window), ("tau_out", self.tau_out)):
                check_trained(time, name, SHORTEST, LONGEST)
            window, tau_out = self.log_window.exp(), self.log_tau_out.exp()
        else:
            times = torch.tensor([self._window, self._tau_out], dtype=torch.float64)
            window, tau_out = times.split(1)
        shares = _Shares.apply(spikes.times, window, tau_out, spikes.duration)
        features = sum_by_neuron(shares, spikes, len(self.weight))
        return product(features.to(self.weight.dtype), self.weight)


class _Shares(torch.autograd.Function):
    """Spike times, T_w and tau_out -> g(t), [n_events], with derivatives by the same exponentials.

    As torch's own operations, this takes twice as many passes over the spikes.
    """

    @staticmethod
    def forward(ctx: Any, times: Tensor, window: Tensor, tau_out: Tensor, end: float) -> Tensor:
        t, tw, tau = times.numpy(), window.item(), tau_out.item()
        width = 1 / (1 / tw + 1 / tau)
        early = width * np.exp(-t / tw)
        late = width * np.exp((t - end) / tau - end / tw)
        slopes = [-(early / tw + late / tau)]
        if any(ctx.needs_input_grad[1:3]):
            slopes.append((early * (width + t) - late * (width + end)) / tw**2)
            slopes.append((early * width - late * (width + end - t)) / tau**2)
        ctx.save_for_backward(*map(torch.from_numpy, slopes))
        return torch.from_numpy(early - late)

    @staticmethod
    @once_differentiable
    def backward(ctx: Any, grad: Tensor) -> tuple:
        slopes, *others = ctx.saved_tensors
        sums = [torch.from_numpy((grad * own).numpy().sum(keepdims=True)) for own in others]
        return grad * slopes, *(sums or (None, None)), None


class MaximumReadout(LinearReadout):
    """Logit = max over [0, T] of V(t), exactly.

    Every spike of neuron j makes the current of output o jump by 4 W[j, o], and

        tau_out dV/dt = -V + I,  (tau_out / 2) dI/dt = -I,  V(0) = I(0) = 0,

    as in a hidden LIF neuron without threshold, so that one spike lifts V to W[j, o] at most,
    tau_out ln 2 later. V is continuous, and with it the logits, whatever the order of the spikes;
    were it V that jumps, its maximum would jump where two spikes change places.
    """

    @uncompiled
    def forward(self, spikes: SpikeTrains | Raster, state: State | None = None) -> Tensor:
        """Logits [n_samples, n_classes]; the state of the sending layer is not used.

        Of a raster, the largest voltage at its times.
        """
        weight = self.weight
        spikes.check(len(weight))
        if not isinstance(spikes, Raster):
            events = spikes.units, spikes.multiplicities, spikes.offsets
            return _Maximum.apply(spikes.times, weight, *events, spikes.duration, self.tau_out)
        e = math.exp(-spikes.step / self.tau_out)
        voltage = current = largest = weight.new_zeros(len(spikes.values), weight.shape[1])
        for incoming in (4 * spikes.arriving(weight)).unbind(1):
            current = current + incoming
            voltage = e * voltage + (e - e * e) * current
            current = e * e * current
            largest = torch.maximum(largest, voltage)
        return largest


class _Maximum(torch.autograd.Function):
    """(spike times, weight) -> logits, by one scan over the spikes; and one back."""

    @staticmethod
    def forward(
        ctx: Any,
        times: Tensor,
        weight: Tensor,
        units: Tensor,
        counts: Tensor,
        offsets: Tensor,
        end: float,
        tau: float,
    ) -> Tensor:
        rows = np.ascontiguousarray(weight.numpy())
        events = (tensor.numpy() for tensor in (times, units, counts, offsets))
        found = _maxima(*events, rows, end, tau)
        logits, when, rise = map(torch.from_numpy, found)
        ctx.save_for_backward(times, weight, units, counts, offsets, when, rise)
        ctx.tau = tau
        return logits.to(weight.dtype)

    @staticmethod
    @once_differentiable
    def backward(ctx: Any, grad: Tensor) -> tuple:
        _, weight, *_ = ctx.saved_tensors
        times, rows, units, counts, offsets, when, rise = (
            np.ascontiguousarray(tensor.detach().numpy()) for tensor in ctx.saved_tensors
        )
        wanted = np.ascontiguousarray(grad.double().numpy())
        grad_times, grad_weight = _maxima_adjoint(
            times, units, counts, offsets, rows, ctx.tau, when, rise, wanted
        )
        grads = torch.from_numpy(grad_times), torch.from_numpy(grad_weight).to(weight.dtype)
        return (*grads, None, None, None, None, None)


@njit(cache=True, nogil=True)
def _maxima(
    times: np.ndarray,
    units: np.ndarray,
    counts: np.ndarray,
    offsets: np.ndarray,
    weight: np.ndarray,
    end: float,
    tau: float,
) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """The largest voltages, when they are reached, and how fast V rises up to there.

    In x = exp(-s / tau), s after a spike, V = (V0 + I0) x - I0 x^2. Where I0 > 0 that has its
    maximum at x = (V0 + I0) / (2 I0); else V is largest at an end of the interval. It rises up to
    there, where the sample ends or a spike turns it. All are float64 [n_samples, n_classes].
    """
    n_samples, n_classes = len(offsets) - 1, weight.shape[1]
    largest, when = np.zeros((n_samples, n_classes)), np.zeros((n_samples, n_classes))
    rise = np.zeros((n_samples, n_classes))
    voltage, current = np.empty(n_classes), np.empty(n_classes)
    for b in range(n_samples):
        voltage[:] = 0.0
        current[:] = 0.0
        for k in range(offsets[b], offsets[b + 1]):
            now = times[k]
            then = times[k + 1] if k + 1 < offsets[b + 1] else end
            x = np.exp((now - then) / tau)
            for o in range(n_classes):
                v, i = voltage[o], current[o] + 4.0 * counts[k] * weight[units[k], o]
                if i > 0 and x < (v + i) / (2 * i) < 1:
                    peak, at = (v + i) ** 2 / (4 * i), now + tau * np.log(2 * i / (v + i))
                    if peak > largest[b, o]:
                        largest[b, o], when[b, o], rise[b, o] = peak, at, 0.0
                voltage[o] = (v + i) * x - i * x * x
                current[o] = i * x * x
                # What is not a number shows in the logit.
                if x < 1 and not voltage[o] <= largest[b, o]:
                    largest[b, o], when[b, o] = voltage[o], then
                    rise[b, o] = (current[o] - voltage[o]) / tau
    return largest, when, rise


@njit(cache=True, nogil=True)
def _maxima_adjoint(
    times: np.ndarray,
    units: np.ndarray,
    counts: np.ndarray,
    offsets: np.ndarray,
    weight: np.ndarray,
    tau: float,
    when: np.ndarray,
    rise: np.ndarray,
    grad: np.ndarray,
) -> tuple[np.ndarray, np.ndarray]:
    """dLoss/dt of each spike and dLoss/dW, in float64, from dLoss/d(logits).

    A spike s before the maximum adds 4 W (x - x^2) to it, x = exp(-s / tau). The time of the
    maximum may be held fixed where V' = 0 and at the sample's end; else a spike takes it along.
    """
    n_samples, n_classes = grad.shape
    grad_times, grad_weight = np.zeros(len(times)), np.zeros(weight.shape)
    x = np.empty(n_classes)
    for b in range(n_samples):
        x[:] = 0.0  # until the maximum is passed
        for k in range(offsets[b + 1] - 1, offsets[b] - 1, -1):
            later = times[k + 1] if k + 1 < offsets[b + 1] else times[k]
            decay = np.exp((times[k] - later) / tau)
            for o in range(n_classes):
                if x[o] > 0:
                    x[o] *= decay
                elif times[k] < when[b, o]:
                    x[o] = np.exp((times[k] - when[b, o]) / tau)
                elif times[k] == when[b, o] and not (k > offsets[b] and times[k - 1] == times[k]):
                    grad_times[k] += grad[b, o] * rise[b, o]
                wanted = 4.0 * counts[k] * grad[b, o] * x[o]
                grad_weight[units[k], o] += wanted * (1 - x[o])
                grad_times[k] += wanted * weight[units[k], o] * (1 - 2 * x[o]) / tau
    return grad_times, grad_weight
