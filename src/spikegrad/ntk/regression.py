"""Kernel regression and kernel gradient flow: mean and covariance of a wide network's output.

Gradient flow of the loss 1/2 mean (f - y)^2 moves a wide network's outputs by a fixed kernel,
f_t(x) = f_0(x) + A_t (y - f_0(X)),  A_t = K(x, X) K(X, X)^-1 (1 - exp(-K(X, X) t / n)),
so that f_t is Gaussian with the mean and covariance below, where S is the kernel of f_0.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import ArrayLike, NDArray
from scipy.linalg import expm, solve
from torch import Tensor, from_numpy

from spikegrad.ntk.arrays import as_array, like
from spikegrad.ntk.quadrature import Array

WORST_CONDITION = 1e12
"""Of K(X, X), above which infinite time is an error: rounding of K would come out 1e-4 or more."""

ROUNDING = 1e-12
"""Real parts of eigenvalues below minus this, relative to the norm, are no rounding of 0."""

ORTHOGONAL_ENOUGH = 1e3  # condition of eigenvectors up to which these are used


class IllConditionedError(np.linalg.LinAlgError):
    """K(X, X) cannot be inverted to any accuracy; the message says what can be done."""


class UnstableKernelError(np.linalg.LinAlgError):
    """Gradient flow with the kernel diverges, so that there is no limit of infinite time."""


class Covariances(NamedTuple):
    """The NNGP kernel S, covariance of outputs before training.

    Attributes
    ----------
    test_test, test_train, train_train
        [n_test, n_test], [n_test, n_train], [n_train, n_train].
    """

    test_test: Any
    test_train: Any
    train_train: Any


@dataclass(frozen=True)
class Prediction:
    """Gaussian processes at n test points.

    Attributes
    ----------
    mean
        [n] or [n, outputs]; for several times [times, n] or [times, n, outputs].
    covariance
        [n, n], or [times, n, n]; the same for each output. None if the NNGP kernel was not given.
    """

    mean: Any
    covariance: Any = None

    @property
    def std(self) -> Any:
        """Standard deviation at each point; rounding below zero counts as zero. ValueError without
        ``nngp``, which covariances come from."""
        if self.covariance is None:
            raise ValueError("the prediction has no covariance: give `nngp`")
        diagonal = np.diagonal(np.asarray(self.covariance), axis1=-2, axis2=-1)
        std = np.sqrt(np.maximum(diagonal, 0))
        return from_numpy(std) if isinstance(self.covariance, Tensor) else std


def stability(kernel: ArrayLike | Tensor) -> float:
    """Smallest real part of the eigenvalues of K(X, X) [n, n], over its spectral norm.

    Below 0, gradient flow with the kernel diverges. An SG-NTK is not symmetric, so that this can
    happen (docs/ntk.md).

    Raises
    ------
    ValueError
        If ``kernel`` is no finite matrix.
    numpy.linalg.LinAlgError
        If it is not square.
    """
    k = as_array("kernel", kernel, 2)
    return float(np.linalg.eigvals(k).real.min() / max(np.linalg.norm(k, 2), 1e-300))


def kernel_regression(
    k_test_train: ArrayLike | Tensor,
    k_train_train: ArrayLike | Tensor,
    y_train: ArrayLike | Tensor,
    t: float | ArrayLike = np.inf,
    diag_reg: float = 0.0,
    nngp: Covariances | None = None,
) -> Prediction:
    """Outputs of an infinitely wide network after gradient flow from a random start.

    Parameters
    ----------
    k_test_train, k_train_train
        K(x, X) [n_test, n_train] and K(X, X) [n_train, n_train], not necessarily symmetric: rows
        are where the network predicts, columns where it is trained.
    y_train
        Targets [n_train], or [n_train, outputs] of independent outputs.
    t
        Learning rate times steps, or several of these. Infinite: kernel regression.
    diag_reg
        Added to the diagonal of K(X, X), relative to the mean of its diagonal (as in
        neural-tangents): regularises what is nearly singular, and stabilises what is unstable.
    nngp
        The kernel of outputs before training; without it there is a mean only.

    Returns
    -------
    Prediction
        Tensors if ``k_test_train`` is one, else arrays, of its floating-point type.

    Raises
    ------
    ValueError
        If shapes do not fit, or a number is NaN or infinite.
    UnstableKernelError
        If K(X, X) has an eigenvalue with negative real part: at infinite time, and at one by which
        the flow has grown beyond all numbers.
    IllConditionedError
        At infinite time, if K(X, X)'s condition number exceeds ``WORST_CONDITION``.
    """
    across = as_array("k_test_train", k_test_train, 2)
    among = as_array("k_train_train", k_train_train, 2)
    y = as_array("y_train", y_train, 1, 2)
    n = len(y)
    if among.shape != (n, n) or across.shape[1] != n:
        raise ValueError(
            f"k_train_train must be [{n}, {n}] and k_test_train [n_test, {n}] for {n} targets, "
            f"not {among.shape} and {across.shape}"
        )
    times = np.asarray(t, float)
    if times.ndim > 1 or not (times >= 0).all():
        raise ValueError(f"t must be one time or several, 0 or later, not {t!r}")
    if not (diag_reg >= 0 and np.isfinite(diag_reg)):
        raise ValueError(f"diag_reg must be 0 or more, not {diag_reg}")
    among = among + diag_reg * np.mean(np.diag(among)) * np.eye(n)
    learned = _learned(among, np.atleast_1d(times) / n)
    response = across @ learned
    mean = response @ y
    covariance = None if nngp is None else _covariance(response, nngp, across.shape)
    if times.ndim == 0:
        mean = mean[0]
        covariance = None if covariance is None else covariance[0]
    return Prediction(
        like(k_test_train, mean), None if covariance is None else like(k_test_train, covariance)
    )


def kernel_flow(
    kernel: Array, nngp: Array, train: NDArray[np.int64], targets: Array, time: float = np.inf
) -> Prediction:
    """:func:`kernel_regression` among points of which some are for training.

    Parameters
    ----------
    kernel, nngp
        K and S among all points, [n, n].
    train
        Which of them are training points, int [n_train].
    targets
        y [n_train].
    time
        Learning rate times steps; infinite: kernel regression.
    """
    both = np.ix_(train, train)
    covariances = Covariances(nngp, nngp[:, train], nngp[both])
    return kernel_regression(kernel[:, train], kernel[both], targets, time, nngp=covariances)


def _learned(among: Array, times: Array) -> Array:
    """K^-1 (1 - exp(-K t)) for each of ``times``, [times, n, n]."""
    values, vectors = np.linalg.eig(among)
    result = np.empty((len(times), *among.shape))
    finite = np.isfinite(times)
    if finite.any() and np.linalg.cond(vectors) <= ORTHOGONAL_ENOUGH:
        result[finite] = _by_eigenvectors(values, vectors, times[finite])
    else:
        for i in np.flatnonzero(finite):
            result[i] = _by_exponential(among, times[i])
    if not np.isfinite(result[finite]).all():
        raise UnstableKernelError(
            f"gradient flow has grown beyond all numbers by t = {times[finite].max():g}: the kernel"
            " among training points has an eigenvalue of negative real part; give an earlier time"
        )
    if not finite.all():
        _check_limit(among, values)
        result[~finite] = solve(among, np.eye(len(among)))
    return result


def _by_eigenvectors(values: Array, vectors: Array, times: Array) -> Array:
    exponents = -values * times[:, None]
    with np.errstate(divide="ignore", invalid="ignore", over="ignore"):
        learned = np.where(exponents == 0, times[:, None], -np.expm1(exponents) / values)
        return np.asarray(((vectors * learned[:, None]) @ np.linalg.inv(vectors)).real)


def _by_exponential(among: Array, time: float) -> Array:
    """Without an inverse: the integral of exp(-K s) over s is a block of a larger exponential."""
    n = len(among)
    block = np.zeros((2 * n, 2 * n))
    block[:n, :n] = -among * time
    block[:n, n:] = np.eye(n) * time
    return np.asarray(expm(block)[:n, n:])


def _check_limit(among: Array, values: Array) -> None:
    singular = np.linalg.svd(among, compute_uv=False)
    if values.real.min() < -ROUNDING * singular[0]:
        raise UnstableKernelError(
            "gradient flow diverges: the kernel among training points has an eigenvalue of real "
            f"part {values.real.min():.3g}, beside a norm of {singular[0]:.3g}. There is no limit; "
            "give a finite time t, or a diag_reg that makes it stable"
        )
    condition = singular[0] / singular[-1] if singular[-1] > 0 else np.inf
    if condition > WORST_CONDITION:
        raise IllConditionedError(
            f"the kernel among training points has a condition number of {condition:.1e}: two "
            "are nearly equal to it, and the limit of infinite time depends on rounding. Give a "
            "finite time t, or diag_reg, such as 1e-10"
        )


def _covariance(response: Array, nngp: Covariances, shape: tuple[int, ...]) -> Array:
    test_test, test_train, train_train = (
        as_array(f"nngp.{name}", matrix, 2) for name, matrix in zip(nngp._fields, nngp, strict=True)
    )
    wanted = (shape[0], shape[0]), shape, (shape[1], shape[1])
    if (test_test.shape, test_train.shape, train_train.shape) != wanted:
        raise ValueError(
            f"nngp must be of shapes {wanted}, "
            f"not {(test_test.shape, test_train.shape, train_train.shape)}"
        )
    moved = response @ test_train.T
    return np.asarray(test_test - moved - moved.mT + response @ train_train @ response.mT)
