"""What learned delays may be, for layers and for settings alike; needs no torch."""

from __future__ import annotations

import math


def check_delays(
    kind: str | None, copies: int, grid: float, least: float, first: float, largest: float
) -> None:
    """ValueError unless delays of this ``kind``, None for none at all, can have these values.

    ``grid`` is the step of times of arrival; spikes arrive after ``least`` seconds to ``largest``,
    at first up to ``first``.
    """
    if kind not in (None, "axonal", "synaptic"):
        raise ValueError(f"delays must be None, 'axonal' or 'synaptic', not {kind!r}")
    if kind != "axonal" and copies > 1:
        raise ValueError(f"only axonal delays have copies, not {kind!r}; leave copies out")
    if not 0 <= grid < math.inf or (grid > 0 and kind is None) or (kind == "synaptic" and not grid):
        raise ValueError(
            "a grid has a positive, finite step; synaptic delays need one, axonal delays may have "
            f"one, not {kind!r}, {grid}"
        )
    if not 0 <= max(least, grid) <= first <= largest < math.inf:
        raise ValueError(
            "delays need 0 <= min_delay <= initial_delay <= max_delay in seconds, and the grid's "
            f"step below initial_delay, not {least}, {first} and {largest} at a step of {grid}"
        )
