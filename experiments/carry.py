"""Carry a study to another machine: its searches and trained networks in one file.

    python experiments/carry.py pack results/heidelberg-digits study.tar.xz
    python experiments/carry.py unpack study.tar.xz results/heidelberg-digits

Data, snapshots and landscapes stay behind: make the data first there, then unpack, and go on with
the study's own command and `--rerun-triggers mtime`. What was packed is not made again; a network
whose landscape is wanted is trained again for its snapshots, to the same bits.
"""

from __future__ import annotations

import argparse
import os
import tarfile
import time
from collections.abc import Iterator
from pathlib import Path

from spikegrad.storage.files import atomic

PACKED = (
    "benchmarks/search/**/*.tsv",
    "benchmarks/training/**/*.tsv",
    "engine/*.compiled",
    "search/*/*/**/*",
    "training/*/*/best.safetensors",
    "training/*/*/history.parquet",
    "training/*/*/outcome.json",
    "training/*/*/silence.parquet",
)
CHECKPOINTS = "states"


def packed(results: Path) -> Iterator[Path]:
    """The files of a results folder that are carried, relative to it, in a fixed order."""
    found = {file for pattern in PACKED for file in results.glob(pattern) if file.is_file()}
    for file in sorted(found):
        if CHECKPOINTS not in file.relative_to(results).parts:
            yield file.relative_to(results)


def pack(results: Path, archive: Path) -> None:
    """Write ``archive``; the same results give the same bytes."""
    with atomic(archive) as part, tarfile.open(part, "w:xz") as tar:
        for name in packed(results):
            about = tarfile.TarInfo(str(name))
            about.size = (results / name).stat().st_size
            with open(results / name, "rb") as file:
                tar.addfile(about, file)


def unpack(archive: Path, results: Path) -> None:
    """Lay the files of ``archive`` into ``results``, all of one time, as the workflow wants."""
    now = time.time()
    with tarfile.open(archive) as tar:
        for about in tar:
            tar.extract(about, results, filter="data")
            os.utime(results / about.name, (now, now))


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("what", choices=["pack", "unpack"])
    parser.add_argument("source", type=Path, help="results folder to pack, or archive")
    parser.add_argument("target", type=Path, help="archive to write, or results folder")
    options = parser.parse_args()
    {"pack": pack, "unpack": unpack}[options.what](options.source, options.target)


if __name__ == "__main__":
    main()
