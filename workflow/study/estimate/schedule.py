"""When the jobs of a study are done, on so many cores."""

from __future__ import annotations

import heapq
from collections.abc import Sequence
from typing import NamedTuple


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
