"""What a study says of the statements of an abstract: a rule over its table of claims."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date
from fnmatch import fnmatchcase

import numpy as np
import pandas as pd

from study.claims.claim import Claim, Statement
from study.claims.estimates import Verdict
from study.claims.judge import CLAIMS


@dataclass(frozen=True)
class Answer:
    """What a study's claims say of a statement.

    Attributes
    ----------
    statement
        The statement.
    verdict
        That of all its readings if they agree; else undecided. One without a number is left out.
    confirmatory
        Whether all its readings are older than the study.
    cases
        Rows of claims.csv that decide, one for each reading that the study has; the first is shown.
    """

    statement: Statement
    verdict: Verdict
    confirmatory: bool
    cases: tuple[pd.Series, ...]


def answer(
    table: pd.DataFrame, statement: Statement, fixed: date | None, claims: Iterable[Claim] = CLAIMS
) -> Answer:
    """What ``table``, which :func:`judge.judge` makes, says of a ``statement``.

    ``fixed`` is the day on which the readings of the study were fixed; None: all are older.
    """
    own = [claim for claim in claims if claim.statement == statement and claim.primary]
    judged = table[table["id"].isin([claim.name for claim in own])]
    confirmatory = fixed is None or all(claim.since <= fixed for claim in own)
    if judged["case"].str.startswith("no ").any():  # LIF or QIF networks in this study
        return Answer(statement, Verdict.NOT_MEASURABLE, confirmatory, ())
    readings = [(claim.name, pattern) for claim in own for pattern in claim.primary]
    found = [case for reading in readings if (case := decisive(judged, *reading)) is not None]
    verdicts = {case["verdict"] for case in found} - {Verdict.NOT_MEASURABLE}
    verdict = Verdict.UNDECIDED if verdicts else Verdict.NOT_MEASURABLE
    if len(verdicts) == 1:
        verdict = Verdict(verdicts.pop())
    return Answer(statement, verdict, confirmatory, tuple(found))


def decisive(table: pd.DataFrame, claim: str, patterns: str) -> pd.Series | None:
    """The row of ``table`` that decides a reading: of the cases that the first possible of its
    ``patterns``, separated by " | ", names, the one with the widest interval."""
    own = table[table["id"] == claim]
    for pattern in patterns.split(" | "):
        found = own[[fnmatchcase(case, pattern) for case in own["case"]]]
        if len(found):
            width = (found["high"] - found["low"]).fillna(-np.inf)
            return found.loc[width.idxmax()]
    return None
