"""From result files to the table of claims."""

from __future__ import annotations

from collections.abc import Iterable

import pandas as pd

from spikegrad.claims.registry import CLAIMS, QIF_PAPER, Claim
from spikegrad.claims.tables import Tables

COLUMNS = (
    "id", "paper", "statement", "case", "measure", "data", "criterion", "estimate", "low", "high",
    "p", "n", "unit", "verdict", "files",
)  # fmt: skip


def judge(tables: Tables, data: str, seed: int, claims: Iterable[Claim] = CLAIMS) -> pd.DataFrame:
    """Every claim's estimate and verdict, one row for each of its cases.

    Parameters
    ----------
    tables
        The study's results.
    data
        Name of its spike data.
    seed
        Of bootstrap and permutations.
    claims
        What to judge.

    Returns
    -------
    DataFrame
        Columns :data:`COLUMNS`. ``low`` and ``high`` bound the 95 % interval; ``p`` is that of
        the permutation test where two groups are compared; ``files``, separated by blanks, are
        those that the number comes from.

    Raises
    ------
    ClaimError
        If a file is absent or lacks what a claim needs.
    """
    rows = []
    for claim in claims:
        for case, estimate in claim.estimate(tables, seed).items():
            rows.append(
                {
                    "id": claim.name,
                    "paper": f"arXiv {claim.paper}",
                    "statement": claim.statement,
                    "case": case,
                    "measure": claim.measure,
                    "data": data if claim.paper == QIF_PAPER else "regression on the circle",
                    "criterion": str(claim.criterion),
                    "estimate": estimate.value,
                    "low": estimate.low,
                    "high": estimate.high,
                    "p": estimate.p,
                    "n": estimate.n,
                    "unit": estimate.unit,
                    "verdict": str(claim.criterion.verdict(estimate)),
                    "files": " ".join(tables.files(*claim.reads)),
                }
            )
    return pd.DataFrame(rows, columns=list(COLUMNS))
