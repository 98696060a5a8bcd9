"""Functions with first derivatives alone."""

from __future__ import annotations

from collections.abc import Callable
from functools import wraps
from typing import Any

import torch
from torch import Tensor


def once_differentiable(backward: Callable[..., Any]) -> Callable[..., Any]:
    """Make a backward pass whose result raises RuntimeError if it is differentiated.

    Torch's own of this name does so only where what comes from behind has a gradient: a Hessian of
    a sum, say, would be 0. What is differentiated by are saved tensors, and ``ctx.given``.
    """

    @wraps(backward)
    def wrapper(ctx: Any, *gradients: Tensor) -> Any:
        with torch.no_grad():
            found = backward(ctx, *gradients)
        if not torch.is_grad_enabled():
            return found
        several = found if isinstance(found, tuple) else (found,)
        needed = [g.detach().requires_grad_() for g in several if g is not None]
        by = [t for t in (*ctx.saved_tensors, *getattr(ctx, "given", ())) if t is not None]
        kept = iter(_Refusing.apply(len(needed), *needed, *by))
        refusing = tuple(None if g is None else next(kept) for g in several)
        return refusing if isinstance(found, tuple) else refusing[0]

    return wrapper


class _Refusing(torch.autograd.Function):
    """The first ``number`` of tensors as they are; to differentiate them by any is an error."""

    @staticmethod
    def forward(ctx: Any, number: int, *tensors: Tensor) -> tuple[Tensor, ...]:
        return tuple(gradient.view_as(gradient) for gradient in tensors[:number])

    @staticmethod
    def backward(ctx: Any, *_: Any) -> tuple:
        raise RuntimeError(
            "cannot differentiate twice: spikes, readouts and penalties have first derivatives only"
        )
