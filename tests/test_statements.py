"""The verdicts of statements follow from those of claims by one rule."""

from __future__ import annotations

from datetime import date
from pathlib import Path

import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st

from study.claims.claim import FROZEN, Claim, Statement
from study.claims.estimates import Criterion, Verdict
from study.claims.judge import CLAIMS, STATEMENTS, answer, decisive_case

KEPT = Path(__file__).parents[1] / "docs" / "results"
IT = Statement("it", "1", "it", "it", "it", "%")


def row(claim: str, case: str, low: float, high: float, verdict: str = "undecided") -> dict:
    estimate = (low + high) / 2
    return {"id": claim, "case": case, "estimate": estimate, "low": low, "high": high,
            "n": 5, "unit": "searches", "verdict": verdict}  # fmt: skip


def claims(*names: str, since: date = FROZEN) -> list[Claim]:
    criterion = Criterion(">", 0.0, 1)
    return [Claim(n, IT, "", criterion, lambda *_: {}, ("*",), since) for n in names]


def test_of_several_cases_the_widest_interval_decides() -> None:
    table = pd.DataFrame(
        [
            row("gain", "qif: all", -0.9, 0.9),
            row("gain", "qif: every speaker", 0.0, 0.2),
            row("gain", "qif: speakers in turn", -0.1, 0.4),
            row("gain", "qif: no speaker", float("nan"), float("nan")),
        ]
    )
    assert decisive_case(table, "gain", "qif: *speaker*")["case"] == "qif: speakers in turn"
    first_there = decisive_case(table, "gain", "lif: * | qif: every* | qif: *")
    assert first_there["case"] == "qif: every speaker"
    assert decisive_case(table, "loss", "*") is None


@given(st.lists(st.sampled_from([*Verdict]), max_size=4))
def test_a_statement_has_the_verdict_that_all_its_readings_have(verdicts: list[Verdict]) -> None:
    names = [f"claim {k}" for k in range(len(verdicts))]
    rows = [row(name, "a", 0, 1, str(v)) for name, v in zip(names, verdicts, strict=True)]
    table = pd.DataFrame(rows, columns=[*row("", "", 0, 1)])
    found = answer(table, IT, None, claims(*names, "another")).verdict
    known = {v for v in verdicts if v != Verdict.NOT_MEASURABLE}
    if not known:
        assert found == Verdict.NOT_MEASURABLE
    else:
        assert found == (known.pop() if len(known) == 1 else Verdict.UNDECIDED)


def test_a_study_without_one_of_the_models_says_nothing_of_both() -> None:
    absent = {**row("gain", "no LIF networks in this study", 0, 0), "verdict": "not measurable"}
    table = pd.DataFrame([absent, row("jumps", "qif: all states", 0, 1, "supported")])
    assert answer(table, IT, None, claims("gain", "jumps")).verdict == Verdict.NOT_MEASURABLE


@pytest.mark.parametrize(("days", "confirmatory"), [(-1, True), (0, True), (1, False)])
def test_what_was_read_after_the_criteria_were_fixed_is_exploratory(
    days: int, confirmatory: bool
) -> None:
    own = claims("gain", since=date.fromordinal(FROZEN.toordinal() + days))
    table = pd.DataFrame([row("gain", "a", 0, 1)])
    assert answer(table, IT, FROZEN, own).confirmatory == confirmatory
    assert answer(table, IT, None, own).confirmatory


def test_every_statement_has_claims_and_a_name_of_its_own() -> None:
    judged = {claim.statement for claim in CLAIMS if claim.primary}
    assert judged == set(STATEMENTS)
    assert sum(one.paper == "2606.03935" for one in STATEMENTS) == 8
    assert len({one.name for one in STATEMENTS}) == len(STATEMENTS)


def test_every_reading_finds_its_case_in_the_kept_studies() -> None:
    kept = {"2606.03935": "earlier", "2405.15539": "sg-ntk"}
    for claim in CLAIMS:
        table = pd.read_csv(KEPT / kept[claim.statement.paper] / "claims.csv")
        for patterns in claim.primary:
            assert decisive_case(table, claim.name, patterns) is not None, (claim.name, patterns)
