"""Single samples around a change: loss, and potentials on its two sides."""

from __future__ import annotations

import logging
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import torch

from study.config.landscape import LandscapeSettings
from study.data.dataset import SpikeDataset, load
from study.landscape.constants import JUMP
from study.landscape.directions import load_centres
from study.landscape.isolation import Line
from study.landscape.objective import Objective, landscape_samples

log = logging.getLogger(__name__)

REACH = 2e-3
"""Relative distance from the change over which the sample is followed, to both sides."""
TRACE = 4000
"""Points of a potential over the sample's duration."""


def choose(changes: pd.DataFrame) -> dict[str, dict[str, Any]]:
    """The largest and a typical change of one neuron model's trained networks.

    By jump of the loss, the typical one being the median; breaks go before harmless changes. The
    typical one alone if none is a jump; empty if the census has found no change.
    """
    own = changes[changes["state"] == "trained"]
    if own.empty:
        return {}
    own = own[own["breaks"] == own["breaks"].max()]
    ranked = own.loc[own["loss_jump"].abs().sort_values(kind="stable").index]
    picks = {"largest": len(ranked) - 1, "typical": (len(ranked) - 1) // 2}
    if abs(ranked["loss_jump"].iloc[-1]) <= JUMP:
        del picks["largest"]
    return {kind: ranked.iloc[place].to_dict() for kind, place in picks.items()}


def example(
    change: Mapping[str, Any], directions: str | Path, data: SpikeDataset, points: int
) -> tuple[pd.DataFrame, pd.DataFrame]:
    """Loss and potentials of a sample around a row of the census; no neuron or kind."""
    network, centres = load_centres(directions)
    centre = centres[change["state"]]
    sample = data.select(torch.tensor([change["sample"]]))
    line = Line(Objective(network, sample), centre.weights, centre.directions[change["direction"]])
    low, high = change["x"], change["x"] + change["width"]
    outer = np.linspace(0, REACH, points // 2 + 1)[1:]
    along = [*(low - outer[::-1]), low, high, *(high + outer)]
    losses = [{"x": x - low, "loss": line.spikes(float(x)).loss} for x in along]
    times = np.linspace(0, sample.spikes.duration, TRACE)
    potentials = []
    for side, x in (("left", low), ("right", high)):
        found = line.objective.evaluate(line.point(x))
        layer = line.objective.layers[change["layer"] - 1]
        trace = layer.trace(found.trains[change["layer"] - 1], 0, change["unit"], times)
        potentials.append(pd.DataFrame({"side": side, "time": times, "potential": trace}))
    return pd.DataFrame(losses), pd.concat(potentials)


def examples(
    events: Path,
    splits: list[Path],
    directions: list[Path],
    changes: pd.DataFrame,
    networks: list[tuple[str, int]],
    landscape: LandscapeSettings,
) -> dict[str, pd.DataFrame]:
    """:func:`example` for each of :func:`choose`'s changes of each neuron model.

    ``splits`` and ``directions`` are those of the ``networks``, neuron model and seed of each.
    ValueError if the census has found no change at all.
    """
    files = {
        (neuron, seed): own
        for (neuron, seed), *own in zip(networks, splits, directions, strict=True)
    }
    chosen, parts = [], []
    for neuron, own in changes.groupby("neuron", sort=False):
        picked = choose(own)
        if not picked:
            log.warning("%s: the census found no change in trained networks", neuron)
        for kind, change in picked.items():
            chosen.append({**change, "kind": kind})
            split, around = files[neuron, change["seed"]]
            data = load(events, split, "train")
            samples = landscape_samples(data, landscape, change["seed"])
            tables = example(change, around, samples, landscape.example_points)
            parts.append([table.assign(neuron=neuron, kind=kind) for table in tables])
    if not parts:
        raise ValueError("the census found no change at all: raise landscape.census.*.reach")
    others = (pd.concat(tables, ignore_index=True) for tables in zip(*parts, strict=True))
    names = ("changes", "losses", "potentials")
    return dict(zip(names, (pd.DataFrame(chosen), *others), strict=True))
