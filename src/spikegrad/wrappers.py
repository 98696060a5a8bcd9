"""What torch may not do with functions: differentiate them twice, or compile them."""

from __future__ import annotations

from collections.abc import Callable
from functools import wraps
from typing import Any, TypeVar

import torch
from torch import Tensor

Function = TypeVar("Function", bound=Callable)


def once_differentiable(backward: Callable[..., Any]) -> Callable[..., Any]:
    """Make a backward pass that raises RuntimeError if its result is to be differentiated.

    Torch's own of this name returns 0 for a Hessian of a sum.
    """

    @wraps(backward)
    def wrapper(ctx: Any, *gradients: Tensor) -> Any:
        if torch.is_grad_enabled():
            raise RuntimeError(
                "create_graph: spikes, readouts and penalties have first derivatives only"
            )
        return backward(ctx, *gradients)

    return wrapper


def uncompiled(function: Function) -> Function:
    """As ``torch.compiler.disable``, which would import the compiler at once and take seconds."""

    @wraps(function)
    def call(*arguments: Any, **named: Any) -> Any:
        if torch.compiler.is_compiling():  # true only where the compiler reads these lines
            return torch.compiler.disable(function)(*arguments, **named)
        return function(*arguments, **named)

    return call  # type: ignore[return-value]
