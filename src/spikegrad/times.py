"""Times: on a grid, and in seconds; for layers and for settings alike, needs no torch."""

from __future__ import annotations

import warnings

import numpy as np
from numpy.typing import NDArray

SAME = 1e-9
"""Steps by which a time may miss one of the grid."""


def steps_within(duration: float, step: float) -> int:
    """How many steps of ``step`` seconds a sample has; ValueError if they are not whole."""
    number = round(duration / step) if step > 0 else 0
    if number < 1 or abs(duration / step - number) > SAME * number:
        raise ValueError(f"a sample of {duration} s does not consist of whole steps of {step} s")
    return number


def to_grid(times: NDArray[np.float64], step: float | None, duration: float) -> NDArray[np.float64]:
    """``times`` moved to the nearest multiples of ``step`` within [0, duration]; all in seconds."""
    if step is None:
        return times
    last = np.floor(duration / step + SAME)  # so that 1.4 / 0.1 is 14
    return np.minimum(np.minimum(np.round(times / step), last) * step, duration)


def ask_if_milliseconds(value: float, name: str, longest: float) -> None:
    """Warn if so many seconds are implausible."""
    if value > longest:
        warnings.warn(f"{name} = {value:g} s; times are in seconds: milliseconds?", stacklevel=4)
