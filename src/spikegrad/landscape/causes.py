"""What happens at an isolated change of spikes, told from the spikes around it.

The change lies between ``low`` and ``high``; ``before`` and ``after`` are as far from these as
the bracket is wide. How much a spike moves out there says how far it may move within the bracket
without a jump: spikes of a QIF neuron that lingers at its separatrix can be very fast.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, NamedTuple

import numpy as np

from spikegrad.landscape.spikes import Spikes, first_difference, same_counts

SAME = 1e-9
"""Moves of spikes, in seconds, that are never taken for a jump."""

HALVINGS = 50
"""A QIF neuron that lingers at its separatrix spikes tau ln 2 later each time the distance to the
change halves. Its last spike leaves at the trial's end without a jump, but can do so within far
less than a bracket; with so many halvings, which come down to 1e-28, it must arrive there."""


class Bracket(NamedTuple):
    """Four neighbouring points of a line with a change between the middle ones."""

    before: Spikes
    low: Spikes
    high: Spikes
    after: Spikes

    def loss_jump(self, cause: str) -> float:
        """Change of the loss in nats, so far as its moves on either side do not explain it."""
        change = self.high.loss - self.low.loss
        steep = abs(self.low.loss - self.before.loss) + abs(self.after.loss - self.high.loss)
        explained = (HALVINGS if cause == "end" else 2) * steep
        return float(np.sign(change) * max(0.0, abs(change) - explained))


@dataclass(frozen=True)
class Unmatched:
    """A spike that has no counterpart on the other side of the change."""

    time: float
    layer: int
    unit: int
    side: int
    """0: it is on the left, 1: on the right."""
    slack: float
    """How far it may move within the bracket, in seconds."""


def _slack(inner: Spikes, outer: Spikes) -> np.ndarray:
    """How far each spike of ``inner`` may move within the bracket, in order of neurons."""
    times = inner.by_neuron[2]
    if not same_counts(inner, outer):
        return np.full(len(times), SAME)
    return SAME + 2 * np.abs(outer.by_neuron[2] - times)


def unmatched(bracket: Bracket) -> list[Unmatched]:
    """Spikes without counterpart, the earliest first."""
    before, low, high, after = bracket
    slacks = [_slack(low, before), _slack(high, after)]
    sides = [np.stack([*s.by_neuron, slack]) for s, slack in zip((low, high), slacks, strict=True)]
    if same_counts(low, high) and (np.abs(sides[0][2] - sides[1][2]) <= sum(slacks)).all():
        return []
    found = []
    for layer, unit in np.unique(np.hstack(sides)[:2], axis=1).T:
        own = [s[2:, (s[0] == layer) & (s[1] == unit)] for s in sides]
        for side, time, slack in _without_counterpart(*own):
            found.append(Unmatched(time, int(layer), int(unit), side, slack))
    return sorted(found, key=lambda spike: (spike.time, spike.layer))


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
    """The cause of a change, and the cascade that follows.

    Returns
    -------
    dict
        ``cause``, one of :data:`terms.CAUSES`; the ``layer``, ``unit`` and ``time`` in seconds
        of the spike it begins with; ``breaks``: whether any spike appears, vanishes or jumps in
        time; how many of them have ``appeared``, ``vanished`` or ``moved`` (to another time, of
        the same neuron), from left to right.
    """
    loose = unmatched(bracket)
    counts = {"appeared": 0, "vanished": 0, "moved": 0}
    if not loose:
        first, second = first_difference(bracket.low, bracket.high)
        spike = max(first, second, key=lambda event: event.layer)
        return {
            "cause": "input swap" if 0 in (first.layer, second.layer) else "spike swap",
            "layer": spike.layer,
            "unit": spike.unit,
            "time": spike.time(bracket.low),
            "breaks": False,
            **counts,
        }
    for key in {(spike.layer, spike.unit) for spike in loose}:
        sides = [spike.side for spike in loose if (spike.layer, spike.unit) == key]
        right, left = sum(sides), len(sides) - sum(sides)
        counts["moved"] += min(left, right)
        counts["appeared"] += right - min(left, right)
        counts["vanished"] += left - min(left, right)
    first_loose = loose[0]
    return {
        "cause": _cause(first_loose, (bracket.low, bracket.high)[first_loose.side]),
        "layer": first_loose.layer,
        "unit": first_loose.unit,
        "time": first_loose.time,
        "breaks": True,
        **counts,
    }


def _cause(spike: Unmatched, side: Spikes) -> str:
    """Why the ``spike`` is there on its ``side`` only.

    A spike that an inhibitory event cuts off comes just before that event, as close as the
    bracket is narrow. One that grazes the threshold has no event so near: the contact lies
    between events.
    """
    if side.duration - spike.time <= HALVINGS * spike.slack:
        return "end"
    for layer in (spike.layer, spike.layer - 1):
        later = side.times[layer] - spike.time
        near = (later >= 0) & (later <= spike.slack)
        if layer == spike.layer:
            near &= side.units[layer] != spike.unit
        if near.any():
            return "input swap" if layer == 0 else "spike swap"
    return "grazing"
