"""From the records of a search to its winner, and to a table."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import pandas as pd

from spikegrad.seeds import derived_seed
from study.config.search import AGAIN, Halving
from study.search.trial_records import (
    MEASURES,
    RUNNING,
    UNCHANGED,
    Trial,
    TrialRecord,
    best_first,
)
from study.storage.tables import read_file

SEARCH = ["neuron", "fold", "search"]
"""Columns that name a search in tables of several."""
SCORES = ["validation_accuracy", "validation_loss"]
"""What finalists are compared by, the second where the first is the same."""
NO_WINNER: dict[str, Any] = {"search": None, "parameters": {}, "finalists": []}


def candidates(records: Sequence[TrialRecord]) -> list[Trial]:
    """The trials that may become finalists, best first.

    Trials that halving stopped do not compete, nor those without a validated epoch. If there are no
    others, the configuration without any change stands in for them.
    """
    competing = [record for record in records if record.last and record.outcome != RUNNING]
    trials = [record.trial for record in best_first(competing, len(competing))]
    return trials or [Trial(UNCHANGED, 0, {})]


def finalist_runs(trials: Sequence[Trial], finalists: int, seed: int, folds: int) -> list[Trial]:
    """The runs behind the choice, of the first of ``trials``, which come best first.

    Each is trained once on each of the inner ``folds``, with a fresh seed for each fold, which is
    the same for all of them; with fewer trials than finalists there are fewer runs.
    """
    seeds = [derived_seed(seed, AGAIN, inner) for inner in range(folds)]
    chosen = trials[:finalists]
    return [replace(t, seed=s, inner=inner) for t in chosen for inner, s in enumerate(seeds)]


def finalists_of(records: Sequence[TrialRecord], trials: Sequence[Trial]) -> list[TrialRecord]:
    """The records of ``trials``; an empty one of what stands in for them."""
    found = {record.trial.number: record for record in records}
    return [found.get(trial.number, TrialRecord(trial)) for trial in trials]


def run_table(runs: Sequence[TrialRecord]) -> pd.DataFrame:
    """One row for each run of a finalist; one that diverged has the scores of its last whole epoch,
    without any epoch accuracy 0 and nothing else."""
    return pd.DataFrame(
        {
            "number": run.trial.number,
            "inner": run.trial.inner,
            "seed": run.trial.seed,
            "outcome": run.outcome,
            "validation_accuracy": run.accuracy,
            **_measures(run),
            "epochs": run.last.get("epoch", float("nan")),
            "presentations": run.presentations,
        }
        for run in runs
    )


def over_inner_folds(runs: pd.DataFrame) -> pd.DataFrame:
    """Each finalist's mean validation accuracy and loss over the inner folds.

    ``runs`` are those of one search, as in :func:`run_table`, or of several, with the columns
    :data:`SEARCH` that tell them apart.
    """
    finalist = [name for name in (*SEARCH, "number") if name in runs]
    return runs.groupby(finalist)[SCORES].mean().reset_index()


def _measures(record: TrialRecord) -> dict[str, float]:
    return {name: record.last.get(name, float("nan")) for name in MEASURES}


def winner(
    records: Sequence[TrialRecord], runs: Sequence[TrialRecord], budget: int, whole_trial: int
) -> dict[str, Any]:
    """The configuration with the highest mean validation accuracy over the inner folds.

    ``records`` are of all trials, ``runs`` of the finalists, these among them if no finalist was
    trained again. With it come the settings of all ``finalists``, best first. Ties are broken by
    the lower mean loss. Also what the search has cost, in training samples presented, of its
    ``budget`` and beside what a ``whole_trial`` costs, one of all rungs.
    """
    table = run_table(runs)
    order = over_inner_folds(table).sort_values(SCORES, ascending=[False, True])
    numbers = [int(number) for number in order["number"]]
    number, parameters = numbers[0], {run.trial.number: run.trial.parameters for run in runs}
    used = sum(r.presentations for r in records)
    return {
        "parameters": parameters[number],
        "finalists": [parameters[other] for other in numbers],
        "trial": None if number == UNCHANGED else number,
        "winner": _scores(table, number),
        "presentations": {
            "allotted": budget,
            "used": used,
            "whole_trial": whole_trial,
            "budget_spent": budget - used < whole_trial,  # else search.generations ended first
            "finalists": sum(r.presentations for r in runs if r not in records),
        },
    }


def _scores(table: pd.DataFrame, number: int) -> dict[str, Any]:
    """A finalist's mean accuracy, and those by inner fold."""
    own = table.loc[table["number"] == number, "validation_accuracy"]
    return {"validation_accuracy": float(own.mean()), "validation_accuracies": own.tolist()}


def best_winner(files: Iterable[str | Path]) -> dict[str, Any]:
    """The content of that best.yaml which is best by validation; ``search`` is its search's number.

    Without any file it is :data:`NO_WINNER`, which leaves settings as they are.
    """
    found = [read_file(file) for file in files]
    return max(found, key=lambda own: own["winner"]["validation_accuracy"], default=NO_WINNER)


def trial_table(records: Sequence[TrialRecord], halving: Halving) -> pd.DataFrame:
    """One row for each trial; one that is still running was stopped by halving.

    Parameters stand in columns named by their keys; lists are written as text.
    """
    rows = []
    for record in records:
        passed = [rung["validation_accuracy"] for rung in record.rungs]
        padded = [*passed, *[float("nan")] * len(halving.rungs)]
        rows.append(
            {
                "number": record.trial.number,
                "generation": record.trial.generation,
                "seed": record.trial.seed,
                "outcome": "stopped" if record.outcome == RUNNING else record.outcome,
                "failed": record.failed,
                "reason": record.reason,
                "rungs": len(passed),
                "epochs": record.epochs,
                "validation_accuracy": record.accuracy,
                **_measures(record),
                **{f"rung{r}_accuracy": padded[r] for r in halving.rungs},
                "presentations": record.presentations,
                "seconds": record.seconds,
                **{
                    key: str(value) if isinstance(value, list | dict) else value
                    for key, value in record.trial.parameters.items()
                },
            }
        )
    return pd.DataFrame(rows)
