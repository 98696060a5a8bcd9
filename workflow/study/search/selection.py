"""From the records of a search to its winner, and to a table."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import pandas as pd

from spikegrad.seeds import derived_seed
from study.config.search import AGAIN, Halving, Selection
from study.search.records import FINISHED, RUNNING, UNCHANGED, Record, Trial, best_first

MEASURES = ("validation_loss", "spikes_per_neuron", "silent_fraction")


def contenders(records: Sequence[Record]) -> list[Record]:
    """Trials that compete: not those that halving stopped, nor those with nothing to show."""
    return [record for record in records if record.best and record.outcome != RUNNING]


def finalist_runs(records: Sequence[Record], selection: Selection, seed: int) -> list[Trial]:
    """The runs behind the choice: the best trials and the unchanged configuration.

    Every one is trained with the same fresh seeds. The unchanged configuration comes first. With
    fewer contenders than finalists there are fewer runs.
    """
    trials = [Trial(UNCHANGED, 0, {})]
    trials += [record.trial for record in best_first(contenders(records), selection.finalists)]
    seeds = [derived_seed(seed, AGAIN, k) for k in range(selection.seeds)]
    return [Trial(t.number, s, t.parameters) for t in trials for s in seeds]


def run_table(runs: Sequence[Record]) -> pd.DataFrame:
    """One row for each run of a finalist: number, seed, outcome, accuracy, loss, spikes.

    A run that diverged has those of the best epoch that it had reached; without one its accuracy
    is 0, and the rest missing.
    """
    return pd.DataFrame(
        {
            "number": run.trial.number,
            "seed": run.trial.seed,
            "outcome": run.outcome,
            "validation_accuracy": run.accuracy,
            **{name: run.best.get(name, float("nan")) for name in MEASURES},
        }
        for run in runs
    )


def winner(records: Sequence[Record], runs: Sequence[Record], epochs: int) -> dict:
    """The configuration with the highest mean validation accuracy over the fresh seeds.

    ``epochs`` are those that the search allots to all its trials.

    Ties are broken by the lower mean loss; the unchanged configuration takes part. Also how
    that of the unchanged configuration did, and what the search has cost.
    """
    table = run_table(runs)
    means = table.groupby("number")[["validation_accuracy", "validation_loss"]].mean()
    order = means.sort_values(["validation_accuracy", "validation_loss"], ascending=[False, True])
    number = int(order.index[0])
    parameters = {run.trial.number: run.trial.parameters for run in runs}[number]
    samples = {"trials": _samples(records), "finalists": _samples(runs)}
    return {
        "parameters": parameters,
        "trial": None if number == UNCHANGED else number,
        "winner": _scores(table, number),
        "unchanged": _scores(table, UNCHANGED),
        "trials": {
            "number": len(records),
            "finished": sum(r.outcome == FINISHED for r in records),
            "stopped": sum(r.outcome == RUNNING for r in records),
            "failed": sum(r.failed for r in records),
        },
        "samples": samples,
        "presentations": {
            "allotted": epochs * samples["trials"],
            "used": sum(r.presentations for r in records),
            "finalists": sum(r.presentations for r in runs),
        },
    }


def _samples(records: Sequence[Record]) -> int:
    """Training samples of an epoch; 0 if no record has one."""
    return max((r.presentations // r.epochs for r in records if r.epochs > 0), default=0)


def _scores(table: pd.DataFrame, number: int) -> dict[str, Any]:
    own = table[table["number"] == number]
    spikes = own["spikes_per_neuron"].mean()
    return {
        "validation_accuracy": float(own["validation_accuracy"].mean()),
        "validation_accuracies": own["validation_accuracy"].tolist(),
        "spikes_per_neuron": None if pd.isna(spikes) else float(spikes),
    }


def trial_table(records: Sequence[Record], trials: Halving) -> pd.DataFrame:
    """One row for each trial: number, generation, seed, outcome, cost, accuracy, parameters.

    ``validation_accuracy``, and what goes with it, is of the best of all epochs done, that of a
    trial without any is 0; ``rung0_accuracy``, ... are those of the rungs that it passed.
    Parameters stand in columns named by their keys; lists are written as text. A trial that is
    still running was stopped by halving.
    """
    rows = []
    for record in records:
        parameters = record.trial.parameters
        passed = [rung["validation_accuracy"] for rung in record.rungs]
        rows.append(
            {
                "number": record.trial.number,
                "generation": record.trial.number // trials.per_generation,
                "seed": record.trial.seed,
                "outcome": "stopped" if record.outcome == RUNNING else record.outcome,
                "failed": record.failed,
                "reason": record.reason,
                "rungs": len(passed),
                "epochs": record.epochs,
                "validation_accuracy": record.accuracy,
                **{name: record.best.get(name, float("nan")) for name in MEASURES},
                **{
                    f"rung{r}_accuracy": passed[r] if r < len(passed) else float("nan")
                    for r in trials.rungs
                },
                "presentations": record.presentations,
                "seconds": record.seconds,
                **{k: str(v) if isinstance(v, list) else v for k, v in parameters.items()},
            }
        )
    return pd.DataFrame(rows)
