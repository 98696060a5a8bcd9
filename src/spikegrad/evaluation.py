"""What a trained network does on data: logits, spikes, accuracies, and their spread over seeds."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd
import torch
from scipy.stats import bootstrap
from torch import Tensor
from torch.nn.functional import cross_entropy

from spikegrad.activity import spike_counts
from spikegrad.data.dataset import SpikeDataset, unseen_speakers
from spikegrad.network import Network


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
    def silent_fraction(self) -> float:
        """Share of hidden neurons without a spike in any sample."""
        return float((self.counts.sum(0) == 0).double().mean())


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

    ``used`` are the data that weights and choices were made with: training and validation.
    """
    return pd.DataFrame(
        {
            "label": data.labels.numpy(),
            "prediction": response.predictions.numpy(),
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


def interval(values: np.ndarray, seed: int, level: float = 0.95) -> tuple[float, float]:
    """Percentile bootstrap interval of the mean of ``values`` [n], one from each seed.

    A single value, or values that are all equal, give an interval of no width.
    """
    if len(values) < 2:
        return float(values.mean()), float(values.mean())
    result = bootstrap(
        (values,),
        np.mean,
        confidence_level=level,
        method="percentile",
        random_state=np.random.default_rng(seed),
    )
    return float(result.confidence_interval.low), float(result.confidence_interval.high)


def summary(runs: pd.DataFrame, by: list[str], seed: int) -> pd.DataFrame:
    """Mean over seeds and its bootstrap interval, for each measure and each group.

    Parameters
    ----------
    runs
        One row for each run: the columns ``by``, ``seed``, and one column for each measure.
    by
        Columns that name a group, such as the neuron.
    seed
        Of the bootstrap.

    Returns
    -------
    DataFrame
        Columns ``by``, measure, mean, low, high (95 %), n: runs with a value of it.
    """
    return pd.DataFrame(list(_summary_rows(runs, by, seed)))


def _summary_rows(runs: pd.DataFrame, by: list[str], seed: int) -> Iterator[dict[str, Any]]:
    measures = runs.columns.difference([*by, "seed"], sort=False)
    for group, members in runs.groupby(by, sort=False):
        for measure in measures:
            values = members[measure].dropna().to_numpy(float)
            if len(values):
                low, high = interval(values, seed)
                yield {
                    **dict(zip(by, group, strict=True)),
                    "measure": measure,
                    "mean": values.mean(),
                    "low": low,
                    "high": high,
                    "n": len(values),
                }
