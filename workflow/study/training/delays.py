"""Delays that networks have learned: before training and after it."""

from __future__ import annotations

import re
from collections.abc import Iterable
from pathlib import Path

import matplotlib.pyplot as plt
import numpy as np
import pandas as pd
from matplotlib.figure import Figure

from spikegrad.saving import load_tensors
from study.storage.columns import Table, shared
from study.style import NEURON_COLOURS, neuron_label
from study.training.run import by_epoch

DELAY = re.compile(r"hidden\.(\d+)\.(input|recurrent)_delay")
DELAYS_TABLE = Table(
    files=("training/delays.parquet",),
    says="Delays that networks learn; a row for each.",
    columns={
        **shared("neuron", "seed"),
        "layer": "hidden layer, the first is 1",
        "of": "input or recurrent: whose spikes it delays",
        "before": "seconds, before training",
        "after": "seconds, after the last epoch",
    },
)


def delays(runs: Iterable[tuple[str, int, str | Path]]) -> pd.DataFrame:
    """All delays of ``runs``: a neuron model, a seed and the snapshots of each."""
    tables = []
    for neuron, seed, path in runs:
        tensors, _ = load_tensors(path)
        kept = list(by_epoch(tensors, "epoch").values())
        for match in filter(None, map(DELAY.fullmatch, sorted(kept[0]) if kept else ())):
            about = {"neuron": neuron, "seed": seed, "layer": int(match[1]) + 1, "of": match[2]}
            before, after = (epoch[match.string].numpy().ravel() for epoch in (kept[0], kept[-1]))
            tables.append(pd.DataFrame({**about, "before": before, "after": after}))
    return pd.concat(tables, ignore_index=True)


def draw_delays(table: pd.DataFrame) -> Figure:
    """How delays are spread before training and after it, in columns for input and recurrent."""
    kinds = [(layer, of) for (layer, of), _ in table.groupby(["layer", "of"])]
    figure, (row,) = plt.subplots(
        1, len(kinds), figsize=(1 + 2.6 * len(kinds), 2.8), squeeze=False, sharey=True
    )
    bins = np.linspace(0, 1000 * table[["before", "after"]].to_numpy().max(), 31)
    for axes, (layer, of) in zip(row, kinds, strict=True):
        own = table[(table["layer"] == layer) & (table["of"] == of)]
        common = {"bins": bins, "density": True, "histtype": "step"}
        for number, (neuron, delays) in enumerate(own.groupby("neuron", sort=False)):
            colour = NEURON_COLOURS[str(neuron)]
            before = "before training" if number == 0 else None
            axes.hist(1000 * delays["before"], color="0.6", ls=":", label=before, **common)
            label = f"{neuron_label(str(neuron))}, after"
            axes.hist(1000 * delays["after"], color=colour, label=label, **common)
        axes.set(xlabel="delay (ms)", title=f"layer {layer}, {of} spikes")
    row[0].set_ylabel("density (1/ms)")
    row[-1].legend()
    return figure
