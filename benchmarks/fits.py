"""How fast a curve grows: exponents, and the distance from a straight line."""

from __future__ import annotations

from collections.abc import Iterator
from statistics import median
from typing import Any

import numpy as np

# Beyond these x a curve is shown and not fitted.
LIMITS = {"feedforward neurons": 512, "recurrent neurons": 512}


def fitted(
    points: list[dict[str, Any]], limits: dict[str, int] = LIMITS
) -> Iterator[tuple[str, str, np.ndarray, np.ndarray]]:
    """Curve, neuron, x and median seconds (of a sample; of a batch where that or threads vary)."""
    names = dict.fromkeys((point["curve"], point["neuron"]) for point in points)
    for curve, neuron in names:
        chosen = [
            point
            for point in points
            if (point["curve"], point["neuron"]) == (curve, neuron)
            and point["x"] <= limits.get(curve, point["x"])
        ]
        whole = curve.startswith(("batch", "threads"))
        seconds = [median(p["seconds"]) / (1 if whole else p["samples"]) for p in chosen]
        yield curve, neuron, np.array([float(p["x"]) for p in chosen]), np.array(seconds)


def exponent(x: np.ndarray, y: np.ndarray) -> float:
    """Slope of log y over log x by least squares."""
    return float(np.polyfit(np.log(x), np.log(y), 1)[0])


def departure(x: np.ndarray, y: np.ndarray) -> float:
    """Largest relative distance of y from the straight line a + b x that fits it best.

    The line minimises relative errors, so that small and large x count alike.
    """
    design = np.column_stack([1 / y, x / y])
    a, b = np.linalg.lstsq(design, np.ones(len(x)), rcond=None)[0]
    return float(np.abs((a + b * x) / y - 1).max())
