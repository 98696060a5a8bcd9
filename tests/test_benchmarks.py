"""What the benchmarks compute from what they measure, and how contestants take turns."""

from __future__ import annotations

import json
import os
import re
from pathlib import Path

import numpy as np
import pytest

import contest
import overhead
import report
from contestant import Task
from fits import departure, exponent

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


def finished_workflow(folder: Path) -> None:
    """What Snakemake leaves of two jobs that began 1 s before their logs were opened."""
    metadata, logs = folder / ".snakemake" / "metadata", folder / "logs" / "digits"
    metadata.mkdir(parents=True)
    logs.mkdir(parents=True)
    for rule, length in (("search_trials", 1.5), ("train", 5.0)):
        log = logs / f"{rule}.log"
        log.touch()
        opened = overhead.birth(log)
        record = {"rule": rule, "log": [f"logs/digits/{rule}.log"]}
        record |= {"starttime": opened - 1, "endtime": opened + length}
        (metadata / f"{rule}.csv").write_text(json.dumps(record))
    lines = (
        "Provided cores: 2",
        "Finished jobid: 0 (Rule: default)",
        "2 of 2 steps (100%) done",
        "Elapsed time: 0:00:08.5",
    )
    log = folder / ".snakemake" / "log" / "run.snakemake.log"
    log.parent.mkdir()
    log.write_text("\n".join(lines) + "\n")
    os.utime(log, (opened + 6, opened + 6))


def test_overhead_of_a_finished_workflow(tmp_path: Path) -> None:
    finished_workflow(tmp_path)
    result = overhead.measure(tmp_path)
    assert (result["jobs"], result["cores"], result["wall"]) == (2, 2, 8.5)
    assert result["work"] == pytest.approx(6.5)
    assert result["starts"] == pytest.approx(2.0)
    assert result["search"] == pytest.approx(2.5)
    assert result["search_overhead"] == pytest.approx(1 / 2.5)


def test_an_estimate_is_compared_with_what_was_taken(tmp_path: Path) -> None:
    finished_workflow(tmp_path)
    tables = tmp_path / "results" / "digits" / "estimate"
    tables.mkdir(parents=True)
    rules = "compile_engine,training,1\nsearch_trials,search,0.001\ntrain,training,0.001\n"
    (tables / "rules.csv").write_text(f"rule,family,core_hours\n{rules}")
    found = overhead.compare(tmp_path, "digits")
    assert found["predicted"].to_dict() == pytest.approx({"search": 3.6, "training": 3.6})
    assert found["taken"].to_dict() == pytest.approx({"search": 2.5, "training": 6.0})


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
