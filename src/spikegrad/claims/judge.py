"""From result files to the table of claims."""

from __future__ import annotations

from collections.abc import Iterable

import pandas as pd

from spikegrad.claims.claim import Claim
from spikegrad.claims.estimates import NOTHING, adjusted
from spikegrad.claims.qif_paper import QIF_PAPER
from spikegrad.claims.registry import CLAIMS
from spikegrad.claims.results import Tables

COLUMNS = (
    "id", "paper", "statement", "case", "measure", "data", "criterion", "estimate", "low", "high",
    "p", "p_holm", "n", "unit", "verdict", "files",
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
        Of random permutations.
    claims
        What to judge.

    Returns
    -------
    DataFrame
        Columns :data:`COLUMNS`. ``low`` and ``high`` bound the 95 % interval; ``p`` is that of
        the permutation test where two groups are compared, ``p_holm`` the same adjusted for the
        number of all comparisons of the paper by Holm's method; ``files``, separated by blanks, are
        those that the number comes from.

    Raises
    ------
    ClaimError
        If a file is absent or lacks what a claim needs.
    """
    rows = []
    for claim in claims:
        cases = claim.estimate(tables, seed) or {"nothing in this study": NOTHING}
        for case, estimate in cases.items():
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
    table = pd.DataFrame(rows, columns=list(COLUMNS))
    for _, own in table.groupby("paper"):
        table.loc[own.index, "p_holm"] = adjusted(own["p"].astype(float))
    return table
