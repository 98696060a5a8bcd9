"""The loss of a network on fixed samples as a function of its weights, in float64."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from itertools import pairwise
from typing import cast

import torch
from torch import Tensor
from torch.nn.functional import cross_entropy
from torch.nn.utils import parameters_to_vector, vector_to_parameters

from spikegrad.layers import NotFiniteError, SpikeOverflowError
from spikegrad.network import Network
from spikegrad.seeds import generator
from spikegrad.spikes import SpikeTrains
from study.config.landscape import LandscapeSettings
from study.data.dataset import SpikeDataset
from study.landscape.constants import SEED

FAILURES = (SpikeOverflowError, NotFiniteError)
"""Where a network diverges, or its loss has no finite gradient."""


@dataclass(frozen=True)
class Evaluation:
    """What the network does on each sample at one point of its weight space."""

    losses: Tensor
    """Cross-entropy in nats [n_samples]."""
    correct: Tensor
    """Whether each sample is classified right, bool [n_samples]."""
    trains: list[SpikeTrains]
    """The input's spikes and those of each spiking layer, in order."""

    @property
    def loss(self) -> Tensor:
        """Mean over the samples."""
        return self.losses.mean()

    def scores(self, widths: Sequence[int]) -> dict[str, float]:
        """Mean ``loss``, ``accuracy``, and ``spikes_per_neuron`` of hidden layers of ``widths``."""
        hidden = sum(len(train.times) for train in self.trains[1 : 1 + len(widths)])
        return {
            "loss": float(self.loss),
            "accuracy": float(self.correct.double().mean()),
            "spikes_per_neuron": hidden / (len(self.losses) * sum(widths)),
        }


class Objective:
    """A network on the samples ``data``; its weights are one vector [n_weights].

    The network is turned to float64 in place, and each call overwrites its weights.
    """

    def __init__(self, network: Network, data: SpikeDataset) -> None:
        self.network = network.double()
        self.data = data
        self.layers = network.spiking_layers

    def select(self, indices: Tensor) -> Objective:
        """The same on fewer samples (int64 [n]); the network is shared."""
        return Objective(self.network, self.data.select(indices))

    def set_weights(self, weights: Tensor) -> None:
        """Give the network ``weights``; time constants stay within their bounds."""
        vector_to_parameters(weights.clone(), self.network.parameters())
        self.network.bound()

    @torch.no_grad()
    def evaluate(self, weights: Tensor) -> Evaluation:
        """What the network does with ``weights``; SpikeOverflowError where it diverges."""
        self.set_weights(weights)
        return self._evaluate()

    def gradient(self, weights: Tensor, clip: float | None = None) -> tuple[Evaluation, Tensor]:
        """The same, with the gradient [n_weights] of the mean loss.

        With ``clip`` it is one that training with this ``sample_clip`` follows: in each spiking
        layer no sample's part is longer than that many times their median. One of
        :data:`FAILURES` if there is none.
        """
        self.set_weights(weights)
        for layer in self.layers:
            layer.sample_clip = clip
        parameters = list(self.network.parameters())
        found = self._evaluate()
        gradients = torch.autograd.grad(found.loss, parameters)
        found = replace(found, losses=found.losses.detach())
        return found, torch.cat([gradient.flatten() for gradient in gradients])

    def gradient_or_nan(self, weights: Tensor, clip: float | None = None) -> tuple[Tensor, Tensor]:
        """Each sample's loss and the gradient, as :meth:`gradient`; NaN where there is none."""
        try:
            found, gradient = self.gradient(weights, clip)
        except FAILURES:
            return weights.new_full([len(self.data)], math.nan), torch.full_like(weights, math.nan)
        return found.losses, gradient

    def _evaluate(self) -> Evaluation:
        output = self.network(self.data.spikes)
        trains = [output.inputs, *output.hidden]
        for layer in self.layers[len(output.hidden) :]:
            trains.append(layer(trains[-1]))
        labels = self.data.labels
        return Evaluation(
            cross_entropy(output.logits, labels, reduction="none"),
            output.logits.argmax(1) == labels,
            trains,
        )


def landscape_samples(data: SpikeDataset, options: LandscapeSettings, seed: int) -> SpikeDataset:
    """The samples of ``data`` for the landscapes of networks with ``seed``, of any neuron model."""
    if options.samples > len(data):
        raise ValueError(
            f"landscape.samples is {options.samples}, but {data.name} has only {len(data)} "
            "training samples; lower it"
        )
    return data.draw(options.samples, generator(SEED, seed))


def weights_of(network: Network) -> Tensor:
    """The network's parameters as one vector, float64 [n_weights]: its weights, and the time
    constants that it learns."""
    return parameters_to_vector(network.parameters()).detach().double()


def vector_of(tensors: Mapping[str, Tensor], network: Network) -> Tensor:
    """The same [n_weights] of ``tensors``, by the names of the network's parameters."""
    return torch.cat([tensors[name].flatten() for name in network.state_dict()]).double()


def cosine(a: Tensor, b: Tensor) -> float:
    """Of the angle between two vectors [n]; NaN if either is zero, or not finite."""
    return float(a @ b / (a.norm() * b.norm()))


def held(network: Network) -> Tensor:
    """Which of them landscapes hold, bool [n_weights]: those that are no weights."""
    weights = network.weights
    parts = [
        torch.full((parameter.numel(),), name not in weights)
        for name, parameter in network.named_parameters()
    ]
    return torch.cat(parts)


def gradient_norm(gradient: Tensor, weights: Tensor, network: Network) -> float:
    """Of a ``gradient`` [n_weights], in its units per distance relative to ``weights``
    [n_weights]; without those that landscapes hold."""
    free = ~held(network)
    return float(gradient[free].norm() * weights[free].norm())


def matrices(vector: Tensor, network: Network) -> list[Tensor]:
    """Views of ``vector`` [n_weights] as the network's weight matrices, one column per neuron."""
    shapes = [parameter.shape for parameter in network.parameters()]
    bounds = torch.tensor([0, *(shape.numel() for shape in shapes)]).cumsum(0).tolist()
    return [
        vector[a:b].view(cast(list[int], list(shape)))
        for (a, b), shape in zip(pairwise(bounds), shapes, strict=True)
    ]
