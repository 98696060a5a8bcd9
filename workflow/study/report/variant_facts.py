"""What the page shows of a study's variants, as Markdown."""

from __future__ import annotations

import math
import re

import numpy as np
import pandas as pd

from study.config.neurons import NEURON_STYLES
from study.report.numbers import counted, markdown_table, share
from study.report.study import StudyTables
from study.search.tables import expected_of_last
from study.style import neuron_label
from study.training.outcomes import OVERFLOW


def variants(study: StudyTables) -> dict[str, str]:
    """A table for each file of variants: what each change does, means over seeds and searches."""
    found = {}
    for name, runs in study.variants.items():
        declared = study.config["variants"].get(runs["change"].iloc[0], {})
        drawn = declared.get("draw") is not None and not declared.get("changes")
        table = _draws(runs) if drawn else _changes(runs)
        found[re.sub("[_-]", " ", name)] = table
    return found


def borrowed(study: StudyTables, neuron: str) -> str:
    """Accuracy of networks of ``neuron`` with the settings of another model's best search, of that
    model for which it is best by validation; empty if none were tried."""
    found = {}
    for runs in study.variants.values():
        others = set(study.neurons) - {neuron}
        own = runs[(runs["neuron"] == neuron) & runs["to"].isin(others)]
        for to, rows in own.groupby("to"):
            if len(set(rows["search"])) == 1:
                found[to] = rows[["validation_accuracy", "accuracy"]].fillna(0.0)
    if not found:
        return ""
    best = max(found, key=lambda to: found[to]["validation_accuracy"].mean())
    reached = share(found[best]["accuracy"].mean(), 1)
    return f"{reached} with those of {neuron_label(best)} ({counted(len(found[best]), 'runs')})"


def _changes(runs: pd.DataFrame) -> str:
    """Accuracy on all test samples and on new speakers' (training, spikes a neuron, minutes of a
    training), by change; by search as well where the settings are those of several."""
    several = runs.groupby(["change", "to", "neuron"])["search"].transform("nunique") > 1
    by_settings = several & runs["to"].isin({"", *NEURON_STYLES})
    of = ", search " + runs["search"].astype(str)
    runs = runs.assign(of=np.where(by_settings, of, ""))
    neurons = [n for n in NEURON_STYLES if n in set(runs["neuron"])]
    rows, one = [], len(set(runs["change"])) == 1
    for (change, to, of), own in runs.groupby(["change", "to", "of"], sort=False):
        texts = [_scores(own[own["neuron"] == n]) for n in neurons]
        name = f"{neuron_label(to)}{of}"
        rows.append([change if not to else name if one else f"{change}: {name}", *texts])
    return markdown_table(["change", *map(neuron_label, neurons)], rows)


def _scores(runs: pd.DataFrame) -> str:
    if runs.empty:
        return "-"
    many = f" ×{len(runs)}" if len(runs) > 1 else ""
    cross = "†" if (runs["outcome"] == OVERFLOW).any() else ""
    names = ["accuracy", "accuracy_unseen_speakers", "train_accuracy", "spikes_per_neuron"]
    test, new, training, spikes = runs[names].mean()
    if math.isnan(test):
        return f"no epoch came to its end{many}"
    cost = f", {runs['minutes'].mean():.1f} min" if "minutes" in runs else ""
    scores = f"{100 * test:.1f}, {100 * new:.1f} % ({share(training)}, {spikes:.1f}{cost})"
    return f"{scores}{cross}{many}"


def _draws(runs: pd.DataFrame) -> str:
    """Of points drawn at random: how many ran away, and the test accuracy that is expected of the
    one of k that is best by validation."""
    runs = runs.fillna({"validation_accuracy": 0.0, "accuracy": 0.0})
    counts = runs["neuron"].value_counts()
    budgets = [2**j for j in range(int(counts.min()).bit_length())]
    rows = []
    for neuron in [n for n in NEURON_STYLES if n in counts]:
        own = runs[runs["neuron"] == neuron].sort_values("validation_accuracy", kind="stable")
        best = expected_of_last(own["accuracy"].tolist())
        away = (own["outcome"] == OVERFLOW).sum()
        rows.append([neuron_label(neuron), len(own), away, *[share(best[k - 1]) for k in budgets]])
    header = ["neuron", "trials", "ran away", *[f"test, best of {k}" for k in budgets]]
    return markdown_table(header, rows)
