"""Derivatives psi for backpropagation, with their moments."""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
import torch
from scipy.special import erf, owens_t
from torch import Tensor

from spikegrad.ntk import quadrature
from spikegrad.ntk.moments import Correlation, Derivative
from spikegrad.ntk.quadrature import Array


def require_positive(**values: float) -> None:
    """ValueError, which names it, if one of ``values`` is not."""
    for name, value in values.items():
        if not value > 0:
            raise ValueError(f"{name} must be above 0, not {value}")


@dataclass(frozen=True)
class ErfDerivative(Derivative):
    """``height`` times the derivative of erf(slope u); twice a delta function for infinite slope.

    Raises
    ------
    ValueError
        If the slope is not above 0; when called, if it is infinite.
    """

    slope: float
    height: float = 1.0

    def __post_init__(self) -> None:
        require_positive(slope=self.slope)

    @property
    def softness(self) -> float:
        """c = 1 / (2 slope^2): variance that the smooth step adds to its input's."""
        return 1 / (2 * self.slope**2)

    def __call__(self, u: Tensor) -> Tensor:
        if math.isinf(self.slope):
            raise ValueError(
                "the derivative of a step is 0 or infinite, and finite networks with it have no "
                "SG-NTK; for the two-sided kernel: pass the surrogate as `derivative`, too"
            )
        scale = self.height * 2 * self.slope / math.sqrt(math.pi)
        return u.square().mul_(-(self.slope**2)).exp_().mul_(scale)

    def mean(self, variance: Array) -> Array:
        """Infinite at zero variance if the slope is."""
        with np.errstate(divide="ignore"):
            return np.asarray(
                self.height * math.sqrt(2 / math.pi) / np.sqrt(self.softness + variance)
            )

    def closed_moment(
        self, other: Derivative, x: Array, y: Array, correlation: Correlation
    ) -> Array:
        """Psi is a Gaussian in u, so that u integrates out and v stays Gaussian."""
        if self.softness == 0:
            rest = y * correlation.square_rest
        else:
            kept = x / (self.softness + x)
            rest = y * (1 - kept + kept * correlation.square_rest)
        return self.mean(x) * other.mean(rest)


@dataclass(frozen=True)
class IdentityDerivative(Derivative):
    """psi = 1: errors pass every neuron unchanged (the straight-through estimator)."""

    def __call__(self, u: Tensor) -> Tensor:
        return torch.ones_like(u)

    def mean(self, variance: Array) -> Array:
        return np.ones_like(variance)

    def closed_moment(
        self, other: Derivative, x: Array, y: Array, correlation: Correlation
    ) -> Array:
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

    def __post_init__(self) -> None:
        require_positive(half_width=self.half_width)

    def __call__(self, u: Tensor) -> Tensor:
        return (u.abs() < self.half_width).to(u.dtype)

    def mean(self, variance: Array) -> Array:
        with np.errstate(divide="ignore"):
            return np.asarray(erf(self.half_width / np.sqrt(2 * variance)))

    def closed_moment(
        self, other: Derivative, x: Array, y: Array, correlation: Correlation
    ) -> Array | None:
        """For two windows the probability of a rectangle, by Owen's T."""
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
class CustomDerivative(Derivative):
    """psi from any function of a tensor, element by element; its means are by quadrature.

    Parameters
    ----------
    function
        psi.
    kinks
        Where psi jumps or is not smooth.

    Raises
    ------
    ValueError
        For the ``apply`` of a torch.autograd.Function, which computes phi, not psi.
    """

    function: Callable[[Tensor], Tensor]
    kinks: tuple[float, ...] = ()

    def __post_init__(self) -> None:
        owner = getattr(self.function, "__self__", None)
        if isinstance(owner, type) and issubclass(owner, torch.autograd.Function):
            raise ValueError(f"give what {owner.__name__}'s backward multiplies by, not its apply")

    def __call__(self, u: Tensor) -> Tensor:
        return self.function(u)

    def mean(self, variance: Array) -> Array:
        return quadrature.mean(self.function, tuple(self.kinks), variance)
