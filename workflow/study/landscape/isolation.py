"""Changes of a sample's spikes along a line, isolated to rounding.

Two searches. :func:`swaps` isolates every change of the signature: where two neighbouring points
differ, the earliest events whose order differs are taken, and the place where they meet is found
by Brent's method on the difference of their times; then the parts to its left and right are
treated alike. Most of these changes are harmless, and there are very many. :func:`breaks` passes
over those at which all spikes go on moving smoothly, and so covers longer lines.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from functools import partial
from itertools import pairwise

import numpy as np
import torch
from scipy.optimize import brentq
from torch import Tensor

from study.landscape.causes import SAME, Bracket
from study.landscape.objective import Objective
from study.landscape.orders import order_changes, synapses_of
from study.landscape.signature import (
    Spikes,
    first_difference,
    same_counts,
    same_signature,
    spikes_of,
)

WIDTH = 1e-13
"""Width, in units of the line's coordinate, at which an interval is not divided any further."""


class Line:
    """One sample, that of ``objective``, along a line in weight space: from ``weights`` at 0 by
    ``direction`` to 1, [n_weights].

    ``losses`` holds the loss at every point where the network ran; ``synapses`` the weights at
    0; ``searched`` how far a search has come; ``passed`` the harmless changes of order, counted
    as by :func:`orders.order_changes`, that :func:`breaks` passed by.
    """

    def __init__(self, objective: Objective, weights: Tensor, direction: Tensor) -> None:
        self.objective, self.weights, self.direction = objective, weights, direction
        self.losses: dict[float, float] = {}
        self.searched = -np.inf
        objective.set_weights(weights)
        self.synapses = synapses_of(objective)
        self.passed = np.zeros(3, int)

    def point(self, x: float) -> Tensor:
        """The weights at ``x``."""
        return torch.add(self.weights, self.direction, alpha=x)

    def spikes(self, x: float) -> Spikes:
        """The sample's spikes and loss at ``x``."""
        spikes = spikes_of(x, self.objective.evaluate(self.point(x)))
        self.losses[x] = spikes.loss
        return spikes

    def gradient(self, x: float) -> Tensor:
        """The gradient [n_weights] at ``x``."""
        return self.objective.gradient(self.point(x))[1]

    def slope(self, *gradients: Tensor) -> float:
        """How steep the loss can be along the line, by its ``gradients`` at some points, per x."""
        steepest = max(gradient.norm() for gradient in gradients)
        return float(steepest * self.direction.norm())


Pair = tuple[Spikes, Spikes]


def swaps(line: Line, grid: np.ndarray) -> Iterator[Pair]:
    """Both ends of every isolated change of the signature, in order; ``grid`` ascends.

    A change and its undoing between two neighbouring points that are compared leave no trace:
    the finer the grid, the fewer are missed.
    """
    return _joined(_search(line, grid, partial(_between, line)))


def breaks(line: Line, grid: np.ndarray, max_runs: int | None = None) -> Iterator[Pair]:
    """The same of changes at which spikes appear, vanish, or jump in time.

    An interval is halved as long as :func:`moves_smoothly` is false. What escapes is a jump of
    a spike by less than about what it moves within a grid interval. Spikes of a chaotic network
    move smoothly only within intervals too many to be searched: after ``max_runs`` runs of the
    network the search ends where it is, at ``line.searched``.
    """

    def divide(low: Spikes, high: Spikes) -> list[Spikes]:
        middle = line.spikes((low.x + high.x) / 2)
        if not moves_smoothly(low, middle, high):
            return [middle]
        for pair in ((low, middle), (middle, high)):
            line.passed += order_changes(*pair, line.synapses)
        return []

    return _joined(_search(line, grid, divide, max_runs))


def _joined(pairs: Iterator[Pair]) -> Iterator[Pair]:
    """The same pairs, those too close to be distinguished joined.

    Where the order of two events is a matter of rounding, one change can look like several.
    """
    last: Pair | None = None
    for low, high in pairs:
        if last is None or low.x - last[1].x > WIDTH:
            if last is not None:
                yield last
            last = low, high
        else:
            last = last[0], high
    if last is not None:
        yield last


def _search(
    line: Line,
    grid: np.ndarray,
    divide: Callable[[Spikes, Spikes], list[Spikes]],
    max_runs: int | None = None,
) -> Iterator[Pair]:
    left = line.spikes(float(grid[0]))
    line.searched = left.x
    for x in grid[1:]:
        right = line.spikes(float(x))
        parts = [(left, right)]
        while parts:
            if max_runs is not None and len(line.losses) >= max_runs:
                return
            low, high = parts.pop()
            inner: list[Spikes] = []
            if not same_signature(low, high):
                if high.x - low.x <= WIDTH:
                    yield low, high
                else:
                    inner = divide(low, high)
            if inner:
                parts += reversed(list(pairwise([low, *inner, high])))
            else:
                line.searched = high.x
        left = right


def moves_smoothly(low: Spikes, middle: Spikes, high: Spikes) -> bool:
    """Whether all spikes move by similar steps from ``low`` to ``middle`` and on to ``high``.

    The two steps of a spike may differ by a factor of 3, more if they are very short beside
    the median spike's. A jump makes one step long however narrow the interval becomes, while bends,
    which any swap brings, are passed over.
    """
    if not (same_counts(low, middle) and same_counts(middle, high)):
        return False
    times = [s.by_neuron[2] for s in (low, middle, high)]
    first, second = times[1] - times[0], times[2] - times[1]
    length = np.abs(first) + np.abs(second)
    allowed = 0.5 * (length + 0.1 * np.median(length)) + SAME
    return bool((np.abs(second - first) <= allowed).all())


def _between(line: Line, low: Spikes, high: Spikes) -> list[Spikes]:
    """Points that close in on the place where the first difference of signatures arises."""
    order = first_difference(low, high)
    visited = {low.x: low, high.x: high}

    def lag(x: float) -> float:
        if x not in visited:
            visited[x] = line.spikes(x)
        return order.lag(visited[x])

    if lag(low.x) * lag(high.x) < 0:
        brentq(lag, low.x, high.x, xtol=WIDTH / 4, rtol=4 * np.finfo(float).eps)
    else:  # not a simple exchange
        lag((low.x + high.x) / 2)
    return sorted((s for x, s in visited.items() if low.x < x < high.x), key=lambda s: s.x)


def bracket(line: Line, low: Spikes, high: Spikes) -> Bracket:
    """An isolated change with the points beside it."""
    width = high.x - low.x
    return Bracket(line.spikes(low.x - width), low, high, line.spikes(high.x + width))
