"""Kernel regression and kernel flow against independent routes."""

from __future__ import annotations

import numpy as np
import pytest
import torch
from scipy.integrate import solve_ivp

from spikegrad.ntk.activations import Erf, Sign
from spikegrad.ntk.analytic import sg_ntk
from spikegrad.ntk.derivatives import ErfDerivative, HardTanhDerivative
from spikegrad.ntk.regression import (
    Covariances,
    IllConditionedError,
    UnstableKernelError,
    kernel_flow,
    kernel_regression,
    stability,
)

CIRCLE = np.stack([f(2 * np.pi * np.arange(100) / 100) for f in (np.sin, np.cos)], axis=1)
UNSTABLE = np.array([[7.27, -23.74], [0.72, -1.18], [4.83, -20.26], [4.25, -15.58]])


@pytest.mark.parametrize("time", [0.7, 30.0])
def test_flow_is_the_solution_of_its_differential_equation(time) -> None:
    """Off the circle, so that the kernel is asymmetric."""
    x = np.random.default_rng(1).normal(size=(9, 3))
    train = np.array([0, 2, 5, 7])
    y = np.array([1.0, -2.0, 0.5, 3.0])
    kernels = sg_ntk(x, x)
    drive = kernels.ntk[:, train] / len(train)

    def after(f0: np.ndarray) -> np.ndarray:
        solution = solve_ivp(
            lambda _, f: -drive @ (f[train] - y), (0, time), f0, rtol=1e-10, atol=1e-12
        )
        return solution.y[:, -1]

    flow = kernel_flow(kernels.ntk, kernels.nngp, train, y, time)
    np.testing.assert_allclose(flow.mean, after(np.zeros(9)), atol=1e-8)
    # the covariance: that of f_0 transported by the same linear flow
    transport = np.stack([after(e) - after(np.zeros(9)) for e in np.eye(9)], axis=1)
    covariance = transport @ kernels.nngp @ transport.T
    np.testing.assert_allclose(flow.covariance, covariance, atol=1e-8)


def test_regression_is_the_flow_at_late_times_and_fits_the_training_points() -> None:
    train, y = np.array([3, 17, 40, 55, 71, 90]), np.array([1.0, -2.0, 0.5, 3.0, 0.0, -1.0])
    kernels = sg_ntk(CIRCLE)
    regression, late = (
        kernel_flow(kernels.ntk, kernels.nngp, train, y, time) for time in (np.inf, 1e6)
    )
    np.testing.assert_allclose(regression.mean, late.mean, atol=1e-9)
    np.testing.assert_allclose(regression.mean[train], y, atol=1e-9)
    np.testing.assert_allclose(regression.std[train], 0, atol=1e-6)
    assert regression.std.max() > 0.1


def test_ill_conditioned_limits_are_errors_not_nonsense() -> None:
    """100 points of a circle: regression missed its own training targets by thousands."""
    kernel = sg_ntk(CIRCLE, None, 3, Erf(1.0), ErfDerivative(1.0), get="ntk")
    y = np.cos(3 * np.arctan2(*CIRCLE.T))
    with pytest.raises(IllConditionedError, match=r"condition number.*diag_reg"):
        kernel_regression(kernel, kernel, y)
    late = kernel_regression(kernel, kernel, y, t=1e6).mean
    np.testing.assert_allclose(late, y, atol=1e-6)
    ridged = kernel_regression(kernel, kernel, y, diag_reg=1e-10).mean
    np.testing.assert_allclose(ridged, y, atol=1e-5)


def test_a_point_with_two_targets_gets_their_mean() -> None:
    """As under gradient descent."""
    x = np.random.default_rng(0).normal(size=(6, 3))
    kernel = sg_ntk(np.vstack([x, x[2]]), None, get="ntk")
    flow = kernel_regression(kernel, kernel, np.append(np.arange(6.0), 4.0), t=1e7)
    np.testing.assert_allclose(flow.mean[[2, 6]], 3.0, atol=1e-4)


def test_unstable_kernels_have_no_limit() -> None:
    """Two layers, hard-tanh surrogate, inputs of very unequal norms (arXiv 2405.15539 has none)."""
    kernel = sg_ntk(UNSTABLE, None, 2, Sign(), HardTanhDerivative(1.0), get="ntk")
    values, vectors = np.linalg.eig(kernel)
    worst = np.argmin(values.real)
    assert values[worst].real < -1e-3
    assert stability(kernel) == pytest.approx(
        values[worst].real / np.linalg.norm(kernel, 2), rel=1e-9
    )
    y = vectors[:, worst].real
    with pytest.raises(UnstableKernelError, match="gradient flow diverges"):
        kernel_regression(kernel, kernel, y)
    # at finite times the error grows as the exponential says
    for t in (10.0, 200.0):
        grown = y - kernel_regression(kernel, kernel, y, t=t).mean
        np.testing.assert_allclose(grown, y * np.exp(-values[worst].real * t / 4), rtol=1e-8)
    assert stability(sg_ntk(CIRCLE[::7], None, get="ntk")) > 0


@pytest.mark.parametrize("n_copies", [1, 2])
def test_several_times_and_outputs_at_once(n_copies) -> None:
    """Also for a singular kernel; each as alone, against the differential equation."""
    x = np.random.default_rng(1).normal(size=(5, 3))
    x = np.vstack([x] * n_copies)
    y = np.random.default_rng(2).normal(size=(len(x), 2))
    test = np.random.default_rng(3).normal(size=(4, 3))
    across, among = sg_ntk(test, x, get="ntk"), sg_ntk(x, None, get="ntk")
    times = [0.0, 1.0, 30.0]
    several = kernel_regression(across, among, y, t=times).mean
    assert several.shape == (3, 4, 2)
    np.testing.assert_array_equal(several[0], 0)
    for time, mean in zip(times[1:], several[1:], strict=True):
        np.testing.assert_allclose(
            kernel_regression(across, among, y[:, 0], t=time).mean, mean[:, 0], rtol=1e-9
        )
        n = len(x)
        both = np.vstack([across, among])
        solution = solve_ivp(
            lambda _, f, both=both, n=n: -both @ (f[4:] - y[:, 1]) / n,
            (0, time), np.zeros(4 + n), rtol=1e-11, atol=1e-12,
        )  # fmt: skip
        np.testing.assert_allclose(mean[:, 1], solution.y[:4, -1], atol=1e-8)


def test_defective_kernels_flow_too() -> None:
    """No eigenvectors to use: a Jordan block."""
    kernel = np.array([[1.0, 5.0], [0.0, 1.0]])
    mean = kernel_regression(kernel, kernel, np.array([0.0, 1.0]), t=4.0).mean
    # exp(-K s) = e^-s [[1, -5 s], [0, 1]], s = t / 2
    np.testing.assert_allclose(mean, [10 * np.exp(-2.0), 1 - np.exp(-2.0)], rtol=1e-10)


def test_tensors_give_tensors() -> None:
    x = torch.randn(6, 3, generator=torch.Generator().manual_seed(0))
    kernels = sg_ntk(x)
    train, y = slice(0, 4), torch.arange(4.0)
    blocks = Covariances(kernels.nngp, kernels.nngp[:, train], kernels.nngp[train, train])
    prediction = kernel_regression(
        kernels.ntk[:, train], kernels.ntk[train, train], y, t=[1.0, 5.0], nngp=blocks
    )
    assert prediction.mean.dtype == prediction.std.dtype == torch.float32
    ntk, nngp = (k.double().numpy() for k in (kernels.ntk, kernels.nngp))
    whole = kernel_flow(ntk, nngp, np.arange(4), y.numpy(), 5.0)
    np.testing.assert_allclose(prediction.mean[1], whole.mean, rtol=1e-5, atol=1e-6)
    np.testing.assert_allclose(prediction.covariance[1], whole.covariance, rtol=1e-4, atol=1e-5)


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"y_train": np.ones(3)}, r"for 3 targets, not \(2, 2\)"),
        ({"y_train": np.array([1.0, np.nan])}, r"y_train\[1\] is not finite"),
        ({"k_test_train": np.ones((4, 3))}, "k_test_train"),
        ({"k_train_train": np.zeros((0, 0))}, "k_train_train is empty"),
        ({"t": -1.0}, "t must be"),
        ({"diag_reg": -1.0}, "diag_reg must be"),
        ({"nngp": Covariances(np.eye(4), np.ones((4, 1)), np.eye(2))}, "nngp must be of shapes"),
    ],
)
def test_bad_arguments_are_named(change, message) -> None:
    right = {"k_test_train": np.ones((4, 2)), "k_train_train": np.eye(2), "y_train": np.ones(2)}
    with pytest.raises(ValueError, match=message):
        kernel_regression(**{**right, **change})


def test_a_flow_that_has_outgrown_numbers_says_so() -> None:
    with pytest.raises(UnstableKernelError, match="give an earlier time"):
        kernel_regression(np.eye(2), -np.eye(2), np.ones(2), 1e4)
