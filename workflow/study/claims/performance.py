"""What the claims about accuracy, stability and silence measure (arXiv 2606.03935)."""

from __future__ import annotations

import pandas as pd

from study.claims.comparison import LIF, Cases, comparisons, of_lif, of_qif
from study.claims.estimates import NOTHING, Estimate, Values, difference, paired, share
from study.claims.results import ClaimError, Tables

FINISHED = "finished"

BUDGETS = (1, 4, 16, 64)
"""Numbers of trials at which the best of a search is compared."""


def accuracy_gain(tables: Tables, seed: int) -> Cases:
    """Test accuracy, QIF minus LIF.

    By the rule of docs/search.md a run that diverged counts with its best checkpoint; beside it,
    with accuracy 0, and not at all. Words count alike in some cases, speakers in others; where the
    study holds out further speakers in turn, these are compared as well. Without a search there is
    nothing to compare.
    """

    def accuracies(neuron: str, column: str, failed: str) -> Values:
        own = tables.rows("runs", column, "outcome", "search", neuron=neuron)
        finished = own["outcome"] == FINISHED
        if failed == "left out":
            own = own[finished]
        elif failed == "count as 0":
            own = own.assign(**{column: own[column].where(finished, 0.0)})
        return tables.units(own, column)

    def of_speakers(neuron: str) -> Values:
        own = tables.rows("speakers", "search", "speaker", "accuracy", neuron=neuron)
        return own.groupby("search")["accuracy"].mean().to_numpy(float)

    def compare(rival: str) -> Cases:
        if tables.unit != "searches":
            return {"no search": NOTHING}
        sizes = tables.some("trials", "neuron", "search").groupby(["neuron", "search"]).size()
        if len({*sizes[LIF], *sizes[rival]}) > 1:
            raise ClaimError(
                f"searches of unequal size cannot be compared: {sizes.to_dict()} trials"
            )
        cases = {
            "all voices": ("accuracy", "keep their best"),
            "unseen voices": ("accuracy_unseen_speakers", "keep their best"),
            "all voices, failed runs count as 0": ("accuracy", "count as 0"),
            "all voices, failed runs left out": ("accuracy", "left out"),
        }
        found = {
            name: difference(accuracies(rival, *case), accuracies(LIF, *case), seed)
            for name, case in cases.items()
        }
        found["every speaker alike"] = difference(of_speakers(rival), of_speakers(LIF), seed)
        return found | (_held_out(tables, rival, seed) if tables.files("held_out") else {})

    return comparisons(tables, compare)


def _held_out(tables: Tables, rival: str, seed: int) -> Cases:
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
    if not {rival, LIF} <= set(by_group):
        return {}
    return {
        "speakers held out in turn, over groups of speakers": paired(
            (by_group[rival] - by_group[LIF]).to_numpy(float), seed, "groups of speakers"
        ),
        "speakers held out in turn, over searches": difference(
            by_search[rival].to_numpy(float), by_search[LIF].to_numpy(float), seed
        ),
    }


def budget_gain(tables: Tables, seed: int) -> Cases:
    """Expected best validation accuracy of k trials of a search, QIF minus LIF."""

    def compare(rival: str) -> Cases:
        if not tables.files("budget"):
            return {"no search": NOTHING}
        table = tables.rows("budget", "k")
        most = int(table["k"].max())

        def best(neuron: str, k: int) -> Values:
            own = tables.rows("budget", "search", "expected_best", neuron=neuron, k=k)
            return own.sort_values("search")["expected_best"].to_numpy(float)

        return {
            f"best of {k}": difference(best(rival, k), best(LIF, k), seed)
            for k in sorted({*(k for k in BUDGETS if k < most), most})
        }

    return comparisons(tables, compare)


def divergence(tables: Tables, seed: int) -> Cases:
    """Share of runs that diverge, LIF minus QIF: final ones, and trials of the searches."""

    def final(neuron: str) -> Values:
        own = tables.rows("runs", "outcome", neuron=neuron)
        return tables.units(own.assign(diverged=own["outcome"] != FINISHED), "diverged")

    def trials(neuron: str) -> Values:
        own = tables.rows("stability", "diverged", "trials", neuron=neuron)
        return (own["diverged"] / own["trials"]).to_numpy(float)

    def compare(rival: str) -> Cases:
        cases = {"final runs": difference(final(LIF), final(rival), seed)}
        if tables.files("stability"):
            cases["trials of the searches"] = difference(trials(LIF), trials(rival), seed)
        return cases

    return comparisons(tables, compare)


def silenced_lif(tables: Tables, seed: int) -> Cases:
    """Share of LIF neurons that fall silent during training."""
    return of_lif(tables, lambda: _silence(tables, LIF))


def silenced_qif(tables: Tables, seed: int) -> Cases:
    """The same of each QIF model."""
    return of_qif(tables, lambda neuron: _silence(tables, neuron))


def silenced_more(tables: Tables, seed: int) -> Cases:
    """The same, LIF minus QIF."""
    return comparisons(
        tables,
        lambda rival: {
            case: difference(_silent(tables, LIF, case), _silent(tables, rival, case), seed)
            for case in SILENCE
        },
    )


SILENCE = ("to the end", "when training goes on", "when training goes on, without gradient")
"""How permanent the silence of neurons is that spiked earlier."""


def _silence(tables: Tables, neuron: str) -> dict[str, Estimate]:
    return {case: share(_silent(tables, neuron, case), tables.unit) for case in SILENCE}


def _silent(tables: Tables, neuron: str, case: str) -> Values:
    """Share of the neurons of each unit's networks that fell silent."""
    own = tables.rows("silence", "ever_spiked", "silent", "woke", "has_gradient", neuron=neuron)
    fell: pd.Series = own["ever_spiked"] & own["silent"]
    if case != "to the end":
        fell &= ~own["woke"]
    if case.endswith("without gradient"):
        fell &= ~own["has_gradient"]
    return tables.units(own.assign(fell=fell.astype(float)), "fell")
