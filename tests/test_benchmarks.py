"""The benchmarks: the page is of the kept measurements; contestants take turns or say why not."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest
import yaml

import contest
import report
from contest import PEERS, python_of
from contestant import Task, binned, events

BENCHMARKS = Path(contest.__file__).parent
TASK = Task(16, True, 1e-2, batch=2, channels=140, copies=2, n_events=500)


def test_the_page_is_what_the_kept_measurements_make() -> None:
    results = yaml.safe_load((BENCHMARKS / "results.yaml").read_text())
    assert report.page(results) == (BENCHMARKS / "RESULTS.md").read_text()


def test_all_contestants_get_the_same_events_and_copies_come_later() -> None:
    counts = binned(TASK).reshape(100, 2, 2, 140)  # steps, samples, copies, channels
    assert counts[:, :, 0].sum((0, 2)).tolist() == [len(sample) for sample in events(TASK)]
    assert (counts[3:, :, 1] == counts[:-3, :, 0]).all()


def test_rows_are_compared_at_the_same_batch() -> None:
    rows = [
        {"job": "a", "batch": 32, "contestant": "spikegrad LIF", "seconds": 0.1, "spread": 0.05},
        {"job": "a", "batch": 2, "contestant": "Spyx", "seconds": 0.9},
        {"job": "a", "batch": 32, "contestant": "Spyx", "seconds": 0.4},
        {"job": "a", "batch": 32, "contestant": "other", "problem": "absent"},
    ]
    own, *_, failed = report.cells(rows)
    assert own[4:7] == ["10.0", "4.00", "5 %"]
    assert failed[4:] == ["does not run: absent", "", "", ""]


def test_contestants_run_every_round_or_say_why_not(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("contest.python_of", {"norse": sys.executable}.get)
    tasks = [TASK._replace(variant="clocked"), *(TASK._replace(peer=p) for p in ("spyx", "norse"))]
    own, absent, broken = contest.compete(tasks, 2)
    assert min(own["seconds"], own["peak_memory"]) > 0
    assert (absent["contestant"], absent["problem"]) == ("Spyx", "not installed")
    assert broken["problem"] == "ModuleNotFoundError: No module named 'norse'"


@pytest.mark.weekly
def test_the_whole_bench_runs_small(tmp_path: Path) -> None:
    run = [sys.executable, BENCHMARKS / "run.py", "--quick", tmp_path]
    said = subprocess.run(run, check=True, stdout=subprocess.PIPE, text=True).stdout
    absent = [peer["name"] for key, peer in PEERS.items() if not python_of(key)]
    assert said.endswith(f"not measured: {', '.join(absent)}\n" if absent else "RESULTS.md\n")
    page = (tmp_path / "RESULTS.md").read_text()
    assert page.count("does not run") == page.count("does not run: not installed |")
