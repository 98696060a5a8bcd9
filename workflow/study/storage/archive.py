"""Archives of a study: its searches, trained networks and measured landscapes, without its data.

    python -m study.storage.archive pack results/shd first.tar.xz
    python -m study.storage.archive pack results/shd second.tar.xz --after first.tar.xz
    python -m study.storage.archive unpack results/shd first.tar.xz second.tar.xz

The second holds what is new since the first. docs/usage.md: how a study goes on from archives.
"""

from __future__ import annotations

import argparse
import io
import os
import tarfile
import time
from collections.abc import Iterator, Sequence
from pathlib import Path

from spikegrad.files import atomic
from study.config.remembered import NAME
from study.storage.sums import unseal

TRAINED = ("trained.safetensors", "outcome.json", "*.csv", "*.parquet", "*.yaml")
PATTERNS = (
    "benchmarks/*/**/*.tsv",
    "engine/*.compiled",
    *(f"landscape/directions/**/*.{f}" for f in ("parquet", "safetensors")),
    "landscape/*/*/*/[0-9]*.parquet",  # of every measure, by the number of its job
    *(f"networks/**/*.{f}" for f in ("csv", "parquet", "safetensors")),
    "search/*/*/**/*",
    *(f"{folder}/**/{f}" for folder in ("training", "variants") for f in TRAINED),
)
CHECKPOINTS = "states"
DONE = ".snakemake_timestamp"  # Snakemake leaves it in a folder of records when its job is done


def contents(results: Path) -> Iterator[Path]:
    """What is archived, relative to ``results``: no checkpoints, nothing of unfinished jobs."""
    found = {file for pattern in PATTERNS for file in results.glob(pattern) if file.is_file()}
    for file in sorted(found):
        unfinished = file.parent.name.startswith("job") and not (file.parent / DONE).exists()
        if CHECKPOINTS not in file.relative_to(results).parts and not unfinished:
            yield file.relative_to(results)


def read_archives(archives: Sequence[Path]) -> dict[str, bytes]:
    """The files in ``archives`` by name; a later archive's file replaces an earlier one's."""
    files = {}
    for archive in archives:
        with tarfile.open(archive) as tar:
            for about in tar:
                if file := tar.extractfile(about):
                    files[about.name] = file.read()
    return files


def pack(results: Path, archive: Path, earlier: Sequence[Path] = ()) -> None:
    """Write what ``earlier`` archives lack, if anything; the same files give the same bytes."""
    files = {str(name): (results / name).read_bytes() for name in contents(results)}
    if new := files.items() - read_archives(earlier).items():
        with atomic(archive) as part, tarfile.open(part, "w:xz") as tar:
            for name, content in sorted(new):
                about = tarfile.TarInfo(name)
                about.size = len(content)
                tar.addfile(about, io.BytesIO(content))


def unpack(results: Path, archives: Sequence[Path]) -> None:
    """Write the files of ``archives`` below ``results``, and nowhere else (``FilterError``).

    No ``.snakemake`` knows all of the results then.
    """
    (results / NAME).unlink(missing_ok=True)
    now = time.time()  # of all files, so that none looks older than what it was made from
    for archive in archives:
        with tarfile.open(archive) as tar:
            for about in tar:
                name = tarfile.data_filter(about, str(results)).name
                if content := tar.extractfile(about):
                    unseal(results / name, results)
                    with atomic(results / name) as part:
                        part.write_bytes(content.read())
                        os.utime(part, (now, now))


if __name__ == "__main__":
    parser = argparse.ArgumentParser(prog="python -m study.storage.archive")
    parser.add_argument("command", choices=["pack", "unpack"])
    parser.add_argument("results", type=Path)
    parser.add_argument("archives", type=Path, nargs="+")
    parser.add_argument("--after", type=Path, nargs="+", default=[], help="earlier archives")
    given = parser.parse_args()
    if given.command == "unpack":
        unpack(given.results, given.archives)
    elif given.results.is_dir() and len(given.archives) == 1:
        pack(given.results, given.archives[0], given.after)
    else:
        parser.error("pack takes the results folder of a study and the name of one archive")
