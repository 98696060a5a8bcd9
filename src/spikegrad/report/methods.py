"""The report's page on methods: data, budget, software, configuration."""

from __future__ import annotations

import platform
from collections.abc import Mapping, Sequence
from html import escape
from importlib.metadata import distributions
from pathlib import Path
from typing import Any

import pandas as pd
import yaml

from spikegrad.report.pages import page, table
from spikegrad.report.style import neuron_label

HOUR = 3600.0


def methods_page(
    study: Mapping[str, Any],
    data: pd.DataFrame,
    histories: pd.DataFrame,
    searches: Sequence[Mapping[str, Any]],
    measured: Sequence[str],
) -> str:
    """HTML that tells how the study's numbers came about.

    Parameters
    ----------
    study
        The whole configuration.
    data
        The data's summary, one row for each split.
    histories
        Training histories of all runs: neuron, seed, epoch, presentations, seconds.
    searches
        What each search found and cost, see :func:`search.selection.winner`.
    measured
        Snakemake's benchmark files of the heavy jobs.
    """
    sections = {
        "Data": _data(data),
        "Budget of training": _training(histories),
        "Budget of the search": _search(searches),
        "Time of heavy jobs": _time(measured),
        "Software": _software(),
        "Configuration": f"<pre>{escape(_yaml(dict(study)))}</pre>",
    }
    body = "\n".join(f"<h2>{title}</h2>\n{content}" for title, content in sections.items())
    return page(f"Methods, {study['dataset']}", body)


def _yaml(values: Mapping[str, Any]) -> str:
    """As in a configuration file, lists of numbers or names on one line."""
    return str(yaml.safe_dump(values, sort_keys=False, default_flow_style=None))


def _data(summary: pd.DataFrame) -> str:
    rows = [[escape(f"{v:.4g}" if isinstance(v, float) else str(v)) for v in row]
            for row in summary.itertuples(index=False)]  # fmt: skip
    return table([name.replace("_", " ") for name in summary], rows)


def _training(histories: pd.DataFrame) -> str:
    rows = []
    for neuron, own in histories.groupby("neuron"):
        runs = own.groupby("seed").agg({"epoch": "max", "presentations": "max", "seconds": "sum"})
        rows.append(
            [
                neuron_label(str(neuron)),
                str(len(runs)),
                f"{runs['epoch'].mean():g}",
                f"{runs['presentations'].sum():,.0f}",
                f"{runs['seconds'].sum() / HOUR:.2f}",
            ]
        )
    return table(["neuron", "runs", "epochs each", "presentations of a sample", "hours"], rows)


def _search(searches: Sequence[Mapping[str, Any]]) -> str:
    if not searches:
        return "<p>No search: the configured values were trained.</p>"
    rows = []
    for found in searches:
        trials, cost = found["trials"], found["presentations"]
        counts = [trials[k] for k in ("number", "finished", "stopped", "failed")]
        costs = [cost[k] for k in ("allotted", "used", "finalists")]
        chosen = "\n".join(f"{key}: {value}" for key, value in found["parameters"].items())
        rows.append(
            [
                neuron_label(found["neuron"]),
                str(found["search"]),
                *map(str, counts),
                *[f"{c:,}" for c in costs],
                f"<pre>{escape(chosen)}</pre>",
            ]
        )
    header = ["neuron", "search", "trials", "finished", "stopped", "failed"]
    costs = ["presentations allotted", "used", "by finalists"]
    return table([*header, *costs, "winner"], rows)


def _time(measured: Sequence[str]) -> str:
    times = pd.DataFrame(
        {"step": _step(file), "hours": pd.read_csv(file, sep="\t")["s"].sum() / HOUR}
        for file in measured
    )
    total = times.groupby("step", sort=False)["hours"].agg(["size", "sum", "max"])
    rows = [
        [escape(str(step)), f"{row['size']:g}", f"{row['sum']:.3f}", f"{row['max']:.3f}"]
        for step, row in total.iterrows()
    ]
    return table(["step", "jobs", "hours in all", "hours of the longest"], rows)


def _step(file: str) -> str:
    """What a benchmark measures: the folders below that of all benchmarks, without wildcards."""
    below = Path(file).parts[Path(file).parts.index("benchmarks") + 1 :]
    return " ".join(below[:2]).removesuffix(".tsv") if len(below) > 2 else below[0]


def _software() -> str:
    packages = sorted({f"{d.name} {d.version}" for d in distributions()}, key=str.lower)
    return (
        f"<p>Python {escape(platform.python_version())} on {escape(platform.system())}, "
        f"{escape(platform.machine())}.</p>\n<p class='small'>{escape(', '.join(packages))}</p>"
    )
