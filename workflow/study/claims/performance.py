"""What the claims about accuracy, failures and silence of :mod:`study.claims.qif_paper` measure."""

from __future__ import annotations

import pandas as pd

from study.claims.estimates import NOTHING, Values
from study.claims.results import LIF, Cases, ClaimError, Tables

FINISHED = "finished"

BUDGETS = (1, 4, 16, 64)
"""Numbers of trials at which the best of a search is compared."""

SILENCE = ("to the end", "when training goes on", "when training goes on, without gradient")
"""How permanent the silence of neurons is that spiked earlier."""


def accuracy_gain(tables: Tables) -> Cases:
    """Test accuracy, QIF minus LIF.

    By the rule of docs/search.md a run that diverged counts with its best checkpoint; beside it,
    with accuracy 0, and not at all. Samples count alike in some cases, speakers in others; where
    the study holds out further speakers in turn, these are compared as well. Without a search
    there is nothing to compare.
    """

    def accuracies(neuron: str, column: str, diverged: str) -> Values:
        own = tables.rows("runs", column, "outcome", "search", neuron=neuron)
        finished = own["outcome"] == FINISHED
        if diverged == "left out":
            own = own[finished]
        elif diverged == "count as 0":
            own = own.assign(**{column: own[column].where(finished, 0.0)})
        return tables.units(own, column)

    def of_speakers(neuron: str) -> Values:
        own = tables.rows("speakers", "search", "speaker", "accuracy", neuron=neuron)
        return own.groupby("search")["accuracy"].mean().to_numpy(float)

    cases = {
        "all voices": ("accuracy", "keep their best"),
        "unseen voices": ("accuracy_unseen_speakers", "keep their best"),
        "all voices, failed runs count as 0": ("accuracy", "count as 0"),
        "all voices, failed runs left out": ("accuracy", "left out"),
    }

    def compare(qif: str) -> Cases:
        if tables.unit != "searches":
            return {"no search": NOTHING}
        sizes = tables.some("trials", "neuron", "search").groupby(["neuron", "search"]).size()
        if len({*sizes[LIF], *sizes[qif]}) > 1:
            raise ClaimError(
                f"searches of unequal size cannot be compared: {sizes.to_dict()} trials"
            )
        found = {
            name: tables.difference(accuracies(qif, *case), accuracies(LIF, *case))
            for name, case in cases.items()
        }
        found["every speaker alike"] = tables.difference(of_speakers(qif), of_speakers(LIF))
        return found | (_held_out(tables, qif) if tables.files("held_out") else {})

    return tables.comparisons(compare)


def _held_out(tables: Tables, qif: str) -> Cases:
    """Accuracy on speakers held out in turn, the study's own new speakers among them.

    Of the searches whose winners were trained so. A run without an answer counts as 0.
    """
    score, key = "accuracy_unseen_speakers", ["neuron", "search"]
    turns = tables.some("held_out", *key, "to", score).fillna({score: 0.0})
    own = tables.some("runs", *key, score)
    own = own[own.set_index(key).index.isin(turns.set_index(key).index)].assign(to="own")
    means = pd.concat([turns, own]).groupby(["to", *key])[score].mean()
    by_group = means.reset_index().pivot_table(score, index="to", columns="neuron")
    by_search = means.groupby(key).mean()
    if not {qif, LIF} <= set(by_group):
        return {}
    return {
        "speakers held out in turn, over groups of speakers": tables.paired(
            (by_group[qif] - by_group[LIF]).to_numpy(float), "groups of speakers"
        ),
        "speakers held out in turn, over searches": tables.difference(
            by_search[qif].to_numpy(float), by_search[LIF].to_numpy(float)
        ),
    }


def budget_gain(tables: Tables) -> Cases:
    def best(neuron: str, k: int) -> Values:
        own = tables.rows("budget", "search", "expected_best", neuron=neuron, k=k)
        return own.sort_values("search")["expected_best"].to_numpy(float)

    def compare(qif: str) -> Cases:
        if not tables.files("budget"):
            return {"no search": NOTHING}
        whole = int(tables.rows("budget", "k")["k"].max())
        return {
            f"best of {k}": tables.difference(best(qif, k), best(LIF, k))
            for k in sorted({*(k for k in BUDGETS if k < whole), whole})
        }

    return tables.comparisons(compare)


def divergence(tables: Tables) -> Cases:
    def final(neuron: str) -> Values:
        own = tables.rows("runs", "outcome", neuron=neuron)
        return tables.units(own.assign(diverged=own["outcome"] != FINISHED), "diverged")

    def trials(neuron: str) -> Values:
        own = tables.rows("stability", "diverged", "trials", neuron=neuron)
        return (own["diverged"] / own["trials"]).to_numpy(float)

    stages = {"final runs": (final,)}
    if tables.files("stability"):
        stages["trials of the searches"] = (trials,)
    return tables.lif_minus_qif(lambda neuron, stage: stage(neuron), stages)


def silenced_lif(tables: Tables) -> Cases:
    return tables.of_lif(lambda: _silenced(tables, LIF))


def silenced_qif(tables: Tables) -> Cases:
    return tables.of_qif(lambda neuron: _silenced(tables, neuron))


def silenced_more(tables: Tables) -> Cases:
    return tables.lif_minus_qif(
        lambda neuron, case: tables.units(_fell_silent(tables, neuron, case), "fell"),
        {case: (case,) for case in SILENCE},
    )


def _silenced(tables: Tables, neuron: str) -> Cases:
    return {case: tables.share(_fell_silent(tables, neuron, case), "fell") for case in SILENCE}


def _fell_silent(tables: Tables, neuron: str, case: str) -> pd.DataFrame:
    """Neurons of all networks, with whether each ``fell`` silent."""
    own = tables.rows("silence", "ever_spiked", "silent", "woke", "has_gradient", neuron=neuron)
    fell = own["ever_spiked"] & own["silent"]
    if case != "to the end":
        fell &= ~own["woke"]
    if case.endswith("without gradient"):
        fell &= ~own["has_gradient"]
    return own.assign(fell=fell.astype(float))
