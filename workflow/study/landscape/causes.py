"""What happens at an isolated change of spikes, by the spikes around it.

How much a spike moves beside a bracket says how far it may move within it without a jump: spikes
of a QIF neuron that lingers at its separatrix can be very fast.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, NamedTuple

import numpy as np

from study.landscape.signature import Spikes, first_difference, same_counts

SAME = 1e-9
"""Moves of spikes, in seconds, that are never taken for a jump."""

FAR = 1e-3
"""Moves of spikes, in seconds, after which a spike counts as another one."""

LINGERS = 1e-5
"""A spike that moves by more than this, in seconds, beside a bracket and over its width, lingers. A
LIF spike that grazes the threshold moves with the root of the distance, some 1e-7 s over 1e-13; a
QIF neuron at its separatrix spikes later by the same time with each halving of the distance, a
millisecond and more, or a tenth of that under strong inhibition."""


class Bracket(NamedTuple):
    """Neighbouring points of a line with a change between the middle ones, ``low`` and ``high``.

    The outer ones are as far from these as the bracket is wide.
    """

    before: Spikes
    low: Spikes
    high: Spikes
    after: Spikes

    def loss_jump(self, facts: Mapping[str, Any], slope: float) -> float:
        """Change of the loss in nats, so far as its moves on either side do not explain it.

        ``facts`` are what :func:`explain` says, ``slope`` how steep the loss may be there by its
        gradients, in nats per x. A spike that lingers goes on to the sample's end without a jump,
        if within far less than a bracket: there is none. Nor is there where the slope explains
        the change: in a chaotic network rounding alone moves spikes unevenly.
        """
        change = abs(self.high.loss - self.low.loss)
        if facts["lingers"] or change <= slope * (self.high.x - self.low.x):
            return 0.0
        return jump_height([s.loss for s in (self.before, self.low, self.high, self.after)])


def jump_height(values: Sequence[float]) -> float:
    """Change between the middle two of four ``values``, beyond twice those beside it."""
    before, low, high, after = values
    explained = 2 * (abs(low - before) + abs(after - high))
    return float(np.sign(high - low) * max(0.0, abs(high - low) - explained))


class Unmatched(NamedTuple):
    """A spike that has no counterpart on the other side of the change."""

    time: float
    layer: int
    unit: int
    side: int
    """0: left, 1: right."""
    slack: float
    """How far it may move within the bracket, in seconds."""


def _slack(inner: Spikes, outer: Spikes) -> np.ndarray:
    """How far each spike of ``inner`` may move within the bracket, in order of neurons."""
    slack = np.full(len(inner.by_neuron[2]), SAME)
    slack[_as_often(inner, outer)[0]] += 2 * _moves(inner, outer)
    return slack


def _moves(inner: Spikes, outer: Spikes) -> np.ndarray:
    """By how much each spike moves, of neurons that spike as often in both."""
    here, there = _as_often(inner, outer)
    return np.abs(outer.by_neuron[2][there] - inner.by_neuron[2][here])


def _as_often(a: Spikes, b: Spikes) -> tuple[np.ndarray, np.ndarray]:
    """Which spikes of ``a`` and of ``b`` belong to neurons that spike as often in both."""
    places = [np.stack(s.by_neuron[:2]) for s in (a, b)]
    unique, neurons = np.unique(np.hstack(places), axis=1, return_inverse=True)
    own = np.split(neurons, [places[0].shape[1]])
    counts = [np.bincount(n, minlength=unique.shape[1]) for n in own]
    same = counts[0] == counts[1]
    return same[own[0]], same[own[1]]


def unmatched(bracket: Bracket) -> list[Unmatched]:
    """Spikes without counterpart, the earliest first."""
    before, low, high, after = bracket
    slacks = [_slack(low, before), _slack(high, after)]
    if same_counts(low, high):
        moves = np.abs(low.by_neuron[2] - high.by_neuron[2])
        if (moves <= sum(slacks)).all():
            return []
    return _lone(low, high, slacks)


def disrupted(a: Spikes, b: Spikes) -> list[Unmatched]:
    """Spikes without a counterpart of the same neuron within :data:`FAR`, the earliest first."""
    return _lone(a, b, [np.full(len(s.by_neuron[2]), FAR / 2) for s in (a, b)])


def _lone(a: Spikes, b: Spikes, slacks: list[np.ndarray]) -> list[Unmatched]:
    sides = [np.stack([*s.by_neuron, slack]) for s, slack in zip((a, b), slacks, strict=True)]
    found = []
    for layer, unit in np.unique(np.hstack(sides)[:2], axis=1).T:
        own = [s[2:, (s[0] == layer) & (s[1] == unit)] for s in sides]
        for side, time, slack in _without_counterpart(*own):
            found.append(Unmatched(time, int(layer), int(unit), side, slack))
    return sorted(found, key=lambda spike: (spike.time, spike.layer))


def tally(spikes: list[Unmatched]) -> dict[str, int]:
    """How many appear, vanish or move (to another time, of the same neuron) from left to right."""
    counts = {"appeared": 0, "vanished": 0, "moved": 0}
    for key in {(spike.layer, spike.unit) for spike in spikes}:
        sides = [spike.side for spike in spikes if (spike.layer, spike.unit) == key]
        right, left = sum(sides), len(sides) - sum(sides)
        counts["moved"] += min(left, right)
        counts["appeared"] += right - min(left, right)
        counts["vanished"] += left - min(left, right)
    return counts


def _without_counterpart(a: np.ndarray, b: np.ndarray) -> list[tuple[int, float, float]]:
    """(side, time, slack) of what two ascending lists, [2, n] of times and slacks, do not share."""
    found, i, j = [], 0, 0
    while i < a.shape[1] or j < b.shape[1]:
        both = i < a.shape[1] and j < b.shape[1]
        if both and abs(a[0, i] - b[0, j]) <= a[1, i] + b[1, j]:
            i, j = i + 1, j + 1
        elif j == b.shape[1] or (both and a[0, i] < b[0, j]):
            found.append((0, float(a[0, i]), float(a[1, i])))
            i += 1
        else:
            found.append((1, float(b[0, j]), float(b[1, j])))
            j += 1
    return found


def explain(bracket: Bracket) -> dict[str, Any]:
    """The cause of a change and the cascade that follows: columns of its table.

    ``lingers``: a spike is too fast for the change to be resolved. It moves on to the sample's end
    without a jump, but closer to the change than double precision shows.
    """
    loose = unmatched(bracket)
    if loose:
        begun, far, lingers = loose[0], disrupted(bracket.low, bracket.high), lingering(bracket)
        here = begun.time, begun.layer, begun.unit
        begins = any((s.time, s.layer, s.unit) == here for s in far)
        cause = "end" if lingers else _cause(begun, bracket[1 + begun.side])
    else:
        first, second = first_difference(bracket.low, bracket.high)
        spike = max(first, second, key=lambda event: event.layer)
        here = spike.time(bracket.low), spike.layer, spike.unit
        far, lingers, begins = [], False, False
        cause = "input swap" if 0 in (first.layer, second.layer) else "spike swap"
    later = sum(tally(far).values()) - int(begins)
    return {
        "cause": cause,
        "layer": here[1],
        "unit": here[2],
        "time": here[0],
        "breaks": bool(loose),
        "lingers": lingers,
        **tally(loose),
        "begins": int(begins),
        "later": later,
    }


def lingering(bracket: Bracket) -> bool:
    """Whether any spike moves too fast beside the change for the change to be resolved."""
    before, low, high, after = bracket
    moves = [_moves(low, before), _moves(high, after)]
    return max(float(m.max(initial=0.0)) for m in moves) > LINGERS


def _cause(spike: Unmatched, side: Spikes) -> str:
    """Why the ``spike`` is there on its ``side`` only.

    A spike that an inhibitory event cuts off comes just before that event, as close as the
    bracket is narrow. One that grazes the threshold has no event so near: the contact lies
    between events.
    """
    if side.duration - spike.time <= spike.slack:
        return "end"
    for layer in (spike.layer, spike.layer - 1):
        later = side.times[layer] - spike.time
        near = (later >= 0) & (later <= spike.slack)
        if layer == spike.layer:
            near &= side.units[layer] != spike.unit
        if near.any():
            return "input swap" if layer == 0 else "spike swap"
    return "grazing"
