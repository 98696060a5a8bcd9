"""Networks of variants, scored and measured."""

from __future__ import annotations

import math
from pathlib import Path

import pandas as pd

from spikegrad.network import load_network
from study.config.landscape import LandscapeSettings
from study.data.dataset import load
from study.landscape.roughness import around
from study.training.evaluation import evaluate
from study.training.scores import SCORES, accuracy_by_speaker, minutes
from study.variants import LENGTH, ROUGH, RUN, SCORED, SPEAKERS


def score(
    events: Path,
    split: Path,
    checkpoints: list[Path],
    histories: list[pd.DataFrame],
    change: str,
    to: list[str],
    inner: list[int],
    fold: str,
    landscape: LandscapeSettings | None,
) -> dict[str, pd.DataFrame]:
    """Scores of the networks in ``checkpoints``, trained with a ``change`` ``to`` these cases in an
    outer ``fold`` and these ``inner`` ones; how rough the loss is around them, with settings of
    landscapes."""
    test = load(events, split, "test")
    training = {k: load(events, split, "train", inner=k) for k in set(inner)}
    rows, speakers = [], [pd.DataFrame(columns=SPEAKERS)]
    for case, k, checkpoint, history in zip(to, inner, checkpoints, histories, strict=True):
        train = training[k]
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
