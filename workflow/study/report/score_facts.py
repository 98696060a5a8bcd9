"""What pages show of the scores of a study's networks, as Markdown."""

from __future__ import annotations

from itertools import pairwise

from study.claims.estimates import Estimate, difference, mean
from study.config.neurons import LADDER
from study.report.facts import gain_with_interval
from study.report.numbers import (
    join_words,
    markdown_table,
    mean_percent,
    points,
    share,
    with_interval,
)
from study.report.search_facts import shared_settings
from study.report.study_tables import StudyTables
from study.style import neuron_label
from study.training.outcomes import FINISHED
from study.training.scores import accuracy_by_fold, minutes, summary, unit_of

HELD_OUT = "qif: speakers held out in turn, over groups of speakers"
"""The case in which winners of searches on one split were tested on other speakers."""
SPEAKERS = {
    "accuracy_unseen_speakers": "new speakers",
    "accuracy_seen_speakers": "heard speakers",
}
"""Columns of the runs' table, and whose samples they are of."""


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


def lead(study: StudyTables) -> Estimate:
    """Test accuracy, QIF minus LIF: paired by fold, a fold's speakers alike; of a single split all
    test samples alike, over searches, or seeds of one search or none, with Welch's interval."""
    if len(study.folds) > 1:
        of_fold = accuracy_by_fold(study.table("training/scores/speakers.csv"))
        return mean((of_fold["qif"] - of_fold["lif"]).to_numpy(), "folds")
    of_unit = study.runs.groupby(["neuron", unit_of(study.runs)])["accuracy"].mean()
    return difference(of_unit["qif"].to_numpy(), of_unit["lif"].to_numpy(), 0, study.unit)


def gain_without_claim(study: StudyTables) -> str:
    """QIF minus LIF in test accuracy, of one setting of each: paired by fold, every speaker alike,
    or over seeds with Welch's t interval. Empty where several searches are compared, of which a
    claim says it, where one of the two is missing, and for a single seed."""
    folds = len(study.folds) > 1
    if (folds and study.config["search"] is not None) or not {"lif", "qif"} <= {*study.neurons}:
        return ""
    gain = lead(study)
    if not folds and (unit_of(study.runs) != "seed" or gain.n < 2):
        return ""
    found = with_interval(gain.value, gain.low, gain.high, show=points)
    over = "folds, every speaker alike" if folds else "seeds"
    return (
        f"With one setting of each model QIF minus LIF is {found} points over {over}; the interval"
        " leaves out that another search would find other settings."
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
        first = shared_settings(study)
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


def same_validation(study: StudyTables) -> str:
    """Outer folds whose inner folds hold out the same speakers, group by group."""
    if not study.config["data"]["validation"]["speakers"]:
        return ""
    table = study.table("data/statistics/folds.csv")
    inner = table[table["part"].str.startswith("inner")]
    held_out = inner.groupby("fold")["speakers"].agg(lambda own: ", ".join(sorted(own)))
    groups = [[*own.index] for _, own in held_out.groupby(held_out) if len(own) > 1]
    return "; ".join(sorted(map(join_words, groups)))


def new_speaker_share(study: StudyTables) -> str:
    """Share of the test samples that are by speakers whom nothing before has heard."""
    table = study.table("data/statistics/summary.csv").set_index("group")["samples"]
    new = table.get("test, new speakers", 0)
    return share(new / (new + table.get("test, known speakers", 0)))
