"""Activations phi and derivatives psi for backpropagation, with their moments in closed form.

Their bases, and what has no closed form, are in :mod:`spikegrad.ntk.moments`. A new activation or
surrogate is a small class, or :class:`~spikegrad.ntk.moments.Custom` of any function of a tensor.
"""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np
import torch
from scipy.special import erf, owens_t
from torch import Tensor

from spikegrad.ntk.moments import Activation, Correlation, Derivative
from spikegrad.ntk.quadrature import Array

NEAR = 1e-3
"""1 - \\|rho\\| below which differences are computed in another way."""


def _positive(**values: float) -> None:
    for name, value in values.items():
        if not value > 0:
            raise ValueError(f"{name} must be above 0, not {value}")


@dataclass(frozen=True)
class ErfDerivative(Derivative):
    """``height`` times the derivative of erf(slope u); twice a delta function for infinite slope.

    Raises
    ------
    ValueError
        If the slope is not above 0.
    """

    slope: float
    height: float = 1.0
    closed_mean = True

    def __post_init__(self) -> None:
        _positive(slope=self.slope)

    @property
    def softness(self) -> float:
        """c = 1 / (2 slope^2): variance that the smooth step adds to its input's."""
        return 1 / (2 * self.slope**2)

    def __call__(self, u: Tensor) -> Tensor:
        """See base class.

        Raises
        ------
        ValueError
            For an infinite slope: a delta function has no values.
        """
        if math.isinf(self.slope):
            raise ValueError(
                "the derivative of a step is 0 or infinite, so that a finite network has no "
                "kernel or gradient with it; the SG-NTK of such networks is a limit of infinite "
                "width (sg_ntk), and what a finite one has is the two-sided kernel: pass the "
                "surrogate as `derivative`, too"
            )
        scale = self.height * 2 * self.slope / math.sqrt(math.pi)
        return u.square().mul_(-(self.slope**2)).exp_().mul_(scale)

    def mean(self, variance: Array) -> Array:
        """See base class; infinite at zero variance if the slope is."""
        with np.errstate(divide="ignore"):
            return np.asarray(
                self.height * math.sqrt(2 / math.pi) / np.sqrt(self.softness + variance)
            )

    def closed_moment(
        self, other: Derivative, x: Array, y: Array, correlation: Correlation
    ) -> Array:
        """See base class: psi is a Gaussian in u, so that u integrates out and v stays Gaussian."""
        if self.softness == 0:
            rest = y * correlation.square_rest
        else:
            kept = x / (self.softness + x)
            rest = y * (1 - kept + kept * correlation.square_rest)
        return self.mean(x) * other.mean(rest)


@dataclass(frozen=True)
class IdentityDerivative(Derivative):
    """psi = 1: errors pass every neuron unchanged (the straight-through estimator)."""

    closed_mean = True

    def __call__(self, u: Tensor) -> Tensor:
        return torch.ones_like(u)

    def mean(self, variance: Array) -> Array:
        return np.ones_like(variance)

    def closed_moment(
        self, other: Derivative, x: Array, y: Array, correlation: Correlation
    ) -> Array:
        """See base class."""
        return np.broadcast_to(
            other.mean(y), np.broadcast_shapes(x.shape, y.shape, correlation.rho.shape)
        )


@dataclass(frozen=True)
class HardTanhDerivative(Derivative):
    """psi = 1 where \\|u\\| < half_width, else 0: the derivative of a clipped identity.

    Raises
    ------
    ValueError
        If the half width is not above 0.
    """

    half_width: float
    closed_mean = True

    def __post_init__(self) -> None:
        _positive(half_width=self.half_width)

    @property
    def kinks(self) -> tuple[float, ...]:
        """See base class."""
        return (-self.half_width, self.half_width)

    def __call__(self, u: Tensor) -> Tensor:
        return (u.abs() < self.half_width).to(u.dtype)

    def mean(self, variance: Array) -> Array:
        with np.errstate(divide="ignore"):
            return np.asarray(erf(self.half_width / np.sqrt(2 * variance)))

    def closed_moment(
        self, other: Derivative, x: Array, y: Array, correlation: Correlation
    ) -> Array | None:
        """See base class; for two windows the probability of a rectangle, by Owen's T."""
        if not isinstance(other, HardTanhDerivative):
            return None
        with np.errstate(divide="ignore"):  # no variance: windows of infinite width
            h, k = (np.minimum(a.half_width / np.sqrt(v), 40.0) for a, v in ((self, x), (other, y)))
        rho, gap = np.abs(correlation.rho), correlation.gap
        rest = np.sqrt(correlation.square_rest)
        outside = np.zeros(np.broadcast_shapes(h.shape, k.shape, rest.shape))
        with np.errstate(divide="ignore", invalid="ignore"):
            for a, b in ((h, k), (k, h)):
                for slope in ((b - a + gap * a) / (a * rest), (b + rho * a) / (a * rest)):
                    # equal windows and variables: 0 / 0, with limit 0
                    outside += 2 * owens_t(a, np.nan_to_num(slope, nan=0.0))
        return np.asarray(1 - outside)


@dataclass(frozen=True)
class Erf(Activation):
    """phi = erf(slope u), the sign function smoothed on the scale 1 / slope.

    Raises
    ------
    ValueError
        If the slope is not above 0.
    """

    slope: float = 1.0
    odd = True

    def __post_init__(self) -> None:
        _positive(slope=self.slope)

    def __call__(self, u: Tensor) -> Tensor:
        return torch.erf(self.slope * u)

    @property
    def derivative(self) -> ErfDerivative:
        """See base class."""
        return ErfDerivative(self.slope)

    def second_moment(self, variance: Array) -> Array:
        """See base class: Williams' arcsine kernel."""
        c = self.derivative.softness
        return np.asarray(2 / np.pi * np.arcsin(variance / (c + variance)))

    def shortfall(self, x: Array, y: Array, bound: Array, correlation: Correlation) -> Array:
        """See base class."""
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
        """See base class."""
        return np.where(variance > 0, 1.0, 0.0)

    def shortfall(self, x: Array, y: Array, bound: Array, correlation: Correlation) -> Array:
        """See base class."""
        return np.asarray(2 / np.pi * bound * correlation.folded_angle)


@dataclass(frozen=True)
class Step(Activation, Derivative):
    """phi = 1 where u > 0, else 0: binary neurons; also the derivative of :class:`Relu`."""

    kinks = (0.0,)
    closed_mean = True

    def __call__(self, u: Tensor) -> Tensor:
        return (u > 0).to(u.dtype)

    @property
    def derivative(self) -> ErfDerivative:
        """See base class: a delta function, half of the sign function's."""
        return ErfDerivative(math.inf, 0.5)

    def mean(self, variance: Array) -> Array:
        return np.where(variance > 0, 0.5, 0.0)

    def second_moment(self, variance: Array) -> Array:
        """See base class."""
        return self.mean(variance)

    def shortfall(self, x: Array, y: Array, bound: Array, correlation: Correlation) -> Array:
        """See base class: Cho and Saul's arc-cosine kernel of degree 0."""
        return np.asarray(bound * correlation.angle / np.pi)

    def closed_moment(
        self, other: Derivative, x: Array, y: Array, correlation: Correlation
    ) -> Array | None:
        """See base class."""
        if not isinstance(other, Step):
            return None
        bound = np.sqrt(self.mean(x) * self.mean(y))
        return np.asarray(bound - self.shortfall(x, y, bound, correlation))


@dataclass(frozen=True)
class Relu(Activation):
    """phi = max(u, 0)."""

    kinks = (0.0,)

    def __call__(self, u: Tensor) -> Tensor:
        return torch.relu(u)

    @property
    def derivative(self) -> Step:
        """See base class."""
        return Step()

    def second_moment(self, variance: Array) -> Array:
        """See base class."""
        return np.asarray(variance / 2)

    def shortfall(self, x: Array, y: Array, bound: Array, correlation: Correlation) -> Array:
        """See base class: Cho and Saul's arc-cosine kernel of degree 1."""
        angle = correlation.angle
        sine = np.sqrt(correlation.square_rest)
        # sin - angle cos, by its series where it would be a difference of nearly equal numbers
        rest = np.where(
            angle < 0.05,
            angle**3 * (1 / 3 - angle**2 * (1 / 30 - angle**2 / 840)),
            sine - angle * correlation.rho,
        )
        lost = np.where(correlation.rho < 0, 2 - correlation.gap, correlation.gap)
        return np.asarray(bound * (lost - rest / np.pi))


@dataclass(frozen=True)
class Tanh(Activation):
    """phi = tanh(u), by quadrature."""

    odd = True

    def __call__(self, u: Tensor) -> Tensor:
        return torch.tanh(u)

    @property
    def derivative(self) -> TanhDerivative:
        """See base class."""
        return TanhDerivative()


@dataclass(frozen=True)
class TanhDerivative(Derivative):
    """psi = 1 / cosh^2(u), by quadrature."""

    def __call__(self, u: Tensor) -> Tensor:
        return 1 - torch.tanh(u).square()
