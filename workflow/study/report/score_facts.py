"""What pages show of the scores of a study's networks, as Markdown."""

from __future__ import annotations

import math
from itertools import pairwise

import pandas as pd
from scipy.stats import t

from study.claims.estimates import Verdict, difference
from study.intervals import LEVEL, POWER, units_to_decide
from study.report.facts import gain_with_interval, table_by_search
from study.report.numbers import (
    count_with_unit,
    estimate_with_interval,
    join_words,
    markdown_table,
    mean_percent,
    points,
    share,
    with_interval,
)
from study.report.study_tables import StudyTables
from study.search.search_tables import first_settings
from study.style import neuron_label
from study.training.outcomes import FINISHED
from study.training.scores import accuracy_by_fold, minutes, summary, unit_of

PRIMARY = "qif: every speaker alike"
"""The case of the primary result of a study with folds: docs/claims.md."""
GAPS = (0.1, 0.05, 0.03)
"""Differences in accuracy of which pages say how many folds would find them."""
SPEAKERS = {
    "accuracy_unseen_speakers": "new speakers",
    "accuracy_seen_speakers": "heard speakers",
}
"""Columns of the runs' table, and whose samples they are of."""
LADDER = {
    "lif": "",
    "lif_refractory": "a bounded rate",
    "qif_cut": "a rate like a root of the current in place of the bound",
    "qif": "continuous spikes",
}
"""Neuron models from LIF to QIF, and what each has that the one before does not."""


def accuracies(study: StudyTables) -> str:
    """Scores of each neuron model's networks: means over units with their intervals; spikes and
    minutes of a training, means over networks. Speakers stand apart where tests have both kinds."""
    kinds = {name: kind for name, kind in SPEAKERS.items() if study.runs[name].notna().any()}
    test = {"accuracy": "test", **kinds}
    if len(kinds) == 1:
        test = {"accuracy": f"test: {kinds.popitem()[1]}"}
    shown = {**test, "train_accuracy": "training", "silent_fraction": "silent neurons"}
    means = summary(study.runs, [*shown, "spikes_per_neuron"]).set_index(["neuron", "measure"])
    histories = study.table("training/scores/histories.parquet").groupby(["neuron", "seed"])
    cost = histories[["epoch", "seconds"]].apply(minutes).groupby("neuron").mean()
    rows = []
    for neuron in study.neurons:
        own = study.runs[study.runs["neuron"] == neuron]
        scores = [mean_percent(means.loc[(neuron, measure)]) for measure in shown]
        spikes = f"{means.loc[(neuron, 'spikes_per_neuron'), 'mean']:.1f}"
        runs = f"{len(own)} ({(own['outcome'] != FINISHED).sum()})"
        spent = f"{cost[neuron]:.1f}" if neuron in cost else "-"  # no epoch, if all fail at once
        rows.append([neuron_label(neuron), *scores, spikes, spent, runs])
    header = ["neuron", *shown.values(), "spikes a neuron", "minutes", "networks (diverged)"]
    return markdown_table(header, rows)


def gain_over_seeds(study: StudyTables) -> str:
    """Worst and best test accuracy of the seeds of one winner of each neuron model, and QIF minus
    LIF with Welch's t interval over them. Empty where there are several winners, or one seed."""
    of = {n: own["accuracy"] for n, own in study.runs.groupby("neuron")}
    if unit_of(study.runs) != "seed" or min(map(len, of.values())) < 2:
        return ""
    ranges = join_words(
        f"{share(of[n].min(), 1)} to {share(of[n].max(), 1)} ({neuron_label(n)})"
        for n in study.neurons
    )
    single = f"Single networks classify {ranges} of the test samples right."
    if not {"lif", "qif"} <= {*of}:
        return single
    gain = difference(of["qif"].to_numpy(), of["lif"].to_numpy(), seed=0, unit="seeds")
    found = with_interval(gain.value, gain.low, gain.high, show=points)
    return (
        f"{single} QIF minus LIF is {found} points over seeds; the interval leaves out that another"
        " search would find other settings, and that other speakers would be tested."
    )


def accuracies_by_fold(study: StudyTables) -> str:
    """Of each fold: test accuracy, means over the networks and, alike, over the fold's speakers;
    spikes a neuron, means over the networks."""
    table = study.table("training/scores/speakers.csv")
    speakers = table.groupby("fold")["speaker"].unique()
    spikes = study.runs.pivot_table("spikes_per_neuron", index="fold", columns="neuron")
    rows = []
    for fold, own in accuracy_by_fold(table).iterrows():
        scores = [share(own[neuron], 1) for neuron in study.neurons]
        counts = [f"{spikes.loc[fold, neuron]:.1f}" for neuron in study.neurons]
        rows.append([fold, join_words(speakers[fold]), *scores, *counts])
    labels = [neuron_label(neuron) for neuron in study.neurons]
    kinds = [f"{kind}: {label}" for kind in ("test", "spikes a neuron") for label in labels]
    header = ["fold", "tested speakers", *kinds]
    return markdown_table(header, rows)


def gain_over_folds(study: StudyTables) -> str:
    """QIF minus LIF in test accuracy, every speaker alike, paired by fold. Empty where searches are
    compared, of which a claim says it, or one of the two is missing."""
    if study.config["search"] is not None or not {"lif", "qif"} <= {*study.neurons}:
        return ""
    found = gain_with_interval(
        accuracy_by_fold(study.table("training/scores/speakers.csv")), "lif", "qif"
    )
    return (
        f"QIF minus LIF is {found} points over folds, every speaker alike, with one setting of each"
        " in all folds; the interval leaves out that a search would find other settings."
    )


def ladder_gains(study: StudyTables) -> str:
    """What each step from LIF to QIF changes, paired by fold, with t intervals over folds: test
    accuracy, every speaker alike, and of the settings that all searches begin with the share that
    fails and the validation accuracy after the first rung. Empty for a study without the models
    between."""
    if not {*LADDER} <= {*study.neurons}:
        return ""
    shares = {"test accuracy": accuracy_by_fold(study.table("training/scores/speakers.csv"))}
    if study.config["search"] is not None:
        first = first_settings(study.table("search/summary/trials.parquet"))
        settings = len(first) // len(study.neurons)
        for name, column in {"failures": "failed", "accuracy": "rung0_accuracy"}.items():
            means = first.pivot_table(column, index="fold", columns="neuron")
            shares[f"{name}, {settings} settings"] = means
    steps = [(*pair, LADDER[pair[1]]) for pair in pairwise(LADDER)]
    rows = []
    for before, after, adds in [*steps, ("lif", "qif", "all of these")]:
        found = [gain_with_interval(of_fold, before, after) for of_fold in shares.values()]
        rows.append([f"{neuron_label(before)} to {neuron_label(after)}", adds, *found])
    header = ["step", "adds", *(f"{name} (points)" for name in shares)]
    return markdown_table(header, rows)


def accuracies_by_speaker(study: StudyTables) -> str:
    """Test accuracy of each search, or of all networks where there is no search: on heard speakers
    together, and on each new one."""
    table = study.table("training/scores/speakers.csv")
    table["right"] = table["accuracy"] * table["answers"]
    new = table["unseen_speaker"]
    table["group"] = "heard speakers"
    table.loc[new, "group"] = "new speaker " + table["speaker"].astype(str)
    sums = table.pivot_table(
        ["right", "answers"], index="group", columns=["neuron", "search"], aggfunc="sum"
    )
    accuracy = (100 * sums["right"] / sums["answers"]).round()
    title = "right answers of each search, in order (%)"
    if study.config["search"] is None:
        title = "right answers (%)"
    return table_by_search(accuracy, study.neurons, title)


def hardly_trained_networks(study: StudyTables) -> str:
    """Networks that are as their first epoch left them, or as they began."""
    own = study.runs[study.runs["epochs"].fillna(0) <= 1]
    return join_words(
        f"{neuron_label(run.neuron)} with seed {run.seed}" for run in own.itertuples()
    )


def performance_gain(study: StudyTables, case: str) -> str:
    """QIF minus LIF in a case of the main claim, in points; empty if there is none."""
    own = _gains(study, f"qif: {case}")
    return estimate_with_interval(own.iloc[0], "points") if len(own) else ""


def folds_to_decide(study: StudyTables) -> str:
    """What the interval of an undecided primary result excludes, and how many folds with such a
    spread would find that mean, or one of :data:`GAPS`; empty if it is decided."""
    found = primary_result(study)
    found = found[(found["verdict"] == Verdict.UNDECIDED) & (found["estimate"] != 0)]
    if found.empty or not math.isfinite(found["low"].iloc[0]):
        return ""
    value, low, high, n = (found[name].iloc[0] for name in ("estimate", "low", "high", "n"))
    margin = t.ppf((1 + LEVEL) / 2, n - 1) / n**0.5  # of the interval, in standard deviations
    spread = (high - low) / (2 * margin)
    needed = join_words(
        f"{count_with_unit(units_to_decide(gap / spread), 'folds')} for {100 * gap:.0f} points"
        for gap in GAPS
    )
    return (
        f"The interval excludes differences below {points(low)} and above {points(high)} points. To"
        f" find a difference with a probability of {share(POWER)}, where folds vary as these {n}"
        f" do, it takes {needed}, and {units_to_decide(value / spread):,} for the one that was"
        " found."
    )


def primary_result(study: StudyTables) -> pd.DataFrame:
    """The row of the claim about performance in which every speaker counts alike, if it was
    judged."""
    return _gains(study, PRIMARY)


def _gains(study: StudyTables, case: str) -> pd.DataFrame:
    """The row of a case of the main claim, if it was judged."""
    claims = study.claims
    return claims[(claims["id"] == "qif-outperforms-lif") & (claims["case"] == case)]


def new_speaker_share(study: StudyTables) -> str:
    """Share of the test samples that are by speakers whom nothing before has heard."""
    table = study.table("data/statistics/summary.csv").set_index("group")["samples"]
    new = table.get("test, new speakers", 0)
    return share(new / (new + table.get("test, known speakers", 0)))


def heard_speakers(study: StudyTables) -> str:
    """How many of the tested speakers training has heard, as in 10 of 12."""
    new = study.table("training/scores/speakers.csv").groupby("speaker")["unseen_speaker"].all()
    return f"{(~new).sum()} of {len(new)}"
