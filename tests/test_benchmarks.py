"""What the benchmarks compute from what they measure, and how contestants take turns."""

from __future__ import annotations

import base64
import json
import os
import re
from datetime import timedelta
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import contest
import overhead
import report
from contestant import Task
from fits import departure, exponent
from overhead import Job, Shares

BENCHMARKS = Path(contest.__file__).parent


def test_a_power_law_has_its_exponent_and_a_straight_line_no_departure() -> None:
    x = np.array([1.0, 2.0, 8.0, 64.0])
    assert exponent(x, 3.0 * x**1.5) == pytest.approx(1.5)
    assert departure(x, 0.3 + 2.0 * x) < 1e-9


def test_departure_is_relative() -> None:
    # No line is closer to these points than 1/9: at best its relative errors are equal in size and
    # alternate, 2 (1 + r), 8 (1 - r), 18 (1 + r), which lies on a line for r = -1/9.
    x, y = np.array([1.0, 2.0, 3.0]), np.array([2.0, 8.0, 18.0])
    assert 1 / 9 <= departure(x, y) <= 1 / 7


def job(rule: str, start: float, work: float, end: float, *inputs: str) -> Job:
    return Job(rule, start, work, end, frozenset(inputs), frozenset([f"{rule}.out"]))


def test_shares_of_a_schedule() -> None:
    jobs = [
        job("a", 1, 2, 4),
        job("b", 4, 4.5, 6, "a.out"),  # waits for a: the second core is free for want of work
        job("c", 4, 5, 7, "a.out"),
        job("d", 8, 9, 10, "c.out"),  # ready at 7
    ]
    # 0 to 1: a could run, so one core is lost to scheduling and one to dependencies; 1 to 4, 6 to 7
    # and 8 to 10: one core waits; 7 to 8: d could run; 10 to 11: both cores are held by the end
    assert overhead.shares(jobs, 2, 11.0) == Shares(
        work=2 + 1.5 + 2 + 1,
        starts=1 + 0.5 + 1 + 1,
        scheduling=1 + 1 + 2,
        dependencies=1 + 3 + 1 + 1 + 2,
    )


def test_overhead_of_a_search_is_what_trains_nothing() -> None:
    jobs = [
        job("search_suggest", 0, 1, 3),
        job("search_trials", 3, 5, 15),  # 10 of training
        job("search_finalists", 15, 16, 26),  # 10 of training
        job("train", 0, 1, 50),
    ]
    result = overhead.search_overhead(jobs)
    assert result["search"] == 26
    assert result["search_overhead"] == pytest.approx(6 / 26)


@settings(max_examples=25, deadline=None)
@given(st.data())
def test_shares_add_up_to_the_cores_time(data: st.DataObject) -> None:
    free = [0.0, 0.0, 0.0]
    jobs: list[Job] = []
    for i in range(data.draw(st.integers(1, 12))):
        before = data.draw(st.lists(st.sampled_from(jobs), max_size=2)) if jobs else []
        core = free.index(min(free))
        ready = max([free[core], *(other.end for other in before)])
        wait, first, rest = (data.draw(st.integers(0, 5)) for _ in range(3))
        start = ready + wait
        outputs = [next(iter(other.outputs)) for other in before]
        jobs.append(job(str(i), start, start + first, start + first + rest + 1, *outputs))
        free[core] = jobs[-1].end
    wall = max(free) + data.draw(st.integers(0, 3))
    result = overhead.shares(jobs, 3, wall)
    assert sum(result) == pytest.approx(3 * wall)
    assert min(result) >= 0


def finished_workflow(folder: Path) -> None:
    """What Snakemake leaves of two jobs, the second after the first, 1 s of starts in each."""
    opened = []
    for name in ("first", "second"):
        log = folder / "logs" / "digits" / f"{name}.log"
        log.parent.mkdir(parents=True, exist_ok=True)
        log.touch()
        opened.append(overhead.birth(log))
    metadata = folder / ".snakemake" / "metadata"
    metadata.mkdir(parents=True)
    inputs: list[str] = []
    for name, at, length in zip(("first", "second"), opened, (1.5, 5.0), strict=True):
        output = f"results/digits/{name}.csv"
        record = {
            "rule": name,
            "log": [f"logs/digits/{name}.log"],
            "input": inputs,
            "starttime": at - 1,
            "endtime": at + length,
        }
        (metadata / base64.b64encode(output.encode()).decode()).write_text(json.dumps(record))
        inputs = [output]
    log = folder / ".snakemake" / "log" / "run.snakemake.log"
    log.parent.mkdir()
    elapsed = timedelta(seconds=opened[1] + 6 - (opened[0] - 2))
    lines = (
        "Provided cores: 2",
        "Finished jobid: 0 (Rule: default)",
        "2 of 2 steps (100%) done",
        f"Elapsed time: {elapsed}",
    )
    log.write_text("\n".join(lines) + "\n")
    os.utime(log, (opened[1] + 6, opened[1] + 6))


def test_overhead_of_a_finished_workflow(tmp_path: Path) -> None:
    finished_workflow(tmp_path)
    result = overhead.measure(tmp_path)
    assert result["jobs"] == 2
    assert result["work"] == pytest.approx(6.5)
    assert result["starts"] == pytest.approx(2.0)


def test_workflow_that_did_not_run_at_once_to_its_end_is_refused(tmp_path: Path) -> None:
    finished_workflow(tmp_path)
    record = next((tmp_path / ".snakemake" / "metadata").iterdir())
    earlier = json.loads(record.read_text())
    record.write_text(json.dumps({**earlier, "starttime": earlier["starttime"] - 3600}))
    with pytest.raises(ValueError, match="several goes"):
        overhead.measure(tmp_path)
    log = tmp_path / ".snakemake" / "log" / "run.snakemake.log"
    log.write_text(log.read_text().replace("(100%)", "(50%)"))
    with pytest.raises(FileNotFoundError, match="no workflow ran to its end"):
        overhead.measure(tmp_path)


def test_the_page_is_what_the_kept_measurements_make() -> None:
    results = json.loads((BENCHMARKS / "results.json").read_text())
    assert report.page(results) == (BENCHMARKS / "RESULTS.md").read_text()


def test_table_keeps_its_columns() -> None:
    text = report.table(("a", "b"), [("x | y", 1), ("two\nlines", 2)])
    lines = text.splitlines()
    assert lines == ["| a | b |", "| --- | --- |", r"| x \| y | 1 |", "| two lines | 2 |"]


def test_numbers_have_three_digits() -> None:
    numbers = map(report.number, (0.012345, 1.2345, 123.45, 12345.6, 0.0))
    assert [*numbers] == ["0.0123", "1.23", "123", "12,346", "0"]


def contest_of(folder: Path, script: str) -> dict:
    path = folder / "contestant_script.py"
    path.write_text(f"import sys\nsys.path.insert(0, {str(BENCHMARKS)!r})\n{script}")
    entry = contest.Entry("nobody", str(path), Task(128, True, 1e-3, 4))
    (row,) = contest.compete([entry], 3)
    return row


def test_contestant_runs_every_round(tmp_path: Path) -> None:
    row = contest_of(
        tmp_path,
        "from contestant import compete\nprint('noise of a library')\n"
        "compete(lambda: sum(range(10_000)), 'numpy', activity=16.0)\n",
    )
    assert not row["problem"]
    assert len(row["seconds"]) == 3
    assert min(row["seconds"]) > 0
    assert row["versions"]["numpy"] == np.__version__
    assert row["activity"] == 16.0
    assert row["peak_memory"] > 1


def test_contestant_that_fails_is_reported_with_the_reason(tmp_path: Path) -> None:
    row = contest_of(tmp_path, "import a_peer_that_is_not_installed\n")
    assert row["problem"] == "ModuleNotFoundError: No module named 'a_peer_that_is_not_installed'"
    (cells,) = report.contest_rows([row])
    assert re.match("does not run: ModuleNotFoundError", cells[4])
    assert len(cells) == len(report.CONTEST_HEADER)
