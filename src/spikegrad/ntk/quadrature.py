"""Gaussian means of functions without a closed form.

Panels become narrower, by powers of 2, towards 0 and towards each kink of the function, so that
neither its steepness there nor the deviation needs to be known. Each mean has an error estimate.
"""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

Array = NDArray[np.float64]

TOLERANCE = 1e-9
"""Largest error estimate, relative to E[|f|]."""
REACH = 9.0  # standard deviations; the mass beyond is 2e-19
GRID = np.linspace(-REACH, REACH, 37)  # the Gaussian's own scale
STEPS = 2 * REACH * 2.0 ** -np.arange(50)
AROUND = np.concatenate([-STEPS, [0.0], STEPS])
RULES = [np.polynomial.legendre.leggauss(n) for n in (20, 12)]


class QuadratureError(ArithmeticError):
    """A function cannot be integrated as accurately as promised; the message says what helps."""


def mean(f: Callable[[Tensor], Tensor], kinks: tuple[float, ...], variance: Array) -> Array:
    """E[f(v)], v ~ N(0, variance), for an array of any shape; f is smooth but for ``kinks``.

    Raises
    ------
    QuadratureError
        If ``f`` is not finite, or the error estimate too large.
    """
    deviations, inverse = np.unique(np.sqrt(variance), return_inverse=True)
    parts = [_means(f, kinks, deviations[i : i + 256]) for i in range(0, len(deviations), 256)]
    return np.asarray(np.concatenate(parts)[inverse].reshape(np.shape(variance)))


def _means(f: Callable[[Tensor], Tensor], kinks: tuple[float, ...], deviations: Array) -> Array:
    with np.errstate(divide="ignore", over="ignore"):  # a kink out of reach is clipped
        centres = np.outer(1 / np.maximum(deviations, 1e-300), [0.0, *kinks])
        around = (centres[..., None] + AROUND).reshape(len(deviations), -1)
    grid = np.broadcast_to(GRID, (len(deviations), len(GRID)))
    edges = np.sort(np.hstack([grid, np.clip(around, -REACH, REACH)]))
    middle, half = (edges[:, 1:] + edges[:, :-1]) / 2, np.diff(edges) / 2
    sums, sizes = [], []
    for nodes, weights in RULES:
        t = middle[..., None] + half[..., None] * nodes
        density = np.exp(-0.5 * t * t) * half[..., None] / np.sqrt(2 * np.pi)
        values = density * f(torch.from_numpy(deviations[:, None, None] * t)).numpy()
        sums.append(values @ weights)
        sizes.append((np.abs(values) @ weights).sum(1))
    error = np.abs(sums[0] - sums[1]).sum(1)
    if not (error <= TOLERANCE * sizes[0] + 1e-300).all():
        raise QuadratureError(
            f"the mean of {f} at standard deviations up to {deviations[-1]:g} has an error "
            f"estimate of {error.max():.1e}: name kinks and jumps in `kinks`, and let the function "
            "be finite"
        )
    return np.asarray(sums[0].sum(1))
