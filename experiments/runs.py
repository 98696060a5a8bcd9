"""A table of runs that grows row by row, so that a second start goes on where one was stopped."""

from __future__ import annotations

import csv
from collections.abc import Iterable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

Job = dict[str, Any]

WORDS = ("word_variation", "word_in_jumps", "word_minima")
"""Columns that tell how rough single words' losses are around a network."""


def remaining(table: Path, jobs: Iterable[Job]) -> Iterator[Job]:
    """Those of ``jobs`` that no row of ``table`` is about; jobs are compared as text."""
    done: list[dict[str, str]] = []
    if table.exists():
        with table.open(newline="") as file:
            done = list(csv.DictReader(file))
    for job in jobs:
        if not any(all(row[key] == str(value) for key, value in job.items()) for row in done):
            yield job


def append(table: Path, columns: Sequence[str], rows: Iterable[Mapping[str, Any]]) -> None:
    """Append ``rows`` to ``table``, which begins with the names of ``columns``."""
    new = not table.exists()
    with table.open("a", newline="") as file:
        writer = csv.DictWriter(file, columns, extrasaction="ignore", lineterminator="\n")
        if new:
            writer.writeheader()
        writer.writerows(rows)
