"""When the jobs of a study are done, on so many cores."""

from __future__ import annotations

import heapq
from collections.abc import Sequence
from typing import NamedTuple


class Job(NamedTuple):
    """A job of the workflow; ``before`` are the places, in the list of all, of those it waits for.

    ``family`` is the part of the study that it belongs to.
    """

    rule: str
    wildcards: dict[str, str]
    family: str
    before: tuple[int, ...]

    def __str__(self) -> str:
        return " ".join([self.rule, *self.wildcards.values()])


def in_order(jobs: Sequence[Job]) -> list[int]:
    """The places of ``jobs``, each after all that it waits for."""
    waiting = [len(job.before) for job in jobs]
    order = [k for k, n in enumerate(waiting) if n == 0]
    after = _followers(jobs)
    for k in order:
        for follower in after[k]:
            waiting[follower] -= 1
            if waiting[follower] == 0:
                order.append(follower)
    return order


def longest_chain(jobs: Sequence[Job], seconds: Sequence[float]) -> list[int]:
    """The places of jobs that wait for each other and take longest in all, in order."""
    total: dict[int, float] = {}
    via: dict[int, int | None] = {}
    for k in in_order(jobs):
        via[k] = max(jobs[k].before, key=total.__getitem__, default=None)
        so_far = via[k]
        total[k] = seconds[k] + (0.0 if so_far is None else total[so_far])
    chain: list[int] = []
    place = max(total, key=total.__getitem__, default=None)
    while place is not None:
        chain.append(place)
        place = via[place]
    return chain[::-1]


def wall_seconds(jobs: Sequence[Job], seconds: Sequence[float], cores: int) -> float:
    """Until all ``jobs`` of one core each are done, those first that most time depends on."""
    after = _followers(jobs)
    rest = list(seconds)
    for k in reversed(in_order(jobs)):
        rest[k] += max((rest[follower] for follower in after[k]), default=0.0)
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


def _followers(jobs: Sequence[Job]) -> list[list[int]]:
    """For each job, the places of those that wait for it."""
    after: list[list[int]] = [[] for _ in jobs]
    for k, job in enumerate(jobs):
        for earlier in job.before:
            after[earlier].append(k)
    return after
