"""Surrogate derivatives of a spike by the distance u from the threshold; each is 1 at u = 0.

Kernels take them as ``spikegrad.ntk.CustomDerivative(SuperSpike(0.5))``.
"""

from __future__ import annotations

from dataclasses import dataclass

import torch
from torch import Tensor


@dataclass(frozen=True)
class _OfWidth:
    """ValueError unless ``width`` > 0."""

    width: float
    """In the units of u."""

    def __call__(self, u: Tensor) -> Tensor:
        """psi(u), element by element."""
        raise NotImplementedError

    def __post_init__(self) -> None:
        if not self.width > 0:
            raise ValueError(f"the width of a surrogate must be above 0, not {self.width}")


class SuperSpike(_OfWidth):
    """1 / (1 + |u| / width)^2 (Zenke and Ganguli 2018)."""

    def __call__(self, u: Tensor) -> Tensor:
        return (1 + u.abs() / self.width).square().reciprocal()


class Sigmoid(_OfWidth):
    """1 / cosh^2(u / (2 width)), the derivative of a logistic function."""

    def __call__(self, u: Tensor) -> Tensor:
        return 1 - torch.tanh(u / (2 * self.width)).square()


class Arctan(_OfWidth):
    """1 / (1 + (u / width)^2), the derivative of an arctangent."""

    def __call__(self, u: Tensor) -> Tensor:
        return (1 + (u / self.width).square()).reciprocal()


class Box(_OfWidth):
    """1 where |u| < width, else 0."""

    def __call__(self, u: Tensor) -> Tensor:
        return (u.abs() < self.width).to(u.dtype)


SURROGATES: dict[str, type[_OfWidth]] = {
    "superspike": SuperSpike,
    "sigmoid": Sigmoid,
    "arctan": Arctan,
    "box": Box,
}
"""Surrogates of a width, by their names in settings and files."""
