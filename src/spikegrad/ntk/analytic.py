"""Kernels of infinitely wide networks: NNGP, NTK, naive NTK and SG-NTK, for any depth."""

from __future__ import annotations

from itertools import product
from typing import Any, NamedTuple

import numpy as np

from spikegrad.ntk.activations import Sign
from spikegrad.ntk.arrays import as_array, like, precision
from spikegrad.ntk.derivatives import ErfDerivative
from spikegrad.ntk.moments import Activation, Derivative
from spikegrad.ntk.quadrature import Array
from spikegrad.ntk.recursion import Network, Points, points, tile

TILE = 128, 512  # pairs at once, so that what lies between input and output stays in the cache


class Kernels(NamedTuple):
    """Kernel matrices between points ``x`` (rows) and ``x_prime`` (columns), [n, n'].

    Attributes
    ----------
    nngp
        Covariance of the network's outputs at initialisation.
    ntk
        Tangent kernel: the derivative at ``x``, the surrogate at ``x_prime``.
    """

    nngp: Any
    ntk: Any


def sg_ntk(
    x: Any,
    x_prime: Any = None,
    depth: int = 3,
    activation: Activation = Sign(),  # noqa: B008 (immutable)
    surrogate: Derivative = ErfDerivative(1.0),  # noqa: B008
    derivative: Derivative | None = None,
    weight_std: float = 1.0,
    bias_std: float = 0.1,
    output_scale: float = 1.0,
    get: str | None = None,
) -> Any:
    """Kernels of a wide network trained by surrogate gradient descent (arXiv 2405.15539, sec. 2.4).

    With ``surrogate=activation.derivative`` this is the ordinary NTK (the naive one, infinite
    at x = x', for sign activations), with ``derivative=surrogate`` the two-sided kernel that
    has the surrogate at both points.

    Parameters
    ----------
    x, x_prime
        Inputs [n, d] and [n', d]: where the network predicts, and where it is trained; the
        same points if ``x_prime`` is not given. Tensors give tensors, arrays arrays, of the same
        floating-point type and device; the computation is in double precision on the CPU, and
        without autograd.
    depth
        Dense layers, L = hidden layers + 1.
    activation
        phi, in the forward pass.
    surrogate
        psi, in place of phi' in backpropagation at ``x_prime``.
    derivative
        What stands at ``x``; the activation's own derivative if not given.
    weight_std, bias_std
        Scales sigma_w and sigma_b of the NTK parametrisation.
    output_scale
        Factor of the last layer.
    get
        "nngp" or "ntk", for one matrix in place of :class:`Kernels`.

    Raises
    ------
    ValueError
        If the inputs are not two matrices of equal dimension, finite and not empty, a setting is
        out of range, or neither derivative nor surrogate has a closed form.
    QuadratureError
        If a surrogate without closed form cannot be integrated.
    """
    if get not in (None, "nngp", "ntk"):
        raise ValueError(f"get is 'nngp' or 'ntk', not {get!r}")
    if depth < 1:
        raise ValueError(f"a network has at least one layer, not depth = {depth}")
    scales = {"weight_std": weight_std, "bias_std": bias_std, "output_scale": output_scale}
    for name, value in scales.items():
        if not 0 <= value < np.inf:
            raise ValueError(f"{name} must be finite and not below 0, not {value}")
    if not isinstance(activation, Activation):
        raise ValueError(f"activation must be one of spikegrad.ntk's, not {activation!r}")
    own = activation.derivative if derivative is None else derivative
    for name, psi in (("derivative", own), ("surrogate", surrogate)):
        if not isinstance(psi, Derivative):
            raise ValueError(
                f"{name} must be one of spikegrad.ntk's, or CustomDerivative(f) of a function f of "
                f"a tensor, not {psi!r}"
            )
    network = Network(depth, activation, own, surrogate, weight_std, bias_std)
    rows = columns = points(as_array("x", x, 2), network)
    if x_prime is not None:
        columns = points(as_array("x_prime", x_prime, 2), network)
        if rows.inputs.shape[1] != columns.inputs.shape[1]:
            raise ValueError(
                f"inputs must be [n, d] and [n', d], not {np.shape(x)} and {np.shape(x_prime)}"
            )
    names = Kernels._fields if get is None else (get,)
    found = _kernels(rows, columns, network, output_scale**2, names, precision(x))
    results = [like(x, found[name]) for name in names]
    return Kernels(*results) if get is None else results[0]


def _kernels(
    rows: Points,
    columns: Points,
    network: Network,
    scale: float,
    names: tuple[str, ...],
    dtype: np.dtype[Any],
) -> dict[str, Array]:
    """The matrices, tile by tile; of square ones the lower triangle's NNGP is the upper's."""
    n, n_prime = len(rows.inputs), len(columns.inputs)
    out = {name: np.empty((n, n_prime), dtype) for name in names}
    square = rows is columns
    side = (256, 256) if square else TILE
    for i, j in product(range(0, n, side[0]), range(0, n_prime, side[1])):
        if square and j < i:
            continue
        at = slice(i, i + side[0]), slice(j, j + side[1])
        found = tile(rows[at[0]], columns[at[1]], network, "ntk" in names, square and j > i)
        for name, matrix in zip(("nngp", "ntk"), found, strict=False):
            if name in names:
                out[name][at] = scale * matrix
        if square and j > i:
            if "nngp" in names:
                out["nngp"][at[::-1]] = out["nngp"][at].T
            if "ntk" in names:
                out["ntk"][at[::-1]] = scale * found[2].T
    return out
