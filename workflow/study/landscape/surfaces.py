"""Loss, accuracy and activity on lines and planes through weight space."""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import groupby
from operator import attrgetter
from pathlib import Path
from typing import Any, TypeVar

import numpy as np
import pandas as pd
from torch import Tensor

from spikegrad.layers import SpikeOverflowError
from study.config.landscape import LandscapeSettings, Lines, Planes
from study.data.dataset import SpikeDataset
from study.jobs import with_progress
from study.landscape.constants import STATES
from study.landscape.directions import Centre, load_centre
from study.landscape.objective import Objective, landscape_samples
from study.landscape.section import section
from study.storage.columns import Table, shared

P = TypeVar("P", "Ray", "Point")


LINES_TABLE = Table(
    files=("landscape/lines.parquet", "landscape/surfaces/*/*/*.lines.parquet"),
    says="The loss along lines, as fine as it needs to be.",
    columns={
        **shared("neuron", "seed", "state", "direction", "x", "accuracy", "spikes_per_neuron"),
        "loss": "missing where the network runs away",
        "residual": "by how much the line, drawn through its points, may be wrong, in nats",
    },
)
PLANES_TABLE = Table(
    files=("landscape/planes.parquet", "landscape/surfaces/*/*/*.planes.parquet"),
    says="The loss on planes.",
    columns={
        **shared("neuron", "seed", "state", "direction", "x", "accuracy", "spikes_per_neuron"),
        "direction2": "direction of the second axis",
        "y": "relative distance along it",
        "loss": "missing where the network runs away",
        "slope_x": "part of the gradient along the first axis, nats per relative distance",
        "slope_y": "along the second",
    },
)


@dataclass(frozen=True)
class Ray:
    """A line along ``direction`` through a network's ``state``."""

    state: str
    direction: str


@dataclass(frozen=True)
class Point:
    """A grid point of the plane along ``directions`` through a network's ``state``."""

    state: str
    directions: tuple[str, str]
    index: tuple[int, int]


def rays(options: LandscapeSettings) -> list[Ray]:
    """All lines of one run, those of a state together."""
    return [Ray(state, direction) for state in STATES for direction in options.lines.directions]


def points(options: LandscapeSettings) -> list[Point]:
    """All points of the planes of one run, those of a plane together."""
    side = range(options.planes.points)
    return [
        Point(state, pair, (i, j))
        for state in STATES
        for pair in options.planes.directions
        for i in side
        for j in side
    ]


def line_table(
    lines: Sequence[Ray],
    centres: str | Path,
    data: SpikeDataset,
    options: LandscapeSettings,
) -> pd.DataFrame:
    """The loss along ``lines``, with points added as in :func:`section.section`.

    ``centres`` is the run's file of directions.

    Returns
    -------
    DataFrame
        One row for each point: neuron, seed, state, direction, x (relative distance), loss in
        nats (NaN where the network runs away), accuracy, spikes_per_neuron, and residual, see
        :class:`section.Section`.
    """
    rows = []
    names = options.lines.directions
    for objective, centre, own in _by_state(lines, "lines", names, centres, data, options):
        for line in own:
            if line.direction not in centre.directions:  # the run was too short for it
                continue
            key = {**centre.run, **vars(line)}
            found = _along(objective, centre, line.direction, options.lines)
            rows += [{**key, **row} for row in found]
    return pd.DataFrame(rows)


def _by_state(
    work: Sequence[P],
    what: str,
    names: tuple[str, ...],
    centres: str | Path,
    data: SpikeDataset,
    options: LandscapeSettings,
) -> Iterator[tuple[Objective, Centre, Iterator[P]]]:
    """The loss and the directions ``names`` in each state, with its part of the ``work``."""
    for state, own in groupby(with_progress(work, len(work), what), key=attrgetter("state")):
        network, centre = load_centre(centres, state, names)
        samples = landscape_samples(data, options, centre.run["seed"])
        yield Objective(network, samples), centre, own


def _along(
    objective: Objective, centre: Centre, direction: str, options: Lines
) -> list[dict[str, Any]]:
    found: dict[float, dict[str, float]] = {}

    def loss(x: float) -> float:
        found[x] = _measure(objective, centre.at((direction,), (x,)))
        return found[x]["loss"]

    even = np.linspace(*centre.span(direction, options.reach), options.points)
    grid = np.union1d(even, 0.0)  # the network itself
    whole = section(loss, grid, options.tolerance, options.spacing, options.most)
    return [{"x": x, **found[x], "residual": whole.residual} for x in whole.x]


def plane_table(
    points: Sequence[Point],
    centres: str | Path,
    data: SpikeDataset,
    options: LandscapeSettings,
) -> pd.DataFrame:
    """The loss at ``points`` of planes; ``centres`` is the run's file of directions.

    Returns
    -------
    DataFrame
        One row for each point: neuron, seed, state, direction, direction2, x, y (relative
        distances), loss in nats (NaN where the network runs away), accuracy, spikes_per_neuron,
        and, where the gradient was taken, its parts slope_x and slope_y in nats per relative
        distance.
    """
    rows = []
    names = tuple(sorted({name for pair in options.planes.directions for name in pair}))
    for objective, centre, own in _by_state(points, "points", names, centres, data, options):
        for point in own:
            if not centre.directions.keys() >= set(point.directions):
                continue
            key = {**centre.run, "state": point.state}
            key |= dict(zip(("direction", "direction2"), point.directions, strict=True))
            rows.append({**key, **_at(objective, centre, point, options.planes)})
    return pd.DataFrame(rows)


def _at(objective: Objective, centre: Centre, point: Point, options: Planes) -> dict[str, float]:
    spans = [centre.span(name, options.reach) for name in point.directions]
    x, y = (
        start + (stop - start) * i / (options.points - 1)
        for i, (start, stop) in zip(point.index, spans, strict=True)
    )
    weights = centre.at(point.directions, (x, y))
    axes = None
    if all(i % options.gradient_every == 0 for i in point.index):
        first, second = (centre.directions[name] for name in point.directions)
        axes = {"slope_x": first, "slope_y": second}
    return {"x": x, "y": y, **_measure(objective, weights, axes)}


def _measure(
    objective: Objective, weights: Tensor, axes: Mapping[str, Tensor] | None = None
) -> dict[str, float]:
    """Loss, accuracy and activity; with ``axes``, by name, also the gradient's parts along them."""
    try:
        if axes is None:
            answer, slopes = objective.answer(weights), {}
        else:
            answer, gradient = objective.gradient(weights)
            slopes = {name: float(gradient @ axis) for name, axis in axes.items()}
    except SpikeOverflowError:  # the network runs away here
        return {"loss": math.nan}
    return {
        "loss": float(answer.loss),
        "accuracy": answer.accuracy,
        "spikes_per_neuron": answer.spikes_per_neuron(objective.network.settings.layers),
        **slopes,
    }
