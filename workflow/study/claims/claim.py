"""What a statement of an abstract is, and a claim by which it is judged."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import date

from study.claims.estimates import Criterion
from study.claims.results import Cases, Tables

FROZEN = date(2026, 11, 25)
"""The day on which the criteria were fixed, before the study on heidelberg-digits."""
CHOSEN = date(2026, 11, 28)
"""The day on which primary cases were chosen, after that study."""
WEIGHED = date(2026, 12, 4)
"""The day on which it was written down which differences matter."""


@dataclass(frozen=True)
class Statement:
    """What an abstract states, as a clause."""

    name: str  # leads to its section of a page; "" for what is not in the abstract
    paper: str  # arXiv number
    quote: str  # the abstract's words
    short: str  # in few words
    text: str  # in full
    unit: str  # of the first claim's number, which is shown: shares are "points ..." or "% ..."


@dataclass(frozen=True)
class Claim:
    """A number that decides about a ``statement``: where it must lie for that to be true."""

    name: str  # in tables
    statement: Statement
    measure: str  # the number in words
    criterion: Criterion
    estimate: Callable[[Tables], Cases]  # computes the number for each case
    primary: tuple[str, ...] = ()
    """Patterns of the cases by which the statement is judged, each by itself. Of "a | b" the first
    is taken that the study has a case of. None: the statement does without this claim."""
    since: date = FROZEN  # when these readings were written
