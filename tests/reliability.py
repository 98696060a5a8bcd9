"""docs/reliability.md, written from what the fault tests have done."""

from __future__ import annotations

import json
import platform
import subprocess
from datetime import UTC, datetime
from importlib.metadata import version
from pathlib import Path
from typing import TypedDict

DOCS = Path(__file__).parents[1] / "docs"
RECORDS, PAGE = DOCS / "reliability.json", DOCS / "reliability.md"

HEAD = """\
# Reliability

What was done to running studies, and what became of them. `make test-faults` and `make test-slurm`
write this page from what they count; `tests/test_faults.py` and `tests/test_slurm.py` say how.

Each fault hits a part of the smoke study (data, search, training, a landscape, NTK networks) at
moments drawn by a seed. Survived means: that run, or the one that followed it, came to its end.
Results are identical if every file equals that of an undisturbed run, but for logs, benchmark
tables and durations.

| fault | injected | survived | results identical | date | with |
|---|---|---|---|---|---|
"""

FOOT = """
[On a cluster](cluster.md#when-something-dies) says how to start again.
"""


class Row(TypedDict):
    injected: int
    survived: int
    identical: bool
    date: str
    versions: str


def record(fault: str, injected: int, survived: int, identical: bool, slurm: bool = False) -> None:
    """Keep what happened in the latest test of ``fault``, and write the page anew."""
    rows = json.loads(RECORDS.read_text()) if RECORDS.exists() else {}
    versions = f"Python {platform.python_version()}, Snakemake {version('snakemake')}"
    if slurm:
        tool = subprocess.run(["sinfo", "--version"], capture_output=True, text=True, check=True)
        versions += f", {tool.stdout.strip().replace('slurm-wlm', 'Slurm')}"
    rows[fault] = Row(
        injected=injected,
        survived=survived,
        identical=identical,
        date=datetime.now(UTC).date().isoformat(),
        versions=versions,
    )
    RECORDS.write_text(json.dumps(rows, indent=1) + "\n")
    PAGE.write_text(page(rows))


def page(rows: dict[str, Row]) -> str:
    lines = [
        f"| {fault} | {row['injected']} | {row['survived']} |"
        f" {'yes' if row['identical'] else '**no**'} | {row['date']} | {row['versions']} |\n"
        for fault, row in rows.items()
    ]
    return HEAD + "".join(lines) + FOOT
