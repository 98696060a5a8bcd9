"""A network's answer to data: logits, spikes, and what they say of the whole.

To a sample that runs away there is no answer. It counts as classified wrong; the mean loss and the
activity are those of the other samples.
"""

from __future__ import annotations

import math
from dataclasses import dataclass

import torch
from torch import Tensor
from torch.nn.functional import cross_entropy

from spikegrad.activity import spike_counts
from spikegrad.network import Network
from spikegrad.runaways import without_runaways
from study.data.dataset import SpikeDataset


@dataclass(frozen=True)
class Response:
    """A network's answer to each sample of a data set."""

    logits: Tensor
    """float64 [n_samples, n_classes]; NaN for a sample that runs away."""
    counts: Tensor
    """Spikes of each hidden neuron, layer after layer, float64 [n_samples, n_neurons]; likewise."""
    labels: Tensor
    """The right classes, int64 [n_samples]."""
    answered: Tensor
    """Which samples do not run away, bool [n_samples]."""

    @property
    def predictions(self) -> Tensor:
        """Most likely class, int64 [n_samples]; -1 for a sample that runs away."""
        return torch.where(self.answered, self.logits.argmax(1), -1)

    @property
    def runaways(self) -> int:
        """How many samples run away."""
        return int((~self.answered).sum())

    @property
    def accuracy(self) -> float:
        """Share of samples classified right."""
        return float((self.predictions == self.labels).double().mean())

    @property
    def loss(self) -> float:
        """Mean cross-entropy in nats over the samples that have an answer; NaN if none has."""
        logits, labels = self.logits[self.answered], self.labels[self.answered]
        return float(cross_entropy(logits, labels))

    @property
    def spikes_per_neuron(self) -> float:
        """Mean over the samples that have an answer, and over hidden neurons."""
        return float(self.counts[self.answered].mean())

    @property
    def silent_neurons(self) -> list[int]:
        """Hidden neurons without a spike in any sample that has an answer."""
        return (self.counts[self.answered].sum(0) == 0).nonzero()[:, 0].tolist()

    @property
    def silent_fraction(self) -> float:
        """Their share of the hidden neurons; NaN if no sample has an answer."""
        if not self.answered.any():
            return math.nan
        return len(self.silent_neurons) / self.counts.shape[1]


def no_response(network: Network, data: SpikeDataset) -> Response:
    """That of a network that has no answer to any sample."""
    n_samples, n_neurons = len(data), sum(network.settings.layers)
    return Response(
        logits=torch.full((n_samples, data.n_classes), math.nan, dtype=torch.float64),
        counts=torch.full((n_samples, n_neurons), math.nan, dtype=torch.float64),
        labels=data.labels,
        answered=torch.zeros(n_samples, dtype=torch.bool),
    )


@torch.no_grad()
def respond(network: Network, data: SpikeDataset, batch_size: int) -> Response:
    """Run ``network`` on all of ``data``, ``batch_size`` samples at a time."""
    response, widths = no_response(network, data), network.settings.layers
    for indices in torch.arange(len(data)).split(batch_size):
        output, kept = without_runaways(network, data.spikes.select(indices))
        own = indices[kept]
        each = [spike_counts(s, n) for s, n in zip(output.hidden, widths, strict=True)]
        response.logits[own], response.counts[own] = output.logits.double(), torch.cat(each, dim=1)
        response.answered[own] = True
    return response
