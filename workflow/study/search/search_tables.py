"""What the searches of a study say together: their budget, stability, ranking and winners."""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping, Sequence
from itertools import pairwise
from typing import Any

import numpy as np
import pandas as pd

from study.intervals import spearman
from study.search.selection import SEARCH, over_inner_folds
from study.search.trial_records import MEMORY, TIMEOUT

CRITICAL = 2 * math.sqrt(2)
"""Scale of random recurrent weights above which LIF's mean rate has no finite mean-field solution
(docs/runaway.md)."""
RECURRENCE = "network.init.recurrent_scale"
"""The parameter on whose scale it depends most whether LIF networks run away."""


def expected_of_last(ordered: Sequence[float]) -> np.ndarray:
    """Expected value of the last of k of the n ``ordered`` ones, drawn without replacement, for
    k = 1 to n.

    The i-th is the last of comb(i - 1, k - 1) of all comb(n, k) subsets.
    """
    n = len(ordered)
    return np.array(
        [
            sum(v * (math.comb(i, k - 1) / math.comb(n, k)) for i, v in enumerate(ordered))
            for k in range(1, n + 1)
        ]
    )


def first_settings(trials: pd.DataFrame, summary: pd.DataFrame) -> pd.DataFrame:
    """Those ``trials`` whose settings the searches of all neuron models begin with: drawn before
    there was anything to learn from, and trained with the same seed.

    ``rung0_accuracy`` of a trial that failed in its first rung is that after its last whole epoch,
    or chance for the classes of the data's ``summary`` if there was none; ``bounded`` says whether
    LIF's rate has a finite mean-field solution at the initial scale of recurrent weights.
    """
    first = trials[trials["generation"] == 0]
    accuracy = first["rung0_accuracy"].fillna(first["validation_accuracy"])
    accuracy = accuracy.where(accuracy > 0, 1 / summary["classes"].max())
    settings = [name for name in first if name.startswith(("network.", "training."))]
    same = first.groupby(["search", "seed", *settings], dropna=False)
    everywhere = same["neuron"].transform("nunique") == first["neuron"].nunique()
    bounded = first[RECURRENCE] < CRITICAL if RECURRENCE in first else True
    return first.assign(bounded=bounded, rung0_accuracy=accuracy)[everywhere]


def budget_table(trials: pd.DataFrame, budget: int) -> pd.DataFrame:
    """Expected best validation accuracy of k of the ``trials`` of each search, those that failed
    included: the joined tables of :func:`study.search.selection.trial_table`, and so below.

    ``budget`` is that of a search, in training samples presented.
    """
    rows = []
    for search, own in trials.groupby(SEARCH, sort=False):
        cost = own["presentations"].mean()
        expected = expected_of_last(sorted(own["validation_accuracy"]))
        rows += [(*search, k, k * cost, k * cost / budget, v) for k, v in enumerate(expected, 1)]
    columns = [*SEARCH, "k", "presentations", "share", "expected_best"]
    return pd.DataFrame(rows, columns=columns)


def best_at(budget: pd.DataFrame, shares: Sequence[float]) -> pd.DataFrame:
    """Expected best accuracy of each search at equal ``shares`` of the budget: [share, search].

    ``budget`` are one neuron model's rows of :func:`budget_table`, between which it is linear. NaN
    for shares that do not pay one trial; a search ends with less than one whole trial left, so
    that its last row counts as the whole budget.
    """
    found = {
        search: np.interp(shares, own["share"], own["expected_best"], left=np.nan)
        for search, own in budget.groupby("search")
    }
    return pd.DataFrame(found, index=shares)


def stability_table(trials: pd.DataFrame, winners: Iterable[Mapping[str, Any]]) -> pd.DataFrame:
    """What became of the ``trials`` of each search; ``winners`` are the contents of best.yaml."""
    stopped = trials["outcome"].isin([TIMEOUT, MEMORY])
    counted = trials.assign(
        trials=1,
        diverged=trials["failed"] & ~stopped,
        failed_otherwise=stopped,
        failed_presentations=trials["presentations"].where(trials["failed"], 0),
    )
    names = ["trials", "diverged", "failed_otherwise", "presentations", "failed_presentations"]
    sums = counted.groupby(SEARCH, sort=False)[names].sum().reset_index()
    sums["failed_share"] = sums["failed_presentations"] / sums["presentations"]
    spent = [(*(w[k] for k in SEARCH), w["presentations"]["budget_spent"]) for w in winners]
    return sums.merge(pd.DataFrame(spent, columns=[*SEARCH, "budget_spent"]), on=SEARCH)


def rung_table(trials: pd.DataFrame, runs: pd.DataFrame) -> pd.DataFrame:
    """How well a rung predicts the ranking of the next, over the trials that passed both.

    After the last rung come the finalists' ``runs`` on the inner folds, as in
    :func:`study.search.selection.run_table`, by their means.
    """
    names = [name for name in trials if name.startswith("rung") and name.endswith("_accuracy")]
    again = over_inner_folds(runs).rename(columns={"validation_accuracy": "finalists"})
    by = [*SEARCH, "number"]
    ranked = trials.merge(again[[*by, "finalists"]], how="left", on=by)
    rows = []
    for search, own in ranked.groupby(SEARCH, sort=False):
        for rung, (first, second) in enumerate(pairwise([*names, "finalists"])):
            both = own[[first, second]].dropna()
            rows.append((*search, rung, rung + 1, len(both), spearman(*both.to_numpy().T)))
    columns = [*SEARCH, "rung", "next_rung", "trials", "spearman"]
    return pd.DataFrame(rows, columns=columns)


def winner_table(winners: Iterable[Mapping[str, Any]]) -> pd.DataFrame:
    """Where the winners lie in the space; ``winners`` are the searches' contents of best.yaml."""
    return pd.DataFrame(
        {**{name: w[name] for name in SEARCH}, "parameter": key, **place}
        for w in winners
        for key, place in w["places"].items()
    )


def summarise(
    trials: pd.DataFrame,
    finalists: pd.DataFrame,
    winners: list[dict[str, Any]],
    budget: int,
) -> dict[str, pd.DataFrame]:
    """All tables of all searches together."""
    return {
        "trials": trials,
        "finalists": finalists,
        "budget": budget_table(trials, budget),
        "stability": stability_table(trials, winners),
        "rungs": rung_table(trials, finalists),
        "winners": winner_table(winners),
    }
