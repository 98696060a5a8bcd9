"""Kernels of infinitely wide networks: NNGP, NTK, naive NTK and SG-NTK, for any depth."""

from __future__ import annotations

from collections import namedtuple
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import product
from typing import Any, NamedTuple

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from spikegrad.ntk.activations import ErfDerivative, Sign
from spikegrad.ntk.moments import Activation, Correlation, Derivative
from spikegrad.ntk.quadrature import Array

NEAR = 1e-3  # 1 - |rho| below which it is computed from differences of the inputs
SNAP = 16 * np.finfo(float).eps ** 2  # 1 - |rho| of inputs that rounding alone keeps apart
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


@dataclass(frozen=True)
class _Layer:
    """A layer above the first: what precedes its weights, and their scales."""

    phi: Activation
    derivative: Derivative
    surrogate: Derivative
    weight: float  # variances
    bias: float


@dataclass(frozen=True, eq=False)
class _Points:
    """Points as the layers see them.

    Attributes
    ----------
    inputs
        With the bias as one more input, [n, d + 1], so that their products are pre-activations'.
    directions
        The same, scaled to length 1 (0 stays 0).
    variances, moments
        Of every layer's pre-activations, and E[phi^2] of those below each further layer, [n].
    """

    inputs: Array
    directions: Array
    variances: list[Array]
    moments: list[Array]

    def __getitem__(self, rows: slice) -> _Points:
        return _Points(
            self.inputs[rows],
            self.directions[rows],
            [v[rows] for v in self.variances],
            [m[rows] for m in self.moments],
        )


def sg_ntk(
    x: Any,
    x_prime: Any = None,
    depth: int = 3,
    activation: Activation | Sequence[Activation] = Sign(),  # noqa: B008 (immutable)
    surrogate: Derivative | Sequence[Derivative] = ErfDerivative(1.0),  # noqa: B008
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
        psi, in place of phi' in backpropagation at ``x_prime``; likewise.
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
    weights, biases = (
        _each(name, value, depth, "layers")
        for name, value in (("weight_std", weight_std), ("bias_std", bias_std))
    )
    activations = _each("activation", activation, depth - 1, "hidden layers")
    own = [phi.derivative for phi in activations] if derivative is None else derivative
    layers = [
        _Layer(*layer)
        for layer in zip(
            activations,
            _each("derivative", own, depth - 1, "hidden layers"),
            _each("surrogate", surrogate, depth - 1, "hidden layers"),
            [w**2 for w in weights[1:]],
            [b**2 for b in biases[1:]],
            strict=True,
        )
    ]
    rows = _points(_matrix("x", x), weights[0], biases[0], layers)
    if x_prime is None:
        columns = rows
    else:
        columns = _points(_matrix("x_prime", x_prime), weights[0], biases[0], layers)
        if rows.inputs.shape[1] != columns.inputs.shape[1]:
            raise ValueError(
                f"inputs must be [n, d] and [n', d], not {np.shape(x)} and {np.shape(x_prime)}"
            )
    found = _kernels(rows, columns, layers, output_scale**2, names, _dtype(x))
    results = [_like(x, found[name]) for name in names]
    if isinstance(get, str):
        return results[0]
    return Kernels(*results) if names == Kernels._fields else namedtuple("Kernels", names)(*results)


def _kernels(
    rows: _Points,
    columns: _Points,
    layers: list[_Layer],
    scale: float,
    names: tuple[str, ...],
    dtype: np.dtype[Any],
) -> dict[str, Array]:
    """The matrices, tile by tile; of square ones the lower triangle's NNGP is the upper's."""
    n, n_prime = len(rows.inputs), len(columns.inputs)
    out = {name: np.empty((n, n_prime), dtype) for name in names}
    square = rows is columns
    side = (TILE[0], TILE[1]) if not square else (256, 256)
    for i, j in product(range(0, n, side[0]), range(0, n_prime, side[1])):
        if square and j < i:
            continue
        at = slice(i, i + side[0]), slice(j, j + side[1])
        tile = _tile(rows[at[0]], columns[at[1]], layers, "ntk" in names, square and j > i)
        for name, matrix in zip(("nngp", "ntk"), tile, strict=False):
            if name in names:
                out[name][at] = scale * matrix
        if square and j > i:
            if "nngp" in names:
                out["nngp"][at[::-1]] = out["nngp"][at].T
            if "ntk" in names:
                out["ntk"][at[::-1]] = scale * tile[2].T
    return out


def _tile(
    rows: _Points, columns: _Points, layers: list[_Layer], tangent: bool, mirrored: bool
) -> list[Array]:
    """NNGP and, if asked for, tangent kernel of ``rows`` and ``columns``, and of them exchanged."""
    nngp, correlation = _first_layer(rows, columns)
    kernels = [nngp] * (1 + tangent + (tangent and mirrored))
    sides = [("derivative", "surrogate"), ("surrogate", "derivative")][: len(kernels) - 1]
    for i, layer in enumerate(layers):
        x, y = rows.variances[i][:, None], columns.variances[i][None, :]
        factors = []
        for f, g in sides:
            factor = layer.weight * getattr(layer, f).moment(getattr(layer, g), x, y, correlation)
            if not (x.min() > 0 and y.min() > 0):  # a delta function at 0, where nothing arrives
                factor = np.where(kernels[1] == 0, 0, factor)
            factors.append(factor)
        nngp, correlation = _next_layer(rows, columns, i, layer, correlation)
        kernels = [nngp, *(f * k + nngp for f, k in zip(factors, kernels[1:], strict=True))]
    return kernels


def _first_layer(rows: _Points, columns: _Points) -> tuple[Array, Correlation]:
    """Covariance and correlation of the first layer's pre-activations."""
    covariance = rows.inputs @ columns.inputs.T
    rho = rows.directions @ columns.directions.T
    gap = 1 - np.abs(rho)
    i, j = np.nonzero(gap < NEAR)
    for part in range(0, len(i), 4096):
        a, b = i[part : part + 4096], j[part : part + 4096]
        sign = np.sign(rho[a, b])[:, None]
        away = ((rows.directions[a] - sign * columns.directions[b]) ** 2).sum(1) / 2
        gap[a, b] = np.where(away < SNAP, 0, away)
        rho[a, b] = sign[:, 0] * (1 - gap[a, b])
    return covariance, Correlation(rho, gap)


def _next_layer(
    rows: _Points, columns: _Points, i: int, layer: _Layer, correlation: Correlation
) -> tuple[Array, Correlation]:
    """Covariance w E[phi phi] + b of the next pre-activations, and their correlation.

    1 - |rho| is a sum of terms that are not negative: what E[phi phi] falls short of its bound, and
    what unequal variances add.
    """
    w, b = layer.weight, layer.bias
    x, y = rows.variances[i][:, None], columns.variances[i][None, :]
    a, a_prime = np.sqrt(rows.moments[i])[:, None], np.sqrt(columns.moments[i])[None, :]
    bound = a * a_prime
    missing = layer.phi.shortfall(x, y, bound, correlation)
    moment = bound - missing
    if layer.phi.odd:
        moment = np.copysign(moment, correlation.rho)
        negative = correlation.rho < 0
    else:
        negative = moment < 0
        missing = np.where(negative, bound + moment, missing)
    covariance = w * moment + b
    root = np.sqrt(rows.variances[i + 1])[:, None] * np.sqrt(columns.variances[i + 1])[None, :]
    lost = w * missing
    if b > 0:
        if np.ptp(a) > 0 or np.ptp(a_prime) > 0 or a[0, 0] != a_prime[0, 0]:
            lost = lost + w * b * (a - a_prime) ** 2 / (root + w * bound + b)
        if negative.any():
            lost = lost + 2 * np.clip(-w * moment, 0, b)
    if root.min() > 0:
        gap = np.minimum(lost / root, 1)
        rho = covariance / root
    else:
        gap = np.minimum(np.divide(lost, root, out=np.ones_like(lost), where=root > 0), 1)
        rho = np.divide(covariance, root, out=np.zeros_like(lost), where=root > 0)
    return covariance, Correlation(rho, gap)


def _points(x: Array, weight_std: float, bias_std: float, layers: list[_Layer]) -> _Points:
    bias = np.full((len(x), 1), bias_std)
    inputs = np.hstack([weight_std / np.sqrt(x.shape[1]) * x, bias])
    length = np.sqrt((inputs**2).sum(1, keepdims=True))
    directions = np.divide(inputs, length, out=np.zeros_like(inputs), where=length > 0)
    variances, moments = [length[:, 0] ** 2], []
    for layer in layers:
        moments.append(layer.phi.second_moment(variances[-1]))
        variances.append(layer.weight * moments[-1] + layer.bias)
    return _Points(inputs, directions, variances, moments)


def _each(name: str, value: Any, n: int, what: str) -> list[Any]:
    """``value`` for each of ``n`` layers."""
    values = list(value) if isinstance(value, Sequence | np.ndarray) else [value] * n
    if len(values) != n:
        raise ValueError(f"{name} has {len(values)} entries for {n} {what}")
    for v in values:
        if isinstance(v, float | int) and not (np.isfinite(v) and v >= 0):
            raise ValueError(f"{name} must be finite and not below 0, not {v}")
    return values


def _matrix(name: str, x: Any) -> Array:
    values = x.detach().cpu().numpy() if isinstance(x, Tensor) else x
    matrix = np.asarray(values, np.float64)
    if matrix.ndim != 2:
        raise ValueError(f"inputs must be [n, d], but {name} is {matrix.shape}")
    if matrix.size == 0:
        raise ValueError(f"{name} is empty: {matrix.shape}")
    wrong = np.flatnonzero(~np.isfinite(matrix).all(1))
    if len(wrong):
        raise ValueError(f"{name}[{wrong[0]}] is not finite: {matrix[wrong[0]]}")
    return matrix


def _dtype(x: Any) -> np.dtype[Any]:
    if isinstance(x, Tensor):
        return np.dtype(np.float32 if x.dtype == torch.float32 else np.float64)
    dtype = np.asarray(x).dtype
    return dtype if np.issubdtype(dtype, np.floating) else np.dtype(np.float64)


def _like(x: Any, matrix: NDArray[Any]) -> Any:
    if not isinstance(x, Tensor):
        return matrix
    dtype = x.dtype if x.dtype.is_floating_point else torch.float64
    return torch.from_numpy(matrix).to(x.device, dtype)
