"""Where a finished workflow's wall time went, from what Snakemake kept.

python benchmarks/overhead.py FOLDER, the checkout in which the workflow ran to its end at once.
What the cores did, in core-seconds:

    work         jobs, once their scripts have opened their logs: after imports
    starts       jobs until then
    scheduling   a core is free while a job's inputs are ready, or no job is left
    dependencies a core is free as every job left waits for another
"""

from __future__ import annotations

import base64
import json
import re
import subprocess
import sys
from itertools import pairwise
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np

TRAINING = ("search_trials", "search_finalists")  # the rest of the search is overhead


class Job(NamedTuple):
    """One job; times in seconds since the workflow's start."""

    rule: str
    start: float
    work: float
    """When its own work begins."""
    end: float
    inputs: frozenset[str]
    outputs: frozenset[str]


class Shares(NamedTuple):
    """Core-seconds."""

    work: float
    starts: float
    scheduling: float
    dependencies: float

    @property
    def overhead(self) -> float:
        """Part of the time in which cores could have worked: starts and scheduling."""
        return (self.starts + self.scheduling) / sum(self)


def shares(jobs: list[Job], n_cores: int, wall: float) -> Shares:
    """What ``n_cores`` did in ``wall`` seconds. Each job takes one core."""
    ends = {output: job.end for job in jobs for output in job.outputs}
    ready = [max((ends.get(file, 0.0) for file in job.inputs), default=0.0) for job in jobs]
    times = np.unique([0.0, wall, *(t for job in jobs for t in (job.start, job.end)), *ready])
    scheduling = dependencies = 0.0
    for a, b in pairwise(times):
        free = n_cores - sum(job.start <= a < job.end for job in jobs)
        waiting = sum(r <= a < job.start for r, job in zip(ready, jobs, strict=True))
        over = not any(a < job.end for job in jobs)
        wanted = free if over else min(free, waiting)
        scheduling += wanted * (b - a)
        dependencies += (free - wanted) * (b - a)
    return Shares(
        sum(job.end - job.work for job in jobs),
        sum(job.work - job.start for job in jobs),
        scheduling,
        dependencies,
    )


def search_overhead(jobs: list[Job]) -> dict[str, float]:
    """Core-seconds of the search, its figures left out, and the share that trained nothing."""
    own = [job for job in jobs if job.rule.startswith("search_")]
    total = sum(job.end - job.start for job in own)
    trained = sum(job.end - job.work for job in own if job.rule in TRAINING)
    return {"search": total, "search_overhead": 1 - trained / total if total else 0.0}


def jobs_of(folder: Path, begin: float, wall: float) -> list[Job]:
    """The jobs of the run that began at ``begin`` (Unix time), which has to be the only one."""
    metadata = folder / ".snakemake" / "metadata"
    jobs: dict[str, Job] = {}
    for file in filter(Path.is_file, metadata.rglob("*")):
        record = json.loads(file.read_text())
        # long names are cut into nested folders, whose names start with @
        parts = file.relative_to(metadata).parts
        output = base64.b64decode("".join(part.removeprefix("@") for part in parts)).decode()
        start, end = record["starttime"], record["endtime"]
        if not begin <= start <= begin + wall:
            raise ValueError(f"the workflow in {folder} ran in several goes")
        for log in record["log"][:1]:
            outputs = (jobs[log].outputs if log in jobs else frozenset()) | {output}
            spans = start - begin, birth(folder / log) - begin, end - begin
            jobs[log] = Job(record["rule"], *spans, frozenset(record["input"]), outputs)
    return list(jobs.values())


def birth(file: Path) -> float:
    """When ``file`` was created, in Unix time."""
    stat = subprocess.run(
        ["stat", "--format=%.W", file], check=True, capture_output=True, text=True
    )
    return float(stat.stdout)


def measure(folder: Path) -> dict[str, Any]:
    """Shares of the workflow that ran in ``folder``, from nothing to its end.

    Raises
    ------
    FileNotFoundError
        If no workflow ran to its end there.
    ValueError
        If it ran in several goes.
    """
    for log in sorted((folder / ".snakemake" / "log").glob("*.log"), reverse=True):
        text = log.read_text()
        cores = re.search(r"^Provided cores: (\d+)", text, re.MULTILINE)
        elapsed = re.search(r"^Elapsed time: (\d+):(\d+):([\d.]+)", text, re.MULTILINE)
        if cores and elapsed and "(Rule: default)" in text and "(100%) done" in text:
            break
    else:
        raise FileNotFoundError(
            f"no workflow ran to its end in {folder}; run make demo there first"
        )
    hours, minutes, seconds = map(float, elapsed.groups())
    wall = 3600 * hours + 60 * minutes + seconds
    jobs = jobs_of(folder, log.stat().st_mtime - wall, wall)
    result = shares(jobs, int(cores[1]), wall)
    return {
        "folder": folder.name,
        "jobs": len(jobs),
        "cores": int(cores[1]),
        "wall": wall,
        **result._asdict(),
        "overhead": result.overhead,
        **search_overhead(jobs),
    }


if __name__ == "__main__":
    print(json.dumps(measure(Path(sys.argv[1])), indent=1))
