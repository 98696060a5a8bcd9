"""What the searches of a study say together: their budget, stability, ranking and winners."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from itertools import pairwise
from math import comb
from typing import Any

import numpy as np
import pandas as pd

from study.search.records import MEMORY, TIMEOUT
from study.storage.columns import Table, shared

SEARCH = ["neuron", "search"]


BUDGET_TABLE = Table(
    files=("search/budget.csv",),
    says="What k trials would have been expected to find.",
    columns={
        **shared("neuron", "search"),
        "k": "trials",
        "expected_best": "expected validation accuracy of the best of k",
    },
)
STABILITY_TABLE = Table(
    files=("search/stability.csv",),
    says="Trials that failed.",
    columns={
        **shared("neuron", "search"),
        "trials": "how many were tried",
        "diverged": "ran away, fell silent, or had a loss or gradient that is no number",
        "failed_otherwise": "met a limit of time or memory",
    },
)
RUNGS_TABLE = Table(
    files=("search/rungs.csv",),
    says="How well one rung of successive halving tells the ranking of the next.",
    columns={
        **shared("neuron", "search"),
        "rung": "the earlier rung",
        "next_rung": "the later one; the one after the last is the finalists' training with fresh "
        "seeds",
        "trials": "trials in both",
        "spearman": "rank correlation of validation accuracies; missing below three trials",
    },
)
WINNERS_TABLE = Table(
    files=("search/winners.csv",),
    says="Where winners lie in the space that was searched.",
    columns={
        **shared("neuron", "search"),
        "parameter": "what was searched",
        "value": "the winner's",
        "position": "from 0 (lower bound) to 1 in the scale that was searched; outside for a "
        "configured value",
        "at_bound": "whether it lies at an end beyond which the search could go on",
    },
)
TRIALS_TABLE = Table(
    files=("search/trials.parquet", "search/*/*/trials.parquet"),
    says="A row for each trial of all searches, and of one.",
    columns={
        **shared("neuron", "search", "reason"),
        "number": "number of the trial",
        "generation": "of trials that were suggested together",
        "seed": "that it was trained with",
        "outcome": "finished, stopped by halving, or the name of a failure",
        "failed": "whether it failed",
        "rungs": "rungs that it passed",
        "epochs": "epochs that it trained",
        "validation_accuracy": "of its best epoch; 0 without one",
        "validation_loss": "of that epoch",
        "spikes_per_neuron": "of that epoch",
        "silent_fraction": "of that epoch",
        "rung*_accuracy": "best validation accuracy up to that rung's end",
        "presentations": "training samples presented",
        "seconds": "wall time",
        "network.*": "the parameter that was tried",
        "training.*": "the parameter that was tried",
    },
)
FINALISTS_TABLE = Table(
    files=("search/finalists.parquet", "search/*/*/finalists.parquet"),
    says="The runs that decide about the searches' winners.",
    columns={
        **shared(
            "neuron",
            "search",
            "outcome",
            "validation_accuracy",
            "validation_loss",
            "spikes_per_neuron",
            "silent_fraction",
        ),
        "number": "number of the trial; -1 is the configuration without any change",
        "seed": "fresh, the same for each finalist",
    },
)
IMPORTANCES_TABLE = Table(
    files=("search/*/*/importances.csv",),
    says="Which parameters mattered.",
    columns={
        **shared("neuron", "search"),
        "parameter": "what was searched",
        "importance": "share of the variance of accuracies that it explains",
    },
)


def expected_best(values: Iterable[float]) -> np.ndarray:
    """Expected maximum of k of the n ``values``, drawn without replacement, for k = 1 to n.

    The i-th smallest is the maximum of comb(i - 1, k - 1) of all comb(n, k) subsets.
    """
    return expected_of_last(sorted(values))


def expected_of_last(ordered: Sequence[float]) -> np.ndarray:
    """Expected value of the last of k of the n ``ordered`` ones, likewise: of what another
    measure, by which they are in order, would choose."""
    n = len(ordered)
    return np.array(
        [
            sum(v * (comb(i, k - 1) / comb(n, k)) for i, v in enumerate(ordered))
            for k in range(1, n + 1)
        ]
    )


def budget_table(trials: pd.DataFrame) -> pd.DataFrame:
    """Expected best validation accuracy of k trials: neuron, search, k, expected_best.

    ``trials`` are those of all searches, as in :func:`study.search.selection.trial_table`, and
    so below. Trials that failed count as they do in the search.
    """
    parts = []
    for (neuron, search), own in trials.groupby(SEARCH, sort=False):
        best = expected_best(own["validation_accuracy"])
        k = np.arange(1, len(best) + 1)
        parts.append(
            pd.DataFrame({"neuron": neuron, "search": search, "k": k, "expected_best": best})
        )
    return pd.concat(parts, ignore_index=True)


def stability_table(trials: pd.DataFrame) -> pd.DataFrame:
    """How many trials failed: neuron, search, trials, diverged, failed_otherwise (at limits)."""
    stopped = trials["outcome"].isin([TIMEOUT, MEMORY])
    counted = trials.assign(diverged=trials["failed"] & ~stopped, failed_otherwise=stopped)
    groups = counted.groupby(SEARCH, sort=False)
    sums = groups[["diverged", "failed_otherwise"]].sum()
    sums.insert(0, "trials", groups.size())
    return sums.reset_index()


def rung_table(trials: pd.DataFrame, runs: pd.DataFrame) -> pd.DataFrame:
    """How well a rung tells the ranking of the next: Spearman's correlation over trials in both.

    After the last rung come the finalists' ``runs`` with fresh seeds, as in
    :func:`study.search.selection.run_table`, by their means.

    Columns neuron, search, rung, next_rung, trials, spearman: NaN for fewer than three trials.
    """
    names = [name for name in trials if name.startswith("rung") and name.endswith("_accuracy")]
    again = runs.groupby([*SEARCH, "number"])["validation_accuracy"].mean().rename("finalists")
    ranked = trials.merge(again.reset_index(), how="left", on=[*SEARCH, "number"])
    rows = []
    for (neuron, search), own in ranked.groupby(SEARCH, sort=False):
        for rung, (first, second) in enumerate(pairwise([*names, "finalists"])):
            both = own[[first, second]].dropna()
            few = len(both) < 3 or (both.nunique() < 2).any()
            rows.append(
                {
                    "neuron": neuron,
                    "search": search,
                    "rung": rung,
                    "next_rung": rung + 1,
                    "trials": len(both),
                    "spearman": np.nan if few else both.corr(method="spearman").iloc[0, 1],
                }
            )
    return pd.DataFrame(rows)


def winner_table(winners: Iterable[Mapping[str, Any]]) -> pd.DataFrame:
    """Where the winners lie in the space: neuron, search, parameter, value, position, at_bound.

    ``winners`` are the contents of the searches' best.yaml.
    """
    return pd.DataFrame(
        {"neuron": w["neuron"], "search": w["search"], "parameter": key, **place}
        for w in winners
        for key, place in w["places"].items()
    )
