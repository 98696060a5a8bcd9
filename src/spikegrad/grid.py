"""Times on a grid, for layers and for settings alike; needs no torch."""

from __future__ import annotations

SAME = 1e-9
"""Steps by which a time may miss one of the grid."""


def steps_within(duration: float, step: float) -> int:
    """How many steps of ``step`` seconds a sample has; ValueError if they are not whole."""
    number = round(duration / step) if step > 0 else 0
    if number < 1 or abs(duration / step - number) > SAME * number:
        raise ValueError(f"a sample of {duration} s does not consist of whole steps of {step} s")
    return number
