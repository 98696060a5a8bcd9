"""The certified census: every change of single samples' spikes along lines."""

from __future__ import annotations

import logging
from itertools import islice
from typing import Any

import numpy as np
import pandas as pd
import torch

from spikegrad.layers import SpikeOverflowError
from study.landscape.causes import Bracket, disrupted, explain, tally
from study.landscape.constants import STATES, SWAPS
from study.landscape.directions import Centre
from study.landscape.isolation import Line, bracket, breaks, swaps
from study.landscape.job import Job, SampleLine, sample_lines
from study.landscape.objective import FAILURES, gradient_norm
from study.landscape.orders import order_changes

OFFSET = 1e-6
"""Relative distance to both sides of a change over which its consequences are compared."""
SEARCHES = ("breaks", "swaps")

log = logging.getLogger(__name__)


def census(job: Job) -> dict[str, pd.DataFrame]:
    """Changes of spikes, and the lines that were searched.

    A line along which the network diverges, or has no gradient beside a change, is left out, with a
    warning.
    """
    changes, lines = [], []
    options, same_as = job.options.census, identical_states(job.centres)
    work = [(place, search) for place in sample_lines(options) for search in SEARCHES]
    for place, search in job.share(work, "lines of the census"):
        key = {**job.key, **place._asdict(), "search": search}
        line, where = job.line(place), getattr(options, search)
        limit = where.max_runs if search == "breaks" else where.max_changes
        grid = np.linspace(-where.reach, where.reach, where.points)
        try:
            found, facts = search_line(line, grid, search, limit)
        except FAILURES as error:
            log.warning("%s left out: %s", key, error)
            continue
        changes += [{**key, **change} for change in found]
        lines.append({**key, **facts, "same_as": same_as.get(place.state)})
    columns = [*job.key, *SampleLine._fields, "search", *CHANGE]  # for a job that finds nothing
    found = pd.DataFrame(changes, columns=columns)
    return {"changes": found, "census_lines": pd.DataFrame(lines)}


def identical_states(centres: dict[str, Centre]) -> dict[str, str]:
    """States whose weights are those of an earlier state, which is named."""
    return {
        state: earlier
        for place, state in enumerate(STATES)
        for earlier in STATES[:place]
        if torch.equal(centres[state].weights, centres[earlier].weights)
    }


CHANGE = (
    "x", "width", "cause", "layer", "unit", "time", "breaks", "lingers", "appeared", "vanished",
    "moved", "begins", "later", "aside_later", "interacts", "inhibitory", "loss", "loss_change",
    "loss_jump", "gradient_left", "gradient_right", "gradient_jump",
)  # fmt: skip
"""Columns of a change, after those that name its line."""


def search_line(
    line: Line, grid: np.ndarray, search: str, limit: int | None = None
) -> tuple[list[dict[str, Any]], dict[str, Any]]:
    """Every change on ``line`` that ``search``, one of :data:`SEARCHES`, finds, and its facts.

    "breaks" leaves out changes without a break; its search ends after ``limit`` runs of the
    network, that for swaps after so many changes.
    """
    changes = []
    pairs = breaks(line, grid, limit) if search == "breaks" else islice(swaps(line, grid), limit)
    for low, high in pairs:
        around = bracket(line, low, high)
        facts = explain(around)
        if search == "swaps" or facts["breaks"]:
            changes.append(_change(line, around, facts))
    return changes, {
        "length": line.searched - float(grid[0]),
        "harmless_input_swaps": int(line.passed[0]),
        "harmless_spike_swaps": int(line.passed[1]),
        "harmless_inhibitory": int(line.passed[2]),
        "runs": len(line.losses),
    }


def _change(line: Line, around: Bracket, facts: dict[str, Any]) -> dict[str, Any]:
    low, high = around.low, around.high
    left, right = line.gradient(low.x), line.gradient(high.x)
    about = line.weights, line.objective.network
    if facts["breaks"]:
        # V rises at the threshold, so that only inhibition can keep a spike from it
        interacts = inhibitory = facts["cause"] in SWAPS
    else:
        *swapped, inhibited = order_changes(low, high, line.synapses)
        interacts, inhibitory = sum(swapped) > 0, bool(inhibited)
    return {
        "x": low.x,
        "width": high.x - low.x,
        **facts,
        "aside_later": _later_aside(line, around, facts),
        "interacts": bool(interacts),
        "inhibitory": inhibitory,
        "loss": low.loss,
        "loss_change": high.loss - low.loss,
        "loss_jump": around.loss_jump(facts, line.slope(left, right)),
        "gradient_left": gradient_norm(left, *about),
        "gradient_right": gradient_norm(right, *about),
        "gradient_jump": gradient_norm(right - left, *about),
    }


def _later_aside(line: Line, around: Bracket, facts: dict[str, Any]) -> float:
    try:
        sides = [line.spikes(around.low.x - OFFSET), line.spikes(around.high.x + OFFSET)]
    except SpikeOverflowError:
        return np.nan
    return max(0, sum(tally(disrupted(*sides)).values()) - facts["begins"])
