"""The benchmarks: the page is of the kept measurements; contestants take turns or say why not."""

from __future__ import annotations

from pathlib import Path

import pytest
import yaml

import contest
import report
from contestant import Task, binned, events

BENCHMARKS = Path(contest.__file__).parent
TASK = Task(16, True, 1e-2, batch=2, channels=140, copies=2, n_events=500)


def test_the_page_is_what_the_kept_measurements_make() -> None:
    results = yaml.safe_load((BENCHMARKS / "results.yaml").read_text())
    assert report.page(results) == (BENCHMARKS / "RESULTS.md").read_text()


def test_all_contestants_get_the_same_events() -> None:
    """Each copy in bins is the first one later, but for what comes after the sample."""
    counts = binned(TASK).reshape(100, 2, 2, 140)
    assert counts[:, :, 0].sum((0, 2)).tolist() == [len(sample) for sample in events(TASK)]
    later = round(0.032 / 1e-2)
    assert (counts[later:, :, 1] == counts[:-later, :, 0]).all()


def test_rows_are_compared_at_the_same_batch() -> None:
    job = {"job": "rec16", "events": "1 ms"}
    rows = [
        {**job, "batch": 32, "contestant": "spikegrad LIF", "seconds": 0.1, "spread": 0.05},
        {**job, "batch": 2, "contestant": "Spyx", "seconds": 0.9},
        {**job, "batch": 32, "contestant": "Spyx", "seconds": 0.4},
        {**job, "batch": 32, "contestant": "other", "problem": "not installed"},
    ]
    own, *_, failed = report.cells(rows)
    assert own[4:7] == ["10.0", "4.00", "5 %"]
    assert failed[4] == "does not run: not installed"
    assert {len(row) for row in report.cells(rows)} == {len(report.HEADER)}


def test_contestants_run_every_round_and_absent_ones_are_named(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr("contest.python_of", lambda peer: None)
    tasks = [TASK._replace(variant="clocked"), TASK._replace(peer="spyx")]
    own, absent = contest.compete(tasks, 2)
    assert own["seconds"] > 0
    assert own["peak_memory"] > 1
    assert (absent["contestant"], absent["problem"]) == ("Spyx", "not installed")
