"""What activations and surrogates have in common: their Gaussian moments.

Moments are over centred Gaussian pairs (u, v) with variances ``x``, ``y`` and a
:class:`Correlation`.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from typing import NamedTuple

import numpy as np
from torch import Tensor

from spikegrad.ntk.quadrature import Array


class Correlation(NamedTuple):
    """Correlations ``rho``, and ``gap`` = 1 - \\|rho\\| with a relative accuracy of its own.

    The latter carries what rho cannot: the kernels of steep functions have square-root
    singularities at rho = 1, where rounding of rho would become its root.
    """

    rho: Array
    gap: Array

    @property
    def square_rest(self) -> Array:
        """1 - rho^2."""
        return np.asarray(self.gap * (2 - self.gap))

    @property
    def angle(self) -> Array:
        """arccos of rho, in [0, pi]."""
        folded = self.folded_angle
        return np.where(self.rho < 0, np.pi - folded, folded)

    @property
    def folded_angle(self) -> Array:
        """arccos of \\|rho\\|, in [0, pi / 2]; accurate where it is small."""
        return np.asarray(2 * np.arcsin(np.sqrt(self.gap / 2)))


class Derivative(ABC):
    """What backpropagation multiplies with at a pre-activation: phi', or a surrogate for it."""

    @abstractmethod
    def __call__(self, u: Tensor) -> Tensor:
        """psi(u), element by element."""

    @abstractmethod
    def mean(self, variance: Array) -> Array:
        """E[psi(v)], v ~ N(0, variance)."""

    def closed_moment(
        self, other: Derivative, x: Array, y: Array, correlation: Correlation
    ) -> Array | None:
        """E[psi(u) other(v)] if known in terms of ``other``'s mean or of ``other``, else None."""
        return None

    def moment(self, other: Derivative, x: Array, y: Array, correlation: Correlation) -> Array:
        """E[psi(u) other(v)], by whichever side has a closed form.

        ``x`` and ``y`` are [r, 1] and [1, c], or of the shape of the correlations.

        Raises
        ------
        ValueError
            If neither has one.
        QuadratureError
            If it needs a mean that quadrature does not find.
        """
        value = self.closed_moment(other, x, y, correlation)
        if value is None:
            value = other.closed_moment(self, y, x, correlation)
        if value is None:
            raise ValueError(f"no closed form is known of E[psi(u) psi'(v)] of {self} and {other}")
        return value


class Activation(ABC):
    """A function phi of the pre-activation, with its true derivative."""

    odd = False
    """Whether phi(-u) = -phi(u); then opposite inputs are as accurate as equal ones."""

    @abstractmethod
    def __call__(self, u: Tensor) -> Tensor:
        """phi(u), element by element."""

    @property
    @abstractmethod
    def derivative(self) -> Derivative:
        """phi'."""

    @abstractmethod
    def second_moment(self, variance: Array) -> Array:
        """E[phi(u)^2], u ~ N(0, variance)."""

    @abstractmethod
    def shortfall(self, x: Array, y: Array, bound: Array, correlation: Correlation) -> Array:
        """``bound`` = sqrt(E[phi(u)^2] E[phi(v)^2]), minus E[phi(u) phi(v)], at least 0.

        Accurate where it is small, which the difference would not be. For odd functions it is that
        of \\|rho\\|. Shapes are those of :meth:`Derivative.moment`.
        """
