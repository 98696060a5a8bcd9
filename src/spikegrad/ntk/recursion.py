"""Kernels of a few points, from layer to layer."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from spikegrad.ntk.moments import Activation, Correlation, Derivative
from spikegrad.ntk.quadrature import Array

NEAR = 1e-3  # 1 - |rho| below which it is computed from differences of the inputs
SNAP = 16 * np.finfo(float).eps ** 2  # 1 - |rho| of inputs that rounding alone keeps apart


@dataclass(frozen=True)
class Network:
    """``depth`` dense layers, what is between them, and the scales of their parameters."""

    depth: int
    phi: Activation
    derivative: Derivative
    surrogate: Derivative
    weight_std: float
    bias_std: float


@dataclass(frozen=True, eq=False)
class Points:
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

    def __getitem__(self, rows: slice) -> Points:
        return Points(
            self.inputs[rows],
            self.directions[rows],
            [v[rows] for v in self.variances],
            [m[rows] for m in self.moments],
        )


def points(x: Array, network: Network) -> Points:
    """The points ``x`` [n, d] as ``network`` sees them."""
    bias = np.full((len(x), 1), network.bias_std)
    inputs = np.hstack([network.weight_std / np.sqrt(x.shape[1]) * x, bias])
    length = np.sqrt((inputs**2).sum(1, keepdims=True))
    directions = np.divide(inputs, length, out=np.zeros_like(inputs), where=length > 0)
    variances, moments = [length[:, 0] ** 2], []
    for _ in range(network.depth - 1):
        moments.append(network.phi.second_moment(variances[-1]))
        variances.append(network.weight_std**2 * moments[-1] + network.bias_std**2)
    return Points(inputs, directions, variances, moments)


def tile(
    rows: Points, columns: Points, network: Network, tangent: bool, mirrored: bool
) -> list[Array]:
    """NNGP and, if asked for, tangent kernel of ``rows`` and ``columns``, and of them exchanged."""
    nngp, correlation = _first_layer(rows, columns)
    kernels = [nngp] * (1 + tangent + (tangent and mirrored))
    pair = network.derivative, network.surrogate
    sides = [pair, pair[::-1]][: len(kernels) - 1]
    for i in range(network.depth - 1):
        x, y = rows.variances[i][:, None], columns.variances[i][None, :]
        factors = []
        for f, g in sides:
            factor = network.weight_std**2 * f.moment(g, x, y, correlation)
            if not (x.min() > 0 and y.min() > 0):  # a delta function at 0, where nothing arrives
                factor = np.where(kernels[1] == 0, 0, factor)
            factors.append(factor)
        nngp, correlation = _next_layer(rows, columns, i, network, correlation)
        kernels = [nngp, *(f * k + nngp for f, k in zip(factors, kernels[1:], strict=True))]
    return kernels


def _first_layer(rows: Points, columns: Points) -> tuple[Array, Correlation]:
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
    rows: Points, columns: Points, i: int, network: Network, correlation: Correlation
) -> tuple[Array, Correlation]:
    """Covariance w E[phi phi] + b of the next pre-activations, and their correlation.

    1 - |rho| is a sum of terms that are not negative: what E[phi phi] falls short of its bound, and
    what unequal variances add.
    """
    w, b = network.weight_std**2, network.bias_std**2
    x, y = rows.variances[i][:, None], columns.variances[i][None, :]
    a, a_prime = np.sqrt(rows.moments[i])[:, None], np.sqrt(columns.moments[i])[None, :]
    bound = a * a_prime
    missing = network.phi.shortfall(x, y, bound, correlation)
    moment = bound - missing
    if network.phi.odd:
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
