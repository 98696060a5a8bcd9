"""A network's answer to data: logits, spikes, and what they say of the whole."""

from __future__ import annotations

from dataclasses import dataclass

import torch
from torch import Tensor
from torch.nn.functional import cross_entropy

from spikegrad.activity import spike_counts
from spikegrad.network import Network
from study.data.dataset import SpikeDataset


@dataclass(frozen=True)
class Response:
    """A network's answer to each sample of a data set."""

    logits: Tensor
    """[n_samples, n_classes]."""
    counts: Tensor
    """Spikes of each hidden neuron, layer after layer, float64 [n_samples, n_neurons]."""
    labels: Tensor
    """The right classes, int64 [n_samples]."""

    @property
    def predictions(self) -> Tensor:
        """Most likely class, int64 [n_samples]."""
        return self.logits.argmax(1)

    @property
    def accuracy(self) -> float:
        """Share of samples classified right."""
        return float((self.predictions == self.labels).double().mean())

    @property
    def loss(self) -> float:
        """Mean cross-entropy in nats."""
        return float(cross_entropy(self.logits.double(), self.labels))

    @property
    def spikes_per_neuron(self) -> float:
        """Mean over samples and hidden neurons."""
        return float(self.counts.mean())

    @property
    def silent_neurons(self) -> list[int]:
        """Hidden neurons without a spike in any sample."""
        return (self.counts.sum(0) == 0).nonzero()[:, 0].tolist()

    @property
    def silent_fraction(self) -> float:
        """Share of hidden neurons without a spike in any sample."""
        return len(self.silent_neurons) / self.counts.shape[1]


@torch.no_grad()
def respond(network: Network, data: SpikeDataset, batch_size: int) -> Response:
    """Run ``network`` on all of ``data``, ``batch_size`` samples at a time."""
    logits, counts = [], []
    for indices in torch.arange(len(data.labels)).split(batch_size):
        output = network(data.spikes.select(indices))
        logits.append(output.logits)
        widths = network.settings.layers
        each = [spike_counts(s, n) for s, n in zip(output.hidden, widths, strict=True)]
        counts.append(torch.cat(each, dim=1))
    return Response(torch.cat(logits), torch.cat(counts), data.labels)
