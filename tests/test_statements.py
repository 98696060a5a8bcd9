"""The verdicts of statements follow from those of claims by one rule."""

from __future__ import annotations

from datetime import date
from pathlib import Path

import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st

from spikegrad.claims.estimates import Verdict
from spikegrad.claims.judge import CLAIMS
from spikegrad.claims.statements import FROZEN, STATEMENTS, Reading, Statement, answer, decisive

DOCS = Path(__file__).parents[1] / "docs"


def row(claim: str, case: str, low: float, high: float, verdict: str = "undecided") -> dict:
    estimate = (low + high) / 2
    return {"id": claim, "case": case, "estimate": estimate, "low": low, "high": high,
            "n": 5, "unit": "searches", "verdict": verdict}  # fmt: skip


def statement(*claims: str, since: date = FROZEN) -> Statement:
    return Statement("it", "1", "it", "it", tuple(Reading(c, ("*",), since) for c in claims), "%")


def test_of_several_cases_the_widest_interval_decides() -> None:
    table = pd.DataFrame(
        [
            row("gain", "qif: all", -0.9, 0.9),
            row("gain", "qif: every speaker", 0.0, 0.2),
            row("gain", "qif: speakers in turn", -0.1, 0.4),
            row("gain", "qif: no speaker", float("nan"), float("nan")),
        ]
    )
    reading = Reading("gain", ("qif: *speaker*",))
    assert decisive(table, reading)["case"] == "qif: speakers in turn"
    other = Reading("gain", ("lif: *", "qif: every*", "qif: *"))
    assert decisive(table, other)["case"] == "qif: every speaker"
    assert decisive(table, Reading("loss", ("*",))) is None


@given(st.lists(st.sampled_from([*Verdict]), max_size=4))
def test_a_statement_has_the_verdict_that_all_its_readings_have(verdicts: list[Verdict]) -> None:
    claims = [f"claim {k}" for k in range(len(verdicts))]
    rows = [row(c, "a", 0, 1, str(v)) for c, v in zip(claims, verdicts, strict=True)]
    table = pd.DataFrame(rows, columns=[*row("", "", 0, 1)])
    found = answer(table, statement(*claims, "another"), None).verdict
    known = {v for v in verdicts if v != Verdict.NOT_MEASURABLE}
    if not known:
        assert found == Verdict.NOT_MEASURABLE
    else:
        assert found == (known.pop() if len(known) == 1 else Verdict.UNDECIDED)


@pytest.mark.parametrize(("days", "confirmatory"), [(-1, True), (0, True), (1, False)])
def test_what_was_read_after_the_criteria_were_fixed_is_exploratory(
    days: int, confirmatory: bool
) -> None:
    since = date.fromordinal(FROZEN.toordinal() + days)
    table = pd.DataFrame([row("gain", "a", 0, 1)])
    assert answer(table, statement("gain", since=since), FROZEN).confirmatory == confirmatory
    assert answer(table, statement("gain", since=since), None).confirmatory


def test_every_statement_is_read_from_claims_of_its_paper() -> None:
    papers = {claim.name: claim.paper for claim in CLAIMS}
    for one in STATEMENTS:
        assert {papers[reading.claim] for reading in one.readings} == {one.paper}
    assert sum(one.paper == "2606.03935" for one in STATEMENTS) == 8
    assert len({one.name for one in STATEMENTS}) == len(STATEMENTS)


def test_every_reading_finds_its_case_in_the_kept_studies() -> None:
    kept = {"2606.03935": "heidelberg-digits", "2405.15539": "sg-ntk"}
    for one in STATEMENTS:
        claims = pd.read_csv(DOCS / "results" / kept[one.paper] / "claims.csv")
        for reading in one.readings:
            assert decisive(claims, reading) is not None, (one.name, reading)


def test_the_docs_name_the_readings_of_every_statement() -> None:
    text = (DOCS / "claims.md").read_text()
    table = text.split("| statement | primary case of |")[1].split("\n\n")[0]
    rows = {}
    for line in table.splitlines()[2:]:
        name, claims = (cell.strip() for cell in line.split("|")[1:3])
        current = name or current  # noqa: F821
        rows.setdefault(current, set()).update(c.strip(" `") for c in claims.split(","))
    assert rows == {one.name: {r.claim for r in one.readings} for one in STATEMENTS}
