"""Tables of variants."""

from __future__ import annotations

from pathlib import Path

import pandas as pd

from study.landscape.constants import OF_SAMPLES
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
