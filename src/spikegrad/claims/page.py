"""The table of claims as a page for people."""

from __future__ import annotations

from html import escape

import numpy as np
import pandas as pd

from spikegrad.claims.estimates import Verdict
from spikegrad.report.pages import page, table

PAPERS = {
    "arXiv 2606.03935": "Quadratic integrate-and-fire neurons exhibit less fragmented loss "
    "landscapes and outperform leaky integrate-and-fire neurons in spike-based gradient descent",
    "arXiv 2405.15539": "A generalized neural tangent kernel for surrogate gradient learning",
}

INTRODUCTION = """<p>What the abstracts of both papers say, and what this study's results say about
it. Each statement is judged by a number whose criterion was fixed beforehand: it is supported if
the number's whole 95 % interval meets the criterion, not supported if the whole interval fails it,
and undecided otherwise, or where too few searches or networks stand behind it. Comparisons of LIF
and QIF must also pass a permutation test (p ≤ 0.05); beside it stands p adjusted for the number of
comparisons (Holm). Where there is nothing to measure, a claim is neither supported nor refused.
docs/claims.md gives the reasons.</p>"""


def claims_page(claims: pd.DataFrame, data: str) -> str:
    """HTML of the table that :func:`judge.judge` makes; ``data`` names the spike data."""
    counts = ", ".join(f"{(claims['verdict'] == v).sum()} {v}" for v in Verdict)
    body = ['<div class="claims">', INTRODUCTION, f"<p>Rows: {counts}.</p>"]
    for paper, own in claims.groupby("paper", sort=False):
        body.append(f"<h2>{escape(str(paper))}: <cite>{PAPERS[str(paper)]}</cite></h2>")
        body.append(f"<p>Data: {escape(', '.join(own['data'].unique()))}</p>")
        for statement, rows in own.groupby("statement", sort=False):
            body.append(f"<h3>{escape(str(statement))}</h3>")
            for _, claim in rows.groupby("id", sort=False):
                body.append(_claim(claim))
    body.append("</div>")
    return page(f"Claims of the two papers, {data}", "\n".join(body))


def _claim(rows: pd.DataFrame) -> str:
    first = rows.iloc[0]
    files = first["files"].split()
    shown = ", ".join(f"<code>{escape(file)}</code>" for file in files[:2])
    more = f" and {len(files) - 2} more" if len(files) > 2 else ""
    cells = [
        [
            escape(row["case"]),
            _estimate(row),
            escape(first["criterion"]),
            _p_values(row),
            f"{row['n']:,} {escape(row['unit'])}",
            f'<span class="verdict {row["verdict"]}">{row["verdict"]}</span>',
        ]
        for _, row in rows.iterrows()
    ]
    header = ["case", "estimate [95 % interval]", "criterion", "p (Holm)", "n", "verdict"]
    source = f'<p class="small">{escape(first["id"])}, from {shown}{more}</p>'
    return f"<p>{escape(first['measure'])}</p>\n{table(header, cells)}\n{source}"


def _estimate(row: pd.Series) -> str:
    if np.isnan(row["estimate"]):
        return "nothing to measure"
    return f"{number(row['estimate'])} [{number(row['low'])}, {number(row['high'])}]"


def _p_values(row: pd.Series) -> str:
    return "" if pd.isna(row["p"]) else f"{number(row['p'])} ({number(row['p_holm'])})"


def number(value: float) -> str:
    """Three significant digits, and words for what is no number."""
    if np.isnan(value):
        return "none"
    if np.isinf(value):
        return "∞" if value > 0 else "−∞"
    return f"{value:.3g}".replace("-", "−")
