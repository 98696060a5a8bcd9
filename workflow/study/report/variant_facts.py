"""What the page shows of a study's variants, as Markdown."""

from __future__ import annotations

import math
import re

import pandas as pd

from study.config.neurons import NEURON_STYLES
from study.report.numbers import markdown_table, share
from study.report.study_tables import StudyTables
from study.style import neuron_label
from study.training.outcomes import OVERFLOW


def variant_tables(study: StudyTables) -> dict[str, str]:
    """A table for each variant: what each of its changes does, means over seeds."""
    return {
        re.sub("[_-]", " ", name): _table_of_changes(runs) for name, runs in study.variants.items()
    }


def _table_of_changes(runs: pd.DataFrame) -> str:
    """Accuracy on all test samples and on new speakers' (training, spikes a neuron, minutes of a
    training), by change."""
    neurons = [n for n in NEURON_STYLES if n in set(runs["neuron"])]
    rows = []
    for (variant, to), own in runs.groupby(["change", "to"], sort=False):
        rows.append([to or variant, *(_scores(own[own["neuron"] == n]) for n in neurons)])
    return markdown_table(["change", *map(neuron_label, neurons)], rows)


def _scores(runs: pd.DataFrame) -> str:
    if runs.empty:
        return "-"
    many = f" ×{len(runs)}" if len(runs) > 1 else ""
    cross = "†" if (runs["outcome"] == OVERFLOW).any() else ""
    names = ["accuracy", "accuracy_unseen_speakers", "train_accuracy", "spikes_per_neuron"]
    test, new, training, spikes, minutes = runs[[*names, "minutes"]].mean()
    if math.isnan(test):
        return f"no epoch came to its end{many}"
    scores = f"{100 * test:.1f}, {100 * new:.1f} %"
    return f"{scores} ({share(training)}, {spikes:.1f}, {minutes:.1f} min){cross}{many}"
