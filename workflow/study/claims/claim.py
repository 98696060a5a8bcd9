"""What a statement of an abstract is, and a claim by which it is judged."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import date

from study.claims.estimates import Criterion
from study.claims.results import Cases, Tables

FROZEN = date(2026, 11, 25)
"""The day on which the criteria were fixed, before the study on heidelberg-digits."""


@dataclass(frozen=True)
class Statement:
    """What an abstract states.

    Attributes
    ----------
    name
        Leads to its section of a page; "" for what is not in the abstract.
    paper
        arXiv number.
    short, text
        What it says, as a clause: in few words, and in the abstract's.
    unit
        Of the number that is shown, that of its first claim: shares are "points ..." or "% ...".
    """

    name: str
    paper: str
    short: str
    text: str
    unit: str


@dataclass(frozen=True)
class Claim:
    """A number that decides about a ``statement``: where it must lie for that to be true.

    Attributes
    ----------
    name
        Identifies the claim in tables.
    measure
        The number in words; ``estimate`` computes it from the tables, for each case.
    primary
        Patterns of the cases by which the statement is judged, each by itself. Of "a | b" the
        first is taken that the study has a case of. None: the statement does without this claim.
    since
        When these readings were written.
    """

    name: str
    statement: Statement
    measure: str
    criterion: Criterion
    estimate: Callable[[Tables], Cases]
    primary: tuple[str, ...] = ()
    since: date = FROZEN
