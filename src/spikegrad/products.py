"""Matrix products to the same bits on any number of threads, and for a row in any batch.

The libraries behind ``@`` choose another order of summation for each shape and number of threads.
"""

from __future__ import annotations

from typing import Any

import numpy as np
import torch
from torch import Tensor

from spikegrad.engine import njit
from spikegrad.engine.formulas import FAST
from spikegrad.wrappers import once_differentiable


class _Product(torch.autograd.Function):
    @staticmethod
    def forward(ctx: Any, left: Tensor, right: Tensor) -> Tensor:
        ctx.save_for_backward(left, right)
        return _product(left, right)

    @staticmethod
    @once_differentiable
    def backward(ctx: Any, grad: Tensor) -> tuple:
        left, right = ctx.saved_tensors
        return (
            _product(grad, right.T) if ctx.needs_input_grad[0] else None,
            _product(left.T, grad) if ctx.needs_input_grad[1] else None,
        )


def product(left: Tensor, right: Tensor) -> Tensor:
    """``left @ right`` of [..., m] and a matrix [m, n], both float32 or both float64; ValueError if
    they do not fit."""
    if left.shape[-1:] != right.shape[:1] or left.dtype != right.dtype:
        raise ValueError(
            f"matrices {list(left.shape)} of {left.dtype} and {list(right.shape)} of {right.dtype}"
            " have no product: let the sizes and types of what sends and what takes agree"
        )
    rows = _Product.apply(left.flatten(0, -2), right)
    return rows.unflatten(0, left.shape[:-1])


def _product(left: Tensor, right: Tensor) -> Tensor:
    a, b = (np.ascontiguousarray(factor.numpy()) for factor in (left, right))
    return torch.from_numpy(_add_rows(a, b))


@njit(cache=True, nogil=True, **FAST)
def _add_rows(a: np.ndarray, b: np.ndarray) -> np.ndarray:
    """a @ b, each row of it a sum of rows of b in their order, which are added four at once.

    Spikes are mostly 0, and 0 times a finite row adds nothing.
    """
    result = np.zeros((a.shape[0], b.shape[1]), a.dtype)
    finite = np.isfinite(b).all()
    whole = a.shape[1] - a.shape[1] % 4
    for i in range(a.shape[0]):
        for k in range(0, whole, 4):
            first, second, third, fourth = a[i, k], a[i, k + 1], a[i, k + 2], a[i, k + 3]
            if finite and first == 0 and second == 0 and third == 0 and fourth == 0:
                continue
            for j in range(b.shape[1]):
                total = result[i, j] + first * b[k, j]
                total += second * b[k + 1, j]
                total += third * b[k + 2, j]
                result[i, j] = total + fourth * b[k + 3, j]
        for k in range(whole, a.shape[1]):
            for j in range(b.shape[1]):
                result[i, j] += a[i, k] * b[k, j]
    return result
