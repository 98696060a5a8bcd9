"""What the page shows of a study's searches, as Markdown."""

from __future__ import annotations

from typing import Any

import pandas as pd

from study.report.facts import gain_with_interval, table_by_neuron, table_by_search
from study.report.numbers import markdown_table, share
from study.report.study_tables import StudyTables
from study.search.search_tables import RECURRENCE, first_settings, ran_away_at_once
from study.search.selection import over_inner_folds
from study.search.trial_records import MEMORY, TIMEOUT
from study.storage.tables import read_yaml
from study.style import neuron_label
from study.training.mean_field import CRITICAL
from study.training.outcomes import FINISHED, OVERFLOW

FEW = 4
"""Trials below which a region of the space says nothing."""
FAILING_SHARE = 0.75
"""Share of failed trials above which a region of the space is no place for a neuron model."""


def winners(study: StudyTables) -> str:
    """What each search's winner came to, and its settings."""
    columns = {}
    for (neuron, search), own in study.runs.groupby(["neuron", "search"], sort=False):
        best = _search_result(study, neuron, search)
        columns[neuron, search] = {
            "validation of the winner": best["winner"]["validation_accuracy"],
            "test, every sample alike, mean of its seeds": own["accuracy"].mean(),
            "spikes a neuron": own["spikes_per_neuron"].mean(),
        } | best["parameters"]
    title = (
        "of each fold's search, in order" if len(study.folds) > 1 else "of each search, in order"
    )
    return table_by_search(pd.DataFrame(columns), study.neurons, title)


def _search_result(study: StudyTables, neuron: str, search: int) -> dict[str, Any]:
    """What a search has ended with."""
    return read_yaml(study.folder / f"search/{neuron}/{search}/best.yaml")


def winners_at_bounds(study: StudyTables) -> str:
    """Which values of winners lie at a bound of the space."""
    table = study.table("search/summary/winners.csv")
    own = table[table["at_bound"].astype(bool)].groupby("neuron")["parameter"].unique()
    return "; ".join(f"{neuron_label(n)}: {', '.join(own[n])}" for n in study.neurons if n in own)


def runs_at_limits(study: StudyTables) -> str:
    """How many trials and finalists' runs of each neuron model met a limit of the machine; empty if
    none did."""
    found = []
    for stage, what in {"trials": "trials", "finalists": "runs of finalists"}.items():
        table = study.table(f"search/summary/{stage}.parquet")
        for neuron in study.neurons:
            own = table.loc[table["neuron"] == neuron, "outcome"].isin([TIMEOUT, MEMORY])
            if own.any():
                found.append(f"{own.sum()} of {len(own)} {what} of {neuron_label(neuron)}")
    return ", ".join(found)


def runaways_by_recurrence(study: StudyTables) -> str:
    """Trials that ran away, and the best of each search (mean), below and above the scale at which
    LIF rates diverge."""
    trials = study.table("search/summary/trials.parquet").fillna({"validation_accuracy": 0.0})
    away, at_once = trials["outcome"] == OVERFLOW, ran_away_at_once(trials)
    above = trials[RECURRENCE] > CRITICAL
    trials["early"], trials["later"] = at_once, away & ~at_once
    trials["finished"] = trials["outcome"] == FINISHED
    rows = []
    for neuron in sorted(study.neurons, key=neuron_label):
        for side, there in (("below 2√2", ~above), ("above 2√2", above)):
            own = trials[(trials["neuron"] == neuron) & there]
            if len(own):
                best = own.groupby("search")["validation_accuracy"].max().mean()
                counts = [len(own), *own[["early", "later", "finished"]].sum()]
                rows.append([neuron_label(neuron), side, *counts, share(best, 1)])
    counted = ["trials", "ran away before the first epoch was over", "later", "finished"]
    best_of = "best trial of a search, validation, mean"
    header = ["neuron", "initial scale of recurrent weights", *counted, best_of]
    return markdown_table(header, rows)


def failing_regions(study: StudyTables) -> str:
    """Regions of the searched space in which more than :data:`FAILING_SHARE` of a neuron model's
    trials failed; empty if there is none."""
    table = study.table("search/summary/regions.csv")
    there = table[(table["trials"] >= FEW) & (table["failed"] > FAILING_SHARE * table["trials"])]
    header = ["neuron", "parameter", "region", "failed", "of all presentations"]
    rows = []
    for neuron in study.neurons:
        own = table[table["neuron"] == neuron]
        every = own.groupby("parameter")["presentations"].sum()
        for row in there[there["neuron"] == neuron].itertuples():
            cost = share(row.failed_presentations / every[row.parameter])
            failed = f"{row.failed} of {row.trials}"
            rows.append([neuron_label(neuron), row.parameter, row.place, failed, cost])
    return markdown_table(header, rows) if rows else ""


def results_by_stage(study: StudyTables) -> str:
    """Of each neuron model, shares of runs that ran away, and the best of trials and of finalists,
    which have run on each inner fold."""
    trials, finalists = (
        study.table(f"search/summary/{n}.parquet") for n in ("trials", "finalists")
    )
    stages = {
        "trials": trials,
        "finalists": finalists,
        "networks": study.runs,
    }

    def away(neuron: str, stage: str) -> str:
        runs = stages[stage]
        return share((runs.loc[runs["neuron"] == neuron, "outcome"] == OVERFLOW).mean())

    def best(neuron: str, stage: str) -> str:
        scores = stages[stage].fillna({"validation_accuracy": 0.0})
        if stage == "finalists":
            scores = over_inner_folds(scores)
        own = scores[scores["neuron"] == neuron].groupby("search")["validation_accuracy"]
        return share(own.max().mean(), 1)

    rows = {f"ran away: {stage}": lambda n, s=stage: away(n, s) for stage in stages}
    for stage in [*stages][:2]:
        rows[f"validation, best of {stage}"] = lambda n, s=stage: best(n, s)
    return table_by_neuron(study.neurons, "", rows)


def has_rung_ranks(study: StudyTables) -> bool:
    """Whether any rung's ranks could be compared with the next one's."""
    return bool(study.table("search/summary/rungs.csv")["spearman"].notna().any())


def rung_correlations(study: StudyTables) -> str:
    """How well each rung ranks trials as the next one does: the range over searches."""
    table = study.table("search/summary/rungs.csv").dropna(subset="spearman")
    found = table.groupby(["rung", "next_rung"])["spearman"].agg(["min", "median", "max"])
    rows = [[f"{a} and {b}", *[f"{v:.2f}" for v in row]] for (a, b), row in found.iterrows()]
    return markdown_table(["rungs", "least", "median", "most"], rows)


def same_settings(study: StudyTables) -> str:
    """What became of the settings that all searches begin with, with each neuron model after the
    first rung: means over searches, and by how much they exceed the first model's, paired by
    search, with t intervals. Empty for one neuron model, and if no setting is shared."""
    trials, base = first_settings(study.table("search/summary/trials.parquet")), study.neurons[0]
    if trials.empty or len(study.neurons) < 2:
        return ""
    parts = {"all": trials, "that no model failed at": trials[trials["works"]]}
    header = ["neuron", "failed", "best of each search"]
    best = trials.groupby(["search", "neuron"])["rung0_accuracy"].max().groupby("neuron").mean()
    rows = {
        n: [neuron_label(n), own["failed"].sum(), share(best[n], 1)]
        for n, own in trials.groupby("neuron")
    }
    for name, part in parts.items():
        if part.empty:
            continue
        means = part.pivot_table("rung0_accuracy", index="search", columns="neuron")
        header += [f"{name} ({len(part) // len(rows)})", f"minus {neuron_label(base)}'s (points)"]
        for n, row in rows.items():
            row += [
                share(means[n].mean(), 1),
                gain_with_interval(means, base, n) if n != base else "",
            ]
    return markdown_table(header, [rows[n] for n in study.neurons])


def trial_counts(study: StudyTables) -> str:
    """How many trials the searches had, such as "64" or "52 to 81"."""
    table = study.table("search/summary/stability.csv")
    least, most = table["trials"].min(), table["trials"].max()
    return f"{least}" if least == most else f"{least} to {most}"


def budget(study: StudyTables) -> str:
    """Presentations of a sample to networks, in all searches of each neuron model; which share of
    those in trials was spent on trials that failed."""
    columns = {"allotted": "allotted to trials", "used": "used", "finalists": "by finalists"}
    table, rows = study.table("search/summary/trials.parquet"), []
    for neuron in study.neurons:
        searches = study.runs.loc[study.runs["neuron"] == neuron, "search"].unique()
        costs = [_search_result(study, neuron, search)["presentations"] for search in searches]
        sums = [f"{sum(cost[name] for cost in costs):,}" for name in columns]
        own = table[table["neuron"] == neuron]
        failed = own.loc[own["failed"], "presentations"].sum() / own["presentations"].sum()
        rows.append([neuron_label(neuron), *sums, share(failed)])
    header = ["presentations in searches", *columns.values(), "spent on trials that failed"]
    return markdown_table(header, rows)
