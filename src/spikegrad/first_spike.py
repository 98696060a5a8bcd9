"""The readout by first spikes: the class whose output neuron spikes first."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import torch
from torch import Tensor, nn

from spikegrad.layers import SpikingLayer
from spikegrad.products import product
from spikegrad.readouts import LONGEST, State
from spikegrad.spikes import SpikeTrains
from spikegrad.times import positive_seconds
from spikegrad.wrappers import uncompiled


class FirstSpikeReadout(nn.Module):
    """Logit = -t / time_scale, with t the first spike time of a spiking output neuron.

    An output neuron without a spike in the sample has its pseudospike after it, where its
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
        Of initial weights, as in :meth:`SpikingLayer.initialise`.
    dtype, max_spikes, drive
        Of the output neurons, as in :class:`SpikingLayer`.

    Raises
    ------
    ValueError
        If a value is none of a :class:`SpikingLayer`'s, or ``time_scale`` no positive number.
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
        self.time_scale = positive_seconds(time_scale, "time_scale", LONGEST)
        self.mean, self.scale = mean, scale
        self.layer = SpikingLayer(n_in, n_classes, neuron, tau_out, False, dtype, max_spikes, drive)

    def arguments(self) -> dict[str, Any]:
        """What such a readout is made with, as plain values."""
        own = self.layer.arguments()
        names = ("n_in", "neuron", "dtype", "max_spikes", "drive")
        times = {"tau_out": own["tau"], "time_scale": self.time_scale}
        given = {"n_classes": own["n_out"], "mean": self.mean, "scale": self.scale}
        return {name: own[name] for name in names} | times | given

    def initialise(self, spikes: SpikeTrains, state: State, generator: torch.Generator) -> None:
        """Draw the output neurons' weights by the activity of ``spikes``."""
        self.layer.initialise(spikes, self.mean, self.scale, 0.0, generator)

    @uncompiled
    def forward(self, spikes: SpikeTrains, state: State | None = None) -> Tensor:
        """Logits [n_samples, n_classes]; ``state`` is that of the sending layer at T, by default
        the one that comes with its spikes.

        The sending neurons are of the same model as the output neurons. ValueError without a state.
        """
        if not isinstance(spikes, SpikeTrains):
            raise TypeError(
                f"a first-spike readout takes exact SpikeTrains, not {type(spikes).__name__}"
            )
        state = spikes.state if state is None else state
        if state is None:
            raise ValueError(
                "a first-spike readout needs the state of the neurons that send it spikes: put it "
                "directly behind a SpikingLayer, or pass what the layer's run returns"
            )
        neuron = self.layer.neuron
        variables = getattr(neuron, "model", neuron).variables()
        if len(state) != len(variables):
            raise ValueError(
                f"the sending neurons' state must be {variables}, as that of the output neurons; "
                f"it has {len(state)} variables"
            )
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
        if getattr(neuron, "pseudospikes", None) is None:
            return torch.zeros_like(final[-1])
        alone = neuron.without_current(state)
        _, phases = _in_parts(neuron.pseudospikes, alone, torch.zeros_like(state[-1]))
        delays, _ = _in_parts(neuron.pseudospikes, final, product(phases, self.layer.weight))
        return delays


def _in_parts(
    pseudospikes: Callable[[State, Tensor], tuple[Tensor, Tensor]], state: State, feed: Tensor
) -> tuple[Tensor, Tensor]:
    """``pseudospikes(state, feed)``, some samples at a time.

    Torch shares out 32,768 numbers or more over its threads, and computes a transcendental
    function to other bits at the end of each share.
    """
    rows = max(1, 32_767 // feed.shape[1])
    parts = zip(*(tensor.split(rows) for tensor in (*state, feed)), strict=True)
    delays, phases = zip(*(pseudospikes(part[:-1], part[-1]) for part in parts), strict=True)
    return torch.cat(delays), torch.cat(phases)
