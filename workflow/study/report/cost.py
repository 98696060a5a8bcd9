"""What a study has cost, and with which software it was made."""

from __future__ import annotations

import platform
from collections import Counter
from collections.abc import Iterable
from importlib.metadata import distributions
from pathlib import Path
from typing import Any

import pandas as pd


def core_hours(folder: Path) -> pd.DataFrame:
    """Hours of processor time, from Snakemake's tables below ``folder``, that of its benchmarks.

    Columns family (of rules), jobs, core_hours; the last row is the sum.
    """
    rows = []
    for file in sorted(folder.rglob("*.tsv")):
        family, *_ = file.relative_to(folder).parts[:-1] or ("data",)
        rows.append((family, pd.read_csv(file, sep="\t")["cpu_time"].iloc[-1] / 3600))
    table = pd.DataFrame(rows, columns=["family", "core_hours"])
    sums = table.groupby("family")["core_hours"].agg(jobs="size", core_hours="sum")
    sums.loc["all", :] = sums.sum()
    return sums.astype({"jobs": int}).reset_index()


def software(machines: Iterable[str]) -> dict[str, Any]:
    """Versions of Python and all packages, and how often each type of processor is among
    ``machines``: of each network those on which it was trained, see :func:`machine.machine`."""
    packages = {f"{found.name} {found.version}" for found in distributions()}
    return {
        "python": platform.python_version(),
        "processors": dict(Counter(sorted(machine.split(": ")[-1] for machine in machines))),
        "packages": sorted(packages, key=str.lower),
    }
