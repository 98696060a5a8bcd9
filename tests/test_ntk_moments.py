"""Gaussian moments against independent routes: adaptive integration, Monte Carlo, closed forms."""

from __future__ import annotations

import math

import mpmath as mp
import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.integrate import dblquad, quad
from scipy.special import erf

from spikegrad.ntk import quadrature
from spikegrad.ntk.activations import Custom, CustomDerivative, Erf, Relu, Sign, Step, Tanh
from spikegrad.ntk.derivatives import (
    ErfDerivative,
    HardTanhDerivative,
    IdentityDerivative,
    TanhDerivative,
)
from spikegrad.ntk.moments import Correlation, interpolated
from spikegrad.ntk.quadrature import QuadratureError

SURROGATES = [ErfDerivative(1.0), ErfDerivative(3.0), IdentityDerivative(), HardTanhDerivative(0.8)]


def pair(x, y, rho):
    return np.array(x), np.array(y), Correlation(np.array(rho), np.array(1 - abs(rho)))


def cross_moment(phi, x, y, c):
    """E[phi(u) phi(v)], from what it falls short of its bound."""
    bound = np.sqrt(phi.second_moment(x) * phi.second_moment(y))
    moment = bound - phi.shortfall(x, y, bound, c)
    return -moment if phi.odd and c.rho < 0 else moment


def by_quadrature(f, g, x, y, rho):
    """E[f(u) g(v)] without any closed form."""
    return quadrature.moment(f, g, *map(np.array, (x, y, rho, math.sqrt(1 - rho**2))))


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
    arguments = pair(x, y, rho)
    assert ErfDerivative(2.0).moment(ErfDerivative(1.0), *arguments) == pytest.approx(
        _integral(_bell(2.0), _bell(1.0), x, y, rho), abs=1e-8
    )
    for moment in (
        ErfDerivative(1.5).moment(IdentityDerivative(), *arguments),
        IdentityDerivative().moment(ErfDerivative(1.5), *arguments[1::-1], arguments[2]),
    ):
        assert moment == pytest.approx(_integral(_bell(1.5), lambda v: 1.0, x, y, rho), abs=1e-8)
    assert cross_moment(Erf(1.7), *arguments) == pytest.approx(
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
    assert cross_moment(phi, *pair(x, y, rho)) == pytest.approx(samples.mean(), abs=error)
    # E[phi'(u) psi(v)] by Stein's lemma, which holds for sign too: phi' need not exist.
    rest = (u / np.sqrt(x) - rho * v / np.sqrt(y)) / (np.sqrt(x) * (1 - rho**2))
    samples = _values(phi, u) * _values(psi, v) * rest
    error = 4.5 * samples.std() / np.sqrt(len(samples))
    moment = phi.derivative.moment(psi, *pair(x, y, rho))
    assert moment == pytest.approx(samples.mean(), abs=error)


variances = st.floats(0.05, 5.0)
correlations = st.floats(-1.0, 1.0)


@given(x=variances, y=variances, rho=correlations)
@settings(max_examples=25)
def test_closed_forms_agree_with_quadrature_at_any_correlation(x, y, rho) -> None:
    arguments = pair(x, y, rho)
    for f, g in ((Step(), Step()), (HardTanhDerivative(0.7), HardTanhDerivative(1.2))):
        assert f.moment(g, *arguments) == pytest.approx(by_quadrature(f, g, x, y, rho), abs=1e-9)
    for phi in (Relu(), Erf(2.0)):
        expected = by_quadrature(phi, phi, x, y, rho)
        assert cross_moment(phi, *arguments) == pytest.approx(expected, abs=1e-9)
    for g in (HardTanhDerivative(1.2), TanhDerivative(), Step()):
        expected = by_quadrature(ErfDerivative(0.5), g, x, y, rho)
        assert ErfDerivative(0.5).moment(g, *arguments) == pytest.approx(expected, abs=1e-9)


@pytest.mark.parametrize("psi", SURROGATES)
def test_mean_is_the_integral(psi) -> None:
    for variance in (1e-6, 0.3, 4.0):

        def density(t: float, scale: float = np.sqrt(variance)) -> float:
            return float(_values(psi, scale * t)) * np.exp(-(t**2) / 2) / np.sqrt(2 * np.pi)

        kinks = [k / np.sqrt(variance) for k in psi.kinks if abs(k) < 9 * np.sqrt(variance)]
        expected = quad(density, -9, 9, points=kinks or None, epsabs=1e-11)[0]
        assert psi.mean(np.array(variance)) == pytest.approx(expected, abs=1e-9)
        assert quadrature.mean(psi, np.array(variance)) == pytest.approx(expected, abs=1e-9)


@pytest.mark.parametrize("scale", [1e-3, 1.0, 50.0, 3e4])
def test_smooth_functions_at_any_scale(scale) -> None:
    """tanh at norms where it is a line, and where it is a step, beside scipy's adaptive rule."""
    x = scale**2

    def density(t: float) -> float:
        return math.tanh(scale * t) ** 2 * math.exp(-(t**2) / 2) * math.sqrt(2 / math.pi)

    expected = quad(density, 0, 12, points=[min(k / scale, 11) for k in (1, 5, 20)])[0]
    assert Tanh().second_moment(np.array(x)) == pytest.approx(expected, rel=1e-8)
    at_equal = by_quadrature(Tanh(), Tanh(), x, x, 1.0)
    assert at_equal == pytest.approx(expected, rel=1e-8)


@pytest.mark.parametrize("slope", [1.0, 100.0, 300.0, 1e5])
def test_steep_surrogates(slope) -> None:
    """By their closed side, and by quadrature alone, either way round."""
    x, y, rho = 0.7, 1.1, 0.6
    bell = ErfDerivative(slope)
    c = 1 / (2 * slope**2)
    rest = x * (1 - rho**2 * y / (c + y))
    for f, mean in ((Step(), 0.5), (HardTanhDerivative(1.0), erf(1 / np.sqrt(2 * rest)))):
        expected = np.sqrt(2 / np.pi / (c + y)) * mean
        for value in (
            f.moment(bell, *pair(x, y, rho)),
            by_quadrature(f, bell, x, y, rho),
            by_quadrature(bell, f, y, x, rho),
        ):
            assert value == pytest.approx(expected, rel=1e-9)


@given(x=variances, y=variances, angle=st.floats(0.0, np.pi))
@settings(max_examples=4)
def test_interpolation_in_the_angle_agrees_with_quadrature(x, y, angle) -> None:
    angles = np.append(np.linspace(0, np.pi, 50), angle)
    pairs = Correlation(np.cos(angles), 1 - np.abs(np.cos(angles)))
    for f, g in ((Tanh(), Tanh()), (TanhDerivative(), HardTanhDerivative(0.9)), (Relu(), Step())):
        value = interpolated(f, g, np.array(x), np.array(y), pairs)[-1]
        assert value == pytest.approx(by_quadrature(f, g, x, y, math.cos(angle)), abs=1e-8)


def test_shortfall_is_accurate_where_it_is_small() -> None:
    """Beside mpmath at 60 digits; the difference of two moments has none left here."""
    x, y = np.array([0.7]), np.array([0.7 * (1 + 1e-7)])
    for gap in (1e-3, 1e-8, 1e-14, 1e-25):
        near = Correlation(np.array([1 - gap]), np.array([gap]))
        for phi in (Erf(3.0), Erf(1e4), Relu()):
            bound = np.sqrt(phi.second_moment(x) * phi.second_moment(y))
            expected = float(_exact_shortfall(phi, x[0], y[0], gap))
            assert phi.shortfall(x, y, bound, near) == pytest.approx(expected, rel=2e-6, abs=1e-30)
            bound = phi.second_moment(x)
            expected = float(_exact_shortfall(phi, x[0], x[0], gap))
            assert phi.shortfall(x, x, bound, near) == pytest.approx(expected, rel=1e-10)


def _exact_shortfall(phi, x: float, y: float, gap: float) -> mp.mpf:
    with mp.workdps(60):
        x, y, rho = mp.mpf(x), mp.mpf(y), 1 - mp.mpf(gap)
        if isinstance(phi, Relu):
            angle = mp.acos(rho)
            moment = mp.sin(angle) + (mp.pi - angle) * rho
            return mp.sqrt(x * y) / 2 * (1 - moment / mp.pi)
        c = 1 / (2 * mp.mpf(phi.slope) ** 2)
        own = [2 / mp.pi * mp.asin(v / (c + v)) for v in (x, y)]
        both = 2 / mp.pi * mp.asin(rho * mp.sqrt(x * y / ((c + x) * (c + y))))
        return mp.sqrt(own[0] * own[1]) - both


@pytest.mark.parametrize(
    "f",
    [
        CustomDerivative(lambda u: torch.sin(1e6 * u)),
        CustomDerivative(lambda u: 1 / u.abs().sqrt()),
        CustomDerivative(lambda u: torch.where(u > 0.3, torch.nan, u)),
    ],
)
def test_functions_that_cannot_be_integrated_are_errors(f) -> None:
    with pytest.raises(QuadratureError, match="kinks"):
        quadrature.mean(f, np.array(1.0))
    with pytest.raises(QuadratureError, match="kinks"):
        quadrature.moment(f, Tanh(), *map(np.array, (1.0, 1.0, 0.6, 0.8)))


@pytest.mark.parametrize("place", [0.5, 1.0])
def test_a_jump_that_is_not_announced_is_found_where_panels_meet(place: float) -> None:
    hidden = CustomDerivative(lambda u: (u > place).to(u.dtype))
    expected = 0.5 * (1 - erf(place / math.sqrt(2)))
    assert quadrature.mean(hidden, np.array(1.0)) == pytest.approx(expected, abs=1e-9)


@pytest.mark.parametrize("place", [0.3, 1.7])
def test_elsewhere_a_jump_that_is_not_announced_is_an_error(place: float) -> None:
    hidden = CustomDerivative(lambda u: (u > place).to(u.dtype))
    with pytest.raises(QuadratureError, match="kinks"):
        quadrature.mean(hidden, np.array(1.0))


def test_custom_functions_have_their_derivative_by_autograd() -> None:
    gelu = Custom(torch.nn.functional.gelu)
    u = torch.linspace(-3, 3, 11, dtype=torch.float64)
    density = torch.exp(-(u**2) / 2) / math.sqrt(2 * math.pi)
    expected = 0.5 * (1 + torch.erf(u / math.sqrt(2))) + u * density
    torch.testing.assert_close(gelu.derivative(u), expected)


@pytest.mark.parametrize("value", [0.0, -1.0, math.nan])
def test_slopes_and_widths_are_positive(value) -> None:
    for make in (Erf, ErfDerivative, HardTanhDerivative):
        with pytest.raises(ValueError, match="above 0"):
            make(value)
