"""Checksums of what jobs write, checked by the jobs that read it: one scheme for all files.

Sums lie in ``results/<dataset>/.sums``; that of a folder is of all files in it. Files that a user
brings have none. Tensors and prepared events carry checksums of their own, and are large.
"""

from __future__ import annotations

import hashlib
import time
from collections.abc import Iterable
from pathlib import Path

from spikegrad.files import atomic

RESULTS, FOLDER = "results", ".sums"
OWN = ("*.safetensors", "events.h5")
"""What carries its own checksum."""
PATIENCE = 20.0
"""Seconds that another machine's sum may come later than its file."""


class DamagedError(ValueError):
    """A file is not what the job that made it has written; the message names it and what to do."""


def seal(paths: Iterable[str | Path]) -> None:
    """Write the sums of those files and folders of ``paths`` that are there."""
    for path in map(Path, paths):
        if path.exists() and not any(map(path.match, OWN)):
            with atomic(_place(path)) as part:
                part.write_text(_sum(path) + "\n")


def verify(paths: Iterable[str | Path], patience: float = PATIENCE) -> None:
    """DamagedError for the first of ``paths`` that differs from its sum, if it has one.

    A file that was written less than ``patience`` seconds ago may yet get its sum.
    """
    for path in map(Path, paths):
        while not _is_whole(path):
            if time.time() > _written(path) + patience:
                raise DamagedError(
                    f"{path} is not as it was written: it is damaged, or was edited; delete it, and"
                    " snakemake makes it again"
                )
            time.sleep(min(1.0, patience))


def unseal(path: Path, top: Path) -> None:
    """Remove the sums of ``path`` and of the folders that it lies in, below ``top``."""
    while path != top:
        _place(path).unlink(missing_ok=True)
        path = path.parent


def _is_whole(path: Path) -> bool:
    place = _place(path)
    return not place.exists() or not path.exists() or place.read_text().strip() == _sum(path)


def _written(path: Path) -> float:
    """When a file was, or the last of a folder's files."""
    return max(file.stat().st_mtime for file in [path, *path.rglob("*")])


def _place(path: Path) -> Path:
    parts = path.parts
    top = len(parts) - 1  # beside it, if it is in no study's results
    if RESULTS in parts:
        inner = len(parts) - 1 - parts[::-1].index(RESULTS)
        top = min(inner + 2, top)
    return Path(*parts[:top], FOLDER, *parts[top:-1], f"{path.name}.sum")


def _sum(path: Path) -> str:
    total = hashlib.blake2b(digest_size=16)
    files = [path]
    if path.is_dir():  # but for what Snakemake adds afterwards
        files = sorted(p for p in path.rglob("*") if p.is_file() and not p.name.startswith("."))
    for file in files:
        if file != path:
            total.update(f"{file.relative_to(path)} {file.stat().st_size}\n".encode())
        with open(file, "rb") as content:
            while block := content.read(2**20):
                total.update(block)
    return total.hexdigest()
