"""Kernels of infinitely wide networks: NNGP, NTK, naive NTK and SG-NTK, for any depth."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike

from spikegrad.ntk.activations import Activation, Derivative, ErfDerivative, Sign
from spikegrad.ntk.quadrature import Array

SNAP = 1e-12  # correlations this close to 1 are rounding; asin would turn it into 1e-6


@dataclass(frozen=True)
class Kernels:
    """Kernel matrices between points ``x`` (rows) and ``x_prime`` (columns), [n, n'].

    Attributes
    ----------
    nngp
        Covariance of the network's outputs at initialisation.
    ntk
        Tangent kernel: the derivative at ``x``, the surrogate at ``x_prime``.
    """

    nngp: Array
    ntk: Array


def sg_ntk(
    x: ArrayLike,
    x_prime: ArrayLike,
    depth: int = 3,
    activation: Activation = Sign(),  # noqa: B008 (immutable)
    surrogate: Derivative = ErfDerivative(1.0),  # noqa: B008
    derivative: Derivative | None = None,
    weight_std: float = 1.0,
    bias_std: float = 0.1,
    output_scale: float = 1.0,
) -> Kernels:
    """Kernels of a wide network trained by surrogate gradient descent (arXiv 2405.15539, sec. 2.4).

    With ``surrogate=activation.derivative`` this is the ordinary NTK (the naive one, infinite
    at x = x', for sign activations), with ``derivative=surrogate`` the two-sided kernel that
    has the surrogate at both points.

    Parameters
    ----------
    x, x_prime
        Inputs [n, d] and [n', d]: where the network predicts, and where it is trained.
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

    Raises
    ------
    ValueError
        If the inputs are not two matrices of equal dimension, or there is no layer.
    """
    x, x_prime = np.asarray(x, np.float64), np.asarray(x_prime, np.float64)
    if x.ndim != 2 or x_prime.ndim != 2 or x.shape[1] != x_prime.shape[1]:
        raise ValueError(f"inputs must be [n, d] and [n', d], not {x.shape} and {x_prime.shape}")
    if depth < 1:
        raise ValueError(f"a network has at least one layer, not depth = {depth}")
    derivative = activation.derivative if derivative is None else derivative

    def scaled(moment: Array) -> Array:
        return weight_std**2 * moment + bias_std**2

    d = x.shape[1]
    variance = scaled((x**2).sum(1)[:, None] / d)
    variance_prime = scaled((x_prime**2).sum(1)[None, :] / d)
    nngp = ntk = scaled(x @ x_prime.T / d)
    for _ in range(depth - 1):
        pair = variance, variance_prime, _correlation(nngp, variance, variance_prime)
        nngp = scaled(activation.moment(*pair))
        ntk = weight_std**2 * derivative.moment(surrogate, *pair) * ntk + nngp
        variance = scaled(activation.moment(variance, variance, np.ones_like(variance)))
        variance_prime = scaled(
            activation.moment(variance_prime, variance_prime, np.ones_like(variance_prime))
        )
    return Kernels(output_scale**2 * nngp, output_scale**2 * ntk)


def _correlation(covariance: Array, variance: Array, variance_prime: Array) -> Array:
    rho = covariance / np.sqrt(variance * variance_prime)
    return np.where(1 - np.abs(rho) < SNAP, np.sign(rho), rho)
