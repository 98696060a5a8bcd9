"""Where a finished workflow's wall time went, and its critical path, from what Snakemake kept.

python benchmarks/overhead.py FOLDER, the checkout in which the workflow ran to its end at once.
.snakemake/metadata has the start, end and inputs of each job; a job's own work begins where its
script opens its log file, after imports. What the cores did, in core-seconds:

    work         jobs, from their scripts' logs on
    starts       jobs until then: a process starts, Python imports
    scheduling   a core is free while a job's inputs are ready, or no job is left
    dependencies a core is free as every job left waits for another
"""

from __future__ import annotations

import base64
import json
import re
import subprocess
import sys
from collections.abc import Iterable
from itertools import pairwise
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np

SHOWN = 8  # jobs of the critical path, the longest
TRAINING = ("search_trials", "search_finalists")  # the rest of the search is overhead


class Job(NamedTuple):
    """One job; times in seconds since the workflow's start."""

    name: str
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


def producers(jobs: list[Job]) -> list[list[int]]:
    """For each job, the numbers of the jobs that make its inputs."""
    maker = {output: i for i, job in enumerate(jobs) for output in job.outputs}
    return [sorted({maker[f] for f in job.inputs if f in maker}) for job in jobs]


def shares(jobs: list[Job], n_cores: int, wall: float) -> Shares:
    """What ``n_cores`` did in ``wall`` seconds. Each job takes one core."""
    ready = [max((jobs[p].end for p in before), default=0.0) for before in producers(jobs)]
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


def critical_path(jobs: list[Job]) -> list[Job]:
    """The chain of jobs, each waiting for the one before, that takes longest in all."""
    before = producers(jobs)
    total: dict[int, float] = {}
    via: dict[int, int | None] = {}
    for i in sorted(range(len(jobs)), key=lambda i: jobs[i].start):
        via[i] = max(before[i], key=total.__getitem__, default=None)
        so_far = 0.0 if via[i] is None else total[via[i]]
        total[i] = so_far + jobs[i].end - jobs[i].start
    path = []
    at: int | None = max(total, key=total.__getitem__)
    while at is not None:
        path.append(jobs[at])
        at = via[at]
    return path[::-1]


def search_overhead(jobs: list[Job]) -> dict[str, float]:
    """Core-seconds of the search, its figures left out, and the share that trained nothing."""
    own = [job for job in jobs if job.name.startswith("search_")]
    total = sum(job.end - job.start for job in own)
    trained = sum(job.end - job.work for job in own if job.name.split()[0] in TRAINING)
    return {"search": total, "search_overhead": 1 - trained / total if total else 0.0}


def jobs_of(folder: Path, begin: float, wall: float) -> list[Job]:
    """The jobs of the run that began at ``begin`` (Unix time), which has to be the only one."""
    metadata = folder / ".snakemake" / "metadata"
    records: dict[tuple[str, ...], list[tuple[str, dict[str, Any]]]] = {}
    for file in metadata.rglob("*"):
        if file.is_file():
            record = json.loads(file.read_text())
            # long names are cut into nested folders, whose names start with @
            parts = file.relative_to(metadata).parts
            output = base64.b64decode("".join(part.removeprefix("@") for part in parts)).decode()
            if not begin <= record["starttime"] <= begin + wall:
                raise ValueError(f"the workflow in {folder} ran in several goes")
            if record["log"]:
                records.setdefault(tuple(record["log"]), []).append((output, record))
    jobs = []
    for (log, *_), outputs in records.items():
        record = outputs[0][1]
        start, end = record["starttime"], record["endtime"]
        opened = birth(folder / log)
        if not start <= opened <= end:
            raise ValueError(f"the log {folder / log} is not of the job's last run")
        files = frozenset(output for output, _ in outputs)
        name = " ".join([record["rule"], *Path(log).with_suffix("").parts[2:]])
        spans = (start - begin, opened - begin, end - begin)
        jobs.append(Job(name, *spans, frozenset(record["input"]), files))
    return sorted(jobs, key=lambda job: job.start)


def birth(file: Path) -> float:
    """When ``file`` was created, in Unix time."""
    stat = subprocess.run(
        ["stat", "--format=%.W", file], check=True, capture_output=True, text=True
    )
    return float(stat.stdout)


def measure(folder: Path) -> dict[str, Any]:
    """Shares and critical path of the workflow that ran in ``folder``, from nothing to its end.

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
    begin = log.stat().st_mtime - wall
    jobs = jobs_of(folder, begin, wall)
    result = shares(jobs, int(cores[1]), wall)
    path = critical_path(jobs)
    longest = sorted(path, key=lambda job: job.start - job.end)[:SHOWN]
    return {
        "folder": folder.name,
        "jobs": len(jobs),
        "cores": int(cores[1]),
        "wall": wall,
        **result._asdict(),
        "overhead": result.overhead,
        **search_overhead(jobs),
        "critical_path": sum(job.end - job.start for job in path),
        "critical_jobs": [[job.name, job.end - job.start] for job in path if job in longest],
    }


def lines(result: dict[str, Any]) -> Iterable[str]:
    total = result["cores"] * result["wall"]
    yield f"{result['jobs']} jobs, {result['wall']:.0f} s, {result['cores']} cores; core-seconds:"
    for name in Shares._fields:
        yield f"  {name:12} {result[name]:7.0f}  {100 * result[name] / total:5.1f} %"
    yield f"overhead {100 * result['overhead']:.1f} %"
    share = 100 * result["search_overhead"]
    yield f"search {result['search']:.0f}, of which {share:.1f} % overhead"
    yield f"critical path {result['critical_path']:.0f} s, its longest jobs:"
    for name, seconds in result["critical_jobs"]:
        yield f"  {seconds:6.1f} s  {name}"


if __name__ == "__main__":
    print(*lines(measure(Path(sys.argv[1]))), sep="\n")
