"""Loss, accuracy and activity on lines and planes through weight space."""

from __future__ import annotations

import math
from typing import Any, NamedTuple

import numpy as np
import pandas as pd
from torch import Tensor

from study.config.landscape import LandscapeSettings
from study.landscape.constants import STATES, TOLERANCE
from study.landscape.job import Job
from study.landscape.objective import FAILURES, Objective
from study.landscape.section import section


class Point(NamedTuple):
    """A grid point of the plane along two directions through a network's ``state``."""

    state: str
    direction: str
    direction2: str
    i: int
    j: int


def points(options: LandscapeSettings) -> list[Point]:
    """All points of the planes of one network, those of a plane together."""
    side = range(options.planes.points)
    return [
        Point(state, *pair, i, j)
        for state in STATES
        for pair in options.planes.directions
        for i in side
        for j in side
    ]


def surfaces(job: Job) -> dict[str, pd.DataFrame]:
    """The loss along lines, with points added by :func:`section.section`, and on planes."""
    lines: list[dict[str, Any]] = []
    rays = [(state, name) for state in STATES for name in job.options.lines.directions]
    for state, direction in job.share(rays, "lines"):
        if direction in job.centres[state].directions:  # else the run was too short for it
            key = {**job.key, "state": state, "direction": direction}
            lines += [{**key, **row} for row in _along(job, state, direction)]
    planes = []
    for point in job.share(points(job.options), "points"):
        state, *pair, _, _ = point
        if job.centres[state].directions.keys() >= set(pair):
            key = dict(zip(("state", "direction", "direction2"), point, strict=False))
            planes.append({**job.key, **key, **_at(job, point)})
    return {"lines": pd.DataFrame(lines), "planes": pd.DataFrame(planes)}


def _along(job: Job, state: str, direction: str) -> list[dict[str, Any]]:
    centre, options = job.centres[state], job.options.lines
    found: dict[float, dict[str, float]] = {}

    def loss(x: float) -> float:
        found[x] = _measure(job.objective, centre.at((direction,), (x,)))
        return found[x]["loss"]

    even = np.linspace(*centre.span(direction, options.reach), options.points)
    grid = np.union1d(even, 0.0)  # the network itself
    whole = section(loss, grid, TOLERANCE, options.spacing, options.max_points)
    return [{"x": x, **found[x], "residual": whole.residual} for x in whole.x]


def _at(job: Job, point: Point) -> dict[str, float]:
    centre, options = job.centres[point.state], job.options.planes
    names, index = (point.direction, point.direction2), (point.i, point.j)
    spans = [centre.span(name, options.reach) for name in names]
    x, y = (
        start + (stop - start) * i / (options.points - 1)
        for i, (start, stop) in zip(index, spans, strict=True)
    )
    return {"x": x, "y": y, **_measure(job.objective, centre.at(names, (x, y)))}


def _measure(objective: Objective, weights: Tensor) -> dict[str, float]:
    """Loss, accuracy and activity; a loss of NaN where the network diverges."""
    try:
        found = objective.evaluate(weights)
    except FAILURES:
        return {"loss": math.nan}
    return found.scores(objective.network.settings.layers)
