"""What the claims about accuracy, failures and silence of :mod:`study.claims.qif_paper` measure."""

from __future__ import annotations

import numpy as np
import pandas as pd

from study.claims.estimates import NOTHING
from study.claims.results import LIF, NO_SEARCH, Cases, NotMade, Tables, Units
from study.search.search_tables import best_at
from study.training.outcomes import FINISHED
from study.training.scores import speakers_alike

UNEQUAL = "searches of unequal budgets"

SAME_SPEAKERS = "another search, these speakers"
"""Where folds have several searches: the case whose units are these, within folds."""

BUDGETS = {"1/64": 1 / 64, "1/16": 1 / 16, "1/4": 1 / 4, "all": 1.0}
"""Shares of a search's budget at which the best of it is compared."""

SILENCE = (
    "to the end",
    "when training goes on",
    "when training goes on, without gradient",
    "when training goes on, after the first epoch",
)
"""How permanent the silence of neurons is that spiked earlier, and since when."""


def accuracy_gain(tables: Tables) -> Cases:
    """Test accuracy, QIF minus LIF.

    By the rule of docs/search.md a run that diverged counts with its last whole epoch; beside
    it, with accuracy 0, and not at all. Samples count alike in some cases, speakers in others.
    Cases that nothing tells from the first are left out: without heard voices those of unseen ones,
    and where no run diverged. Without a search there is nothing to compare, nor if one of the
    searches did not spend its budget.
    """

    def accuracies(neuron: str, column: str, diverged: str) -> Units:
        own = tables.rows("runs", column, "outcome", "search", neuron=neuron)
        finished = own["outcome"] == FINISHED
        if diverged == "left out":
            own = own[finished]
        elif diverged == "count as 0":
            own = own.assign(**{column: own[column].where(finished, 0.0)})
        return tables.units(own, column)

    def of_speakers(neuron: str, *within: str) -> Units:
        units = [tables.unit_column, *within]
        own = tables.rows("speakers", *units, "speaker", "accuracy", neuron=neuron)
        return speakers_alike(own, units)

    cases = {
        "all voices": ("accuracy", "keep their best"),
        "unseen voices": ("accuracy_unseen_speakers", "keep their best"),
        "all voices, failed runs count as 0": ("accuracy", "count as 0"),
        "all voices, failed runs left out": ("accuracy", "left out"),
    }

    def compare(qif: str) -> Cases:
        if not equal_budgets(tables, LIF, qif):
            return {UNEQUAL: NOTHING}
        pairs = {
            name: (accuracies(qif, *case), accuracies(LIF, *case)) for name, case in cases.items()
        }
        first, *others = pairs
        for name in others:
            if all(own.equals(of) for own, of in zip(pairs[name], pairs[first], strict=True)):
                del pairs[name]
        pairs["every speaker alike"] = of_speakers(qif), of_speakers(LIF)
        found = {name: tables.difference(*pair) for name, pair in pairs.items()}
        if tables.unit == "folds":
            of_searches = (of_speakers(neuron, "search") for neuron in (qif, LIF))
            if (within := tables.difference_within(*of_searches)) is not None:
                found[SAME_SPEAKERS] = within
        return found

    return tables.comparisons(compare)


def equal_budgets(tables: Tables, *neurons: str) -> bool:
    """Whether all searches of ``neurons`` have spent their budget, which is the same for all, so
    that less than one whole trial tells them apart; NotMade without searches."""
    if not tables.files("stability"):
        raise NotMade(NO_SEARCH)
    searches = tables.rows("stability", "neuron", "budget_spent")
    return bool(searches.loc[searches["neuron"].isin(neurons), "budget_spent"].all())


def budget_gain(tables: Tables) -> Cases:
    """Expected best validation accuracy at equal budgets, QIF minus LIF; of :data:`BUDGETS` those
    that pay one trial in each search."""

    def best(neuron: str, share: float) -> Units:
        unit = tables.unit_column
        own = tables.rows("budget", unit, "search", "share", "expected_best", neuron=neuron)
        of_search = best_at(own, [share]).loc[share]
        units = own.assign(unit=own[unit]).groupby("search")["unit"].first()
        return of_search.groupby(units).mean(skipna=False)

    def compare(qif: str) -> Cases:
        if not equal_budgets(tables, LIF, qif):
            return {UNEQUAL: NOTHING}
        both = {name: (best(qif, share), best(LIF, share)) for name, share in BUDGETS.items()}
        return {
            f"{name} of the budget": tables.difference(*pair)
            for name, pair in both.items()
            if not pd.concat(pair).isna().any()
        }

    return tables.comparisons(compare)


def divergence(tables: Tables) -> Cases:
    def final(neuron: str) -> Units:
        own = tables.rows("runs", "outcome", neuron=neuron)
        return tables.units(own.assign(diverged=own["outcome"] != FINISHED), "diverged")

    def trials(neuron: str) -> Units:
        unit = tables.unit_column
        own = tables.rows("stability", unit, "diverged", "trials", neuron=neuron)
        sums = own.groupby(unit)[["diverged", "trials"]].sum()
        return sums["diverged"] / sums["trials"]

    stages = {"final runs": (final,)}
    if tables.files("stability"):
        stages["trials of the searches"] = (trials,)
    return tables.lif_minus_qif(lambda neuron, stage: stage(neuron), stages)


def lif_silencing(tables: Tables) -> Cases:
    return tables.lif_cases(lambda: _silencing_shares(tables, LIF))


def qif_silencing(tables: Tables) -> Cases:
    return tables.qif_cases(lambda neuron: _silencing_shares(tables, neuron))


def silencing_difference(tables: Tables) -> Cases:
    return tables.lif_minus_qif(
        lambda neuron, case: tables.units(_fell_silent(tables, neuron, case), "fell"),
        {case: (case,) for case in SILENCE},
    )


def _silencing_shares(tables: Tables, neuron: str) -> Cases:
    return {case: tables.share(_fell_silent(tables, neuron, case), "fell") for case in SILENCE}


def _fell_silent(tables: Tables, neuron: str, case: str) -> pd.DataFrame:
    """Neurons of all networks, with whether each ``fell`` silent."""
    columns = ("seed", "unit", "ever_spiked", "silent", "woke", "has_gradient")
    own = tables.matching_rows("silence", *columns, neuron=neuron)
    fell = own["ever_spiked"] & own["silent"]
    if case != "to the end":
        fell &= ~own["woke"]
    if case.endswith("without gradient"):
        fell &= ~own["has_gradient"]
    if case.endswith("after the first epoch"):
        never = _silent_in_training(tables, neuron)
        places = zip(own["seed"], own["unit"], strict=True)
        fell &= np.array([unit not in never.get(seed, set()) for seed, unit in places], bool)
    return own.assign(fell=fell.astype(float))


def _silent_in_training(tables: Tables, neuron: str) -> dict[int, set[int]]:
    """The neurons of each seed's network that are silent after each of its epochs."""
    epochs = tables.matching_rows("histories", "seed", "epoch", "silent_neurons", neuron=neuron)
    of_seed = epochs[epochs["epoch"] > 0].groupby("seed")["silent_neurons"]
    return {int(seed): set.intersection(*map(set, silent)) for seed, silent in of_seed}
