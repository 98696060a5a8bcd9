"""What a trained network does on data: logits, spikes, accuracies."""

from __future__ import annotations

import math
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pandas as pd
import torch
from torch import Tensor
from torch.nn.functional import cross_entropy

from spikegrad.activity import spike_counts
from spikegrad.data.dataset import SpikeDataset, unseen_speakers
from spikegrad.layers import SpikeOverflowError
from spikegrad.network import Network, load_network


@dataclass(frozen=True)
class Response:
    """A network's answer to each sample of a data set.

    Attributes
    ----------
    logits
        [n_samples, n_classes].
    counts
        Spikes of each hidden neuron, layer after layer, float64 [n_samples, n_neurons].
    labels
        The right classes, int64 [n_samples].
    """

    logits: Tensor
    counts: Tensor
    labels: Tensor

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


def sample_table(response: Response, data: SpikeDataset, *used: SpikeDataset) -> pd.DataFrame:
    """One row for each sample: label, prediction, speaker, unseen_speaker, spikes_per_neuron.

    Labels and predictions are categories, named by the classes.
    ``used`` are the data that weights and choices were made with: training and validation.
    """
    return pd.DataFrame(
        {
            "label": pd.Categorical.from_codes(data.labels, data.class_names),
            "prediction": pd.Categorical.from_codes(response.predictions, data.class_names),
            "speaker": data.speakers.numpy(),
            "unseen_speaker": unseen_speakers(data, *used).numpy(),
            "spikes_per_neuron": response.counts.mean(1).numpy(),
        }
    )


def scores(response: Response, samples: pd.DataFrame) -> dict[str, float]:
    """Accuracy on all samples, on those of unseen and of seen speakers; loss and activity.

    ``samples`` is the :func:`sample_table`. The accuracy over no sample is NaN.
    """
    right, unseen = samples["label"] == samples["prediction"], samples["unseen_speaker"]
    return {
        "accuracy": float(right.mean()),
        "accuracy_unseen_speakers": float(right[unseen].mean()),
        "accuracy_seen_speakers": float(right[~unseen].mean()),
        "loss": response.loss,
        "spikes_per_neuron": response.spikes_per_neuron,
        "silent_fraction": response.silent_fraction,
    }


def evaluate(
    checkpoint: str | Path, data: SpikeDataset, *used: SpikeDataset
) -> tuple[dict[str, Any], pd.DataFrame]:
    """The result of one training run on ``data``: a row of scores, and the sample table.

    Both name the run's neuron and seed. A network that runs away on ``data``, or whose training
    failed before it was validated once, has no answer: accuracies of 0, no other score, and an
    empty table; its outcome says why. ``used`` are the training and the validation data.
    """
    network, header = load_network(checkpoint)
    run = {"neuron": header["neuron"], "seed": header["seed"]}
    row = {**run, **header["outcome"]}
    if row["best_epoch"] is None:
        return row | _no_answer(data, *used), pd.DataFrame()
    try:
        response = respond(network, data, header["training"]["batch_size"])
    except SpikeOverflowError as error:
        failed = {"outcome": "overflow", "reason": str(error)}
        return row | failed | _no_answer(data, *used), pd.DataFrame()
    samples = sample_table(response, data, *used)
    return row | scores(response, samples), samples.assign(**run)


def _no_answer(data: SpikeDataset, *used: SpikeDataset) -> dict[str, float]:
    """The :func:`scores` of a network that gives no answer."""
    unseen = unseen_speakers(data, *used).numpy()
    return {
        "accuracy": 0.0,
        "accuracy_unseen_speakers": 0.0 if unseen.any() else math.nan,
        "accuracy_seen_speakers": math.nan if unseen.all() else 0.0,
        **dict.fromkeys(("loss", "spikes_per_neuron", "silent_fraction"), math.nan),
    }
