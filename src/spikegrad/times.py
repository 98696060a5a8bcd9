"""Times: on a grid, in seconds, delays; for layers and for settings alike, needs no torch."""

from __future__ import annotations

import math
import sys
import warnings
from typing import TYPE_CHECKING

if TYPE_CHECKING:
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
    import numpy as np  # here: settings are read where there is none, too

    if step is None:
        return times
    last = np.floor(duration / step + SAME)  # so that 1.4 / 0.1 is 14
    return np.minimum(np.minimum(np.round(times / step), last) * step, duration)


def check_trained(time: float, name: str, shortest: float, longest: float) -> None:
    """ValueError unless a time that is trained lies within its bounds, but for ``BEYOND``."""
    if not shortest * (1 - BEYOND) <= time <= longest * (1 + BEYOND):
        raise ValueError(
            f"a trained {name} lies between {shortest} and {longest} s, not at {time:.4g}: begin"
            " there, and call bound after each step of the optimiser"
        )


def positive_seconds(value: float, name: str, longest: float = math.inf) -> float:
    """``value``, if it is a positive, finite number of seconds, else ValueError; a warning asks
    about more than ``longest``."""
    if not 0 < value < math.inf:
        raise ValueError(f"{name} must be a positive, finite number of seconds, not {value}")
    if value > longest * (1 + BEYOND):
        warn_caller(f"{name} = {value:g} s; times are in seconds: milliseconds?")
    return float(value)


def check_delays(
    kind: str | None, copies: int, grid: float, least: float, first: float, largest: float
) -> None:
    """ValueError unless delays of this ``kind``, None for none at all, can have these values.

    ``grid`` is the step of times of arrival or 0; spikes arrive after ``least`` seconds to
    ``largest``, at first up to ``first``.
    """
    if kind not in (None, "axonal", "synaptic"):
        raise ValueError(f"delays must be None, 'axonal' or 'synaptic', not {kind!r}")
    if kind != "axonal" and copies > 1:
        raise ValueError(f"only axonal delays have copies, not {kind!r}; leave copies out")
    if not 0 <= grid < math.inf or (kind == "synaptic" and not grid):
        raise ValueError(
            "a grid has a positive, finite step, or 0 for none; synaptic delays need one, not "
            f"{grid} with {kind!r}"
        )
    if not 0 <= max(least, grid) <= first <= largest < math.inf:
        raise ValueError(
            "delays need 0 <= min_delay <= initial_delay <= max_delay in seconds, and the grid's "
            f"step below initial_delay, not {least}, {first} and {largest} at a step of {grid}"
        )


def warn_caller(message: str, category: type[Warning] = UserWarning) -> None:
    """Warn where this package was called, whatever of it and of torch lies between."""
    frame, level = sys._getframe(), 1
    while frame.f_back and frame.f_globals["__name__"].startswith(("spikegrad.", "torch.")):
        frame, level = frame.f_back, level + 1
    warnings.warn(message, category, stacklevel=level)
