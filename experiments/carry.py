"""Carry a study to another machine: searches, trained networks and landscapes in few files.

    python experiments/carry.py pack results/heidelberg-digits study_0.tar.xz
    python experiments/carry.py pack results/heidelberg-digits study_1.tar.xz --after study_0.tar.xz
    python experiments/carry.py unpack study_0.tar.xz study_1.tar.xz results/heidelberg-digits

The second holds what is new since the first.

Data, snapshots and the directions of landscapes stay behind: make the data first there, the
searches' own (`search/events.h5`) included, then unpack, and go on with the study's own command
and `--rerun-triggers mtime`. What was packed is not made again; a network whose landscape is still
to be made is trained again for its snapshots, to the same bits.
"""

from __future__ import annotations

import argparse
import io
import os
import tarfile
import time
from collections.abc import Iterator, Sequence
from pathlib import Path

from spikegrad.storage.files import atomic

PACKED = (
    "benchmarks/landscape/**/*.tsv",
    "benchmarks/search/**/*.tsv",
    "benchmarks/training/**/*.tsv",
    "engine/*.compiled",
    "landscape/directions/*.parquet",
    *(f"landscape/{f}/*/*/*.parquet" for f in ("census", "gradients", "profiles", "surfaces")),
    "search/*/*/**/*",
    "training/*/*/best.safetensors",
    "training/*/*/history.parquet",
    "training/*/*/outcome.json",
    "training/*/*/silence.parquet",
)
CHECKPOINTS = "states"
DONE = ".snakemake_timestamp"
"""Snakemake leaves it in a folder of records when its job is done."""


def packed(results: Path) -> Iterator[Path]:
    """The files of a results folder that are carried, relative to it, in a fixed order.

    Checkpoints are not among them, nor what a job has written that is not done.
    """
    found = {file for pattern in PACKED for file in results.glob(pattern) if file.is_file()}
    for file in sorted(found):
        running = file.parent.name.startswith("job") and not (file.parent / DONE).exists()
        if CHECKPOINTS not in file.relative_to(results).parts and not running:
            yield file.relative_to(results)


def held(archives: Sequence[Path]) -> dict[str, bytes]:
    """The files in ``archives`` by name; what a later one has replaces what an earlier one had."""
    files = {}
    for archive in archives:
        with tarfile.open(archive) as tar:
            for about in tar:
                file = tar.extractfile(about)
                assert file is not None, f"{archive}: {about.name} is no file"
                files[about.name] = file.read()
    return files


def pack(results: Path, archive: Path, earlier: Sequence[Path] = ()) -> None:
    """Write to ``archive`` what ``earlier`` ones do not hold; the same results give the same bytes.

    Nothing is written where nothing is new.
    """
    known = held(earlier)
    files = {str(name): (results / name).read_bytes() for name in packed(results)}
    new = {name: content for name, content in files.items() if known.get(name) != content}
    if not new:
        return
    with atomic(archive) as part, tarfile.open(part, "w:xz") as tar:
        for name, content in new.items():
            about = tarfile.TarInfo(name)
            about.size = len(content)
            tar.addfile(about, io.BytesIO(content))


def unpack(archives: Sequence[Path], results: Path) -> None:
    """Lay the files of ``archives`` into ``results``, all of one time, as the workflow wants."""
    now = time.time()
    for archive in archives:
        with tarfile.open(archive) as tar:
            for about in tar:
                tar.extract(about, results, filter="data")
                os.utime(results / about.name, (now, now))


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    commands = parser.add_subparsers(dest="command", required=True)
    one = commands.add_parser("pack", help="write an archive of a results folder")
    one.add_argument("results", type=Path)
    one.add_argument("archive", type=Path)
    one.add_argument(
        "--after", type=Path, nargs="+", default=[], help="archives whose files are left out"
    )
    other = commands.add_parser("unpack", help="lay archives into a results folder, in this order")
    other.add_argument("archives", type=Path, nargs="+")
    other.add_argument("results", type=Path)
    options = parser.parse_args()
    if options.command == "pack":
        pack(options.results, options.archive, options.after)
    else:
        unpack(options.archives, options.results)


if __name__ == "__main__":
    main()
