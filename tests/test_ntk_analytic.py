"""Kernels of infinitely wide networks against independent routes and known limits."""

from __future__ import annotations

import math

import mpmath as mp
import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from spikegrad.ntk.activations import Erf, Sign, Step
from spikegrad.ntk.analytic import sg_ntk
from spikegrad.ntk.derivatives import (
    CustomDerivative,
    ErfDerivative,
    HardTanhDerivative,
    IdentityDerivative,
)

ANGLES = 2 * np.pi * np.arange(100) / 100 - np.pi
CIRCLE = np.stack([np.sin(ANGLES), np.cos(ANGLES)], axis=1)
SURROGATES = [ErfDerivative(1.0), ErfDerivative(3.0), IdentityDerivative(), HardTanhDerivative(0.8)]


def test_diagonals_of_the_paper() -> None:
    """Two hidden layers on the unit circle, sigma_w = 1, sigma_b = 0.1."""
    expected = {1: 0.8715, 5: 2.2607, 20: 2.4471, 100: 2.4828}
    for slope, value in expected.items():
        diagonal = np.diag(sg_ntk(CIRCLE, CIRCLE, 3, Erf(slope), ErfDerivative(1.0)).ntk)
        np.testing.assert_allclose(diagonal, value, atol=5e-5)
    np.testing.assert_allclose(np.diag(sg_ntk(CIRCLE, CIRCLE).ntk), 2.4908, atol=5e-5)


@pytest.mark.parametrize("depth", [2, 4])
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


@given(
    norms=st.lists(st.floats(0.01, 100.0), min_size=3, max_size=3),
    angle=st.floats(-np.pi, np.pi),
    bias=st.floats(0.0, 2.0),
)
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


def exact(x, y, depth, slope, surrogate_slope, bias_std):
    """NNGP and SG-NTK of two inputs by the recursion in 60 digits; erf networks, or sign's."""
    with mp.workdps(60):
        x, y = ([mp.mpf(float(v)) for v in point] for point in (x, y))
        c, k = (0 if math.isinf(m) else 1 / (2 * mp.mpf(m) ** 2) for m in (slope, surrogate_slope))
        bias = mp.mpf(bias_std) ** 2
        xx, yy, xy = (
            sum(p * q for p, q in zip(a, b, strict=True)) / len(a) + bias
            for a, b in ((x, x), (y, y), (x, y))
        )
        ntk = xy
        for _ in range(depth - 1):
            factor = 2 / mp.pi / mp.sqrt((c + xx) * (k + yy) - xy**2)
            xx, yy, xy = (
                2 / mp.pi * mp.asin(p / mp.sqrt((c + q) * (c + r))) + bias
                for p, q, r in ((xx, xx, xx), (yy, yy, yy), (xy, xx, yy))
            )
            ntk = factor * ntk + xy
        return float(xy), float(ntk)


@given(
    x=st.lists(st.floats(-2, 2), min_size=3, max_size=3).filter(lambda x: np.linalg.norm(x) > 0.1),
    exponent=st.floats(-14, 0),
    scale=st.sampled_from([1.0, 1.0, -1.0, 3.0]),
    depth=st.integers(2, 6),
    slope=st.sampled_from([1.0, 20.0, 1e4, math.inf]),
    bias=st.sampled_from([0.0, 0.1, 1.0]),
    seed=st.integers(0, 99),
)
@settings(max_examples=80)
def test_kernels_of_nearly_equal_and_opposite_inputs(
    x, exponent, scale, depth, slope, bias, seed
) -> None:
    """Beside 60 digits, at any angle: asin's infinite slope must not turn rounding into its root.

    What remains is the rounding of the inputs' own directions, 1e-16 of the angle.
    """
    x = np.array(x)
    y = scale * (x + 10**exponent * np.random.default_rng(seed).normal(size=3))
    phi = Sign() if math.isinf(slope) else Erf(slope)
    kernels = sg_ntk(x[None], y[None], depth, phi, ErfDerivative(1.0), bias_std=bias)
    expected = exact(x, y, depth, slope, 1.0, bias)
    angle = 1e-16 / 10**exponent  # its relative error
    assert kernels.nngp.item() == pytest.approx(expected[0], rel=1e-9 + angle, abs=1e-9 + angle)
    assert kernels.ntk.item() == pytest.approx(expected[1], rel=1e-9 + angle, abs=1e-9 + angle)


@pytest.mark.parametrize(
    ("phi", "depth", "bias", "scale"),
    [
        (Sign(), 4, 0.1, 1.0),
        (Erf(3.0), 5, 1.0, 0.1),
        (Step(), 3, 0.1, 1.0),
    ],
)
def test_nngp_is_the_covariance_of_wide_networks(phi, depth, bias, scale) -> None:
    """By Monte Carlo over networks of width 200, drawn without any of our code.

    The kernel of a jump has a root singularity where inputs are parallel: beyond one hidden layer
    finite networks come close to it with n^-1/2 only, so that these inputs are left out there.
    """
    rng = np.random.default_rng(0)
    x = rng.normal(size=(3, 4))
    x = scale * np.vstack([x, -x[:1], 3 * x[:1]])
    networks, width = 500, 200
    z = rng.normal(size=(networks, width, 4)) @ x.T / 2 + bias * rng.normal(
        size=(networks, width, 1)
    )
    covariance = []
    for _ in range(depth - 1):
        a = phi(torch.from_numpy(z)).numpy()
        covariance = np.einsum("nwi,nwj->nij", a, a) / width + bias**2
        # the next layer is Gaussian given this one
        root = np.linalg.cholesky(covariance + 1e-12 * scale**2 * np.eye(5))
        z = (root @ rng.normal(size=(networks, 5, width))).mT
    mean, error = covariance.mean(0), covariance.std(0) / networks**0.5
    nngp = sg_ntk(x, None, depth, phi, ErfDerivative(1.0), bias_std=bias, get="nngp")
    finite_width = 3 * depth / width * np.abs(nngp).max()  # the mean's own bias, of order 1 / n
    agrees = np.abs(mean - nngp) < 4.5 * error + finite_width
    parallel = isinstance(phi, Sign | Step) and depth > 2
    assert agrees[:3, :3].all() if parallel else agrees.all()


@pytest.mark.parametrize("phi", [Sign(), Erf(2.0), Step()])
def test_a_zero_input_without_bias_has_a_kernel(phi) -> None:
    x = np.array([[0.0, 0.0], [1.0, 2.0], [-0.5, 1.0]])
    kernels = sg_ntk(x, None, 3, phi, ErfDerivative(1.0), bias_std=0.0)
    assert np.isfinite(kernels.nngp).all()
    assert np.isfinite(kernels.ntk).all()
    assert not kernels.nngp[0].any()
    assert not kernels.ntk[:, 0].any()


BELL = CustomDerivative(lambda u: 2 / math.pi**0.5 * torch.exp(-(u**2)))


@pytest.mark.parametrize("phi", [Sign(), Erf(2.0), Step()])
def test_own_surrogates_give_what_closed_forms_give(phi) -> None:
    """Tile by tile; in a mirrored tile the surrogate comes first."""
    x = np.random.default_rng(8).normal(size=(260, 4))
    own, closed = (sg_ntk(x, None, 3, phi, psi, get="ntk") for psi in (BELL, ErfDerivative(1.0)))
    np.testing.assert_allclose(own, closed, rtol=1e-9, atol=1e-9)


def test_square_matrices_are_those_of_two_sets() -> None:
    """Tile by tile, with half of the NNGP mirrored, against all at once."""
    x = np.random.default_rng(7).normal(size=(300, 3))
    one = sg_ntk(x, None, 3, Erf(3.0), HardTanhDerivative(1.0))
    two = sg_ntk(x, x.copy(), 3, Erf(3.0), HardTanhDerivative(1.0))
    for a, b in zip(one, two, strict=True):
        np.testing.assert_allclose(a, b, rtol=1e-13, atol=1e-13)
    np.testing.assert_array_equal(one.nngp, one.nngp.T)
    assert np.abs(one.ntk - one.ntk.T).max() > 1e-3


@pytest.mark.parametrize("dtype", [torch.float32, torch.float64])
def test_tensors_give_tensors_of_their_type(dtype) -> None:
    x = torch.randn(5, 3, dtype=dtype, generator=torch.Generator().manual_seed(0))
    kernels = sg_ntk(x, x[:2])
    assert kernels.ntk.dtype == kernels.nngp.dtype == dtype
    array = sg_ntk(x.numpy(), x[:2].numpy())
    assert array.ntk.dtype == x.numpy().dtype
    np.testing.assert_array_equal(kernels.ntk.numpy(), array.ntk)


class Scream(torch.autograd.Function):
    """A sign, with a backward of its own."""


ONES = np.ones((3, 2))


@pytest.mark.parametrize(
    ("call", "message"),
    [
        (lambda: sg_ntk(np.zeros((3, 2)), np.zeros((3, 3))), "must be"),
        (lambda: sg_ntk(np.zeros(3)), r"x must have 2 dimensions, not shape \(3,\)"),
        (lambda: sg_ntk([[1.0, 2.0], [math.nan, 1.0]]), r"x\[1, 0\] is not finite"),
        (lambda: sg_ntk(ONES, weight_std=-1.0), "weight_std must be"),
        (lambda: sg_ntk(ONES, activation="relu"), "activation must be one of .*, not 'relu'"),
        (lambda: sg_ntk(ONES, surrogate=torch.relu), r"surrogate must be .* CustomDerivative"),
        (lambda: sg_ntk(ONES, None, 2, Sign(), BELL, BELL), "no closed form is known"),
        (lambda: Erf(math.inf), r"Sign\(\)"),
        (lambda: CustomDerivative(Scream.apply), "give what Scream's backward multiplies by"),
    ],
)
def test_bad_arguments_are_named(call, message) -> None:
    with pytest.raises(ValueError, match=message):
        call()
