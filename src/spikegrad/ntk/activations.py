"""Activations phi, derivatives psi for backpropagation, and their Gaussian moments.

A new activation or surrogate is one small class: the function itself and, where known, its
moments in closed form. Moments left out are integrated numerically; such a class names its
``kinks``, the points where the function is not smooth.

Moments are over centred Gaussian pairs (u, v) with variances ``x``, ``y`` and correlation
``rho``, float64 arrays that broadcast. A correlation, not a covariance, because only then is
"equal" exact: the square-root singularities at rho = 1 amplify any rounding.
"""

from __future__ import annotations

import math
from abc import ABC, abstractmethod
from dataclasses import dataclass

import numpy as np
import torch
from scipy.special import erf, owens_t
from torch import Tensor

from spikegrad.ntk import quadrature
from spikegrad.ntk.quadrature import Array


class Derivative(ABC):
    """What backpropagation multiplies with at a pre-activation: phi', or a surrogate for it."""

    @property
    def kinks(self) -> tuple[float, ...]:
        """Where psi is not smooth."""
        return ()

    @abstractmethod
    def __call__(self, u: Tensor) -> Tensor:
        """psi(u), element by element."""

    def mean(self, variance: Array) -> Array:
        """E[psi(v)], v ~ N(0, variance)."""
        return quadrature.mean(self, self.kinks, variance)

    def moment(self, other: Derivative, x: Array, y: Array, rho: Array) -> Array:
        """E[psi(u) other(v)]."""
        return quadrature.moment(self, self.kinks, other, other.kinks, x, y, rho)


class Activation(ABC):
    """A function phi of the pre-activation, with its true derivative."""

    @property
    def kinks(self) -> tuple[float, ...]:
        """Where phi is not smooth."""
        return ()

    @abstractmethod
    def __call__(self, u: Tensor) -> Tensor:
        """phi(u), element by element."""

    @property
    @abstractmethod
    def derivative(self) -> Derivative:
        """phi'."""

    def moment(self, x: Array, y: Array, rho: Array) -> Array:
        """E[phi(u) phi(v)]."""
        return quadrature.moment(self, self.kinks, self, self.kinks, x, y, rho)


@dataclass(frozen=True)
class ErfDerivative(Derivative):
    """The derivative of erf(slope u); twice a delta function for an infinite slope."""

    slope: float

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
                "the sign function has no derivative to backpropagate through in a finite "
                "network; give a surrogate, such as ErfDerivative(1.0)"
            )
        return u.square().mul_(-(self.slope**2)).exp_().mul_(2 * self.slope / math.sqrt(math.pi))

    def mean(self, variance: Array) -> Array:
        """See base class; infinite at zero variance if the slope is."""
        with np.errstate(divide="ignore"):
            return np.asarray(math.sqrt(2 / math.pi) / np.sqrt(self.softness + variance))

    def moment(self, other: Derivative, x: Array, y: Array, rho: Array) -> Array:
        """See base class: psi is a Gaussian in u, so that u integrates out and v stays Gaussian."""
        rest = y * (1 - rho**2 * (x / (self.softness + x)))
        return self.mean(x) * other.mean(rest)


@dataclass(frozen=True)
class IdentityDerivative(Derivative):
    """psi = 1: errors pass every neuron unchanged (the straight-through estimator)."""

    def __call__(self, u: Tensor) -> Tensor:
        return torch.ones_like(u)

    def mean(self, variance: Array) -> Array:
        return np.ones_like(variance)

    def moment(self, other: Derivative, x: Array, y: Array, rho: Array) -> Array:
        return np.broadcast_to(other.mean(y), np.broadcast_shapes(x.shape, y.shape, rho.shape))


@dataclass(frozen=True)
class HardTanhDerivative(Derivative):
    """psi = 1 where \\|u\\| < half_width, else 0: the derivative of a clipped identity."""

    half_width: float

    @property
    def kinks(self) -> tuple[float, ...]:
        """See base class."""
        return (-self.half_width, self.half_width)

    def __call__(self, u: Tensor) -> Tensor:
        return (u.abs() < self.half_width).to(u.dtype)

    def mean(self, variance: Array) -> Array:
        with np.errstate(divide="ignore"):
            return np.asarray(erf(self.half_width / np.sqrt(2 * variance)))

    def moment(self, other: Derivative, x: Array, y: Array, rho: Array) -> Array:
        """See base class; for two windows the probability of a rectangle, by Owen's T."""
        if not isinstance(other, HardTanhDerivative):
            return super().moment(other, x, y, rho)
        h, k = self.half_width / np.sqrt(x), other.half_width / np.sqrt(y)
        rest = np.sqrt(1 - rho**2)
        outside = np.zeros(np.broadcast_shapes(h.shape, k.shape, rest.shape))
        with np.errstate(divide="ignore", invalid="ignore"):
            for r in (rho, -rho):
                for a, b in ((h, k), (k, h)):
                    # equal windows and variables: 0 / 0, with limit 0
                    outside += 2 * owens_t(a, np.nan_to_num((b - r * a) / (a * rest), nan=0.0))
        return 1 - outside


@dataclass(frozen=True)
class Erf(Activation):
    """phi = erf(slope u), the sign function smoothed on the scale 1 / slope."""

    slope: float

    def __call__(self, u: Tensor) -> Tensor:
        return torch.erf(self.slope * u)

    @property
    def derivative(self) -> ErfDerivative:
        """See base class."""
        return ErfDerivative(self.slope)

    def moment(self, x: Array, y: Array, rho: Array) -> Array:
        """See base class: Williams' arcsine kernel."""
        c = self.derivative.softness
        return np.asarray(2 / np.pi * np.arcsin(rho * np.sqrt(x * y / ((c + x) * (c + y)))))


class Sign(Erf):
    """phi = sign(u), the limit of an infinite slope."""

    def __init__(self) -> None:
        super().__init__(math.inf)

    def __repr__(self) -> str:
        return "Sign()"

    def __call__(self, u: Tensor) -> Tensor:
        return torch.sign(u)
