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

SEARCH = ["neuron", "fold", "search"]


def expected_of_last(ordered: Sequence[float]) -> np.ndarray:
    """Expected value of the last of k of the n ``ordered`` ones, drawn without replacement, for
    k = 1 to n.

    The i-th is the last of comb(i - 1, k - 1) of all comb(n, k) subsets.
    """
    n = len(ordered)
    return np.array(
        [
            sum(v * (comb(i, k - 1) / comb(n, k)) for i, v in enumerate(ordered))
            for k in range(1, n + 1)
        ]
    )


BUDGET_TABLE = Table(
    files=("search/budget.csv",),
    says="What k trials would have been expected to find.",
    columns={
        **shared("neuron", "fold", "search"),
        "k": "trials",
        "expected_best": "expected validation accuracy of the best of k",
    },
)


def budget_table(trials: pd.DataFrame) -> pd.DataFrame:
    """Expected best validation accuracy of k of the ``trials`` of each search, those that failed
    included: the joined tables of :func:`study.search.selection.trial_table`, and so below."""
    rows = [
        (*search, k, best)
        for search, own in trials.groupby(SEARCH, sort=False)["validation_accuracy"]
        for k, best in enumerate(expected_of_last(sorted(own)), start=1)
    ]
    return pd.DataFrame(rows, columns=[*SEARCH, "k", "expected_best"])


STABILITY_TABLE = Table(
    files=("search/stability.csv",),
    says="Trials that failed.",
    columns={
        **shared("neuron", "fold", "search"),
        "trials": "how many were tried",
        "diverged": "too many spikes, silence, or a loss or gradient that is not finite",
        "failed_otherwise": "met a limit of time or memory",
    },
)


def stability_table(trials: pd.DataFrame) -> pd.DataFrame:
    stopped = trials["outcome"].isin([TIMEOUT, MEMORY])
    counted = trials.assign(diverged=trials["failed"] & ~stopped, failed_otherwise=stopped)
    groups = counted.groupby(SEARCH, sort=False)
    sums = groups[["diverged", "failed_otherwise"]].sum()
    sums.insert(0, "trials", groups.size())
    return sums.reset_index()


RUNGS_TABLE = Table(
    files=("search/rungs.csv",),
    says="How well one rung of successive halving predicts the ranking of the next.",
    columns={
        **shared("neuron", "fold", "search"),
        "rung": "the earlier rung",
        "next_rung": "the later one; after the last comes the finalists' training with fresh seeds",
        "trials": "trials in both",
        "spearman": "rank correlation of validation accuracies; missing below three trials",
    },
)


def rung_table(trials: pd.DataFrame, runs: pd.DataFrame) -> pd.DataFrame:
    """How well a rung predicts the ranking of the next, over the trials that passed both.

    After the last rung come the finalists' ``runs`` with fresh seeds, as in
    :func:`study.search.selection.run_table`, by their means.
    """
    names = [name for name in trials if name.startswith("rung") and name.endswith("_accuracy")]
    again = runs.groupby([*SEARCH, "number"])["validation_accuracy"].mean().rename("finalists")
    ranked = trials.merge(again.reset_index(), how="left", on=[*SEARCH, "number"])
    rows = []
    for search, own in ranked.groupby(SEARCH, sort=False):
        for rung, (first, second) in enumerate(pairwise([*names, "finalists"])):
            both = own[[first, second]].dropna()
            few = len(both) < 3 or (both.nunique() < 2).any()
            spearman = np.nan if few else both.corr(method="spearman").iloc[0, 1]
            rows.append((*search, rung, rung + 1, len(both), spearman))
    columns = [*SEARCH, "rung", "next_rung", "trials", "spearman"]
    return pd.DataFrame(rows, columns=columns)


WINNERS_TABLE = Table(
    files=("search/winners.csv",),
    says="Where winners lie in the space that was searched.",
    columns={
        **shared("neuron", "fold", "search"),
        "parameter": "what was searched",
        "value": "the winner's",
        "position": "0 (lower bound) to 1 in the searched scale; outside for a configured value",
        "at_bound": "whether it lies at an end beyond which the search could go on",
    },
)


def winner_table(winners: Iterable[Mapping[str, Any]]) -> pd.DataFrame:
    """Where the winners lie in the space; ``winners`` are the searches' contents of best.yaml."""
    return pd.DataFrame(
        {"neuron": w["neuron"], "search": w["search"], "parameter": key, **place}
        for w in winners
        for key, place in w["places"].items()
    )
