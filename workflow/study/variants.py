"""Tables of variants."""

from __future__ import annotations

from pathlib import Path

import pandas as pd

from study.landscape.constants import OF_SAMPLES
from study.storage.columns import Table, shared
from study.storage.tables import read_file


def read_runs(file: str | Path) -> pd.DataFrame:
    """The table of a variant's runs, in which a change may be called nothing."""
    table = read_file(file, dtype={"to": str})
    return table.fillna({"to": ""}) if "to" in table else table


SCORED = (
    "neuron", "fold", "search", "change", "to", "seed", "outcome", "epochs",
    "validation_accuracy", "train_accuracy", "accuracy", "accuracy_unseen_speakers",
    "spikes_per_neuron", "silent_fraction", "minutes",
)  # fmt: skip
"""Columns of a variant's table; then :data:`ROUGH`, where that is measured."""
ROUGH = (*OF_SAMPLES, "turned", "turned_clipped")
RUN = ("change", "to", "neuron", "fold", "search", "seed")
SPEAKERS = (*RUN, "speaker", "unseen_speaker", "accuracy", "answers")
LENGTH = 1e-3
"""Of the step down the gradient after which gradients are compared."""
VARIANT_RUNS_TABLE = Table(
    files=("variants/scores/*/runs.csv", "variants/jobs/*/*/runs.parquet"),
    says="Networks that are trained with something changed, a row for each run; the variants of "
    "the configuration.",
    columns={
        **shared("neuron", "fold", "seed", "outcome", "silent_fraction", "spikes_per_neuron"),
        **shared("word_minima", "to", "change"),
        "search": "search whose winner was taken; missing where none was",
        "epochs": "whole epochs trained; missing if not even the untrained network has an answer",
        "validation_accuracy": "after the last",
        "train_accuracy": "share of training samples classified right during the last",
        "minutes": "wall time of its epochs, if each takes as long as their median",
        "accuracy": "on the test set; missing if the network gives no answer, as all that follows",
        "accuracy_unseen_speakers": "on speakers that training does not have",
        "word_variation": "total variation of a single sample's loss along a random direction, in "
        "nats",
        "word_in_jumps": "share of that in jumps",
        "turned": "cosine between the gradients before and after a step of length 0.001",
        "turned_clipped": "the same with each sample's gradient clipped at the median of their "
        "norms",
    },
)
VARIANT_SPEAKERS_TABLE = Table(
    files=("variants/scores/*/speakers.csv", "variants/jobs/*/*/speakers.parquet"),
    says="Their accuracy by speaker.",
    columns={
        **shared("neuron", "fold", "search", "seed", "speaker", "accuracy", "unseen_speaker"),
        **shared("to", "change"),
        "answers": "test samples",
    },
)
