"""A finished workflow: its wall time, what of it was work, and whether that was predicted.

    python benchmarks/overhead.py FOLDER [DATASET]

FOLDER is a checkout in which the workflow ran to its end at once, with nothing beside it. A job's
own work begins where its script opens its log: after imports. With DATASET, where `snakemake
estimate` ran afterwards, core-seconds are compared with what it predicted; more than a factor of
1.5 between them is an error.
"""

from __future__ import annotations

import json
import re
import subprocess
import sys
from pathlib import Path
from typing import Any, NamedTuple

import pandas as pd

TRAINING = ("search_trials", "search_finalists")  # the rest of the search is overhead
FACTOR = 1.5


class Job(NamedTuple):
    """One job; times in Unix time."""

    rule: str
    start: float
    work: float
    """When its own work begins."""
    end: float


def jobs_of(folder: Path, prefix: str = "") -> list[Job]:
    """The last run of each job in ``folder`` whose log's name begins with ``prefix``."""
    jobs = {}
    for file in filter(Path.is_file, (folder / ".snakemake" / "metadata").rglob("*")):
        record = json.loads(file.read_text())
        for log in record["log"][:1]:
            if log.startswith(prefix):
                span = record["starttime"], birth(folder / log), record["endtime"]
                jobs[log] = Job(record["rule"], *span)
    return list(jobs.values())


def birth(file: Path) -> float:
    """When ``file`` was created, in Unix time."""
    stat = ["stat", "--format=%.W", file]
    return float(subprocess.run(stat, check=True, capture_output=True, text=True).stdout)


def measure(folder: Path) -> dict[str, Any]:
    """Wall time of the workflow in ``folder``, and core-seconds of its jobs' ``work``, of their
    ``starts`` and of the search; an error if none ran there to its end at once."""
    for log in sorted((folder / ".snakemake" / "log").glob("*.log"), reverse=True):
        text = log.read_text()
        cores = re.search(r"^Provided cores: (\d+)", text, re.MULTILINE)
        elapsed = re.search(r"^Elapsed time: (\d+):(\d+):([\d.]+)", text, re.MULTILINE)
        if cores and elapsed and "(Rule: default)" in text and "(100%) done" in text:
            break
    else:
        raise FileNotFoundError(f"no workflow ran to its end in {folder}; run make demo there")
    hours, minutes, seconds = map(float, elapsed.groups())
    wall = 3600 * hours + 60 * minutes + seconds
    jobs = jobs_of(folder)
    if min(job.start for job in jobs) < log.stat().st_mtime - wall:
        raise ValueError(f"the workflow in {folder} ran in several goes")
    search = [job for job in jobs if job.rule.startswith("search_")]
    searched = sum(job.end - job.start for job in search)
    trained = sum(job.end - job.work for job in search if job.rule in TRAINING)
    return {
        "folder": folder.name,
        "jobs": len(jobs),
        "cores": int(cores[1]),
        "wall": wall,
        "work": sum(job.end - job.work for job in jobs),
        "starts": sum(job.work - job.start for job in jobs),
        "search": searched,
        "search_overhead": 1 - trained / searched if search else 0.0,
    }


def compare(folder: Path, dataset: str) -> pd.DataFrame:
    """Core-seconds of each family, ``predicted`` and ``taken``; what compiles the engine is left
    out, as the estimate compiled it."""
    jobs = pd.DataFrame(jobs_of(folder, f"logs/{dataset}/"))
    taken = (jobs["end"] - jobs["start"]).groupby(jobs["rule"]).sum()
    rules = pd.read_csv(folder / "results" / dataset / "estimate" / "rules.csv").set_index("rule")
    rules = rules.assign(predicted=3600 * rules["core_hours"], taken=taken)
    rules = rules.drop(index="compile_engine").dropna()
    return rules.groupby("family", sort=False)[["predicted", "taken"]].sum()


def main(folder: str, dataset: str = "") -> None:
    if not dataset:
        print(json.dumps(measure(Path(folder)), indent=1))
        return
    families = compare(Path(folder), dataset)
    predicted, taken = families.sum()
    print(families.round(), f"\nall: {predicted:.0f} predicted, {taken:.0f} taken")
    if not 1 / FACTOR < predicted / taken < FACTOR:
        sys.exit(f"the estimate is wrong by more than a factor of {FACTOR}")


if __name__ == "__main__":
    main(*sys.argv[1:])
