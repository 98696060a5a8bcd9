"""A function along a line, looked at as closely as it needs."""

from __future__ import annotations

import heapq
import math
from collections.abc import Callable
from dataclasses import dataclass
from itertools import pairwise

import numpy as np
from numpy.typing import ArrayLike


@dataclass(frozen=True)
class Section:
    """Where a function was evaluated along a line, and what it was there.

    Attributes
    ----------
    x
        Coordinates, ascending [n].
    values
        The function's values, NaN where it has none [n].
    settled
        Whether more points would change nothing of note; False if evaluations ran out.
    """

    x: np.ndarray
    values: np.ndarray
    settled: bool


def section(
    function: Callable[[float], float],
    grid: ArrayLike,
    tolerance: float,
    spacing: float,
    most: int,
) -> Section:
    """``function`` at ``grid`` and at as many points between as show it to ``tolerance``.

    An interval is halved; it is done with if the value in its middle lies within ``tolerance``
    of the chord, else its halves are treated alike, the widest first, until they are narrower
    than ``spacing``: what still changes there is a jump, or cannot be told from one. The edge of
    a region without values (NaN) is closed in on as well. By the stability of persistence
    (Cohen-Steiner, Edelsbrunner and Harer 2007), minima deeper than d + 2 ``tolerance`` of the
    function and of the chords are as many, so far as the middles speak for their intervals.

    Parameters
    ----------
    function
        Of the coordinate; NaN where it has no value.
    grid
        Coordinates to begin with, ascending [n >= 2].
    tolerance
        In units of the function.
    spacing
        Width, in units of the coordinate, below which no interval is halved.
    most
        Number of evaluations, those of the grid included, after which no interval is halved.
    """
    values = {float(x): function(float(x)) for x in np.asarray(grid)}
    known = sorted(values)
    intervals = [(a - b, a, b) for a, b in pairwise(known)]
    heapq.heapify(intervals)
    while intervals and len(values) < most:
        width, low, high = heapq.heappop(intervals)  # the width's sign is turned
        if -width <= spacing or (math.isnan(values[low]) and math.isnan(values[high])):
            continue
        middle = (low + high) / 2
        values[middle] = function(middle)
        chord = (values[low] + values[high]) / 2
        if not abs(values[middle] - chord) <= tolerance:  # NaN is not within it
            for a, b in ((low, middle), (middle, high)):
                heapq.heappush(intervals, (a - b, a, b))
    left = [
        (low, high)
        for width, low, high in intervals
        if -width > spacing and not (math.isnan(values[low]) and math.isnan(values[high]))
    ]
    x = np.array(sorted(values))
    return Section(x, np.array([values[key] for key in x]), settled=not left)
