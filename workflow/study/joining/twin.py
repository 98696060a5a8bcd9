"""A network with two backward passes: the exact one, and that of a surrogate on the same spikes."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial

import torch
from torch import Tensor, nn

from spikegrad.clocked import ClockedLayer
from spikegrad.network import SURROGATES, Network
from spikegrad.ntk.spiking import along
from spikegrad.spikes import SpikeTrains
from study.config.joining import Pseudo


class Twin:
    """``network`` with clocked layers of the same weights, which look at potentials every ``step``
    seconds; it has neither learned delays nor a first-spike readout."""

    def __init__(self, network: Network, step: float) -> None:
        self.network = network.double()
        self.parameters: list[nn.Parameter] = list(network.weights.values())
        self.clocked = [
            ClockedLayer(
                layer.n_in,
                layer.n_out,
                network.neuron,
                layer.neuron.tau,
                step,
                recurrent=layer.recurrent_weight is not None,
                dtype=torch.float64,
                drive=layer.neuron.drive,
            )
            for layer in network.hidden
        ]
        for own, layer in zip(self.clocked, network.hidden, strict=True):
            own.weight, own.recurrent_weight = layer.weight, layer.recurrent_weight
            own.max_spikes = layer.max_spikes

    def exact(self, spikes: SpikeTrains) -> Tensor:
        """Logits [n_samples, n_classes] with exact gradients."""
        logits: Tensor = self.network(spikes).logits
        return logits

    def surrogate(self, kind: Pseudo) -> Callable[[SpikeTrains], Tensor]:
        """What gives the logits, to the grid's accuracy, with the gradients of a surrogate."""
        return partial(self._surrogate, kind)

    def _surrogate(self, kind: Pseudo, spikes: SpikeTrains) -> Tensor:
        psi = SURROGATES[kind.kind](kind.width)
        for layer in self.clocked:
            layer.surrogate = psi
        return self.network.readout(along(self.clocked, self.network.inputs(spikes)))


def vector(parts: list[Tensor]) -> Tensor:
    """Tensors as one vector."""
    return torch.cat([part.flatten() for part in parts])
