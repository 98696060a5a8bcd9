"""Dropout (Srivastava et al., JMLR 2014) of hidden neurons and of input events."""

from __future__ import annotations

import torch
from torch import Tensor
from torch.func import functional_call

from spikegrad.network import Network, NetworkOutput
from spikegrad.seeds import generator
from spikegrad.spikes import SpikeTrains
from study.training.batches import NEURONS


class Thinned:
    """A network as a batch trains it: ``share`` of each hidden layer's neurons send nothing.

    At least one neuron of a layer sends. What is drawn for a batch depends on ``seed`` and
    ``batch`` (its epoch and number) alone.

    Attributes
    ----------
    factors
        What each layer's neurons' outgoing weights are multiplied by, float64 [n] each: 0, or the
        layer's width over the number of neurons that send, so that as much is sent on average.
    """

    def __init__(self, network: Network, share: float, seed: int, *batch: int) -> None:
        self.network, self.share = network, share
        draw = generator(seed, NEURONS, *batch)
        self.factors = [_factors(n, share, draw) for n in network.settings.layers]

    def __call__(self, spikes: SpikeTrains) -> NetworkOutput:
        """As the network; gradients are those of the thinned one, with respect to its weights."""
        if self.share == 0:
            return self.network(spikes)
        return functional_call(self.network, self._outgoing(), (spikes,))

    def _outgoing(self) -> dict[str, Tensor]:
        """The weights of what hidden neurons send, multiplied."""
        senders = {"readout.weight": self.factors[-1], "readout.layer.weight": self.factors[-1]}
        for number, factors in enumerate(self.factors):
            senders[f"hidden.{number}.recurrent_weight"] = factors
            senders[f"hidden.{number + 1}.weight"] = factors
        return {
            name: senders[name].repeat(len(weight) // len(senders[name]))[:, None].to(weight.dtype)
            * weight
            for name, weight in self.network.weights.items()
            if name in senders
        }


def _factors(n: int, share: float, draw: torch.Generator) -> Tensor:
    dropped = min(round(share * n), n - 1)
    return (torch.randperm(n, generator=draw) >= dropped) * (n / (n - dropped))
