"""Delays that networks have learned: before training and after it."""

from __future__ import annotations

import re
from pathlib import Path

import pandas as pd

from spikegrad.saving import load_tensors
from study.storage.columns import Table, shared
from study.training.run import by_epoch

DELAY = re.compile(r"hidden\.(\d+)\.(input|recurrent)_delay")
DELAYS_TABLE = Table(
    files=("training/learned/delays.parquet",),
    says="Delays that networks learn; a row for each.",
    columns={
        **shared("neuron", "seed"),
        "layer": "hidden layer, the first is 1",
        "of": "input or recurrent: whose spikes it delays",
        "before": "seconds, before training",
        "after": "seconds, after the last epoch",
    },
)


def delays(snapshots: list[Path], runs: list[tuple[str, int]]) -> pd.DataFrame:
    """All delays of ``runs``, neuron model and seed of each, from their ``snapshots``."""
    tables = []
    for (neuron, seed), path in zip(runs, snapshots, strict=True):
        tensors, _ = load_tensors(path)
        kept = list(by_epoch(tensors, "epoch").values())
        for match in filter(None, map(DELAY.fullmatch, sorted(kept[0]) if kept else ())):
            about = {"neuron": neuron, "seed": seed, "layer": int(match[1]) + 1, "of": match[2]}
            before, after = (epoch[match.string].numpy().ravel() for epoch in (kept[0], kept[-1]))
            tables.append(pd.DataFrame({**about, "before": before, "after": after}))
    if not tables:  # no run has an epoch
        return pd.DataFrame(columns=list(DELAYS_TABLE.columns))
    return pd.concat(tables, ignore_index=True)
