"""How work is shared out among jobs."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TypeVar

T = TypeVar("T")


def share(work: Sequence[T], job: int, jobs: int) -> Sequence[T]:
    """What job number ``job`` of ``jobs`` does: every ``jobs``-th piece, so that loads are even."""
    return work[job::jobs]
