"""Moments and kernels of infinitely wide networks against independent routes and known limits."""

from __future__ import annotations

import math

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.integrate import dblquad, quad
from scipy.special import erf

from spikegrad.ntk.activations import (
    Activation,
    Derivative,
    Erf,
    ErfDerivative,
    HardTanhDerivative,
    IdentityDerivative,
    Sign,
)
from spikegrad.ntk.analytic import sg_ntk
from spikegrad.ntk.empirical import empirical_kernel
from spikegrad.ntk.network import Architecture, initialise

ANGLES = 2 * np.pi * np.arange(100) / 100 - np.pi
CIRCLE = np.stack([np.sin(ANGLES), np.cos(ANGLES)], axis=1)
SURROGATES = [ErfDerivative(1.0), ErfDerivative(3.0), IdentityDerivative(), HardTanhDerivative(0.8)]


class ReLU(Activation):
    """An activation that knows no closed form, to exercise the quadrature."""

    kinks = (0.0,)

    def __call__(self, u):
        return torch.relu(u)

    @property
    def derivative(self) -> Derivative:
        return Step()


class Step(Derivative):
    """ReLU's derivative, likewise."""

    kinks = (0.0,)

    def __call__(self, u):
        return (u > 0).to(u.dtype)


class Tanh(Activation):
    """Smooth, without a closed form."""

    def __call__(self, u):
        return torch.tanh(u)

    @property
    def derivative(self) -> Derivative:
        return TanhDerivative()


class TanhDerivative(Derivative):
    """1 - tanh^2."""

    def __call__(self, u):
        return 1 - torch.tanh(u) ** 2


def _values(f, u):
    return f(torch.tensor(u, dtype=torch.float64)).numpy()


def _integral(f, g, x, y, rho) -> float:
    """E[f(u) g(v)] of plain functions by an adaptive rule in two dimensions."""

    def density(t: float, s: float) -> float:
        v = math.sqrt(y) * (rho * s + math.sqrt(1 - rho**2) * t)
        return f(math.sqrt(x) * s) * g(v) * math.exp(-(s**2 + t**2) / 2) / (2 * math.pi)

    return dblquad(density, -8, 8, -8, 8, epsabs=1e-9)[0]


def _bell(slope: float):
    return lambda u: 2 * slope / math.sqrt(math.pi) * math.exp(-((slope * u) ** 2))


@pytest.mark.parametrize("rho", [-0.9, 0.6])
def test_moments_are_integrals(rho) -> None:
    x, y = 0.6, 1.1
    arguments = np.array(x), np.array(y), np.array(rho)
    assert ErfDerivative(2.0).moment(ErfDerivative(1.0), *arguments) == pytest.approx(
        _integral(_bell(2.0), _bell(1.0), x, y, rho), abs=1e-8
    )
    for moment in (
        ErfDerivative(1.5).moment(IdentityDerivative(), *arguments),
        IdentityDerivative().moment(ErfDerivative(1.5), np.array(y), np.array(x), np.array(rho)),
    ):
        assert moment == pytest.approx(_integral(_bell(1.5), lambda v: 1.0, x, y, rho), abs=1e-8)
    assert Erf(1.7).moment(*arguments) == pytest.approx(
        _integral(lambda u: math.erf(1.7 * u), lambda v: math.erf(1.7 * v), x, y, rho), abs=1e-8
    )


@pytest.mark.parametrize("phi", [Erf(2.0), Sign()])
@pytest.mark.parametrize("psi", SURROGATES)
def test_moments_agree_with_monte_carlo(phi, psi) -> None:
    x, y, rho = 0.8, 1.3, 0.75
    rng = np.random.default_rng(0)
    u, t = rng.normal(size=(2, 400_000))
    u, v = np.sqrt(x) * u, np.sqrt(y) * (rho * u + np.sqrt(1 - rho**2) * t)
    samples = _values(phi, u) * _values(phi, v)
    error = 4.5 * samples.std() / np.sqrt(len(samples))
    assert phi.moment(np.array(x), np.array(y), np.array(rho)) == pytest.approx(
        samples.mean(), abs=error
    )
    # E[phi'(u) psi(v)] by Stein's lemma, which holds for sign too: phi' need not exist.
    rest = (u / np.sqrt(x) - rho * v / np.sqrt(y)) / (np.sqrt(x) * (1 - rho**2))
    samples = _values(phi, u) * _values(psi, v) * rest
    error = 4.5 * samples.std() / np.sqrt(len(samples))
    assert phi.derivative.moment(psi, np.array(x), np.array(y), np.array(rho)) == pytest.approx(
        samples.mean(), abs=error
    )


variances = st.floats(0.05, 5.0)
correlations = st.floats(-1.0, 1.0)


@given(x=variances, y=variances, rho=correlations)
@settings(max_examples=40, deadline=None)
def test_quadrature_agrees_with_closed_forms_at_any_correlation(x, y, rho) -> None:
    x, y, rho = np.array(x), np.array(y), np.array(rho)
    # Cho and Saul's arc-cosine kernels of degree 0 and 1
    angle = np.arccos(rho)
    assert Step().moment(Step(), x, y, rho) == pytest.approx(0.5 - angle / (2 * np.pi), abs=1e-10)
    degree_one = np.sqrt(x * y) * (np.sin(angle) + (np.pi - angle) * np.cos(angle)) / (2 * np.pi)
    assert ReLU().moment(x, y, rho) == pytest.approx(degree_one, abs=1e-10)
    # the probability of a rectangle, which HardTanhDerivative has by Owen's T
    window, other = HardTanhDerivative(0.7), HardTanhDerivative(1.2)
    by_quadrature = Derivative.moment(window, other, x, y, rho)
    assert window.moment(other, x, y, rho) == pytest.approx(by_quadrature, abs=1e-10)
    # and mixed with a closed form on the other side
    assert Derivative.moment(ErfDerivative(0.5), window, x, y, rho) == pytest.approx(
        ErfDerivative(0.5).moment(window, x, y, rho), abs=1e-8
    )


@pytest.mark.parametrize("psi", SURROGATES)
def test_mean_is_the_integral(psi) -> None:
    for variance in (1e-6, 0.3, 4.0):

        def density(t: float, scale: float = np.sqrt(variance)) -> float:
            return float(_values(psi, scale * t)) * np.exp(-(t**2) / 2) / np.sqrt(2 * np.pi)

        kinks = [k / np.sqrt(variance) for k in psi.kinks if abs(k) < 9 * np.sqrt(variance)]
        expected = quad(density, -9, 9, points=kinks or None, epsabs=1e-11)[0]
        assert psi.mean(np.array(variance)) == pytest.approx(expected, abs=1e-9)
        assert Derivative.mean(psi, np.array(variance)) == pytest.approx(expected, abs=1e-9)


def test_quadrature_kernel_is_the_limit_of_wide_networks() -> None:
    x = np.random.default_rng(3).normal(size=(4, 3))
    kernels = sg_ntk(x, x, 3, Tanh(), HardTanhDerivative(1.0))
    architecture = Architecture(3, 600, 2)
    generators = [torch.Generator().manual_seed(i) for i in range(40)]
    tensor = torch.from_numpy(x)
    empirical = empirical_kernel(
        architecture,
        initialise(architecture, generators),
        tensor,
        tensor,
        Tanh(),
        HardTanhDerivative(1.0),
    )
    # at this width the mean's bias, of order 1 / n, is below its standard error
    error = empirical.std(0) / len(generators) ** 0.5
    assert ((empirical.mean(0).numpy() - kernels.ntk) / error.numpy()).__abs__().max() < 4.5


def test_diagonals_of_the_paper() -> None:
    """Two hidden layers on the unit circle, sigma_w = 1, sigma_b = 0.1."""
    expected = {1: 0.8715, 5: 2.2607, 20: 2.4471, 100: 2.4828}
    for slope, value in expected.items():
        diagonal = np.diag(sg_ntk(CIRCLE, CIRCLE, 3, Erf(slope), ErfDerivative(1.0)).ntk)
        np.testing.assert_allclose(diagonal, value, atol=5e-5)
    np.testing.assert_allclose(np.diag(sg_ntk(CIRCLE, CIRCLE).ntk), 2.4908, atol=5e-5)


@pytest.mark.parametrize("depth", [2, 3, 4])
def test_naive_ntk_diverges_as_a_power_of_the_slope(depth) -> None:
    point = CIRCLE[:1]

    def diagonal(slope: float) -> float:
        phi = Erf(slope)
        return sg_ntk(point, point, depth, phi, phi.derivative).ntk.item()

    power = np.log(diagonal(4000) / diagonal(1000)) / np.log(4)
    assert power == pytest.approx(depth - 1, abs=0.01)
    naive = sg_ntk(CIRCLE, CIRCLE, depth, Sign(), Sign().derivative).ntk
    assert np.isinf(np.diag(naive)).all()
    assert np.isfinite(naive[~np.eye(len(naive), dtype=bool)]).all()


@pytest.mark.parametrize("psi", SURROGATES)
@pytest.mark.parametrize("depth", [2, 4])
def test_sg_ntk_converges_to_that_of_sign_networks(psi, depth) -> None:
    limit = sg_ntk(CIRCLE, CIRCLE, depth, Sign(), psi).ntk
    assert np.isfinite(limit).all()
    errors = [
        np.abs(sg_ntk(CIRCLE, CIRCLE, depth, Erf(slope), psi).ntk - limit).max()
        for slope in (100, 1000, 10000)
    ]
    assert errors[0] / errors[1] > 5
    assert errors[1] / errors[2] > 5


@given(
    norms=st.lists(st.floats(0.01, 100.0), min_size=3, max_size=3),
    angle=st.floats(-np.pi, np.pi),
    bias=st.floats(0.0, 2.0),
)
@settings(deadline=None)
def test_sign_networks_diagonal_is_exact_at_depth_5(norms, angle, bias) -> None:
    """Any rounding of a correlation of 1 would come out as its square root."""
    x = np.outer(norms, [np.sin(angle), np.cos(angle)])
    kernels = sg_ntk(x, x, 5, Sign(), ErfDerivative(1.0), bias_std=bias)
    v = (x**2).sum(1) / 2 + bias**2
    hidden = 1 + bias**2  # the variance of every later pre-activation, since sign^2 = 1
    ntk = v
    for variance in (v, hidden, hidden, hidden):
        ntk = 2 / np.pi / np.sqrt(0.5 * variance) * ntk + hidden
    np.testing.assert_allclose(np.diag(kernels.nngp), hidden, rtol=1e-12)
    np.testing.assert_allclose(np.diag(kernels.ntk), ntk, rtol=1e-12)


@pytest.mark.parametrize("psi", SURROGATES)
def test_symmetric_on_the_circle_and_asymmetric_off_it(psi) -> None:
    on = sg_ntk(CIRCLE, CIRCLE, 4, Sign(), psi).ntk
    np.testing.assert_allclose(on, on.T, rtol=0, atol=1e-13)
    x = np.random.default_rng(0).normal(size=(40, 3))
    off = sg_ntk(x, x, 3, Sign(), psi).ntk
    assert np.linalg.norm(off - off.T) / np.linalg.norm(off) > 0.05
    two_sided = sg_ntk(x, x, 3, Sign(), psi, derivative=psi).ntk
    np.testing.assert_allclose(two_sided, two_sided.T, rtol=1e-12)


def test_first_argument_is_where_the_network_predicts() -> None:
    """Two layers, by hand: dz/dt at x is driven by psi at the training point x'."""
    x, x_prime = np.array([[3.0]]), np.array([[0.5]])
    ntk = sg_ntk(x, x_prime, 2, Erf(2.0), ErfDerivative(1.0), weight_std=1.0, bias_std=0.0).ntk
    u, v, z = 9.0, 0.25, 1.5
    slope = 2 / np.pi / np.sqrt((1 / 8 + u) * (1 / 2 + v) - z**2)
    nngp = 2 / np.pi * np.arcsin(z / np.sqrt((1 / 8 + u) * (1 / 8 + v)))
    assert ntk.item() == pytest.approx(slope * z + nngp, rel=1e-12)
    swapped = 2 / np.pi / np.sqrt((1 / 8 + v) * (1 / 2 + u) - z**2)
    assert abs(slope - swapped) > 0.1


def test_hard_tanh_window_by_hand() -> None:
    """The formula of ntk.md: sqrt(2 / pi) (c + x)^(-1/2) erf(a / sqrt(2 (y - z^2 / (c + x))))."""
    x, y, rho, a, m = 0.9, 1.4, 0.5, 0.6, 3.0
    z, c = rho * np.sqrt(x * y), 1 / (2 * m**2)
    expected = np.sqrt(2 / np.pi / (c + x)) * erf(a / np.sqrt(2 * (y - z**2 / (c + x))))
    moment = ErfDerivative(m).moment(HardTanhDerivative(a), *map(np.array, (x, y, rho)))
    assert moment == pytest.approx(expected, rel=1e-13)


def test_inputs_must_match() -> None:
    with pytest.raises(ValueError, match="must be"):
        sg_ntk(np.zeros((3, 2)), np.zeros((3, 3)))
    with pytest.raises(ValueError, match="at least one layer"):
        sg_ntk(np.zeros((3, 2)), np.zeros((3, 2)), depth=0)
