"""Loss, accuracy and gradient on lines and planes through weight space, point by point."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from itertools import groupby
from typing import Any, TypeVar

import pandas as pd
from torch import Tensor
from tqdm import tqdm

from spikegrad.config.landscape import LandscapeSettings, Lines, Planes
from spikegrad.data.dataset import SpikeDataset
from spikegrad.landscape.directions import Centre, load_centre
from spikegrad.landscape.objective import Objective
from spikegrad.landscape.terms import STATES
from spikegrad.layers import SpikeOverflowError

T = TypeVar("T")


@dataclass(frozen=True)
class Point:
    """A grid point of the line or plane along ``directions`` around a network's ``state``."""

    seed: int
    state: str
    directions: tuple[str, ...]
    index: tuple[int, ...]


def surface_points(options: LandscapeSettings) -> list[Point]:
    """All points of the lines and planes of one neuron model, those of a network together."""
    points = []
    for seed in options.seeds:
        for state in STATES:
            for name in options.lines.directions:
                points += [Point(seed, state, (name,), (i,)) for i in range(options.lines.points)]
            side = range(options.planes.points)
            for pair in options.planes.directions:
                points += [Point(seed, state, pair, (i, j)) for i in side for j in side]
    return points


def share(work: Sequence[T], job: int, jobs: int) -> Sequence[T]:
    """What ``job`` of ``jobs`` does of a list of work: every so-manieth piece."""
    return work[job::jobs]


def surface_table(
    points: Sequence[Point],
    centres: Mapping[int, str],
    data: SpikeDataset,
    options: LandscapeSettings,
) -> pd.DataFrame:
    """Evaluate ``points``; ``centres`` names the file of directions of each seed.

    Returns
    -------
    DataFrame
        One row for each point: neuron, seed, state, direction, direction2 (None on a line),
        x, y (relative distances), loss in nats (NaN where the network runs away), accuracy,
        spikes_per_neuron, and, where the gradient was taken, gradient_norm, slope_x and slope_y
        in nats per relative distance.
    """
    rows = []
    progress = tqdm(total=len(points), desc="surfaces", unit="point", disable=None)
    for (seed, state), members in groupby(points, key=lambda p: (p.seed, p.state)):
        own = list(members)
        names = tuple(sorted({name for point in own for name in point.directions}))
        network, centre = load_centre(centres[seed], state, names)
        objective = Objective(network, data)
        for point in own:
            rows.append(_evaluate(objective, centre, point, options))
            progress.update()
    progress.close()
    return pd.DataFrame(rows)


def _evaluate(
    objective: Objective, centre: Centre, point: Point, options: LandscapeSettings
) -> dict[str, Any]:
    grid: Lines | Planes = options.lines if len(point.index) == 1 else options.planes
    position = tuple(
        _coordinate(i, grid.points, *centre.span(name, grid.reach))
        for i, name in zip(point.index, point.directions, strict=True)
    )
    every = options.planes.gradient_every if isinstance(grid, Planes) else 1
    row: dict[str, Any] = {
        "neuron": centre.about["neuron"],
        "seed": point.seed,
        "state": point.state,
        "direction": point.directions[0],
        "direction2": point.directions[1] if len(point.directions) > 1 else None,
        "x": position[0],
        "y": position[1] if len(position) > 1 else 0.0,
    }
    weights = centre.at(point.directions, position)
    try:
        return row | _measure(objective, centre, point, weights, every)
    except SpikeOverflowError:  # the network runs away here
        return row | {"loss": math.nan}


def _measure(
    objective: Objective, centre: Centre, point: Point, weights: Tensor, every: int
) -> dict[str, float]:
    row = {}
    if all(i % every == 0 for i in point.index):
        answer, gradient = objective.gradient(weights)
        row["gradient_norm"] = float(gradient.norm()) * centre.about["norm"]
        for axis, name in zip(("slope_x", "slope_y"), point.directions, strict=False):
            row[axis] = float(gradient @ centre.directions[name])
    else:
        answer = objective.answer(weights)
    return row | {
        "loss": float(answer.loss),
        "accuracy": answer.accuracy,
        "spikes_per_neuron": answer.spikes_per_neuron(objective.network.settings.layers),
    }


def _coordinate(i: int, points: int, start: float, stop: float) -> float:
    return start + (stop - start) * i / (points - 1)
