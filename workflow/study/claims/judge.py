"""From result files to the table of claims."""

from __future__ import annotations

from collections.abc import Iterable

import pandas as pd

from study.claims.claim import Claim
from study.claims.estimates import NOTHING, adjusted
from study.claims.qif_paper import QIF_CLAIMS
from study.claims.results import Tables
from study.claims.sg_ntk_paper import SG_NTK_CLAIMS
from study.storage.columns import Table

CLAIMS = (*QIF_CLAIMS, *SG_NTK_CLAIMS)

COLUMNS = (
    "id", "paper", "statement", "case", "measure", "data", "criterion", "estimate", "low", "high",
    "p", "p_holm", "n", "unit", "verdict", "files", "read",
)  # fmt: skip


CLAIMS_TABLE = Table(
    files=("claims.csv", "ntk/claims.csv"),
    says="The abstracts' statements, a row for each of a statement's cases; docs/claims.md.",
    columns={
        "id": "name of the claim",
        "paper": "its arXiv number",
        "statement": "what the abstract says",
        "case": "to what it is applied",
        "measure": "the number that decides",
        "data": "what it was measured on",
        "criterion": "what the number must fulfil",
        "estimate": "the number",
        "low": "lower end of its 95 % interval",
        "high": "upper end",
        "p": "of the permutation test, where two groups are compared",
        "p_holm": "the same, adjusted for all comparisons of the paper by Holm's method",
        "n": "independent units",
        "unit": "what these are",
        "verdict": "supported, not supported, undecided, or not measurable",
        "files": "tables that the claim's numbers come from",
        "read": "the columns and rows of each that were read",
    },
)


def judge(tables: Tables, data: str, seed: int, claims: Iterable[Claim] = CLAIMS) -> pd.DataFrame:
    """Every claim's estimate and verdict, one row for each of its cases.

    Parameters
    ----------
    tables
        The study's results.
    data
        Name of what the numbers are about.
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
        those that the claim's numbers come from, and ``read`` the columns and rows of each table.

    Raises
    ------
    ClaimError
        If a file is absent or lacks what a claim needs.
    """
    rows = []
    for claim in claims:
        cases = claim.estimate(tables, seed) or {"nothing in this study": NOTHING}
        read = tables.take_sources()
        for case, estimate in cases.items():
            rows.append(
                {
                    "id": claim.name,
                    "paper": f"arXiv {claim.paper}",
                    "statement": claim.statement.text,
                    "case": case,
                    "measure": claim.measure,
                    "data": data,
                    "criterion": str(claim.criterion),
                    "estimate": estimate.value,
                    "low": estimate.low,
                    "high": estimate.high,
                    "p": estimate.p,
                    "n": estimate.n,
                    "unit": estimate.unit,
                    "verdict": str(claim.criterion.verdict(estimate)),
                    "files": " ".join(dict.fromkeys(file for s in read for file in s.files)),
                    "read": "; ".join(f"{source.table}: {source}" for source in read),
                }
            )
    table = pd.DataFrame(rows, columns=list(COLUMNS))
    for _, own in table.groupby("paper"):
        table.loc[own.index, "p_holm"] = adjusted(own["p"].astype(float))
    return table
