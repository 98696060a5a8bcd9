"""The table of claims as a page for people."""

from __future__ import annotations

import math
import os
from collections.abc import Iterable, Mapping
from functools import partial
from pathlib import Path
from typing import Any

import pandas as pd

from study.claims.estimates import Verdict
from study.claims.judge import CLAIMS, STATEMENTS, answer
from study.report.facts import case_name
from study.report.numbers import count_with_unit, criterion, estimate_with_interval, number
from study.report.rendered import markdown_page

PAPERS = {
    "arXiv 2606.03935": "Quadratic integrate-and-fire neurons exhibit less fragmented loss "
    "landscapes and outperform leaky integrate-and-fire neurons in spike-based gradient descent",
    "arXiv 2405.15539": "A generalized neural tangent kernel for surrogate gradient learning",
}
_FIRST = {claim.statement: claim.name for claim in reversed(CLAIMS) if claim.primary}
UNITS = {name: statement.unit for statement, name in _FIRST.items()}
"""Units of the numbers of each statement's first claim; of other claims their measure says it."""


def claims_page(claims: pd.DataFrame, folder: Path, judged_in: Path) -> str:
    """Markdown of the table that :func:`judge.judge` makes, without cases that decide nothing and
    have no number.

    ``folder`` is that of the page, from which links lead to those files that are there; the files
    are named as they lay in ``judged_in`` when the claims were judged.
    """
    found = [answer(claims, statement, None) for statement in STATEMENTS]
    decisive = {(case["id"], case["case"]) for own in found for case in own.cases}

    def claim(rows: pd.DataFrame) -> dict[str, Any]:
        first = rows.iloc[0]
        cases = rows.to_dict("records")
        bold = [case for case in cases if (case["id"], case["case"]) in decisive]
        files = [os.path.relpath(file, judged_in) for file in first["files"].split()]
        kept = [file for file in files if (folder / file).exists()]
        unit = UNITS.get(first["id"], "")
        return {
            **{name: first[name] for name in ("measure", "read")},
            "criterion": criterion(first, unit),
            "unit": unit,
            "decisive": bold,
            "others": [case for case in cases if case not in bold],
            "kept": kept,
            "lost": len(files) - len(kept),
            "drawn": partial(drawn, reach=reach(bold or cases)),
        }

    rows = claims.itertuples()
    shown = claims[[row.estimate == row.estimate or (row.id, row.case) in decisive for row in rows]]
    return markdown_page(
        "claims.md",
        title=" and ".join(claims["data"].unique()),
        counts=", ".join(f"{n} {v}" for v in Verdict if (n := (claims["verdict"] == v).sum())),
        papers={
            paper: {
                statement: {name: claim(own) for name, own in claimed.groupby("id", sort=False)}
                for statement, claimed in stated.groupby("statement", sort=False)
            }
            for paper, stated in shown.groupby("paper", sort=False)
        },
        titles=PAPERS,
        case_name=case_name,
        count_with_unit=count_with_unit,
        estimate_with_interval=estimate_with_interval,
        number=number,
    )


def reach(cases: Iterable[Mapping[str, Any]]) -> float:
    """How far the ``cases`` (rows of claims.csv) and their intervals lie from their criterion."""
    ends = [
        abs(case[end] - float(case["criterion"].split()[1]))
        for case in cases
        for end in ("low", "estimate", "high")
        if math.isfinite(case[end])
    ]
    return max(ends, default=0.0) or 1.0


def drawn(case: Mapping[str, Any], reach: float, marks: str = "") -> str:
    """The interval of a row of claims.csv as claims.css draws it: the criterion in the middle of a
    line that goes as far as ``reach`` to both sides. Where a page has no such style only ``marks``
    are left."""
    if math.isnan(case["estimate"]):
        return ""
    side, threshold = case["criterion"].split()
    ends = {"low": case["low"], "high": case["high"], "at": case["estimate"]}
    style = ";".join(f"--{n}:{place((v - float(threshold)) / reach)}" for n, v in ends.items())
    below = " below" if side == "<" else ""
    return f'<i class="interval{below}" style="{style}">{marks}</i>'


def place(value: float) -> str:
    """Where a line from -1 to 1, with a margin, has a ``value``; its end if that lies beyond."""
    return f"{max(0.0, min(100.0, 50 + 46 * value)):.1f}%"
