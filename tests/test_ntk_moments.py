"""Gaussian moments against independent routes: adaptive integration, Monte Carlo, mpmath."""

from __future__ import annotations

import math
from itertools import pairwise

import mpmath as mp
import numpy as np
import pytest
import torch
from scipy.integrate import dblquad, quad

from spikegrad.ntk.activations import Erf, Sign, Step
from spikegrad.ntk.derivatives import (
    CustomDerivative,
    ErfDerivative,
    HardTanhDerivative,
    IdentityDerivative,
)
from spikegrad.ntk.moments import Correlation
from spikegrad.ntk.quadrature import QuadratureError
from spikegrad.surrogates import SuperSpike

WINDOW = HardTanhDerivative(0.8)
FAST_SIGMOID = CustomDerivative(SuperSpike(0.5), kinks=(0.0,))
SURROGATES = [ErfDerivative(1.0), ErfDerivative(3.0), IdentityDerivative(), WINDOW, FAST_SIGMOID]


def pair(x, y, rho):
    return np.array(x), np.array(y), Correlation(np.array(rho), np.array(1 - abs(rho)))


def cross_moment(phi, x, y, c):
    """E[phi(u) phi(v)], from what it falls short of its bound."""
    bound = np.sqrt(phi.second_moment(x) * phi.second_moment(y))
    moment = bound - phi.shortfall(x, y, bound, c)
    return -moment if phi.odd and c.rho < 0 else moment


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


@pytest.mark.parametrize("phi", [Erf(2.0), Sign(), Step()])
@pytest.mark.parametrize("psi", SURROGATES)
def test_moments_agree_with_monte_carlo(phi, psi) -> None:
    x, y, rho = 0.8, 1.3, 0.75
    rng = np.random.default_rng(0)
    u, t = rng.normal(size=(2, 400_000))
    u, v = np.sqrt(x) * u, np.sqrt(y) * (rho * u + np.sqrt(1 - rho**2) * t)
    # E[phi'(u) psi(v)] by Stein's lemma, which holds for jumps too: phi' need not exist.
    rest = (u / np.sqrt(x) - rho * v / np.sqrt(y)) / (np.sqrt(x) * (1 - rho**2))
    for samples, moment in (
        (_values(phi, u) * _values(phi, v), cross_moment(phi, *pair(x, y, rho))),
        (_values(phi, u) * _values(psi, v) * rest, phi.derivative.moment(psi, *pair(x, y, rho))),
        (_values(WINDOW, u) * _values(WINDOW, v), WINDOW.moment(WINDOW, *pair(x, y, rho))),
    ):
        error = 4.5 * samples.std() / np.sqrt(len(samples))
        assert moment == pytest.approx(samples.mean(), abs=error)


@pytest.mark.parametrize("psi", [*SURROGATES, CustomDerivative(SuperSpike(1e-4), kinks=(0.0,))])
@pytest.mark.parametrize("variance", [1e-6, 0.3, 4.0, 1e4])
def test_mean_is_the_integral(psi, variance) -> None:
    """Beside scipy's adaptive rule, which wants to know where a function is steep."""
    scale = math.sqrt(variance)

    def density(t: float) -> float:
        return float(_values(psi, scale * t)) * math.exp(-(t**2) / 2) * math.sqrt(2 / math.pi)

    edges = [1e-5, 1e-4, 1e-3, 0.01, 0.1, 0.8, 1.0, 10.0]
    points = [0.0, *(e / scale for e in edges if e < 9 * scale), 9.0]
    parts = [quad(density, a, b, epsabs=1e-13) for a, b in pairwise(points)]
    assert psi.mean(np.array(variance)) == pytest.approx(sum(p[0] for p in parts), rel=1e-8)
    assert psi.mean(np.array([0.0, variance]))[0] == pytest.approx(float(_values(psi, 0.0)))


def test_shortfall_is_accurate_where_it_is_small() -> None:
    """Beside mpmath at 60 digits; the difference of two moments has none left here."""
    x, y = np.array([0.7]), np.array([0.7 * (1 + 1e-7)])
    for gap in (1e-3, 1e-8, 1e-14, 1e-25):
        near = Correlation(np.array([1 - gap]), np.array([gap]))
        for phi in (Erf(3.0), Erf(1e4)):
            bound = np.sqrt(phi.second_moment(x) * phi.second_moment(y))
            expected = float(_exact_shortfall(phi, x[0], y[0], gap))
            assert phi.shortfall(x, y, bound, near) == pytest.approx(expected, rel=2e-6, abs=1e-30)
            bound = phi.second_moment(x)
            expected = float(_exact_shortfall(phi, x[0], x[0], gap))
            assert phi.shortfall(x, x, bound, near) == pytest.approx(expected, rel=1e-10)


def _exact_shortfall(phi, x: float, y: float, gap: float) -> mp.mpf:
    with mp.workdps(60):
        x, y, rho = mp.mpf(x), mp.mpf(y), 1 - mp.mpf(gap)
        c = 1 / (2 * mp.mpf(phi.slope) ** 2)
        own = [2 / mp.pi * mp.asin(v / (c + v)) for v in (x, y)]
        both = 2 / mp.pi * mp.asin(rho * mp.sqrt(x * y / ((c + x) * (c + y))))
        return mp.sqrt(own[0] * own[1]) - both


@pytest.mark.parametrize("f", [lambda u: torch.sin(1e6 * u), lambda u: (u > 0.3).double()])
def test_functions_that_cannot_be_integrated_are_errors(f) -> None:
    with pytest.raises(QuadratureError, match="kinks"):
        CustomDerivative(f).mean(np.array(1.0))
