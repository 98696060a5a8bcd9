"""Scores of variants, and their tables."""

from __future__ import annotations

import math
from pathlib import Path

import pandas as pd

from spikegrad.network import load_network
from study.config.landscape import LandscapeSettings
from study.data.dataset import load
from study.landscape.constants import OF_SAMPLES
from study.landscape.roughness import around
from study.storage.columns import Table, shared
from study.storage.tables import read_csv
from study.training.evaluation import evaluate
from study.training.summary import SCORES, accuracy_by_speaker, minutes


def read_runs(file: str | Path) -> pd.DataFrame:
    """The table of a variant's runs, in which a change may be called nothing."""
    table = read_csv(file, dtype={"to": str})
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


def score(
    events: Path,
    split: Path,
    checkpoints: list[Path],
    histories: list[pd.DataFrame],
    change: str,
    to: list[str],
    fold: str,
    landscape: LandscapeSettings | None,
) -> dict[str, pd.DataFrame]:
    """Scores of the networks in ``checkpoints``, trained with a ``change`` ``to`` these cases in an
    outer ``fold`` and its first inner one; how rough the loss is around them, with settings of
    landscapes."""
    test, train = load(events, split, "test"), load(events, split, "train", inner=0)
    rows, speakers = [], [pd.DataFrame(columns=SPEAKERS)]
    for case, checkpoint, history in zip(to, checkpoints, histories, strict=True):
        row, samples = evaluate(checkpoint, test, train)
        network, about = load_network(checkpoint)
        accuracies = history.set_index("epoch")["train_accuracy"]
        row |= {"train_accuracy": accuracies.get(row["epochs"], math.nan)}
        row |= {"minutes": minutes(history), "search": about["search"]}
        row |= {"change": change, "to": case, "fold": fold}
        rows.append(row)
        if row["epochs"] is None:  # no answer, no score
            row |= dict.fromkeys(SCORES, math.nan)
            continue
        run = {name: row[name] for name in RUN}
        speakers.append(accuracy_by_speaker(samples.assign(**run), SPEAKERS[:-2]))
        if landscape is not None:
            for step in around(network, train, landscape, row["seed"], (LENGTH,)):
                row |= {"turned_clipped": step["turned"]} if step["clipped"] == "yes" else step
    columns = [*SCORED, *(ROUGH if landscape is not None else ())]
    runs = pd.DataFrame(rows, columns=columns).astype({"search": "Int64", "epochs": "Int64"})
    return {"runs": runs, "speakers": pd.concat(speakers[1:] or speakers, ignore_index=True)}
