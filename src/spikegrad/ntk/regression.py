"""Kernel regression and kernel gradient flow: mean and covariance of a wide network's output.

Gradient flow of the loss 1/2 mean (f - y)^2 moves a wide network's outputs by a fixed kernel,
f_t(x) = f_0(x) + A_t (y - f_0(X)),  A_t = K(x, X) K(X, X)^-1 (1 - exp(-K(X, X) t / n)),
so that f_t is Gaussian with the mean and covariance below, where S is the kernel of f_0.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy.linalg import expm, solve

from spikegrad.ntk.quadrature import Array


@dataclass(frozen=True)
class Prediction:
    """A Gaussian process at n test points: ``mean`` [n] and ``covariance`` [n, n]."""

    mean: Array
    covariance: Array

    @property
    def std(self) -> Array:
        """Standard deviation at each point, [n]; rounding below zero counts as zero."""
        return np.sqrt(np.maximum(np.diag(self.covariance), 0))


def kernel_flow(
    kernel: Array, nngp: Array, train: NDArray[np.int64], targets: Array, time: float = np.inf
) -> Prediction:
    """Outputs of an infinitely wide network after gradient flow from a random start.

    Parameters
    ----------
    kernel, nngp
        K, not necessarily symmetric, and S among all points, [n, n].
    train
        Which of them are training points, int [n_train].
    targets
        y [n_train].
    time
        Learning rate times steps; infinite: kernel regression.

    Raises
    ------
    numpy.linalg.LinAlgError
        If the kernel matrix of the training points is singular.
    """
    a = _response(kernel, train, time)
    on_train = nngp[train]
    covariance = nngp - a @ on_train - nngp[:, train] @ a.T + a @ on_train[:, train] @ a.T
    return Prediction(a @ targets, covariance)


def _response(kernel: Array, train: NDArray[np.int64], time: float) -> Array:
    """A_t [n, n_train]."""
    among = kernel[np.ix_(train, train)]
    learned = np.eye(len(train))
    if np.isfinite(time):
        learned = learned - expm(-among * (time / len(train)))
    return np.asarray(kernel[:, train] @ solve(among, learned))
