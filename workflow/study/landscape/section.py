"""A function along a line, looked at as closely as it needs."""

from __future__ import annotations

import heapq
import math
from collections.abc import Callable
from itertools import pairwise
from typing import NamedTuple

import numpy as np
from numpy.typing import ArrayLike


class Section(NamedTuple):
    """Where a function was evaluated along a line, and what it was there."""

    x: np.ndarray
    """Coordinates, ascending [n]."""
    values: np.ndarray
    """The function's values, NaN where it has none [n]."""
    residual: float
    """By how much, at most, a value lay off the chord where its surroundings were not looked into
    any more, since evaluations ran out; 0 if everything was."""


def section(
    function: Callable[[float], float],
    grid: ArrayLike,
    tolerance: float,
    spacing: float,
    max_points: int,
) -> Section:
    """``function``, NaN where it has no value, at ``grid`` and at as many points between as show it
    to ``tolerance``; ``grid`` ascends [n >= 2].

    An interval is halved; it is done with if the value in its middle lies within ``tolerance``
    of the chord, else its halves are treated alike, those farthest off the chord first, until
    they are narrower than ``spacing``, in units of the coordinate: what still changes there is a
    jump, or cannot be distinguished from one. After ``max_points`` evaluations, those of the grid
    included, no interval is halved. The edge of a region without values is closed in on before all
    else. By the stability of persistence (Cohen-Steiner, Edelsbrunner and Harer 2007), the function
    has at least as many minima deeper than d as the chords have deeper than d + 2 e, and at most as
    many as these have deeper than d - 2 e, with e the larger of ``tolerance`` and the residual, so
    far as the middles speak for their intervals.
    """
    values = {float(x): function(float(x)) for x in np.asarray(grid)}
    # what is farthest off comes first, of those not looked at yet the leftmost
    intervals = [(-math.inf, low, high) for low, high in pairwise(sorted(values))]
    heapq.heapify(intervals)

    def unfinished(low: float, high: float) -> bool:
        return high - low > spacing and not (math.isnan(values[low]) and math.isnan(values[high]))

    while intervals and len(values) < max_points:
        _, low, high = heapq.heappop(intervals)
        if not unfinished(low, high):
            continue
        middle = (low + high) / 2
        values[middle] = function(middle)
        off = abs(values[middle] - (values[low] + values[high]) / 2)
        off = math.inf if math.isnan(off) else off
        if off > tolerance:
            heapq.heappush(intervals, (-off, low, middle))
            heapq.heappush(intervals, (-off, middle, high))
    residual = max((-off for off, low, high in intervals if unfinished(low, high)), default=0.0)
    x = np.array(sorted(values))
    return Section(x, np.array([values[key] for key in x]), residual)
