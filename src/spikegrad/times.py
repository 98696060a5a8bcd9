"""Times: on a grid, and in seconds; for layers and for settings alike, needs no torch."""

from __future__ import annotations

import math
import sys
import warnings

import numpy as np
from numpy.typing import NDArray

SHORTEST_TAU, LONGEST_TAU = 1e-3, 1.0
"""Bounds of a layer's trained time constant in seconds."""
SAME = 1e-9
"""Steps by which a time may miss one of the grid."""
BEYOND = 1e-3
"""Share by which a trained time may lie beyond its bounds, as rounding leaves it there."""


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


def _within(time: float, shortest: float, longest: float) -> bool:
    return shortest * (1 - BEYOND) <= time <= longest * (1 + BEYOND)


def check_start(time: float, name: str, shortest: float, longest: float) -> None:
    """ValueError unless a time that is to be trained begins within its bounds, but for
    ``BEYOND``."""
    if not _within(time, shortest, longest):
        raise ValueError(f"a trained {name} lies between {shortest} and {longest} s, not at {time}")


def check_trained(time: float, name: str, shortest: float, longest: float) -> None:
    """As :func:`check_start`, of a time that an optimiser may have moved."""
    if not _within(time, shortest, longest):
        raise ValueError(
            f"the trained {name} must lie between {shortest} and {longest} s, not {time:.4g}: call"
            " bound after each step of the optimiser"
        )


def positive_seconds(value: float, name: str, longest: float = math.inf) -> float:
    """``value``, if it is a positive, finite number of seconds, else ValueError; a warning asks
    about more than ``longest``."""
    if not 0 < value < math.inf:
        raise ValueError(f"{name} must be a positive, finite number of seconds, not {value}")
    if value > longest * (1 + BEYOND):
        warn_caller(f"{name} = {value:g} s; times are in seconds: milliseconds?")
    return float(value)


def warn_caller(message: str, category: type[Warning] = UserWarning) -> None:
    """Warn where this package was called, whatever of it and of torch lies between."""
    frame, level = sys._getframe(), 1
    while frame.f_back and frame.f_globals["__name__"].startswith(("spikegrad.", "torch.")):
        frame, level = frame.f_back, level + 1
    warnings.warn(message, category, stacklevel=level)
