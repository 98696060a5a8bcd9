"""The loss of single samples along lines: how much of its change lies in jumps, and of what cause.

A profile is looked at as closely as it takes to show minima of the depths that are judged
(:mod:`study.landscape.section`). Where it still changes between two points 1e-13 apart, it
may jump: the spikes on both sides show whether it does, and why (:mod:`~.causes`).
"""

from __future__ import annotations

import math
from typing import Any, NamedTuple

import numpy as np
import pandas as pd

from spikegrad.layers import SpikeOverflowError
from study.config.landscape import Profiles
from study.landscape.causes import explain
from study.landscape.constants import CAUSES, SWAPS, TOLERANCE, height_column
from study.landscape.fragmentation import finite_range, persistence
from study.landscape.isolation import WIDTH, Line, bracket
from study.landscape.job import Job, sample_lines
from study.landscape.objective import FAILURES
from study.landscape.section import Section, section
from study.landscape.signature import same_signature

DEPTHS = (0.01, 0.03, 0.1, 0.3)
"""Depths, in nats, at which minima are counted."""


def profiles(job: Job) -> dict[str, pd.DataFrame]:
    """Single samples' losses along lines, and their minima by depth."""
    found, minima = [], []
    for place in job.share(sample_lines(job.options.profiles), "profiles"):
        key = {**job.key, **place._asdict()}
        facts, depths = profile(job.line(place), job.options.profiles)
        found.append({**key, **facts})
        minima += [{**key, **row} for row in depths]
    return {"profiles": pd.DataFrame(found), "profile_minima": pd.DataFrame(minima)}


class Cliff(NamedTuple):
    """A change of the loss within a bracket that ends at ``x``.

    The ``jump`` in ``change``, both in nats, has a ``cause``. The rest is continuous, but too
    steep for double precision: a spike lingers there, and leaves at the sample's end.
    """

    x: float
    change: float
    jump: float
    cause: str


def profile(line: Line, options: Profiles) -> tuple[dict[str, Any], list[dict[str, Any]]]:
    """One sample's loss along a line: a row of ``profiles``, and one of ``profile_minima`` for each
    depth, without the columns that name the line."""

    def loss(x: float) -> float:
        try:
            return line.spikes(x).loss
        except SpikeOverflowError:
            return math.nan

    grid = np.linspace(-options.reach, options.reach, options.points)
    found = section(loss, grid, TOLERANCE, WIDTH, options.max_points)
    low, high = finite_range(found.x, found.values)
    inside = (found.x >= low) & (found.x <= high)
    x, values = found.x[inside], found.values[inside]  # noqa: PD011
    cliffs = [c for c in cliffs_of(line, found) if x[0] < c.x <= x[-1]]
    jumps = [c for c in cliffs if c.jump]
    heights = {cause: sum(abs(j.jump) for j in jumps if j.cause == cause) for cause in CAUSES}
    facts = {
        "length": float(x[-1] - x[0]),
        "variation": float(np.abs(np.diff(values)).sum()),
        "n_jumps": len(jumps),
        **{height_column(cause): float(h) for cause, h in heights.items()},
        "unresolved": float(sum(abs(c.change - c.jump) for c in cliffs)),
        "settled": found.residual == 0,
    }
    versions = {
        "minima": values,
        "minima_without_jumps": without(x, values, [j for j in jumps if j.cause in SWAPS]),
    }
    depths = {name: persistence(version)[1:] for name, version in versions.items()}
    rows = [
        {"depth": depth, **{name: int((d > depth).sum()) for name, d in depths.items()}}
        for depth in DEPTHS
    ]
    return facts, rows


def steepest(found: Section) -> list[tuple[float, float]]:
    """Intervals not wider than WIDTH in which the function changes by more than TOLERANCE.

    Neighbours are joined, since where a jump lies may be a matter of rounding.
    """
    steep = (np.diff(found.x) <= WIDTH) & (np.abs(np.diff(found.values)) > TOLERANCE)
    ends: list[tuple[float, float]] = []
    for k in np.flatnonzero(steep):
        low, high = float(found.x[k]), float(found.x[k + 1])
        if ends and ends[-1][1] == low:
            low = ends.pop()[0]
        ends.append((low, high))
    return ends


def cliffs_of(line: Line, found: Section) -> list[Cliff]:
    """What happens at the steepest places of a section of ``line``'s loss, ascending."""
    cliffs = []
    for low, high in steepest(found):
        jump, cause = 0.0, ""
        try:
            around = bracket(line, line.spikes(low), line.spikes(high))
            if not same_signature(around.low, around.high):
                facts = explain(around)
                cause = facts["cause"]
                if facts["breaks"]:
                    slope = line.slope(line.gradient(low), line.gradient(high))
                    jump = around.loss_jump(facts, slope)
        except FAILURES:  # beside the place from where on the network diverges
            continue
        cliffs.append(Cliff(high, around.high.loss - around.low.loss, jump, cause))
    return cliffs


def without(x: np.ndarray, values: np.ndarray, jumps: list[Cliff]) -> np.ndarray:
    """``values`` at ``x`` [n], ascending, with the ``jumps`` in them closed."""
    steps = np.zeros(len(x))
    for jump in jumps:
        steps[np.searchsorted(x, jump.x)] += jump.jump
    return values - steps.cumsum()
