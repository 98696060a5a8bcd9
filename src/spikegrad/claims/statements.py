"""The statements of both abstracts, and what decides each: a rule over the table of claims.

docs/claims.md says why these readings are the primary ones, and since when.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date
from fnmatch import fnmatchcase

import numpy as np
import pandas as pd

from spikegrad.claims.estimates import Verdict
from spikegrad.claims.qif_paper import QIF_PAPER
from spikegrad.claims.sg_ntk_paper import SG_NTK_PAPER

FROZEN = date(2026, 11, 25)
"""The day on which the criteria were fixed, before the study on heidelberg-digits."""


@dataclass(frozen=True)
class Reading:
    """One number by which a statement is judged.

    Attributes
    ----------
    claim
        The claim's name.
    cases
        Patterns of its primary cases; the first that the study has any case of is taken, and of
        several cases the one with the widest interval.
    since
        When this reading was written.
    """

    claim: str
    cases: tuple[str, ...]
    since: date = FROZEN


@dataclass(frozen=True)
class Statement:
    """What an abstract states.

    Attributes
    ----------
    name
        Leads to its section of a page.
    paper
        arXiv number.
    short, text
        What it says, as a clause: in few words, and in the abstract's.
    readings
        Numbers that must agree on it; the first is the one that is shown.
    unit
        Of the first number, and what it is: shares are shown as "points ..." or "% ...".
    """

    name: str
    paper: str
    short: str
    text: str
    readings: tuple[Reading, ...]
    unit: str


TRAINED = ("qif: trained, deeper than 0.01 nats",)

QIF_STATEMENTS = (
    Statement(
        "performance",
        QIF_PAPER,
        "QIF networks perform better than LIF networks",
        "QIF networks perform better than LIF networks after a thorough search for both",
        (
            Reading(
                "qif-outperforms-lif",
                ("qif: *speaker*",),  # every speaker alike; speakers held out in turn
                date(2026, 11, 28),
            ),
        ),
        "points, QIF − LIF",
    ),
    Statement(
        "continuity",
        QIF_PAPER,
        "the loss of LIF networks jumps and that of QIF networks does not",
        "the loss of LIF networks is discontinuous, that of QIF networks continuous",
        (
            Reading("lif-discontinuous", ("all states",)),
            Reading("qif-continuous", ("qif: all states",)),
        ),
        "nats, the largest jump around LIF networks",
    ),
    Statement(
        "fragmentation",
        QIF_PAPER,
        "LIF's landscapes are more fragmented",
        "loss landscapes of LIF networks are more fragmented",
        (
            Reading("lif-fragmented-lines", TRAINED),
            Reading("lif-fragmented-planes", TRAINED),
            Reading("lif-fragmented-samples", TRAINED, date(2026, 11, 27)),
        ),
        "minima on lines, LIF − QIF",
    ),
    Statement(
        "gradients",
        QIF_PAPER,
        "LIF's gradients are more erratic",
        "gradients of LIF networks are more erratic",
        (
            Reading("lif-gradients-turn", ("qif: on a fixed batch",)),
            Reading("lif-gradients-mislead", ("qif: on a fixed batch",)),
            Reading("lif-gradients-vary", ("qif: on a fixed batch",)),
        ),
        "in the cosine, QIF − LIF",
    ),
    Statement(
        "origin",
        QIF_PAPER,
        "jumps and minima of LIF arise from changes of the order of spikes",
        "these features arise from changes of the order of spikes",
        (
            Reading("minima-arise-from-order", ("trained, deeper than 0.01 nats",)),
            Reading("jumps-are-order-changes", ("trained, by height",)),
        ),
        "% of LIF's minima go with these jumps",
    ),
    Statement(
        "appearance",
        QIF_PAPER,
        "these changes often make spikes appear or disappear",
        "changes of the order of spikes often make spikes appear or disappear",
        (
            Reading("order-changes-often-break", ("trained, inhibition*",)),
            Reading("jumps-by-disappearance", ("trained",)),
        ),
        "% of the changes break a spike",
    ),
    Statement(
        "disruption",
        QIF_PAPER,
        "a spike that appears or disappears disrupts what follows",
        "a spike of a LIF network that appears or disappears disrupts the activity that follows",
        (Reading("disappearances-disrupt", ("beside harmless changes",)),),
        "spikes more than at harmless changes",
    ),
    Statement(
        "silence",
        QIF_PAPER,
        "only LIF's neurons fall silent for good",
        "during training neurons of LIF networks fall permanently silent, those of QIF networks "
        "do not",
        (
            Reading("lif-fall-silent-more", ("qif: when training goes on",)),
            Reading("lif-fall-silent", ("when training goes on",)),
            Reading("qif-stay-active", ("qif: when training goes on",)),
        ),
        "points, LIF − QIF",
    ),
)

SG_NTK_STATEMENTS = (
    Statement(
        "divergence",
        SG_NTK_PAPER,
        "the NTK of activations with jumps diverges",
        "the NTK of activation functions with jumps is ill-posed, since it diverges",
        (
            Reading("naive-ntk-diverges", ("closed form*",)),
            Reading("naive-ntk-diverges", ("gradients of*",)),
        ),
        "power of the slope, beyond L − 1",
    ),
    Statement(
        "limit",
        SG_NTK_PAPER,
        "the SG-NTK is well defined",
        "with a surrogate derivative the kernel, the SG-NTK, is well defined",
        (Reading("sg-ntk-converges", ("*",)),),
        "power of the slope",
    ),
    Statement(
        "width",
        SG_NTK_PAPER,
        "kernels of networks approach it as width grows",
        "kernels of finite networks converge to the SG-NTK as width grows",
        (Reading("sg-ntk-is-the-limit-of-width", ("*",)),),
        "power of the width",
    ),
    Statement(
        "constancy",
        SG_NTK_PAPER,
        "it stays constant during training",
        "the kernel stays constant during training as width grows",
        (Reading("sg-ntk-stays-constant", ("*",)),),
        "power of the width",
    ),
    Statement(
        "regression",
        SG_NTK_PAPER,
        "regression with it describes networks with sign activation",
        "regression with the SG-NTK describes surrogate gradient learning in networks with sign "
        "activation",
        (
            Reading("sg-ntk-describes-sign-networks", ("two_hidden, *", "*")),
            Reading("sg-ntk-distance-falls", ("two_hidden, *", "*")),
        ),
        "of the target's rms",
    ),
)

STATEMENTS = (*QIF_STATEMENTS, *SG_NTK_STATEMENTS)


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


def answers(claims: pd.DataFrame, paper: str, fixed: date | None) -> list[Answer]:
    """What ``claims``, the table of :func:`judge.judge`, say of each statement of a ``paper``.

    ``fixed`` is the day on which the readings of the study were fixed; None: all are older.
    """
    return [answer(claims, s, fixed) for s in STATEMENTS if s.paper == paper]


def answer(claims: pd.DataFrame, statement: Statement, fixed: date | None) -> Answer:
    """What ``claims`` say of one statement."""
    cases = [
        case for reading in statement.readings if (case := decisive(claims, reading)) is not None
    ]
    verdicts = {case["verdict"] for case in cases} - {Verdict.NOT_MEASURABLE}
    verdict = Verdict.UNDECIDED if verdicts else Verdict.NOT_MEASURABLE
    if len(verdicts) == 1:
        verdict = Verdict(verdicts.pop())
    since = max(reading.since for reading in statement.readings)
    return Answer(statement, verdict, fixed is None or since <= fixed, tuple(cases))


def decisive(claims: pd.DataFrame, reading: Reading) -> pd.Series | None:
    """The row of ``claims`` that decides a ``reading``; None if the study has no such case."""
    own = claims[claims["id"] == reading.claim]
    for pattern in reading.cases:
        found = own[[fnmatchcase(case, pattern) for case in own["case"]]]
        if len(found):
            width = (found["high"] - found["low"]).fillna(-np.inf)
            return found.loc[width.idxmax()]
    return None
