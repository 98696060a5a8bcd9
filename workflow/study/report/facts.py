"""What the page of the first paper's study shows of its tables, as Markdown."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from typing import Any

import pandas as pd

from study.claims.estimates import Verdict
from study.claims.judge import CLAIMS, Answer
from study.claims.results import NOTHING_MADE
from study.intervals import t_interval
from study.landscape.constants import JUMP
from study.report.numbers import (
    count_with_unit,
    criterion,
    estimate_with_interval,
    join_words,
    markdown_table,
    number,
    points,
    with_interval,
)
from study.report.study_tables import StudyTables
from study.style import neuron_label


def statements(answers: Sequence[Answer], below: str = "") -> str:
    """A row for each statement of an abstract, with the numbers of its first claim's readings and a
    link to its cases on the page of claims, which may lie in a folder ``below``."""
    rows = []
    for answer in answers:
        text = answer.statement.text
        kind = "confirmatory" if answer.confirmatory else "exploratory"
        found, of, claimed = NOTHING_MADE, "", ""
        if answer.cases:
            text = f"[{text}]({below}claims.md#{answer.cases[0]['id']})"
            own = [case for case in answer.cases if case["id"] == answer.cases[0]["id"]]
            qif = "QIF: " if len(own) > 1 else ""  # else the unit says it
            found = "<br>".join(estimate_with_interval(case, answer.statement.unit) for case in own)
            names = [case_name(case["case"], qif) for case in own]
            units = [count_with_unit(case["n"], case["unit"]) for case in own]
            of = "<br>".join(map("; ".join, zip(units, names, strict=True)))
            claimed = criterion(own[0], answer.statement.unit)
        apart = readings(answer) or excluded(answer)
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


def excluded(answer: Answer) -> str:
    """What is excluded of a statement that is; else nothing."""
    if answer.verdict != Verdict.EXCLUDED:
        return ""
    named = next(claim.criterion for claim in CLAIMS if claim.name == answer.cases[0]["id"])
    matters = f"{named.side} {named.matters}"
    return criterion({"criterion": matters}, answer.statement.unit)


def delays(network: dict[str, Any]) -> str:
    """In what way the input or the layers of a network are delayed, in words."""
    line, learned = network.get("delay_line"), network.get("delays")
    parts = []
    if line:
        parts.append(f"{line['copies']} copies of the input, {1000 * line['step']:g} ms apart")
    if learned:
        parts.append(f"learned {learned['kind']} delays up to {1000 * learned['max_delay']:g} ms")
    if network.get("train_tau"):
        each = " of each neuron" if network["train_tau"] == "neuron" else ""
        parts.append(f"learned time constants{each}")
    for key, what in (("train_drive", "drives"), ("train_phase", "phases")):
        if network.get(key):
            parts.append(f"learned {what} of each neuron")
    return "with " + ", ".join(parts) if parts else "without delays"


def criteria(claims: pd.DataFrame) -> str:
    """What decides: a row for each of the ``claims`` that a study has judged."""
    rows = [
        [
            claim.statement.name or "(not in the abstract)",
            f"`{claim.name}`",
            claim.measure,
            str(claim.criterion),
            "" if claim.criterion.matters is None else number(claim.criterion.matters),
            "; ".join(claim.primary).replace(" | ", ", else ").replace("*", "…"),
            str(claim.since),
        ]
        for claim in CLAIMS
        if claim.name in set(claims["id"])
    ]
    return markdown_table(
        ["statement", "claim", "number", "criterion", "matters", "primary case", "since"], rows
    )


def case_name(case: str, of_qif: str = "QIF: ") -> str:
    """A case as readers know it; ``of_qif`` stands for the QIF model's name."""
    neuron, colon, rest = case.partition(": ")
    return of_qif + rest if neuron == "qif" else f"{neuron_label(neuron)}{colon}{rest}"


def gain_with_interval(shares: pd.DataFrame, before: str, after: str) -> str:
    """What one neuron model has more than another in a table of shares, units by models: paired, in
    points with a t interval over units."""
    gain = shares[after] - shares[before]
    return with_interval(gain.mean(), *t_interval(gain), show=points)


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
        f"At {count_with_unit(len(own), 'changes')} ({whose}) the loss changes by up to"
        f" {number(own['loss_change'].abs().max())} nats in steps too steep to resolve, which by"
        " theory are no jumps and count as none."
    )


def cost(study: StudyTables) -> str:
    """Core-hours of all jobs, with the tables that have more."""
    hours = study.table("hours.csv").set_index("family").loc["all", "core_hours"]
    software = "; [its software](software.yaml)" if study.has("software.yaml") else ""
    return f"The study took {number(hours)} [core-hours](hours.csv){software}."
