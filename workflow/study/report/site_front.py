"""The first page of the site: what all kept studies say, filled from their tables."""

from __future__ import annotations

import math
import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any

from study.claims.claim import Statement
from study.claims.estimates import Verdict
from study.claims.judge import CLAIMS, Answer
from study.report.claims_page import PAPERS, UNITS, drawn, place, reach
from study.report.differences import Difference
from study.report.facts import case_name, readings
from study.report.numbers import (
    count_with_unit,
    criterion,
    estimate_with_interval,
    number,
    points,
    with_interval,
)
from study.report.page import answers
from study.report.rendered import PAGE, markdown_page
from study.report.study_tables import StudyTables


@dataclass(frozen=True)
class Kept:
    """A study as the list of kept studies has it."""

    name: str
    question: str
    commit: str
    command: str
    tables: StudyTables

    @cached_property
    def answers(self) -> dict[Statement, Answer]:
        """What it says of each statement that it has a number for."""
        found = [own for paper in PAPERS for own in answers(self.tables, paper.split()[1])]
        return {own.statement: own for own in found if own.cases}

    def is_on(self, statement: Statement) -> bool:
        """Whether its main page is about the statement's paper."""
        return statement.paper in self.tables.table("claims.csv")["paper"].iloc[0]

    def cases(self, claim: str) -> list[dict[str, Any]]:
        """Rows of claims.csv about a ``claim`` that have a number."""
        table = self.tables.claims
        return table[(table["id"] == claim) & table["estimate"].notna()].to_dict("records")

    def kind(self, statement: Statement) -> str:
        """Whether the readings of a ``statement`` were fixed before the study."""
        return "confirmatory" if self.answers[statement].confirmatory else "exploratory"

    def decides(self, statement: Statement, case: Mapping[str, Any]) -> bool:
        """Whether a ``statement`` is judged by this row of claims.csv."""
        own = self.answers[statement].cases if statement in self.answers else ()
        return (case["id"], case["case"]) in {(other["id"], other["case"]) for other in own}

    @property
    def compares(self) -> bool:
        """Whether it has trained both LIF and QIF networks."""
        trained = self.tables.has("training/scores/runs.csv")
        return trained and {"lif", "qif"} <= {*self.tables.neurons}


def site_front(studies: Path) -> str:
    """Markdown of the page, of those studies that the list in the folder ``studies`` has."""
    kept = list(_listed(studies))
    first = {own: study for study in reversed(kept) for own in study.answers if study.is_on(own)}
    stated = dict.fromkeys(claim.statement for claim in CLAIMS)
    return markdown_page(
        "site_front.md",
        papers={
            paper: [_card(first[own], own) for own in stated if own in first and own.paper in paper]
            for paper in PAPERS
        },
        titles=PAPERS,
        forest=_forest([Difference.of_study(own.tables) for own in kept if own.compares]),
        statements={own.text: _claims(own, kept) for own in stated},
        studies=kept,
        verdicts=[verdict for verdict in Verdict if verdict != Verdict.NOT_MEASURABLE],
    )


def _listed(studies: Path) -> Iterator[Kept]:
    """The studies in the list's table of which claims are kept, in its order."""
    for name in re.findall(r"^\| \[([\w-]+)\]", (studies / PAGE).read_text(), re.M):
        tables = StudyTables(studies / name)
        if tables.has("claims.csv"):
            about = tables.about
            commit = about["jobs"].split()[0]
            yield Kept(name, about["question"], commit, about["command"], tables)


def _card(study: Kept, statement: Statement) -> dict[str, Any]:
    """What the first study that has a number for a ``statement`` says of it."""
    own = study.answers[statement]
    case = own.cases[0]
    return {
        "statement": statement.short,
        "verdict": own.verdict,
        "number": estimate_with_interval(case, statement.unit),
        "interval": drawn(case, reach([case])),
        "of": f"{study.name}, {count_with_unit(case['n'], case['unit'])}",
        "readings": readings(own),
        "link": f"results/{study.name}/claims/#{case['id']}",
    }


def _forest(differences: Sequence[Difference]) -> dict[str, Any]:
    """QIF minus LIF of each study on one line, and how many points it goes to both sides."""
    ends = [end for own in differences for end in (own.low, own.high, *own.gains)]
    span = max(abs(end) for end in ends if math.isfinite(end))
    rows = []
    for own in differences:
        case = {"criterion": "> 0", "low": own.low, "high": own.high, "estimate": own.value}
        dots = "".join(
            f'<b style="--at:{place(gain / span)}" title="{fold}: {points(gain / 100)}"></b>'
            for fold, gain in own.gains.items()
        )
        shown = with_interval(own.value / 100, own.low / 100, own.high / 100, points)
        of = f"{own.what}; {own.of}" + ("" if len(own.gains) else ", a split like SHD's")
        rows.append(
            {"study": own.study, "of": of, "number": shown, "interval": drawn(case, span, dots)}
        )
    return {"rows": rows, "span": number(span)}


def _claims(statement: Statement, kept: Sequence[Kept]) -> list[dict[str, Any]]:
    """The claims about a ``statement``, with all studies' cases that have a number on one line."""
    shown = []
    for claim in (claim for claim in CLAIMS if claim.statement == statement):
        unit = UNITS.get(claim.name, "")
        found = [(own, case) for own in kept for case in own.cases(claim.name)]
        bold = [own.decides(statement, case) for own, case in found]
        decisive = [case for (_, case), decides in zip(found, bold, strict=True) if decides]
        span = reach(decisive or [case for _, case in found])
        rows = [
            {
                "study": own.name,
                "verdict": case["verdict"],
                "kind": own.kind(statement) if decides else "",
                "case": case_name(case["case"]),
                "number": estimate_with_interval(case, unit),
                "interval": drawn(case, span),
                "link": f"results/{own.name}/claims/#{claim.name}",
            }
            for (own, case), decides in zip(found, bold, strict=True)
        ]
        shown.append(
            {
                "measure": claim.measure,
                "criterion": criterion({"criterion": str(claim.criterion)}, unit),
                "decisive": [row for row in rows if row["kind"]],
                "others": [row for row in rows if not row["kind"]],
            }
        )
    return shown
