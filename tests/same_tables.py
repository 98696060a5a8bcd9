"""Whether two folders of results hold the same numbers, to the bit.

``python tests/same_tables.py OLD NEW [--moved PATTERN=REPLACEMENT ...] [--gone PATTERN ...]``

Compares each table and each file of tensors of OLD with its namesake in NEW. What depends on the
machine or the code's text is left out: durations, machines, digests. ``--moved`` says by a regular
expression what a file is called now, ``--gone`` which files are meant to be absent. The exit status
is 1 if anything differs. No part of the suite: it compares what two commits have made.
"""

from __future__ import annotations

import argparse
import re
import sys
from collections.abc import Iterator
from pathlib import Path

import pandas as pd
from safetensors.numpy import load_file

READERS = {".csv": pd.read_csv, ".parquet": pd.read_parquet, ".safetensors": load_file}
LEFT_OUT = re.compile(r"(^|/)(benchmarks/|estimate/|hours\.csv|estimate\.csv)|/states/")
MACHINES = {"minutes", "seconds", "hours", "core_hours", "made", "code", "identity", "commit"}


def difference(old: Path, new: Path) -> str:
    """What differs between two files of one kind; empty if nothing does."""
    read = READERS[old.suffix]
    one, other = read(old), read(new)
    if isinstance(one, dict):
        one, other = ({k: v for k, v in t.items() if k not in MACHINES} for t in (one, other))
        if one.keys() != other.keys():
            return f"tensors {sorted(one.keys() ^ other.keys())} are in one file alone"
        unlike = [k for k in one if one[k].tobytes() != other[k].tobytes()]
        return f"tensors {unlike} differ" if unlike else ""
    one, other = (t.drop(columns=MACHINES & set(t.columns)) for t in (one, other))
    try:
        pd.testing.assert_frame_equal(one, other, check_exact=True)
    except AssertionError as problem:
        return " ".join(str(problem).split())
    return ""


def differences(old: Path, new: Path, moved: dict[str, str], gone: list[str]) -> Iterator[str]:
    """A line for each file of ``old`` that ``new`` lacks or has with other numbers."""
    for file in sorted(path for path in old.rglob("*") if path.suffix in READERS):
        name = str(file.relative_to(old))
        if LEFT_OUT.search(name) or any(re.search(pattern, name) for pattern in gone):
            continue
        for pattern, replacement in moved.items():
            name = re.sub(pattern, replacement, name)
        if not (new / name).exists():
            yield f"{name}: is not there"
        elif text := difference(file, new / name):
            yield f"{name}: {text}"


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("old", type=Path)
    parser.add_argument("new", type=Path)
    parser.add_argument("--moved", nargs="*", default=[], metavar="PATTERN=REPLACEMENT")
    parser.add_argument("--gone", nargs="*", default=[], metavar="PATTERN")
    given = parser.parse_args()
    renamed = dict(entry.split("=", 1) for entry in given.moved)
    found = list(differences(given.old, given.new, renamed, given.gone))
    print(*found, f"{len(found)} files differ", sep="\n")
    sys.exit(bool(found))
