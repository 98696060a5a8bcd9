"""Scores of trained networks on data."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pandas as pd

from spikegrad.network import load_network
from study.data.dataset import SpikeDataset, unseen_speakers
from study.training.response import Response, no_response, respond
from study.training.trained import TrainedNetwork


def sample_table(response: Response, data: SpikeDataset, train: SpikeDataset) -> pd.DataFrame:
    """The samples of ``data`` with the network's answers; the classes' names are categories.

    ``train`` are the data that it was trained on.
    """
    return pd.DataFrame(
        {
            "label": pd.Categorical.from_codes(data.labels, data.class_names),
            "prediction": pd.Categorical.from_codes(response.predictions, data.class_names),
            "speaker": data.speakers.numpy(),
            "unseen_speaker": unseen_speakers(data, train).numpy(),
            "spikes_per_neuron": response.counts.mean(1).numpy(),
        }
    )


def scores(right: pd.Series[bool], unseen: pd.Series[bool], response: Response) -> dict[str, float]:
    """Accuracy on all samples, on those of unseen and of seen speakers; runaways, loss, activity.

    ``right`` and ``unseen`` have a row for each sample. The accuracy over no sample is NaN.
    """
    others = ("runaways", "loss", "spikes_per_neuron", "silent_fraction")
    return {
        "accuracy": float(right.mean()),
        "accuracy_unseen_speakers": float(right[unseen].mean()),
        "accuracy_seen_speakers": float(right[~unseen].mean()),
        **{name: getattr(response, name) for name in others},
    }


def evaluation(trained: TrainedNetwork) -> dict[str, pd.DataFrame]:
    """Scores and answers of a final network, which no validation sample was held out for."""
    row, samples = evaluate(trained.checkpoint, trained.test, trained.train)
    del row["validation_accuracy"]
    return {"runs": pd.DataFrame([row]), "samples": samples}


def evaluate(
    checkpoint: str | Path, data: SpikeDataset, train: SpikeDataset
) -> tuple[dict[str, Any], pd.DataFrame]:
    """The result of one training run on ``data``: a row of scores, and the sample table.

    A network that diverged with its initial weights has no answer to any sample, which are all
    wrong; its outcome says why. ``train`` are the data that it was trained on.
    """
    network, header = load_network(checkpoint)
    run = {"neuron": header["model"], "seed": header["seed"]}
    if header["outcome"]["epochs"] is None:
        response = no_response(network, data)
    else:
        response = respond(network, data, header["training"]["batch_size"])
    samples = sample_table(response, data, train).assign(**run)
    right = samples["label"] == samples["prediction"]
    row = {**run, **header["outcome"], **scores(right, samples["unseen_speaker"], response)}
    return row, samples
