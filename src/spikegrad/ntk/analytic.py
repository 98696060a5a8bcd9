"""Kernels of infinitely wide networks: NNGP, NTK, naive NTK and SG-NTK, for any depth."""

from __future__ import annotations

from collections import namedtuple
from collections.abc import Sequence
from itertools import product
from numbers import Real
from typing import Any, NamedTuple

import numpy as np

from spikegrad.ntk.activations import Erf, Sign, Step
from spikegrad.ntk.arrays import as_array, like, precision
from spikegrad.ntk.derivatives import ErfDerivative
from spikegrad.ntk.moments import Activation, Derivative, forget
from spikegrad.ntk.quadrature import Array
from spikegrad.ntk.recursion import Layer, Points, points, tile

TILE = 128, 512  # pairs at once, so that what lies between input and output stays in the cache

KNOWN = ("sign", "step", "erf", "relu", "tanh")
"""Functions that have a class of that name, with a capital."""


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
    activation: Activation | Sequence[Activation] = Sign(),  # noqa: B008 (immutable)
    surrogate: Derivative | Sequence[Derivative] | None = None,
    derivative: Derivative | Sequence[Derivative] | None = None,
    weight_std: float | Sequence[float] = 1.0,
    bias_std: float | Sequence[float] = 0.1,
    output_scale: float = 1.0,
    get: str | tuple[str, ...] = ("nngp", "ntk"),
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
        phi, in the forward pass; one, or one for each of the L - 1 hidden layers.
    surrogate
        psi, in place of phi' in backpropagation at ``x_prime``; likewise. If not given
        ``ErfDerivative(1.0)`` for :class:`Sign`, :class:`Step` and :class:`Erf`; other activations
        need one.
    derivative
        What stands at ``x``; the activation's own derivative if not given; likewise.
    weight_std, bias_std
        Scales sigma_w and sigma_b of the NTK parametrisation; one, or one for each of the L layers.
    output_scale
        Factor of the last layer.
    get
        Which kernels: a name for one matrix, a tuple for a named tuple of them.

    Raises
    ------
    ValueError
        If the inputs are not two matrices of equal dimension, finite and not empty, or a setting
        does not fit the depth.
    QuadratureError
        If an activation or surrogate without closed form cannot be integrated.
    """
    names = (get,) if isinstance(get, str) else tuple(get)
    if not names or not set(names) <= {"nngp", "ntk"}:
        raise ValueError(f"get names 'nngp', 'ntk' or both, not {get!r}")
    if depth < 1:
        raise ValueError(f"a network has at least one layer, not depth = {depth}")
    forget()
    (scale,) = _each("output_scale", output_scale, 1, "output")
    weights, biases = (
        _each(name, value, depth, "layers")
        for name, value in (("weight_std", weight_std), ("bias_std", bias_std))
    )
    activations = _each("activation", activation, depth - 1, "hidden layers")
    _of_kind("activation", activations, Activation, "Custom")
    own = [phi.derivative for phi in activations] if derivative is None else derivative
    psi = surrogate
    if psi is None:  # the NNGP needs none
        psi = [_default(phi) for phi in activations] if "ntk" in names else own
    layers = [
        Layer(*layer)
        for layer in zip(
            activations,
            _derivatives("derivative", own, depth - 1),
            _derivatives("surrogate", psi, depth - 1),
            [w**2 for w in weights[1:]],
            [b**2 for b in biases[1:]],
            strict=True,
        )
    ]
    rows = points(as_array("x", x, 2), weights[0], biases[0], layers)
    if x_prime is None:
        columns = rows
    else:
        columns = points(as_array("x_prime", x_prime, 2), weights[0], biases[0], layers)
        if rows.inputs.shape[1] != columns.inputs.shape[1]:
            raise ValueError(
                f"inputs must be [n, d] and [n', d], not {np.shape(x)} and {np.shape(x_prime)}"
            )
    found = _kernels(rows, columns, layers, scale**2, names, precision(x))
    results = [like(x, found[name]) for name in names]
    if isinstance(get, str):
        return results[0]
    return Kernels(*results) if names == Kernels._fields else namedtuple("Kernels", names)(*results)


def _kernels(
    rows: Points,
    columns: Points,
    layers: list[Layer],
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
        found = tile(rows[at[0]], columns[at[1]], layers, "ntk" in names, square and j > i)
        for name, matrix in zip(("nngp", "ntk"), found, strict=False):
            if name in names:
                out[name][at] = scale * matrix
        if square and j > i:
            if "nngp" in names:
                out["nngp"][at[::-1]] = out["nngp"][at].T
            if "ntk" in names:
                out["ntk"][at[::-1]] = scale * found[2].T
    return out


def _default(phi: Activation) -> Derivative:
    if isinstance(phi, Erf | Step):
        return ErfDerivative(1.0)
    raise ValueError(
        f"{type(phi).__name__} has a derivative of its own: pass it as the surrogate "
        "(phi.derivative), which gives the NTK, or another one that stands in for it"
    )


def _derivatives(name: str, value: Any, n: int) -> list[Derivative]:
    values = _each(name, value, n, "hidden layers")
    _of_kind(name, values, Derivative, "CustomDerivative")
    return values


def _of_kind(name: str, values: Sequence[Any], kind: type, custom: str) -> None:
    for value in values:
        if not isinstance(value, kind):
            called = value if isinstance(value, str) else getattr(value, "__name__", "")
            known = f"; {called.title()}() is there" if called in KNOWN else ""
            raise ValueError(
                f"{name} must be one of spikegrad.ntk's, or {custom}(f) of a function f of a "
                f"tensor, not {value!r}{known}"
            )


def _each(name: str, value: Any, n: int, what: str) -> list[Any]:
    """``value`` for each of ``n`` layers."""
    several = isinstance(value, Sequence | np.ndarray) and not isinstance(value, str)
    values = list(value) if several else [value] * n
    if len(values) != n:
        raise ValueError(f"{name} has {len(values)} entries for {n} {what}")
    for v in values:
        if isinstance(v, Real) and not 0 <= float(v) < np.inf:
            raise ValueError(f"{name} must be finite and not below 0, not {v}")
    return values
