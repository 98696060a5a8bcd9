"""Claims judged from tables that a file lists, in a study's results or where they are kept."""

from __future__ import annotations

import os
from collections.abc import Mapping, Sequence
from datetime import date
from pathlib import Path

import pandas as pd
import yaml

from spikegrad.files import atomic
from study.claims.judge import CLAIMS, judge
from study.claims.results import Tables

JUDGED = "judged.yaml"
"""Beside claims.csv: the paper, the data's name, the day of the study's ``criteria``, the seed of
permutations, and the files of each table, from there."""


def write_judged(
    file: Path, tables: Mapping[str, Sequence[str]], **about: str | int | None
) -> None:
    """Write what :func:`judged_again` reads: the files of ``tables`` and what else is needed."""
    own = {name: [os.path.relpath(f, file.parent) for f in files] for name, files in tables.items()}
    with atomic(file) as part:
        part.write_text(yaml.safe_dump({**about, "tables": own}, sort_keys=False))


def tables_of(file: Path) -> dict[str, list[str]]:
    """The files of each table that ``file`` names."""
    named = yaml.safe_load(file.read_text())["tables"]
    return {
        name: [os.path.normpath(file.parent / own) for own in files]
        for name, files in named.items()
    }


def judged_again(file: Path) -> pd.DataFrame:
    """The table of claims that ``file`` is about; ClaimError if tables are absent or lack
    something."""
    about = yaml.safe_load(file.read_text())
    own = [claim for claim in CLAIMS if claim.statement.paper == about["paper"]]
    fixed = date.fromisoformat(about["criteria"]) if about["criteria"] else None
    return judge(Tables(tables_of(file), about["seed"]), about["data"], fixed, own)
