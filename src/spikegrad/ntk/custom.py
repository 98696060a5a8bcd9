"""Activations and surrogates of any function of a tensor."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import torch
from torch import Tensor

from spikegrad.ntk.moments import Activation, Derivative


@dataclass(frozen=True)
class CustomDerivative(Derivative):
    """psi from any function of a tensor."""

    function: Callable[[Tensor], Tensor]
    kinks: tuple[float, ...] = ()

    def __call__(self, u: Tensor) -> Tensor:
        return self.function(u)


@dataclass(frozen=True)
class Custom(Activation):
    """phi from any function of a tensor, element by element, such as ``torch.nn.functional.gelu``.

    Parameters
    ----------
    function
        phi.
    kinks
        Where phi or phi' is not smooth. phi must be continuous: a jump's derivative is no function.
    derivative_function
        phi'; by autograd if not given.
    """

    function: Callable[[Tensor], Tensor]
    kinks: tuple[float, ...] = ()
    derivative_function: Callable[[Tensor], Tensor] | None = None

    def __call__(self, u: Tensor) -> Tensor:
        return self.function(u)

    @property
    def derivative(self) -> Derivative:
        """See base class."""
        return CustomDerivative(self.derivative_function or _Autograd(self.function), self.kinks)


@dataclass(frozen=True)
class _Autograd:
    function: Callable[[Tensor], Tensor]

    def __call__(self, u: Tensor) -> Tensor:
        with torch.enable_grad():
            point = u.detach().requires_grad_()
            return torch.autograd.grad(self.function(point).sum(), point)[0]
