"""What the page of the first paper's study shows of its tables, as Markdown."""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping, Sequence
from itertools import pairwise
from typing import Any

import pandas as pd
import yaml
from scipy.stats import t

from study.claims.estimates import Verdict, difference
from study.claims.judge import CLAIMS, Answer
from study.report.numbers import (
    cell,
    counted,
    listed,
    markdown_table,
    mean,
    measured,
    number,
    percent,
    points,
    share,
    with_interval,
)
from study.report.study import StudyTables
from study.statistics import LEVEL, POWER, t_interval, units_to_decide
from study.style import neuron_label
from study.training.outcomes import FINISHED
from study.training.summary import minutes, speakers_alike, summary, unit_of

MEASURES = {
    "word_variation": "variation of a single sample's loss (nats)",
    "word_in_jumps": "of that, in jumps (%)",
    "word_jumps": "jumps of a single sample's loss",
    "word_minima": "minima of a single sample's loss",
    "word_minima_mended": "the same with the jumps at changes of order closed",
    "mean_minima": "minima of the mean loss over the samples",
    "largest_jump": "largest jump of a sample's loss that the census isolated (nats)",
    "missed": "of the change that the gradient predicts, an update misses (%; a fixed batch)",
    "turned": "cosine between the gradients before and after an update (a fixed batch)",
    "met": "breaks at changes of order that an update meets in its batch",
}
"""Columns of landscape/measures.csv."""
PRIMARY = "qif: every speaker alike"
"""The case of the primary result of a study with folds: docs/claims.md."""
FEW = 3
"""Networks of a neuron model, below which an interval says less than their values."""
LADDER = {
    "lif": "",
    "lif_refractory": "a bounded rate",
    "qif_cut": "a gain like a root of the current",
    "qif": "continuous spikes",
}
"""Neuron models from LIF to QIF, and what each has that the one before does not."""


def statements(answers: Sequence[Answer]) -> str:
    """A row for each statement of an abstract."""
    rows = []
    for answer in answers:
        text = f"[{answer.statement.text}](#{answer.statement.name})"
        kind = "confirmatory" if answer.confirmatory else "exploratory"
        found, of = "nothing in this study", ""
        if answer.cases:
            case = answer.cases[0]
            found = measured(case, answer.statement.unit)
            of = f"{counted(case['n'], case['unit'])}; {case_name(case['case'], '')}"
        rows.append([text, answer.verdict, found, of, kind])
    return markdown_table(["statement", "verdict", "number (95 %)", "over", "kind"], rows)


def cases(claims: pd.DataFrame, claim: str, unit: str = "") -> str:
    """All cases of a claim; with p, if it compares, adjusted for the number of the paper's
    comparisons."""
    own = claims[claims["id"] == claim]
    compares = int(own["p_holm"].notna().any())
    rows = [
        [
            case_name(row["case"]),
            measured(row, unit),
            counted(row["n"], row["unit"]),
            *(["" if math.isnan(row["p_holm"]) else number(row["p_holm"], 2)] * compares),
            row["verdict"],
        ]
        for _, row in own.iterrows()
    ]
    columns = ["case", "number (95 %)", "over", *(["p, adjusted"] * compares), "verdict"]
    return markdown_table(columns, rows)


def delays(network: dict[str, Any]) -> str:
    """In what way the input or the layers of a network are delayed, in words."""
    line, learned = network.get("delay_line"), network.get("delays")
    parts = []
    if line:
        parts.append(f"{line['copies']} copies of the input, {1000 * line['step']:g} ms apart")
    if learned:
        parts.append(f"learned {learned['kind']} delays up to {1000 * learned['max_delay']:g} ms")
    if network.get("train_tau"):
        parts.append("learned time constants")
    return "with " + ", ".join(parts) if parts else "without delays"


def criteria(claims: pd.DataFrame) -> str:
    """What decides: a row for each of the ``claims`` that a study has judged."""
    rows = [
        [
            claim.statement.name or "(not in the abstract)",
            f"`{claim.name}`",
            claim.measure,
            str(claim.criterion),
            "; ".join(claim.primary).replace(" | ", ", else ").replace("*", "…"),
            str(claim.since),
        ]
        for claim in CLAIMS
        if claim.name in set(claims["id"])
    ]
    return markdown_table(
        ["statement", "claim", "number", "criterion", "primary case", "since"], rows
    )


def case_name(case: str, of_qif: str = "QIF: ") -> str:
    """A case as readers know it; ``of_qif`` stands for the QIF model's name."""
    neuron, colon, rest = case.partition(": ")
    return of_qif + rest if neuron == "qif" else f"{neuron_label(neuron)}{colon}{rest}"


def by_neuron(neurons: Sequence[str], title: str, rows: Mapping[str, Callable[[str], Any]]) -> str:
    """A column for each neuron model, a row for each function of it."""
    table = [[name, *map(value, neurons)] for name, value in rows.items()]
    return markdown_table([title, *map(neuron_label, neurons)], table)


def by_search(table: pd.DataFrame, neurons: Sequence[str], title: str) -> str:
    """A ``table`` with columns (neuron, search): each search's values of a neuron, in order."""
    rows = {
        str(name): lambda n, row=row: ", ".join(map(cell, row[n])) for name, row in table.iterrows()
    }
    return by_neuron(neurons, title, rows)


def accuracies(study: StudyTables) -> str:
    """Scores of each neuron model's networks: means over units with their intervals; spikes and
    minutes of a training, means over networks."""
    shown = {
        "accuracy": "test",
        "accuracy_unseen_speakers": "new speakers",
        "accuracy_seen_speakers": "heard speakers",
        "training_accuracy": "training",
        "silent_fraction": "silent neurons",
    }
    means = summary(study.runs, [*shown, "spikes_per_neuron"]).set_index(["neuron", "measure"])
    histories = study.table("training/histories.parquet").groupby(["neuron", "seed"])
    cost = histories[["epoch", "seconds"]].apply(minutes).groupby("neuron").mean()
    rows = []
    for neuron in study.neurons:
        own = study.runs[study.runs["neuron"] == neuron]
        scores = [percent(means.loc[(neuron, measure)]) for measure in shown]
        spikes = f"{means.loc[(neuron, 'spikes_per_neuron'), 'mean']:.1f}"
        runs = f"{len(own)} ({(own['outcome'] != FINISHED).sum()})"
        rows.append([neuron_label(neuron), *scores, spikes, f"{cost[neuron]:.1f}", runs])
    header = ["neuron", *shown.values(), "spikes a neuron", "minutes", "networks (diverged)"]
    return markdown_table(header, rows)


def over_seeds(study: StudyTables) -> str:
    """Test accuracies of the seeds of one winner of each neuron model, and QIF minus LIF with
    Welch's t interval over them. Empty where there are several winners, or one seed."""
    of = {n: own["accuracy"] for n, own in study.runs.groupby("neuron")}
    if unit_of(study.runs) != "seed" or min(map(len, of.values())) < 2:
        return ""
    rows = [
        [neuron_label(n), *(share(value, 1) for value in (of[n].mean(), of[n].min(), of[n].max()))]
        for n in study.neurons
    ]
    table = markdown_table(["neuron", "mean test accuracy", "worst", "best"], rows)
    if not {"lif", "qif"} <= {*of}:
        return table
    gain = difference(of["qif"].to_numpy(), of["lif"].to_numpy(), seed=0, unit="seeds")
    found = with_interval(gain.value, gain.low, gain.high, show=points)
    return (
        f"{table}\n\nQIF minus LIF is {found} points over seeds. That other settings would be found"
        " by another search is not in this interval."
    )


def by_fold(study: StudyTables) -> str:
    """Test accuracy of each fold: means over the networks and, alike, over the fold's speakers."""
    speakers = study.table("training/speakers.csv").groupby("fold")["speaker"].unique()
    rows = [
        [fold, listed(speakers[fold]), *[share(own[n], 1) for n in study.neurons]]
        for fold, own in _of_folds(study).iterrows()
    ]
    header = ["fold", "tested speakers", *map(neuron_label, study.neurons)]
    return markdown_table(header, rows)


def over_folds(study: StudyTables) -> str:
    """QIF minus LIF in test accuracy, every speaker alike, paired by fold. Empty where searches are
    compared, of which a claim says it, or one of the two is missing."""
    if study.config["search"] is not None or not {"lif", "qif"} <= {*study.neurons}:
        return ""
    found = _gained(_of_folds(study), "lif", "qif")
    return (
        f"QIF minus LIF is {found} points over folds, every speaker alike, with one setting of each"
        " in all folds. That a search would find others is not in this interval."
    )


def ladder(study: StudyTables) -> str:
    """What each step from LIF to QIF gains in test accuracy: every speaker alike, paired by fold,
    with t intervals over folds. Empty for a study without the models between."""
    if not {*LADDER} <= {*study.neurons}:
        return ""
    of_fold = _of_folds(study)
    steps = [(*pair, LADDER[pair[1]]) for pair in pairwise(LADDER)]
    rows = []
    for before, after, adds in [*steps, ("lif", "qif", "all of these")]:
        found = _gained(of_fold, before, after)
        rows.append([f"{neuron_label(before)} to {neuron_label(after)}", adds, found])
    return markdown_table(["step", "adds", "gain in test accuracy (points)"], rows)


def _gained(of_fold: pd.DataFrame, before: str, after: str) -> str:
    """What one neuron model has more than another in a table of :func:`_of_folds`, paired by fold,
    in points with a t interval over folds."""
    gain = of_fold[after] - of_fold[before]
    return with_interval(gain.mean(), *t_interval(gain), show=points)


def _of_folds(study: StudyTables) -> pd.DataFrame:
    """Test accuracy of a neuron model (columns) in a fold (rows): means over its networks and,
    alike, over the fold's speakers."""
    table = speakers_alike(study.table("training/speakers.csv"), ["fold", "neuron"]).reset_index()
    return table.pivot_table("accuracy", index="fold", columns="neuron")


def by_speaker(study: StudyTables) -> str:
    """Test accuracy of each search, or of all networks where there is no search: on heard speakers
    together, and on each new one."""
    table = study.table("training/speakers.csv")
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
    return by_search(accuracy, study.neurons, title)


def landscapes(study: StudyTables, state: str) -> str:
    """Means over units with intervals, and medians over networks, of a state's landscapes; of
    less than :data:`FEW` networks the value of each."""
    table = study.table("landscape/measures.csv")
    own = table[table["state"] == state].dropna(axis=1, how="all")
    measures = [name for name in MEASURES if name in own]
    means = summary(own, measures).set_index(["measure", "neuron"])
    networks = own.groupby("neuron")[measures]
    few = networks.size().max() < FEW

    def shown(neuron: str, measure: str) -> str:
        place = (measure, neuron)
        if place not in means.index:
            return "-"
        values = networks.get_group(neuron)[measure]
        return (
            ", ".join(map(cell, values))
            if few
            else f"{mean(means.loc[place])}; {number(values.median())}"
        )

    rows = {MEASURES[measure]: lambda n, m=measure: shown(n, m) for measure in measures}
    title = f"{state}: each network" if few else f"{state}: mean; median"
    return by_neuron(study.neurons, title, rows)


def early(study: StudyTables) -> str:
    """Networks that are as their first epoch left them, or as they began."""
    own = study.runs[study.runs["epochs"] <= 1]
    return listed(f"{neuron_label(run.neuron)} with seed {run.seed}" for run in own.itertuples())


def robustness(study: StudyTables) -> str:
    """Accuracy on changed samples: means over the networks that are kept."""
    found = study.table("networks/robustness.csv")
    found["by"] = found["by"].abs()
    rows = []
    for (change, by), own in found.groupby(["change", "by"], sort=False):
        means = own.groupby("neuron")["accuracy"].mean()
        name = "as they are" if change == "none" else f"{change} {by:g}"
        rows.append([name, *[share(means[n]) for n in study.neurons]])
    return markdown_table(["test samples", *map(neuron_label, study.neurons)], rows)


def roughness(study: StudyTables) -> str:
    """The loss around networks: steps of one length down the gradient, and single samples."""
    table = study.table("networks/roughness.csv")
    rows = []
    for (clipped, length), own in table.groupby(["clipped", "length"]):
        means = own.groupby("neuron")[["changed", "turned"]].mean()
        of_neuron = [means.loc[n] for n in study.neurons]
        texts = [f"{r['changed']:+.4f}, {r['turned']:+.2f}".replace("-", "−") for r in of_neuron]
        rows.append([f"{length:g}", clipped, *texts])
    header = [f"{neuron_label(n)}: loss, cosine" for n in study.neurons]
    steps = markdown_table(["down the gradient by", "samples clipped", *header], rows)
    of = table.groupby("neuron")[["word_variation", "word_in_jumps", "word_minima"]].mean()
    samples = {
        "variation of the loss (nats)": lambda n: f"{of.loc[n, 'word_variation']:.2f}",
        "of that, in jumps": lambda n: share(of.loc[n, "word_in_jumps"]),
        "minima": lambda n: f"{of.loc[n, 'word_minima']:.1f}",
    }
    return f"{steps}\n{by_neuron(study.neurons, 'single samples', samples)}"


def cost(study: StudyTables) -> str:
    """Core-hours by family of rules, the sum last."""
    columns = ["jobs", "core_hours"]
    table = study.table("hours.csv").groupby("family", sort=False, as_index=False)[columns].sum()
    rows = [[r.family, r.jobs, f"{r.core_hours:.2f}"] for r in table.itertuples()]
    return markdown_table(["family", "jobs", "core-hours"], rows)


def software(study: StudyTables) -> str:
    """Python's version, and the processors that networks were trained on."""
    found = yaml.safe_load((study.folder / "software.yaml").read_text())
    processors = [f"`{name}` ({counted(n, 'networks')})" for name, n in found["processors"].items()]
    return "; ".join([f"Python {found['python']}", *processors])


def gain(study: StudyTables, case: str) -> str:
    """QIF minus LIF in a case of the main claim, in points; empty if there is none."""
    own = _gains(study, f"qif: {case}")
    return measured(own.iloc[0], "points") if len(own) else ""


def to_decide(study: StudyTables) -> str:
    """What the interval of an undecided primary result excludes, and how many folds with such a
    mean and spread would decide it; empty if it is decided."""
    found = _gains(study, PRIMARY)
    found = found[(found["verdict"] == Verdict.UNDECIDED) & (found["estimate"] != 0)]
    if found.empty or not math.isfinite(found["low"].iloc[0]):
        return ""
    value, low, high, n = (found[name].iloc[0] for name in ("estimate", "low", "high", "n"))
    margin = t.ppf((1 + LEVEL) / 2, n - 1) / n**0.5  # of the interval, in standard deviations
    folds = units_to_decide(2 * margin * value / (high - low))
    return (
        f"The interval excludes differences below {points(low)} and above {points(high)} points. If"
        f" others vary as these {n} folds do, {folds:,} folds would decide with a probability of"
        f" {share(POWER)}."
    )


def _gains(study: StudyTables, case: str) -> pd.DataFrame:
    """The row of a case of the main claim, if it was judged."""
    claims = study.claims
    return claims[(claims["id"] == "qif-outperforms-lif") & (claims["case"] == case)]


def new_share(study: StudyTables) -> str:
    """Share of the test samples that are by speakers whom nothing before has heard."""
    table = study.table("data/summary.csv").set_index("group")["samples"]
    new = table.get("test, new speakers", 0)
    return share(new / (new + table.get("test, known speakers", 0)))
