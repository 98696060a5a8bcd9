"""What operations take on one machine, what a cluster grants a job, and when all jobs are done.

`snakemake estimate` measures the same on the present machine: :mod:`study.estimate.timing`.
"""

from __future__ import annotations

import heapq
import math
from collections.abc import Mapping, Sequence
from typing import NamedTuple

from study.config.study import Study
from study.estimate.size import UNKNOWN
from study.estimate.work import Operation, Wildcards, Work, counted, work_of

MEASURED = ("lif", "lif_refractory", "qif", "qif_cut", "qif_delta")
SECONDS: dict[Operation, float] = {
    ("start",): 2.5,
    ("other",): 1.0,
    ("call",): 4e-4,
    **{
        (kind, neuron): 1e-9 * value
        for kind, values in {
            "update": (0.55, 0.66, 0.70, 0.70, 0.65),
            "response": (0.28, 0.28, 0.28, 0.28, 0.25),
            "loss": (0.32, 0.48, 0.70, 0.70, 0.33),
            "gradient": (0.63, 1.00, 1.75, 1.40, 0.86),
        }.items()
        for neuron, value in zip(MEASURED, values, strict=True)
    },
}
"""Measured for config/heidelberg.yaml on one of two shared virtual cores with AVX-512. QIF networks
of one shape and activity differ by a factor of two in double precision."""


class Start(NamedTuple):
    """What a job takes before its own work begins: seconds, and megabytes of memory."""

    seconds: float
    memory: float


USUAL = Start(SECONDS["start",], 450.0)
LEAST = 30  # minutes
DAY = 24 * 60
MARGIN = 4  # a core half as fast, and twice the work: networks of high activity


def job_seconds(work: Work, seconds: Mapping[Operation, float] = SECONDS) -> float:
    """What ``work`` takes, by the ``seconds`` of each operation; a new neuron model costs what QIF
    does."""
    return sum(
        amount * (seconds[operation] if operation in seconds else seconds[operation[0], "qif"])
        for operation, amount in work.items()
    )


def limit(study: Study, rule: str, wildcards: Wildcards) -> int:
    """Minutes that a cluster grants a job of ``rule``; at least a day where settings do not say how
    large the data are. A new measure of landscapes gets the time of surfaces."""
    known = rule if counted(rule) else "landscape_surfaces"
    seconds = job_seconds(work_of(study, known, wildcards))
    unknown = study.data.source in UNKNOWN and not rule.startswith("ntk_")
    return max(DAY if unknown else LEAST, math.ceil(MARGIN * seconds / 60))


class Job(NamedTuple):
    """A job of the workflow; ``before`` are the places of those that it waits for, in a list in
    which these come first. ``family`` is the part of the study that it belongs to."""

    rule: str
    wildcards: dict[str, str]
    family: str
    before: tuple[int, ...]

    def __str__(self) -> str:
        return " ".join([self.rule, *self.wildcards.values()])


def longest_chain(jobs: Sequence[Job], seconds: Sequence[float]) -> list[int]:
    """The places of jobs that wait for each other and take longest in all, in order."""
    ends: list[float] = []
    for job, own in zip(jobs, seconds, strict=True):
        ends.append(own + max((ends[k] for k in job.before), default=0.0))
    chain = [max(range(len(jobs)), key=ends.__getitem__)]
    while before := jobs[chain[0]].before:
        chain.insert(0, max(before, key=ends.__getitem__))
    return chain


def wall_seconds(jobs: Sequence[Job], seconds: Sequence[float], cores: int) -> float:
    """Until all ``jobs`` of one core each are done, those first that most time depends on."""
    after: list[list[int]] = [[] for _ in jobs]
    rest = list(seconds)  # until all is done that waits for a job
    for k in reversed(range(len(jobs))):
        rest[k] += max((rest[follower] for follower in after[k]), default=0.0)
        for earlier in jobs[k].before:
            after[earlier].append(k)
    waiting = [len(job.before) for job in jobs]
    ready = [(-rest[k], k) for k, n in enumerate(waiting) if n == 0]
    heapq.heapify(ready)
    running: list[tuple[float, int]] = []
    now = 0.0
    while ready or running:
        while ready and len(running) < cores:
            _, k = heapq.heappop(ready)
            heapq.heappush(running, (now + seconds[k], k))
        now, done = heapq.heappop(running)
        for follower in after[done]:
            waiting[follower] -= 1
            if waiting[follower] == 0:
                heapq.heappush(ready, (-rest[follower], follower))
    return now
