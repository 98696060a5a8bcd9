"""What the page of the first paper's study shows of its tables, as Markdown."""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from typing import Any

import pandas as pd
import yaml

from study.claims.estimates import Verdict
from study.claims.judge import CLAIMS, Answer
from study.claims.results import NOTHING_MADE
from study.config.landscape import JUDGED_DEPTHS
from study.intervals import t_interval
from study.landscape.constants import JUMP
from study.report.numbers import (
    cell,
    count_with_unit,
    criterion,
    estimate_with_interval,
    join_words,
    markdown_table,
    mean,
    number,
    points,
    share,
    with_interval,
)
from study.report.study_tables import StudyTables
from study.style import neuron_label
from study.training.scores import summary

MEASURES = {
    "word_variation": "variation of a single sample's loss (nats)",
    "word_in_jumps": "of that, in jumps (%)",
    "word_unresolved": "of that, in steps too steep for double precision (%)",
    "word_jumps": "jumps of a single sample's loss that its profile meets",
    "word_minima": "minima of a single sample's loss",
    "word_minima_mended": "the same with the jumps at changes of order closed",
    "mean_minima": "minima of the mean loss over the samples, of a line",
    "largest_jump": "largest jump of a sample's loss that the census isolated (nats)",
    "missed": "of the change that the gradient predicts, an update misses (%; a fixed batch)",
    "turned": "cosine between the gradients before and after an update (a fixed batch)",
    "met": "breaks at changes of order that an update meets in its batch",
}
"""Columns of landscape/measures.csv."""
FEW = 3
"""Networks of a neuron model, below which an interval says less than their values."""


def statements(answers: Sequence[Answer]) -> str:
    """A row for each statement of an abstract, with the numbers of its first claim's readings."""
    rows = []
    for answer in answers:
        text = f"[{answer.statement.text}](#{answer.statement.name})"
        kind = "confirmatory" if answer.confirmatory else "exploratory"
        found, of, claimed = NOTHING_MADE, "", ""
        if answer.cases:
            own = [case for case in answer.cases if case["id"] == answer.cases[0]["id"]]
            qif = "QIF: " if len(own) > 1 else ""  # else the unit says it
            found = "<br>".join(estimate_with_interval(case, answer.statement.unit) for case in own)
            names = [case_name(case["case"], qif) for case in own]
            units = [count_with_unit(case["n"], case["unit"]) for case in own]
            of = "<br>".join(map("; ".join, zip(units, names, strict=True)))
            claimed = criterion(own[0], answer.statement.unit)
        apart = readings(answer)
        judged = answer.verdict + (f" ({apart})" if apart else "")
        rows.append([text, judged, found, claimed, of, kind])
    header = ["statement", "verdict", "number (95 %)", "criterion", "over", "kind"]
    return markdown_table(header, rows)


def readings(answer: Answer) -> str:
    """The verdicts of a statement's readings where they differ; else nothing."""
    verdicts = Counter(case["verdict"] for case in answer.cases)
    del verdicts[Verdict.NOT_MEASURABLE]
    if len(verdicts) < 2:
        return ""
    return "readings: " + ", ".join(f"{verdicts[v]} {v}" for v in Verdict if verdicts[v])


def verdict(answer: Answer) -> str:
    """The verdict of an ``answer``; that it is exploratory, if it is; nothing, if there is none."""
    if not answer.cases:
        return "-"
    return answer.verdict + ("" if answer.confirmatory else ", exploratory")


def cases(claims: pd.DataFrame, claim: str, unit: str = "") -> str:
    """All cases of a claim; if it compares with p, alone and adjusted for the number of the
    paper's comparisons."""
    own = claims[claims["id"] == claim]
    tests = {"p": "p", "p_holm": "p, adjusted"} if own["p"].notna().any() else {}
    rows = [
        [
            case_name(row["case"]),
            estimate_with_interval(row, unit),
            count_with_unit(row["n"], row["unit"]),
            *("" if math.isnan(row[test]) else number(row[test], 2) for test in tests),
            row["verdict"],
        ]
        for _, row in own.iterrows()
    ]
    columns = ["case", "number (95 %)", "over", *tests.values(), "verdict"]
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


def table_by_neuron(
    neurons: Sequence[str], title: str, rows: Mapping[str, Callable[[str], Any]]
) -> str:
    """A column for each neuron model, a row for each function of it."""
    table = [[name, *map(value, neurons)] for name, value in rows.items()]
    return markdown_table([title, *map(neuron_label, neurons)], table)


def table_by_search(table: pd.DataFrame, neurons: Sequence[str], title: str) -> str:
    """A ``table`` with columns (neuron, search): each search's values of a neuron, in order."""
    rows = {
        str(name): lambda n, row=row: ", ".join(map(cell, row[n])) for name, row in table.iterrows()
    }
    return table_by_neuron(neurons, title, rows)


def gain_with_interval(shares: pd.DataFrame, before: str, after: str) -> str:
    """What one neuron model has more than another in a table of shares, units by models: paired, in
    points with a t interval over units."""
    gain = shares[after] - shares[before]
    return with_interval(gain.mean(), *t_interval(gain), show=points)


def landscape_measures(study: StudyTables, state: str) -> str:
    """Means over units with intervals, and medians over networks, of a state's landscapes; of
    less than :data:`FEW` networks the value of each."""
    table = study.table("landscape/summary/measures.csv")
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
    return table_by_neuron(study.neurons, title, rows)


def unsettled_lines(study: StudyTables) -> str:
    """Of which neuron models how many lines and profiles around trained networks did not settle, so
    that the number of their minima is a guess; empty if all did."""
    lines = study.table("landscape/summary/line_minima.parquet")
    tables = {
        "lines": lines[lines["depth"] == JUDGED_DEPTHS[0]],
        "profiles of single samples": study.table("landscape/profiles/profiles.parquet"),
    }
    found = []
    for what, table in tables.items():
        trained = table[table["state"] == "trained"]
        for neuron in study.neurons:
            own = trained.loc[trained["neuron"] == neuron, "settled"].astype(bool)
            if not own.all():
                found.append(f"{(~own).sum()} of {len(own)} {what} ({neuron_label(neuron)})")
    return join_words(found) if found else ""


def lingering_spikes(study: StudyTables) -> str:
    """At how many isolated changes a spike lingers while the loss changes by more than rounding,
    which by theory is no jump: docs/landscapes.md. Empty if there is none."""
    table = study.table("landscape/census/changes.parquet")
    own = table[(table["search"] == "breaks") & table["lingers"].astype(bool)]
    own = own[own["loss_change"].abs() > JUMP]
    if own.empty:
        return ""
    whose = join_words(neuron_label(n) for n in study.neurons if n in set(own["neuron"]))
    return (
        f"At {count_with_unit(len(own), 'changes')} ({whose}) a spike lingers: the loss changes by"
        f" up to {number(own['loss_change'].abs().max())} nats within"
        f" {number(own['width'].max(), 1)} of the weights' norm. By theory it is continuous there,"
        " so that these changes count as no jumps. Training meets them as it meets jumps."
    )


def robustness(study: StudyTables) -> str:
    """Accuracy on changed samples: means over the networks that are kept."""
    found = study.table("networks/measures/robustness.csv")
    found["by"] = found["by"].abs()
    rows, neurons = [], _measured_neurons(study, found)
    for (change, by), own in found.groupby(["change", "by"], sort=False):
        means = own.groupby("neuron")["accuracy"].mean()
        name = "as they are" if change == "none" else f"{change} {by:g}"
        rows.append([name, *[share(means[n]) for n in neurons]])
    return markdown_table(["test samples", *map(neuron_label, neurons)], rows)


def _measured_neurons(study: StudyTables, table: pd.DataFrame) -> list[str]:
    """The neuron models of which a table of measures has networks: not those that all diverged."""
    return [neuron for neuron in study.neurons if neuron in set(table["neuron"])]


def roughness(study: StudyTables) -> str:
    """The loss around networks: steps of one length down the gradient, and single samples."""
    table = study.table("networks/measures/roughness.csv")
    rows, neurons = [], _measured_neurons(study, table)
    for (clipped, length), own in table.groupby(["clipped", "length"]):
        means = own.groupby("neuron")[["changed", "turned"]].mean()
        of_neuron = [means.loc[n] for n in neurons]
        texts = [f"{r['changed']:+.4f}, {r['turned']:+.2f}".replace("-", "−") for r in of_neuron]
        rows.append([number(length), clipped, *texts])
    header = [f"{neuron_label(n)}: loss, cosine" for n in neurons]
    steps = markdown_table(["down the gradient by", "samples clipped", *header], rows)
    of = table.groupby("neuron")[["word_variation", "word_in_jumps", "word_minima"]].mean()
    samples = {
        "variation of the loss (nats)": lambda n: f"{of.loc[n, 'word_variation']:.2f}",
        "of that, in jumps": lambda n: share(of.loc[n, "word_in_jumps"]),
        "minima": lambda n: f"{of.loc[n, 'word_minima']:.1f}",
    }
    return f"{steps}\n{table_by_neuron(neurons, 'single samples', samples)}"


def cost(study: StudyTables) -> str:
    """Core-hours by family of rules, the sum last."""
    columns = ["jobs", "core_hours"]
    table = study.table("hours.csv").groupby("family", sort=False, as_index=False)[columns].sum()
    rows = [[r.family, r.jobs, f"{r.core_hours:.2f}"] for r in table.itertuples()]
    return markdown_table(["family", "jobs", "core-hours"], rows)


def software(study: StudyTables) -> str:
    """Python's version, and the processors that networks were trained on."""
    found = yaml.safe_load((study.folder / "software.yaml").read_text())
    processors = [
        f"`{name}` ({count_with_unit(n, 'networks')})" for name, n in found["processors"].items()
    ]
    return "; ".join([f"Python {found['python']}", *processors])
