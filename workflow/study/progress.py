"""How work is shared out among jobs, and reported while it is done."""

from __future__ import annotations

import logging
import time
from collections.abc import Iterable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import TypeVar

log = logging.getLogger(__name__)

EVERY = 60.0  # seconds between lines in a log

T = TypeVar("T")


def share(work: Sequence[T], job: int, jobs: int) -> Sequence[T]:
    """What job number ``job`` of ``jobs`` does: every ``jobs``-th piece, so that loads are even."""
    return work[job::jobs]


def with_progress(work: Iterable[T], total: int, what: str) -> Iterator[T]:
    """Each of the ``total`` pieces of ``work``, named by ``what``.

    A bar in a terminal shows how far it is; where there is none, as in a workflow's job, the log
    says so after the first piece and then once a minute.
    """
    from tqdm import tqdm  # here: the workflow is read where there is none, too

    last = -EVERY
    for done, piece in enumerate(tqdm(work, what, total, disable=None)):
        if done > 0 and time.monotonic() > last + EVERY:
            last = time.monotonic()
            log.info("%s: %d of %d done", what, done, total)
        yield piece


def newest(places: Mapping[str, str], moment: float) -> dict[str, str]:
    """Those files and folders of ``places`` that were written after ``moment`` (s since 1970), or
    all that exist if none was."""
    there = {what: place for what, place in places.items() if Path(place).exists()}

    def written(place: str) -> float:
        return max(file.stat().st_mtime for file in [Path(place), *Path(place).glob("*")])

    return {what: p for what, p in there.items() if written(p) >= moment} or there
