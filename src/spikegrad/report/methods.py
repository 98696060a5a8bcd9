"""The report's page on methods: data, budget, software, configuration."""

from __future__ import annotations

import platform
from collections import Counter
from collections.abc import Mapping, Sequence
from importlib.metadata import distributions
from typing import Any

import pandas as pd
import yaml

from spikegrad.config.overlays import by_neuron
from spikegrad.report.pages import render
from spikegrad.report.style import neuron_label

HOUR = 3600.0


def methods_page(
    study: Mapping[str, Any],
    models: Mapping[str, Mapping[str, Any]],
    data: pd.DataFrame,
    histories: pd.DataFrame,
    searches: Sequence[Mapping[str, Any]],
    machines: Sequence[str],
) -> str:
    """HTML that tells how the study's numbers came about.

    Parameters
    ----------
    study
        The whole configuration.
    models
        What becomes of it for each neuron model: its `network` and `training`.
    data
        The data's summary, one row for each split.
    histories
        Training histories of all runs: neuron, seed, epoch, presentations, seconds.
    searches
        What each search found and cost, see :func:`search.selection.winner`.
    machines
        For each final network those on which it was trained, see :func:`machine.machine`.
    """
    packages = {f"{d.name} {d.version}" for d in distributions()}
    return render(
        "methods.html",
        title=f"Methods, {study['dataset']}",
        data={
            "header": [name.replace("_", " ") for name in data],
            "rows": [[_short(value) for value in row] for row in data.itertuples(index=False)],
        },
        training=_training(histories),
        searches=_searches(searches),
        machines=[[name, str(runs)] for name, runs in sorted(Counter(machines).items())],
        neurons=[neuron_label(neuron) for neuron in models],
        models=_models(models),
        python=platform.python_version(),
        system=f"{platform.system()}, {platform.machine()}",
        packages=", ".join(sorted(packages, key=str.lower)),
        # as in a configuration file, lists of numbers or names on one line
        configuration=yaml.safe_dump(dict(study), sort_keys=False, default_flow_style=None),
    )


def _models(models: Mapping[str, Mapping[str, Any]]) -> list[tuple[str, list[str]]]:
    """Each key's value for each neuron model. A search's winner has its values instead."""
    return [
        (key, [str(values.get(neuron, "-")) for neuron in models])
        for key, values in by_neuron(models).items()
    ]


def _short(value: Any) -> str:
    return f"{value:.4g}" if isinstance(value, float) else str(value)


def _training(histories: pd.DataFrame) -> list[list[str]]:
    """Neuron, runs, epochs each, presentations of a sample, hours."""
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
    return rows


def _searches(searches: Sequence[Mapping[str, Any]]) -> list[list[str]]:
    """Neuron, search, numbers of trials, presentations, and the winner's parameters."""
    rows = []
    for found in searches:
        trials, cost = found["trials"], found["presentations"]
        rows.append(
            [
                neuron_label(found["neuron"]),
                str(found["search"]),
                *[str(trials[name]) for name in ("number", "finished", "stopped", "failed")],
                *[f"{cost[name]:,}" for name in ("allotted", "used", "finalists")],
                "\n".join(f"{key}: {value}" for key, value in found["parameters"].items()),
            ]
        )
    return rows
