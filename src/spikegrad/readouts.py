"""Readouts: hidden spike trains to logits, the same for every neuron model.

Times are float64 throughout; logits have the dtype of the readout's weights.
"""

from __future__ import annotations

from typing import Any

import numpy as np
import torch
from torch import Tensor, nn

from spikegrad.activity import sum_by_neuron
from spikegrad.engine import njit
from spikegrad.layers import SpikingLayer
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
        self.tau_out = tau_out
        self.scale = scale
        self.weight = nn.Parameter(torch.zeros(n_in, n_classes, dtype=dtype))

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
        self.weight.normal_(generator=generator)
        self.weight.mul_(self.scale / self(spikes, state).square().mean().sqrt())


class IntegratedReadout(LinearReadout):
    r"""Logit = :math:`\int_0^T e^{-t/T_w} V(t)\,dt`, in closed form a sum over spikes of

    .. math:: W_{jo}\,g(t), \quad
        g(t) = \frac{e^{-t/T_w} - e^{-T/T_w} e^{-(T-t)/\tau_{out}}}{1/T_w + 1/\tau_{out}}.

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
        super().__init__(n_in, n_classes, tau_out, scale, dtype)
        self.window = window

    def forward(self, spikes: SpikeTrains, state: State | None = None) -> Tensor:
        """Logits [n_samples, n_classes]; the state of the sending layer is not used."""
        shares = _Shares.apply(spikes.times, spikes.duration, self.window, self.tau_out)
        features = sum_by_neuron(shares, spikes, len(self.weight))
        return features.to(self.weight.dtype) @ self.weight


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
        ctx.slopes = torch.from_numpy(-(early / window + late / tau_out))
        return torch.from_numpy(early - late)

    @staticmethod
    def backward(ctx: Any, grad: Tensor) -> tuple:
        return grad * ctx.slopes, None, None, None


class MaximumReadout(LinearReadout):
    """Logit = max over [0, T] of V(t), exactly.

    V decays towards 0 between spikes, so the maximum is V(0) = 0 or stands just after a spike.
    A scan finds which; its value is then computed from the spikes up to it.
    """

    def forward(self, spikes: SpikeTrains, state: State | None = None) -> Tensor:
        """Logits [n_samples, n_classes]; the state of the sending layer is not used."""
        n_samples, n_classes = len(spikes), self.weight.shape[1]
        if len(spikes.times) == 0:
            return self.weight.new_zeros(n_samples, n_classes)
        peak = torch.from_numpy(
            _peaks(
                spikes.times.detach().numpy(),
                spikes.units.numpy(),
                spikes.offsets.numpy(),
                self.weight.detach().numpy(),
                self.tau_out,
            )
        )
        peak_of_event = peak[spikes.samples]
        before = torch.arange(len(spikes.times))[:, None] <= peak_of_event
        passed = spikes.times[peak_of_event.clamp(min=0)] - spikes.times[:, None]
        # Masked before exp: a spike after the peak must not reach it, not even as inf * 0.
        decay = torch.exp(-torch.where(before, passed, 0.0) / self.tau_out) * before
        voltages = decay.to(self.weight.dtype) * self.weight[spikes.units]
        logits = voltages.new_zeros(n_samples, n_classes)
        return logits.index_add(0, spikes.samples, voltages)


@njit(cache=True)
def _peaks(
    times: np.ndarray, units: np.ndarray, offsets: np.ndarray, weight: np.ndarray, tau: float
) -> np.ndarray:
    """Event after which each voltage is largest, or -1 for the start; [n_samples, n_classes]."""
    n_samples, n_classes = len(offsets) - 1, weight.shape[1]
    peak = np.full((n_samples, n_classes), -1)
    for b in range(n_samples):
        voltage = np.zeros(n_classes)
        largest = np.zeros(n_classes)
        last = 0.0
        for k in range(offsets[b], offsets[b + 1]):
            voltage *= np.exp(-(times[k] - last) / tau)
            voltage += weight[units[k]]
            last = times[k]
            if k + 1 < offsets[b + 1] and times[k + 1] == last:
                continue  # simultaneous spikes arrive together
            for o in range(n_classes):
                if voltage[o] > largest[o]:
                    largest[o] = voltage[o]
                    peak[b, o] = k
    return peak


class FirstSpikeReadout(nn.Module):
    """Logit = -t / time_scale, with t the first spike time of a spiking output neuron.

    An output neuron without a spike in the trial has its pseudospike after it, where its
    model defines one (``neuron.pseudospikes``), and else counts as spiking at the end T. The
    pseudospike is driven by the synaptic current and by the phases of the sending neurons: a
    sending neuron about to spike at T has phase 1, one that has just spiked phase 0, while the
    current has jumped by the weight. So t is continuous when any neuron's spike crosses T.
    For that the phases have to depend on potentials alone, since a spike at T makes the
    currents in a recurrent layer jump; this is our change to Klos and Memmesheimer
    (arXiv 2309.14523). Between recurrent neurons with delta synapses even potentials jump then, so
    that t is continuous behind a feedforward layer of them alone.

    Parameters
    ----------
    n_in, n_classes
        Neurons that send spikes, and classes.
    neuron
        Model of the output neurons.
    tau_out
        Their membrane time constant in seconds.
    time_scale
        Spike time difference, in seconds, that changes a logit by 1.
    mean, scale
        Initial weights, as in :meth:`SpikingLayer.initialise`.
    dtype
        Of the weights and logits.
    max_spikes, drive
        Of the output neurons, as in :class:`SpikingLayer`.
    """

    def __init__(
        self,
        n_in: int,
        n_classes: int,
        neuron: str,
        tau_out: float,
        time_scale: float,
        mean: float = 1.0,
        scale: float = 1.0,
        dtype: torch.dtype = torch.float32,
        max_spikes: int = 1000,
        drive: float = 0.0,
    ) -> None:
        super().__init__()
        self.time_scale = time_scale
        self.mean, self.scale = mean, scale
        self.layer = SpikingLayer(n_in, n_classes, neuron, tau_out, False, dtype, max_spikes, drive)

    def initialise(self, spikes: SpikeTrains, state: State, generator: torch.Generator) -> None:
        """Draw the output neurons' weights by the activity of ``spikes``."""
        self.layer.initialise(
            spikes,
            mean=self.mean,
            scale=self.scale,
            recurrent_scale=0.0,
            generator=generator,
        )

    def forward(self, spikes: SpikeTrains, state: State) -> Tensor:
        """Logits [n_samples, n_classes]; ``state`` is that of the sending layer at T.

        The sending neurons are of the same model as the output neurons.
        """
        out, final = self.layer.run(spikes)
        n_samples, n_classes = final[-1].shape
        first = torch.full((n_samples * n_classes,), len(out.times))
        events = torch.arange(len(out.times))
        first.scatter_reduce_(0, out.samples * n_classes + out.units, events, "amin")
        after = spikes.duration + self._delays(state, final).to(out.times.dtype).flatten()
        # One list of times, so that each neuron picks its spike or what stands for it.
        silent = len(out.times) + torch.arange(len(first))
        times = torch.cat([out.times, after])[torch.where(first < len(out.times), first, silent)]
        logits = -times.view(n_samples, n_classes) / self.time_scale
        return logits.to(self.layer.weight.dtype)

    def _delays(self, state: State, final: State) -> Tensor:
        """Seconds from T to each output neuron's pseudospike, [n_samples, n_classes]."""
        neuron = self.layer.neuron
        if not hasattr(neuron, "pseudospikes"):
            return torch.zeros_like(final[-1])
        alone = neuron.without_current(state)
        _, phases = neuron.pseudospikes(alone, torch.zeros_like(state[-1]))
        delays, _ = neuron.pseudospikes(final, phases @ self.layer.weight)
        return delays
