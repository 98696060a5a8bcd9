"""Activations phi, with their moments in closed form; another one is a small class more."""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np
import torch
from torch import Tensor

from spikegrad.ntk.derivatives import ErfDerivative, require_positive
from spikegrad.ntk.moments import Activation, Correlation
from spikegrad.ntk.quadrature import Array

NEAR = 1e-3
"""1 - \\|rho\\| below which differences are computed in another way."""


@dataclass(frozen=True)
class Erf(Activation):
    """phi = erf(slope u), the sign function smoothed on the scale 1 / slope.

    Raises
    ------
    ValueError
        If the slope is not above 0, or infinite: that is :class:`Sign`.
    """

    slope: float = 1.0
    odd = True

    def __post_init__(self) -> None:
        require_positive(slope=self.slope)
        if math.isinf(self.slope) and not isinstance(self, Sign):
            raise ValueError("erf of an infinite slope is Sign()")

    def __call__(self, u: Tensor) -> Tensor:
        return torch.erf(self.slope * u)

    @property
    def derivative(self) -> ErfDerivative:
        return ErfDerivative(self.slope)

    def second_moment(self, variance: Array) -> Array:
        """Williams' arcsine kernel."""
        c = self.derivative.softness
        return np.asarray(2 / np.pi * np.arcsin(variance / (c + variance)))

    def shortfall(self, x: Array, y: Array, bound: Array, correlation: Correlation) -> Array:
        c = self.derivative.softness
        kept_x, kept_y = x / (c + x), y / (c + y)
        scale = np.sqrt(kept_x * kept_y)
        result = np.asarray(bound - 2 / np.pi * np.arcsin((1 - correlation.gap) * scale))
        near = correlation.gap < NEAR
        if near.any():
            x, y = (np.broadcast_to(a, near.shape)[near] for a in (x, y))
            result[near] = _erf_shortfall(c, x, y, correlation.square_rest[near])
        return result


def _erf_shortfall(c: float, x: Array, y: Array, square_rest: Array) -> Array:
    """Shortfall of erf at correlations near 1, from differences of angles.

    E[erf erf] = 1 - 2 A / pi with the angle A between inputs to which a noise of variance c is
    added, cos^2 A = rho^2 x y / ((c + x) (c + y)); B and C are the angles of x and of y with
    themselves, and sin(A - B) = (sin^2 A - sin^2 B) / sin(A + B).
    """
    kept, lost = (x / (c + x), y / (c + y)), (c / (c + x), c / (c + y))
    cos_a = np.sqrt(kept[0] * kept[1] * (1 - square_rest))
    sin_a = np.sqrt(lost[0] + lost[1] - lost[0] * lost[1] + kept[0] * kept[1] * square_rest)
    more = (x - y) / (c + x) * lost[1]  # kept[0] - kept[1]
    angles = 0.0
    for cos_b, other, rest, differ in ((*kept, lost[0], more), (*kept[::-1], lost[1], -more)):
        sin_b = np.sqrt(rest * (1 + cos_b))
        sine = cos_b * (differ + other * square_rest) / (sin_a * cos_b + cos_a * sin_b)
        angles = angles + np.arcsin(sine)
    # sqrt(E[.^2] E[.^2]) is below the mean of both
    ends = [np.sqrt(1 - 4 / np.pi * np.arcsin(np.sqrt(r / 2))) for r in lost]
    return np.maximum((2 / np.pi * angles - (ends[0] - ends[1]) ** 2) / 2, 0)


class Sign(Erf):
    """phi = sign(u), the limit of an infinite slope."""

    def __init__(self) -> None:
        super().__init__(math.inf)

    def __repr__(self) -> str:
        return "Sign()"

    def __call__(self, u: Tensor) -> Tensor:
        return torch.sign(u)

    def second_moment(self, variance: Array) -> Array:
        return np.where(variance > 0, 1.0, 0.0)

    def shortfall(self, x: Array, y: Array, bound: Array, correlation: Correlation) -> Array:
        return np.asarray(2 / np.pi * bound * correlation.folded_angle)


@dataclass(frozen=True)
class Step(Activation):
    """phi = 1 where u > 0, else 0: binary neurons."""

    def __call__(self, u: Tensor) -> Tensor:
        return (u > 0).to(u.dtype)

    @property
    def derivative(self) -> ErfDerivative:
        """A delta function, half of the sign function's."""
        return ErfDerivative(math.inf, 0.5)

    def second_moment(self, variance: Array) -> Array:
        return np.where(variance > 0, 0.5, 0.0)

    def shortfall(self, x: Array, y: Array, bound: Array, correlation: Correlation) -> Array:
        """Cho and Saul's arc-cosine kernel of degree 0."""
        return np.asarray(bound * correlation.angle / np.pi)
