"""The table of claims as a page for people."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

from spikegrad.claims.estimates import Verdict
from spikegrad.claims.judge import Sources
from spikegrad.claims.results import Source
from spikegrad.report.pages import render

PAPERS = {
    "arXiv 2606.03935": "Quadratic integrate-and-fire neurons exhibit less fragmented loss "
    "landscapes and outperform leaky integrate-and-fire neurons in spike-based gradient descent",
    "arXiv 2405.15539": "A generalized neural tangent kernel for surrogate gradient learning",
}


def claims_page(claims: pd.DataFrame, sources: Sources, data: str, folder: Path) -> str:
    """HTML of what :func:`judge.judge` finds.

    ``data`` names the spike data, ``folder`` is that of the page, beside which the files lie.
    """
    return render(
        "claims.html",
        title=f"Claims of the two papers, {data}",
        counts=", ".join(f"{(claims['verdict'] == v).sum()} {v}" for v in Verdict),
        papers=[
            {
                "number": paper,
                "title": PAPERS[str(paper)],
                "data": ", ".join(own["data"].unique()),
                "statements": {
                    statement: [
                        _claim(claim, sources[str(name)], folder)
                        for name, claim in rows.groupby("id", sort=False)
                    ]
                    for statement, rows in own.groupby("statement", sort=False)
                },
            }
            for paper, own in claims.groupby("paper", sort=False)
        ],
    )


def _claim(rows: pd.DataFrame, sources: list[Source], folder: Path) -> dict[str, Any]:
    """What the page shows of a claim, a row for each case."""
    first = rows.iloc[0]
    return {
        "id": first["id"],
        "measure": first["measure"],
        "sources": _by_table(sources, folder),
        "rows": [
            {
                "case": row["case"],
                "estimate": _estimate(row),
                "criterion": first["criterion"],
                "p": _p_values(row),
                "n": claim_number(row["n"], row["unit"]),
                "verdict": row["verdict"],
            }
            for _, row in rows.iterrows()
        ],
    }


def _by_table(sources: list[Source], folder: Path) -> list[dict[str, Any]]:
    """Of each table that the study makes, its files beside the page, and what was read of them."""
    read: dict[tuple[str, ...], list[str]] = {}
    for source in sources:
        if source.files:
            read.setdefault(source.files, []).append(str(source))
    return [
        {"files": [os.path.relpath(file, folder) for file in files], "read": "; ".join(parts)}
        for files, parts in read.items()
    ]


def _estimate(row: pd.Series) -> str:
    if np.isnan(row["estimate"]):
        return "nothing to measure"
    if row["low"] == -np.inf and row["high"] == np.inf:
        return f"{number(row['estimate'])} (no interval)"
    return f"{number(row['estimate'])} [{number(row['low'])}, {number(row['high'])}]"


def _p_values(row: pd.Series) -> str:
    return "" if pd.isna(row["p"]) else f"{number(row['p'])} ({number(row['p_holm'])})"


def claim_number(n: int, unit: str) -> str:
    """How many units a number rests on."""
    return f"{n:,} {unit}"


def number(value: float) -> str:
    """Three significant digits, and words for what is no number."""
    if np.isnan(value):
        return "none"
    if np.isinf(value):
        return "∞" if value > 0 else "−∞"
    return f"{value:.3g}".replace("-", "−")
