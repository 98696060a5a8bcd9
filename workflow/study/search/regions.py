"""Regions of the space that is searched: quarters of each range, and each choice."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import pairwise
from typing import Any

import numpy as np
import pandas as pd

from study.config.search import Choice, Range
from study.storage.columns import Table, shared

QUARTERS = 4  # of a range


def positions(parameter: Range | Choice, values: pd.Series) -> np.ndarray:
    """Where ``values`` of a parameter lie on its axis: themselves, or the choice's number.

    A table has missing values where null was chosen, and lists and mappings as text.
    """
    if isinstance(parameter, Range):
        return values.to_numpy(float)
    found = np.full(len(values), np.nan)
    for number, choice in enumerate(parameter.choices):
        same = values.isna() if choice is None else values == _in_table(choice)
        found[same.to_numpy()] = number
    return found


def _in_table(choice: Any) -> Any:
    return str(choice) if isinstance(choice, list | dict) else choice


def edges(parameter: Range | Choice) -> np.ndarray:
    """Ends of the regions on the parameter's axis, one more than there are regions."""
    if isinstance(parameter, Choice):
        return np.arange(len(parameter.choices) + 1) - 0.5
    space = np.geomspace if parameter.log else np.linspace
    return space(parameter.low, parameter.high, QUARTERS + 1)


REGIONS_TABLE = Table(
    files=("search/summary/regions.csv",),
    says="What each region of the searched space costs each neuron model: quarters of each range, "
    "and each choice. The budget is the same for all, so that presentations of trials that failed "
    "are what a bound takes away from a neuron model that cannot live there.",
    columns={
        **shared("neuron"),
        "parameter": "what was searched",
        "region": "number of the quarter or choice, from 0",
        "place": "its ends, or the choice",
        "trials": "of all searches that lie there",
        "failed": "those of them that diverged or met a limit of the machine",
        "presentations": "training samples presented to the trials",
        "failed_presentations": "those presented to trials that failed",
    },
)


def region_table(space: Sequence[Range | Choice], trials: pd.DataFrame) -> pd.DataFrame:
    """Trials, failures and costs of each neuron model in each region of each parameter.

    ``trials`` are the joined tables of :func:`study.search.selection.trial_table`.
    """
    rows = []
    for neuron, own in trials.groupby("neuron", sort=False):
        for parameter in space:
            ends = edges(parameter)
            place = np.searchsorted(ends, positions(parameter, own[parameter.key]), "right") - 1
            place = place.clip(0, len(ends) - 2)  # the upper bound belongs to the last
            for region, name in enumerate(names(parameter)):
                there = own[place == region]
                failed = there[there["failed"]]
                counts = (len(there), len(failed))
                costs = (there["presentations"].sum(), failed["presentations"].sum())
                rows.append((neuron, parameter.key, region, name, *counts, *costs))
    about = ["neuron", "parameter", "region", "place"]
    sums = ["trials", "failed", "presentations", "failed_presentations"]
    return pd.DataFrame(rows, columns=[*about, *sums])


def names(parameter: Range | Choice) -> list[str]:
    """What the regions are called."""
    if isinstance(parameter, Choice):
        return ["off" if choice is None else str(choice) for choice in parameter.choices]
    ends = edges(parameter)
    return [f"{low:.3g} to {high:.3g}" for low, high in pairwise(ends)]
