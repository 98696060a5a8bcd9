"""What the page shows of a study's searches, as Markdown."""

from __future__ import annotations

from typing import Any

import pandas as pd

from study.report.facts import gain_with_interval
from study.report.numbers import markdown_table, share
from study.report.study_tables import StudyTables
from study.search.search_tables import first_settings
from study.storage.tables import read_file
from study.style import neuron_label


def winners(study: StudyTables) -> str:
    """What the winners of each neuron model's searches came to, in the searches' order."""
    rows = []
    for neuron in study.neurons:
        runs = study.runs[study.runs["neuron"] == neuron]
        means = runs.groupby("search")[["accuracy", "spikes_per_neuron"]].mean()
        best = [_search_result(study, neuron, search)["winner"] for search in means.index]
        shown = (
            [f"{100 * winner['validation_accuracy']:.1f}" for winner in best],
            [f"{100 * accuracy:.1f}" for accuracy in means["accuracy"]],
            [f"{spikes:.1f}" for spikes in means["spikes_per_neuron"]],
        )
        rows.append([neuron_label(neuron), *map(", ".join, shown)])
    return markdown_table(["neuron", "validation (%)", "test (%)", "spikes a neuron"], rows)


def _search_result(study: StudyTables, neuron: str, search: int) -> dict[str, Any]:
    """What a search has ended with."""
    return read_file(study.folder / f"search/{neuron}/{search}/best.yaml")


def shared_settings(study: StudyTables) -> pd.DataFrame:
    """Trials with the settings that all searches begin with."""
    tables = map(study.table, ("search/summary/trials.parquet", "data/statistics/summary.csv"))
    return first_settings(*tables)


def same_settings(study: StudyTables) -> str:
    """What became of the settings that all searches begin with, with each neuron model after the
    first rung: means over searches, and by how much they exceed the first model's, paired by
    search, with t intervals. Empty for one neuron model, and if no setting is shared."""
    trials, base = shared_settings(study), study.neurons[0]
    if trials.empty or len(study.neurons) < 2:
        return ""
    parts = {"all": trials, "recurrent scale below 2√2": trials[trials["bounded"]]}
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
    """Trials of all searches of each neuron model, presentations of a sample to networks, and which
    share of those in trials was spent on trials that failed."""
    columns = {"allotted": "allotted to trials", "used": "used", "finalists": "by finalists"}
    table, rows = study.table("search/summary/trials.parquet"), []
    for neuron in study.neurons:
        searches = study.runs.loc[study.runs["neuron"] == neuron, "search"].unique()
        costs = [_search_result(study, neuron, search)["presentations"] for search in searches]
        sums = [f"{sum(cost[name] for cost in costs):,}" for name in columns]
        own = table[table["neuron"] == neuron]
        failed = own.loc[own["failed"], "presentations"].sum() / own["presentations"].sum()
        trials = f"{len(own)} ({own['failed'].sum()})"
        rows.append([neuron_label(neuron), trials, *sums, share(failed)])
    header = ["neuron", "trials (failed)", *columns.values(), "spent on trials that failed"]
    return markdown_table(header, rows)
