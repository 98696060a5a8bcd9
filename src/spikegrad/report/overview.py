"""The first page of a study: what it found, one figure, and what to open next."""

from __future__ import annotations

import base64
import math
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pandas as pd

from spikegrad.claims.estimates import Verdict
from spikegrad.claims.page import PAPERS, claim_number
from spikegrad.claims.performance import FINISHED
from spikegrad.config.neurons import NEURON_STYLES
from spikegrad.report.pages import render
from spikegrad.report.style import neuron_label

SHARES = {
    "accuracy": "all test words",
    "accuracy_unseen_speakers": "of speakers never heard",
    "accuracy_seen_speakers": "of speakers heard in training",
    "silent_fraction": "silent neurons",
}
MAIN_CLAIM = "qif-outperforms-lif"


def overview_page(
    data: str,
    summary: pd.DataFrame,
    runs: pd.DataFrame,
    claims: pd.DataFrame,
    figure: Path | None,
    places: Mapping[str, str],
) -> str:
    """HTML that starts with the study's answer.

    Parameters
    ----------
    data
        Name of the spike data.
    summary, runs
        Scores by neuron and measure, and of each run: training/summary.csv and runs.csv.
    claims
        The table that :func:`spikegrad.claims.judge.judge` makes.
    figure
        A PNG to show; None in a study of one neuron model, which has no comparison to draw.
    places
        Files to open next, relative to the page, and what each is.
    """
    scores = summary.set_index(["neuron", "measure"])
    neurons = [neuron for neuron in NEURON_STYLES if neuron in set(runs["neuron"])]
    return render(
        "overview.html",
        title=f"What {data} says",
        answers=_answers(claims),
        header=["", *map(neuron_label, neurons)],
        rows=_scores(scores, runs, neurons),
        units=int(summary["units"].max()),
        unit="searches" if runs["search"].min() < runs["search"].max() else "seeds",
        figure=None if figure is None else base64.b64encode(figure.read_bytes()).decode(),
        papers=[
            {
                "number": paper,
                "title": PAPERS[str(paper)],
                "statements": [
                    {
                        "text": statement,
                        "verdicts": [
                            (verdict, count)
                            for verdict in map(str, Verdict)
                            if (count := int((rows["verdict"] == verdict).sum()))
                        ],
                    }
                    for statement, rows in own.groupby("statement", sort=False)
                ],
            }
            for paper, own in claims.groupby("paper", sort=False)
        ],
        places=places,
    )


def _answers(claims: pd.DataFrame) -> list[dict[str, str]]:
    """By how much each QIF model is ahead of LIF on all test data, and the verdict."""
    own = claims[(claims["id"] == MAIN_CLAIM) & claims["case"].str.endswith(": all voices")]
    return [
        {
            "rival": neuron_label(row.case.split(":")[0]),
            "gain": _points(row.estimate).removeprefix("−"),
            "side": "ahead of" if row.estimate >= 0 else "behind",
            "interval": _interval(row.low, row.high) or "no interval",
            "n": claim_number(row.n, row.unit),
            "verdict": row.verdict,
        }
        for row in own.itertuples()
    ]


def _scores(scores: pd.DataFrame, runs: pd.DataFrame, neurons: list[str]) -> list[list[str]]:
    """A line for each measure: its name, and the value of each neuron model."""
    lines = [
        [name, *[_share(scores.loc[neuron, measure]) for neuron in neurons]]
        for measure, name in SHARES.items()
    ]
    spikes = [scores.loc[(neuron, "spikes_per_neuron"), "mean"] for neuron in neurons]
    lines.append(["spikes per neuron and word", *[f"{value:.1f}" for value in spikes]])
    ended = [runs.loc[runs["neuron"] == neuron, "outcome"] for neuron in neurons]
    diverged = [f"{(own != FINISHED).sum()} of {len(own)}" for own in ended]
    return [*lines, ["runs that diverged", *diverged]]


def _share(row: Mapping[str, Any]) -> str:
    if math.isnan(row["mean"]):
        return "none"
    interval = _interval(row["low"], row["high"], least=0.0, most=1.0)
    return f"{_points(row['mean'])} %{interval and f' ({interval})'}"


def _points(value: float) -> str:
    return f"{100 * value:.1f}".replace("-", "−")


def _interval(low: float, high: float, least: float = -1.0, most: float = 1.0) -> str:
    """The interval in points, which ends where values do; empty if there is none."""
    if not (math.isfinite(low) and math.isfinite(high)):
        return ""
    return f"{_points(max(low, least))} to {_points(min(high, most))}"
