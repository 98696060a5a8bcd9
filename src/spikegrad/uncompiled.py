"""Functions that ``torch.compile`` is to call as they are."""

from __future__ import annotations

from collections.abc import Callable
from functools import wraps
from typing import Any, TypeVar

import torch

Function = TypeVar("Function", bound=Callable)


def uncompiled(function: Function) -> Function:
    """As ``torch.compiler.disable``, which would import the compiler at once and take seconds."""

    @wraps(function)
    def call(*arguments: Any, **named: Any) -> Any:
        if torch.compiler.is_compiling():  # true only where the compiler reads these lines
            return torch.compiler.disable(function)(*arguments, **named)
        return function(*arguments, **named)

    return call  # type: ignore[return-value]
