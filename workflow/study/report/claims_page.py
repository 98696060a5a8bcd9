"""The table of claims as a page for people."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Any

import pandas as pd

from study.claims.estimates import Verdict
from study.report.numbers import measured, number
from study.report.pages import render

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
    return render(
        "claims.html",
        title="All claims",
        home=home,
        counts=", ".join(f"{(claims['verdict'] == v).sum()} {v}" for v in Verdict),
        papers=[
            {
                "number": paper,
                "title": PAPERS[str(paper)],
                "data": ", ".join(own["data"].unique()),
                "statements": {
                    statement: [
                        _claim(claim, folder, judged_in)
                        for _, claim in rows.groupby("id", sort=False)
                    ]
                    for statement, rows in own.groupby("statement", sort=False)
                },
            }
            for paper, own in claims.groupby("paper", sort=False)
        ],
    )


def _claim(rows: pd.DataFrame, folder: Path, judged_in: Path) -> dict[str, Any]:
    """What the page shows of a claim, a row for each case."""
    first = rows.iloc[0]
    files = [os.path.relpath(file, judged_in) for file in str(first["files"]).split()]
    return {
        "id": first["id"],
        "measure": first["measure"],
        "files": [(file, (folder / file).exists()) for file in files],
        "read": first["read"],
        "rows": [
            {
                "case": row["case"],
                "estimate": measured(row),
                "criterion": first["criterion"],
                "p": "" if pd.isna(row["p"]) else number(row["p_holm"]),
                "n": f"{row['n']:,} {row['unit']}",
                "verdict": row["verdict"],
            }
            for _, row in rows.iterrows()
        ],
    }
