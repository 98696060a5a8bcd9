"""From the records of a search to its winner, and to tables."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import pandas as pd

from spikegrad.config.search import SearchConfig, Selection
from spikegrad.search.records import FINISHED, RUNNING, UNCHANGED, Record, Trial, best_first
from spikegrad.search.seeds import AGAIN, derived_seed


def finalist_runs(records: Sequence[Record], selection: Selection, seed: int) -> list[Trial]:
    """The runs behind the choice: the best finished trials and the unchanged configuration.

    Every one of them is trained with the same fresh seeds. The unchanged configuration comes
    first. With fewer finished trials than finalists there are fewer runs.
    """
    finished = [record for record in records if record.outcome == FINISHED]
    trials = [Trial(UNCHANGED, 0, {})]
    trials += [record.trial for record in best_first(finished, selection.finalists)]
    seeds = [derived_seed(seed, AGAIN, k) for k in range(selection.seeds)]
    return [Trial(t.number, s, t.parameters) for t in trials for s in seeds]


def run_table(runs: Sequence[Record]) -> pd.DataFrame:
    """One row for each run of a finalist: number, seed, outcome, accuracy, loss, spikes.

    A run that failed has accuracy 0, so that a configuration that fails now and then cannot win
    by its luckier seeds, and no loss.
    """
    rows = []
    for run in runs:
        last = run.rungs[-1] if run.rungs else {}
        rows.append(
            {
                "number": run.trial.number,
                "seed": run.trial.seed,
                "outcome": run.outcome,
                "validation_accuracy": last.get("validation_accuracy", 0.0),
                "validation_loss": last.get("validation_loss", float("nan")),
                "spikes_per_neuron": last.get("spikes_per_neuron", float("nan")),
            }
        )
    return pd.DataFrame(rows)


def winner(records: Sequence[Record], runs: Sequence[Record], config: SearchConfig) -> dict:
    """The configuration with the highest mean validation accuracy over the fresh seeds.

    Of equals, the one with the lower mean loss; the unchanged configuration takes part. Also how
    that of the unchanged configuration did, and what the search has cost.
    """
    table = run_table(runs)
    means = table.groupby("number")[["validation_accuracy", "validation_loss"]].mean()
    order = means.sort_values(["validation_accuracy", "validation_loss"], ascending=[False, True])
    number = int(order.index[0])
    parameters = {run.trial.number: run.trial.parameters for run in runs}[number]
    samples = max(r.presentations // int(r.rungs[-1]["epochs"]) for r in records if r.rungs)
    epochs = config.generations * config.trials.epochs_allotted()
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
        "presentations": {
            "allotted": epochs * samples,
            "used": sum(r.presentations for r in records),
            "finalists": sum(r.presentations for r in runs),
        },
    }


def _scores(table: pd.DataFrame, number: int) -> dict[str, Any]:
    own = table[table["number"] == number]
    spikes = own["spikes_per_neuron"].mean()
    return {
        "validation_accuracy": float(own["validation_accuracy"].mean()),
        "validation_accuracies": own["validation_accuracy"].tolist(),
        "spikes_per_neuron": None if pd.isna(spikes) else float(spikes),
    }


def trial_table(records: Sequence[Record], per_generation: int) -> pd.DataFrame:
    """One row for each trial: number, generation, seed, outcome, cost, last rung, parameters.

    Parameters stand in columns named by their keys; lists are written as text. A trial that is
    still running was stopped by halving. Without a rung there is no accuracy (missing value).
    """
    rows = []
    for record in records:
        first, last = (record.rungs[0], record.rungs[-1]) if record.rungs else ({}, {})
        parameters = record.trial.parameters
        rows.append(
            {
                "number": record.trial.number,
                "generation": record.trial.number // per_generation,
                "seed": record.trial.seed,
                "outcome": "stopped" if record.outcome == RUNNING else record.outcome,
                "failed": record.failed,
                "reason": record.reason,
                "rungs": len(record.rungs),
                "epochs": int(last.get("epochs", 0)),
                "first_rung_accuracy": first.get("validation_accuracy"),
                "validation_accuracy": last.get("validation_accuracy"),
                "validation_loss": last.get("validation_loss"),
                "spikes_per_neuron": last.get("spikes_per_neuron"),
                "silent_fraction": last.get("silent_fraction"),
                "presentations": record.presentations,
                "seconds": record.seconds,
                **{k: str(v) if isinstance(v, list) else v for k, v in parameters.items()},
            }
        )
    return pd.DataFrame(rows)
