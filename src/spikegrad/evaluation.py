"""What a trained network does on data: logits, spikes, accuracies, and their spread over seeds."""

from __future__ import annotations

import math
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import torch
from scipy.stats import bootstrap
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


SCORES = (
    "accuracy",
    "accuracy_unseen_speakers",
    "accuracy_seen_speakers",
    "loss",
    "spikes_per_neuron",
    "silent_fraction",
)


def scores(response: Response, samples: pd.DataFrame) -> dict[str, float]:
    """Accuracy on all samples, on those of unseen and of seen speakers; loss and activity.

    ``samples`` is the :func:`sample_table`. The accuracy over no sample is NaN.
    """
    right, unseen = samples["label"] == samples["prediction"], samples["unseen_speaker"]
    values = (
        float(right.mean()),
        float(right[unseen].mean()),
        float(right[~unseen].mean()),
        response.loss,
        response.spikes_per_neuron,
        response.silent_fraction,
    )
    return dict(zip(SCORES, values, strict=True))


def evaluate(
    checkpoint: str | Path, data: SpikeDataset, *used: SpikeDataset
) -> tuple[dict[str, Any], pd.DataFrame]:
    """The result of one training run on ``data``: a row of scores, and the sample table.

    Both name the run's neuron and seed. A network that runs away has no scores and an empty
    table, and its outcome says so. ``used`` are the training and the validation data.
    """
    network, header = load_network(checkpoint)
    run = {"neuron": header["neuron"], "seed": header["seed"]}
    row = {**run, **header["outcome"]}
    try:
        response = respond(network, data, header["training"]["batch_size"])
    except SpikeOverflowError as error:
        return {**row, "outcome": "overflow", "reason": str(error)}, pd.DataFrame()
    samples = sample_table(response, data, *used)
    return row | scores(response, samples), samples.assign(**run)


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


def summary(runs: pd.DataFrame, measures: Iterable[str], seed: int) -> pd.DataFrame:
    """Mean over seeds and its bootstrap interval, for each neuron and measure.

    Parameters
    ----------
    runs
        One row for each run, with the columns ``neuron`` and ``measures``.
    measures
        Columns to summarise; a run without a value of one is left out of it.
    seed
        Of the bootstrap.

    Returns
    -------
    DataFrame
        Columns neuron, measure, mean, low, high (95 %), runs: how many had a value.
    """
    rows = []
    for neuron, members in runs.groupby("neuron", sort=False):
        for measure in measures:
            values = members[measure].dropna().to_numpy(float)
            low, high = interval(values, seed) if len(values) else (math.nan, math.nan)
            rows.append(
                {
                    "neuron": neuron,
                    "measure": measure,
                    "mean": members[measure].mean(),
                    "low": low,
                    "high": high,
                    "runs": len(values),
                }
            )
    return pd.DataFrame(rows)
