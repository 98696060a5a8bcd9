"""The page of a kept study, and what other pages quote of it: made of the tables in its folder.

python experiments/pages.py docs/results/heidelberg-digits README.md docs/results/README.md

What a page quotes stands between ``<!-- DATASET/TEMPLATE -->`` and ``<!-- end -->``.
"""

from __future__ import annotations

import argparse
import re
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import yaml
from jinja2 import Environment, FileSystemLoader, StrictUndefined
from numpy.typing import NDArray
from scipy.stats import t

from answers import (
    GOAL,
    answers,
    by_speakers,
    long_trials,
    new_speakers,
    robustness,
    validated,
    varied,
    with_all_settings,
)
from landscape_facts import landscape_answers, roughness_facts
from ntk_facts import ntk_facts
from runaway import CRITICAL
from spikegrad.claims.estimates import difference
from spikegrad.claims.qif_paper import QIF_PAPER
from spikegrad.report.style import NEURON_STYLES, neuron_label
from spikegrad.statistics import LEVEL
from spikegrad.training.summary import summary

KEPT = Path(__file__).parents[1] / "docs" / "results"
ABOUT = "about.yaml"
MEASURES = (
    "accuracy",
    "accuracy_unseen_speakers",
    "accuracy_seen_speakers",
    "training_accuracy",
    "validation_accuracy",
    "late_gain",
    "spikes_per_neuron",
    "silent_fraction",
)
QUOTE = re.compile(r"(<!-- (?P<dataset>[\w-]+)/(?P<template>\w+) -->\n)(.*?)(<!-- end -->)", re.S)


def archives(folder: Path) -> list[Path]:
    """What a kept study can go on from (``carry.py``), in the order in which it was packed."""
    return sorted(folder.glob("study_*.tar.xz"), key=lambda file: (len(file.name), file.name))


def hundredths(row: Any, sign: str, unit: str) -> str:
    """A share in hundredths with its interval, or alone where there is none."""
    mean, low, high = (f"{100 * row[name]:{sign}.1f}" for name in ("mean", "low", "high"))
    return f"{mean}{unit} ({low} to {high})" if np.isfinite(row["low"]) else f"{mean}{unit}"


def percent(row: Any) -> str:
    """A share, if there is one; its interval ends at 0 and 100 %."""
    if pd.isna(row["mean"]):
        return "-"
    low, high = np.clip([row["low"], row["high"]], 0.0, 1.0)
    return hundredths({"mean": row["mean"], "low": low, "high": high}, sign="", unit=" %")


def points(row: Any) -> str:
    """A difference of shares."""
    return hundredths(row, sign="+", unit="")


def interval(row: Any) -> str:
    """A mean to three digits with its interval, or alone where there is none."""
    mean, low, high = (f"{row[name]:.3g}" for name in ("mean", "low", "high"))
    return mean if pd.isna(row["low"]) else f"{mean} ({low} to {high})"


def power(row: dict[str, Any]) -> str:
    """An exponent with its interval."""
    text = f"{row['exponent']:.2f} ({row['low']:.2f} to {row['high']:.2f})"
    return text.replace("-inf", "-∞")


def values(row: pd.Series) -> str:
    """What stands in a row, in order; numbers to three digits."""

    def text(value: Any) -> str:
        if pd.isna(value):
            return "-"
        return f"{value:.3g}" if isinstance(value, float) else str(value)

    return ", ".join(text(value) for value in row)


def searches_done(folder: Path) -> list[dict[str, Any]]:
    """Of each search: trials, those that diverged, and the winner's values at a bound."""
    winners = pd.read_csv(folder / "search_winners.csv")
    at_bound = winners[winners["at_bound"].astype(bool)].groupby(["neuron", "search"])["parameter"]
    named = at_bound.apply(list).to_dict()
    rows = pd.read_csv(folder / "search_stability.csv").to_dict("records")
    return [row | {"at_bound": named.get((row["neuron"], row["search"]), [])} for row in rows]


def searches_needed(first: NDArray[np.float64], second: NDArray[np.float64]) -> int | None:
    """Searches of each neuron with which Welch's interval would just decide, were means and
    spreads what they are in ``first`` and ``second``; None where more than 1,000 would not."""
    value = abs(first.mean() - second.mean())
    variances = np.array([first.var(ddof=1), second.var(ddof=1)])
    if not variances.any():
        return 2 if value > 0 else None
    for n in range(2, 1001):
        freedom = (n - 1) * variances.sum() ** 2 / (variances**2).sum()
        if t.ppf((1 + LEVEL) / 2, freedom) * (variances.sum() / n) ** 0.5 < value:
            return n
    return None


def ranking(runs: pd.DataFrame) -> list[dict[str, Any]]:
    """Of each QIF model: by how much its test accuracy is above LIF's, over searches."""

    def means(neuron: str, measure: str) -> NDArray[np.float64]:
        own = runs[runs["neuron"] == neuron]
        return own.groupby("search")[measure].mean().to_numpy(float)

    rows: list[dict[str, Any]] = []
    if "lif" not in set(runs["neuron"]):
        return rows
    for rival in (n for n in NEURON_STYLES if n in set(runs["neuron"]) - {"lif"}):
        for measure in ("accuracy", "accuracy_unseen_speakers"):
            ours, theirs = means(rival, measure), means("lif", measure)
            gain = difference(ours, theirs, seed=0)
            rows.append(
                {
                    "neuron": rival,
                    "measure": measure,
                    "mean": gain.value,
                    "low": gain.low if gain.n > 1 else np.nan,
                    "high": gain.high if gain.n > 1 else np.nan,
                    "p": gain.p,
                    "searches": gain.n,
                    "needed": searches_needed(ours, theirs) if gain.n > 1 else None,
                }
            )
    return rows


def winners_of(folder: Path, runs: pd.DataFrame) -> pd.DataFrame:
    """What each search's winner came to, and its settings: a row each, a column for each search.

    Columns are (neuron, search); a setting is missing where the unchanged configuration won.
    """
    columns = {}
    for (neuron, search), own in runs.groupby(["neuron", "search"], sort=False):
        best = yaml.safe_load((folder / f"search_{neuron}_{search}.yaml").read_text())
        columns[neuron, search] = {
            "validation of the winner": best["winner"]["validation_accuracy"],
            "validation of the unchanged settings": best["unchanged"]["validation_accuracy"],
            "test, mean of its seeds": own["accuracy"].mean(),
            "spikes a neuron": own["spikes_per_neuron"].mean(),
        } | best["parameters"]
    return pd.DataFrame(columns)


def by_recurrence(trials: pd.DataFrame) -> list[dict[str, Any]]:
    """How many trials ran away, below and above the scale at which LIF rates diverge."""
    away = trials["outcome"] == "overflow"
    facts = pd.DataFrame(
        {
            "neuron": trials["neuron"],
            "above": trials["network.init.recurrent_scale"] > CRITICAL,
            "trials": 1,
            "at_once": away & (trials["presentations"] == 0),
            "later": away & (trials["presentations"] > 0),
            "finished": trials["outcome"] == "finished",
        }
    )
    return facts.groupby(["neuron", "above"]).sum().reset_index().to_dict("records")


def verdicts(folder: Path) -> list[dict[str, Any]]:
    """Of the first paper's claims; none if the study has not come so far."""
    if not (folder / "claims.csv").exists():
        return []
    claims = pd.read_csv(folder / "claims.csv")
    return claims[claims["paper"].str.endswith(QIF_PAPER)].to_dict("records")


def study_facts(folder: Path) -> dict[str, Any]:
    """What templates say of the first paper's study that is kept in ``folder``."""
    runs = pd.read_csv(folder / "training_reached.csv")
    means = summary(runs, MEASURES).set_index(["neuron", "measure"])
    return dict(
        neurons=[neuron for neuron in NEURON_STYLES if neuron in set(runs["neuron"])],
        of=lambda neuron, measure: means.loc[(neuron, measure)],
        runs=runs,
        claims=verdicts(folder),
        speakers=lambda: by_speakers(folder),
        recurrence=lambda: by_recurrence(pd.read_parquet(folder / "search_trials.parquet")),
        rungs=pd.read_csv(folder / "search_rungs.csv"),
        searches=searches_done(folder),
        ranking=lambda: ranking(runs),
        winning=lambda: winners_of(folder, runs),
        answered=lambda: answers(folder),
        goal=GOAL,
        landscapes=lambda: landscape_answers(folder),
        rough=lambda: roughness_facts(folder),
        validated=lambda: validated(folder),
        robustness=lambda: robustness(folder),
        long_trials=lambda: long_trials(folder),
        new_speakers=lambda: new_speakers(folder),
        varied=partial(varied, folder),
        with_all_settings=lambda: with_all_settings(folder),
        known=lambda: pd.read_csv(folder / "known.csv"),
        winners=sorted(file.name for file in folder.glob("search_*.yaml")),
        networks=sorted(file.name for file in folder.glob("*.safetensors")),
        archives=[file.name for file in archives(folder)],
    )


def render(folder: Path, template: str) -> str:
    """``template`` with the values of the study that is kept in ``folder``."""
    environment = Environment(
        loader=FileSystemLoader(Path(__file__).parent / "templates"),
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
        keep_trailing_newline=True,
    )
    facts = ntk_facts if _is_of_ntk(folder) else study_facts
    return environment.get_template(f"{template}.md").render(
        **yaml.safe_load((folder / ABOUT).read_text()),
        **facts(folder),
        hours=pd.read_csv(folder / "hours.csv").to_dict("records"),
        label=neuron_label,
        percent=percent,
        points=points,
        share=lambda value: f"{100 * value:.0f} %",
        extremes=lambda of: ", ".join(f"{100 * f(of):.1f}" for f in (min, np.median, max)) + " %",
        values=values,
        interval=interval,
        power=power,
    )


def _is_of_ntk(folder: Path) -> bool:
    return any(folder.glob("ntk_*.csv"))


def quoting(text: str, kept: Path = KEPT) -> str:
    """The page ``text`` with what it quotes made anew, from the studies in ``kept``."""

    def quote(found: re.Match[str]) -> str:
        begin, dataset, template, _, end = found.groups()
        return begin + render(kept / dataset, template) + end

    return QUOTE.sub(quote, text)


def write_page(folder: Path) -> None:
    """The page of the study kept in ``folder``."""
    page = render(folder, "ntk" if _is_of_ntk(folder) else "study")
    (folder / "README.md").write_text(page)


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("folder", type=Path, help="a study that experiments/keep.py has kept")
    parser.add_argument("pages", type=Path, nargs="*", help="pages that quote it")
    options = parser.parse_args()
    write_page(options.folder)
    for page in options.pages:
        page.write_text(quoting(page.read_text(), options.folder.parent))
