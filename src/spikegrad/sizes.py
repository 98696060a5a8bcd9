"""Numbers of channels, neurons, copies."""

from __future__ import annotations

from numbers import Integral
from typing import Any


def whole(**sizes: Any) -> tuple[int, ...]:
    """``sizes`` as plain numbers; ValueError, with the name, unless all are whole and above 0."""
    for name, number in sizes.items():
        if not isinstance(number, Integral) or isinstance(number, bool) or number < 1:
            raise ValueError(f"{name} must be a whole number of at least 1, not {number!r}")
    return tuple(map(int, sizes.values()))
