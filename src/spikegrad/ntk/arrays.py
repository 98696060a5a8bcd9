"""Arguments that may be tensors or arrays, and results that are what the argument was."""

from __future__ import annotations

from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from spikegrad.ntk.quadrature import Array


def as_array(name: str, values: Any, *ndim: int) -> Array:
    """``values``, in double precision.

    Raises
    ------
    ValueError
        If they are empty or not finite, or have not as many dimensions as one of ``ndim``.
    """
    array = np.asarray(values.detach().cpu() if isinstance(values, Tensor) else values, np.float64)
    if array.ndim not in ndim:
        wanted = " or ".join(map(str, ndim))
        raise ValueError(f"{name} must have {wanted} dimensions, not shape {array.shape}")
    if array.size == 0:
        raise ValueError(f"{name} is empty: {array.shape}")
    if not np.isfinite(array).all():
        where = np.argwhere(~np.isfinite(array))[0].tolist()
        raise ValueError(f"{name}{where} is not finite")
    return array


def precision(example: Any) -> np.dtype[Any]:
    """The type of results for ``example``: its own, double precision if that is no float."""
    if isinstance(example, Tensor):
        return np.dtype(np.float32 if example.dtype == torch.float32 else np.float64)
    dtype = np.asarray(example).dtype
    return dtype if np.issubdtype(dtype, np.floating) else np.dtype(np.float64)


def like(example: Any, values: NDArray[Any]) -> Any:
    """``values`` as a tensor or an array of the type and on the device of ``example``."""
    if not isinstance(example, Tensor):
        return values.astype(precision(example), copy=False)
    dtype = example.dtype if example.dtype.is_floating_point else torch.float64
    return torch.from_numpy(values).to(example.device, dtype)
