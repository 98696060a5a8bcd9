"""From result files to the table of claims, and from that to verdicts on statements."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, replace
from datetime import date
from fnmatch import fnmatchcase

import numpy as np
import pandas as pd

from study.claims.claim import WEIGHED, Claim, Statement
from study.claims.estimates import NOTHING, Verdict, holm_adjusted
from study.claims.qif_paper import QIF_CLAIMS, QIF_STATEMENTS
from study.claims.results import NOTHING_MADE, WITHOUT, NotMade, Tables
from study.claims.sg_ntk_paper import SG_NTK_CLAIMS, SG_NTK_STATEMENTS

CLAIMS = (*QIF_CLAIMS, *SG_NTK_CLAIMS)
STATEMENTS = (*QIF_STATEMENTS, *SG_NTK_STATEMENTS)


def judge(
    tables: Tables, data: str, fixed: date | None, claims: Iterable[Claim] = CLAIMS
) -> pd.DataFrame:
    """Every claim's estimate and verdict, one row for each of its cases.

    ``data`` names what the numbers are about. ``fixed`` is the day on which the readings of the
    study were fixed; None: all are older. docs/tables.md explains the columns. Raises ClaimError
    if a file is absent or lacks what a claim needs.
    """
    rows = []
    for claim in claims:
        criterion = claim.criterion
        if fixed is not None and fixed < WEIGHED:
            criterion = replace(criterion, matters=None)
        try:
            cases = claim.estimate(tables)
        except NotMade as lacking:
            cases = {str(lacking): NOTHING}
        cases = cases or {NOTHING_MADE: NOTHING}
        read = tables.take_sources()
        for case, estimate in cases.items():
            rows.append(
                {
                    "id": claim.name,
                    "paper": f"arXiv {claim.statement.paper}",
                    "statement": claim.statement.text,
                    "case": case,
                    "measure": claim.measure,
                    "data": data,
                    "criterion": str(criterion),
                    "estimate": estimate.value,
                    "low": estimate.low,
                    "high": estimate.high,
                    "p": np.nan if estimate.p is None else estimate.p,
                    "p_holm": np.nan,
                    "n": estimate.n,
                    "unit": estimate.unit,
                    "verdict": str(criterion.verdict(estimate)),
                    "files": " ".join(dict.fromkeys(file for s in read for file in s.files)),
                    "read": "; ".join(f"{source.table}: {source}" for source in read),
                }
            )
    table = pd.DataFrame(rows)
    for _, own in table.groupby("paper"):
        table.loc[own.index, "p_holm"] = holm_adjusted(own["p"])
    return table


@dataclass(frozen=True)
class Answer:
    """What a study's claims say of a statement."""

    statement: Statement
    verdict: Verdict  # of all its readings that have a number, if they agree; else undecided
    confirmatory: bool  # whether all its readings are older than the study
    cases: tuple[pd.Series, ...]
    """Rows of claims.csv that decide, one for each reading that the study has; the first is shown.
    """


def answer(
    table: pd.DataFrame, statement: Statement, fixed: date | None, claims: Iterable[Claim] = CLAIMS
) -> Answer:
    """What ``table``, which :func:`judge` makes, says of a ``statement``.

    ``fixed`` is the day on which the readings of the study were fixed; None: all are older.
    """
    own = [claim for claim in claims if claim.statement == statement and claim.primary]
    judged = table[table["id"].isin([claim.name for claim in own])]
    confirmatory = fixed is None or all(claim.since <= fixed for claim in own)
    if judged["case"].isin(WITHOUT).any():
        return Answer(statement, Verdict.NOT_MEASURABLE, confirmatory, ())
    readings = [(claim.name, pattern) for claim in own for pattern in claim.primary]
    found = [case for reading in readings if (case := decisive_case(judged, *reading)) is not None]
    verdicts = {case["verdict"] for case in found} - {Verdict.NOT_MEASURABLE}
    verdict = Verdict.UNDECIDED if verdicts else Verdict.NOT_MEASURABLE
    if len(verdicts) == 1:
        verdict = Verdict(verdicts.pop())
    return Answer(statement, verdict, confirmatory, tuple(found))


def decisive_case(table: pd.DataFrame, claim: str, patterns: str) -> pd.Series | None:
    """The row of ``table`` that decides a reading: of the cases that the first possible of its
    ``patterns``, separated by " | ", names, the one with the widest interval."""
    own = table[table["id"] == claim]
    for pattern in patterns.split(" | "):
        found = own[[fnmatchcase(case, pattern) for case in own["case"]]]
        if len(found):
            width = (found["high"] - found["low"]).fillna(-np.inf)
            return found.loc[width.idxmax()]
    return None
