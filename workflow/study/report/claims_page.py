"""The table of claims as a page for people."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Any

import pandas as pd

from study.claims.estimates import Verdict
from study.report.environment import render
from study.report.numbers import count_with_unit, estimate_with_interval, number

PAPERS = {
    "arXiv 2606.03935": "Quadratic integrate-and-fire neurons exhibit less fragmented loss "
    "landscapes and outperform leaky integrate-and-fire neurons in spike-based gradient descent",
    "arXiv 2405.15539": "A generalized neural tangent kernel for surrogate gradient learning",
}


def claims_page(claims: pd.DataFrame, home: str, folder: Path, judged_in: Path) -> str:
    """HTML of the table that :func:`judge.judge` makes.

    ``home`` is the study's page beside it. ``folder`` is that of the page, from which links lead
    to those files that are there; the files are named as they lay in ``judged_in`` when the claims
    were judged.
    """

    def files(named: str) -> list[tuple[str, bool]]:
        relative = [os.path.relpath(file, judged_in) for file in named.split()]
        return [(file, (folder / file).exists()) for file in relative]

    claims = claims.fillna({"files": ""})  # of what was not compared
    return render(
        "claims.html",
        title="All claims",
        home=home,
        counts=", ".join(f"{n} {v}" for v in Verdict if (n := (claims["verdict"] == v).sum())),
        papers=_group_rows(claims, "paper", "statement", "id"),
        titles=PAPERS,
        data=claims.groupby("paper")["data"].unique(),
        files=files,
        count_with_unit=count_with_unit,
        estimate_with_interval=estimate_with_interval,
        number=number,
    )


def _group_rows(rows: pd.DataFrame, by: str, *more: str) -> dict[str, Any]:
    """Rows as dictionaries, by their columns ``by``, ``more``, ..."""
    groups = rows.groupby(by, sort=False)
    return {
        str(key): _group_rows(own, *more) if more else own.to_dict("records") for key, own in groups
    }
