"""Dropout (Srivastava et al., JMLR 2014) of hidden neurons and of input events."""

from __future__ import annotations

import torch
from torch import Tensor
from torch.func import functional_call

from spikegrad.network import Network, NetworkOutput
from spikegrad.spikes import SpikeTrains
from study.config.training import Dropout


class Thinned:
    """A network as a batch trains it: some hidden neurons send nothing, what is sent is scaled up.

    At least one neuron of a layer sends. The norms that `sample_clip` compares are those of the
    scaled weights, dropped ones included.

    Attributes
    ----------
    factors
        What each layer's neurons' outgoing weights are multiplied by, float64 [n] each: 0, or the
        layer's width over the number of neurons that send.
    """

    def __init__(self, network: Network, dropout: Dropout, draw: torch.Generator) -> None:
        self.network, self._dropout = network, dropout
        self.factors = [_factors(n, dropout.neurons, draw) for n in network.settings.layers]

    def __call__(self, spikes: SpikeTrains) -> NetworkOutput:
        """As the network; its weights get the exact gradients of the thinned one."""
        if self._dropout == Dropout():
            return self.network(spikes)
        return functional_call(self.network, self._weights(), (spikes,))

    def _weights(self) -> dict[str, Tensor]:
        """The network's weights, multiplied."""
        senders = {"hidden.0.weight": torch.tensor([1 / (1 - self._dropout.events)]).double()}
        for number, factors in enumerate(self.factors):
            senders[f"hidden.{number}.recurrent_weight"] = factors
            senders[f"hidden.{number + 1}.weight"] = factors
        scaled = {}
        for name, weight in self.network.weights.items():
            factors = senders.get(name, self.factors[-1])  # the readout's, if not named
            rows = factors.repeat(len(weight) // len(factors))  # for copies of what is sent, too
            scaled[name] = rows[:, None].to(weight.dtype) * weight
        return scaled


def _factors(n: int, share: float, draw: torch.Generator) -> Tensor:
    dropped = min(round(share * n), n - 1)
    sends = torch.randperm(n, generator=draw) >= dropped
    return sends.double() * (n / (n - dropped))


def without_events(spikes: SpikeTrains, share: float, draw: torch.Generator) -> SpikeTrains:
    """``spikes`` without a random ``share`` of the events, whatever number each stands for."""
    if share == 0:
        return spikes
    dropped = torch.rand(len(spikes.times), generator=draw) < share
    return spikes.thinned(spikes.multiplicities.masked_fill(dropped, 0))
