"""Gaussian moments of pairs of functions: in closed form where there is one, else interpolated.

Moments are over centred Gaussian pairs (u, v) with variances ``x``, ``y`` and a
:class:`Correlation`.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from dataclasses import dataclass
from functools import lru_cache
from typing import NamedTuple

import numpy as np
from numpy.polynomial import chebyshev
from scipy.interpolate import PPoly
from torch import Tensor

from spikegrad.ntk import quadrature
from spikegrad.ntk.quadrature import Array, QuadratureError

SAME = 1e-12  # variances this close, relative to each other, share an interpolation
DEGREE = 20  # of its polynomials
RESOLVED = 1e-11  # their last coefficients, relative to the moment
NARROWEST = np.pi * 2.0**-24  # panel


class Correlation(NamedTuple):
    """Correlations ``rho``, and ``gap`` = 1 - \\|rho\\| with a relative accuracy of its own.

    The latter carries what rho cannot: the kernels of steep functions have square-root
    singularities at rho = 1, where rounding of rho would become its root.
    """

    rho: Array
    gap: Array

    @property
    def square_rest(self) -> Array:
        """1 - rho^2."""
        return np.asarray(self.gap * (2 - self.gap))

    @property
    def angle(self) -> Array:
        """arccos of rho, in [0, pi]."""
        folded = self.folded_angle
        return np.where(self.rho < 0, np.pi - folded, folded)

    @property
    def folded_angle(self) -> Array:
        """arccos of \\|rho\\|, in [0, pi / 2]; accurate where it is small."""
        return np.asarray(2 * np.arcsin(np.sqrt(self.gap / 2)))


class Derivative(ABC):
    """What backpropagation multiplies with at a pre-activation: phi', or a surrogate for it."""

    closed_mean = False
    """Whether :meth:`mean` has a closed form."""
    even = False
    """Whether psi(-u) = psi(u) is known; else it is looked at."""

    @property
    def kinks(self) -> tuple[float, ...]:
        """Where the function is not smooth."""
        return ()

    @abstractmethod
    def __call__(self, u: Tensor) -> Tensor:
        """psi(u), element by element."""

    def mean(self, variance: Array) -> Array:
        """E[psi(v)], v ~ N(0, variance)."""
        return quadrature.mean(self, variance)

    def closed_moment(
        self, other: Derivative, x: Array, y: Array, correlation: Correlation
    ) -> Array | None:
        """E[psi(u) other(v)] if known in terms of ``other``'s mean or of ``other``, else None."""
        return None

    def moment(self, other: Derivative, x: Array, y: Array, correlation: Correlation) -> Array:
        """E[psi(u) other(v)], by whichever side has a closed form, or by quadrature.

        ``x`` and ``y`` are [r, 1] and [1, c], or of the shape of the correlations.

        Raises
        ------
        QuadratureError
            If quadrature is needed and fails.
        """
        if self.closed_mean and other.closed_mean:
            value = _closed(self, other, x, y, correlation)
            if value is not None:
                return value
        return interpolated(self, other, x, y, correlation)


class Activation(ABC):
    """A function phi of the pre-activation, with its true derivative."""

    odd = False
    """Whether phi(-u) = -phi(u); then opposite inputs are as accurate as equal ones."""

    @property
    def kinks(self) -> tuple[float, ...]:
        """Where phi is not smooth."""
        return ()

    @abstractmethod
    def __call__(self, u: Tensor) -> Tensor:
        """phi(u), element by element."""

    @property
    @abstractmethod
    def derivative(self) -> Derivative:
        """phi'."""

    def second_moment(self, variance: Array) -> Array:
        """E[phi(u)^2], u ~ N(0, variance)."""
        return quadrature.mean(_Square(self), variance)

    def shortfall(self, x: Array, y: Array, bound: Array, correlation: Correlation) -> Array:
        """``bound`` = sqrt(E[phi(u)^2] E[phi(v)^2]), minus E[phi(u) phi(v)], at least 0.

        Accurate where it is small, which the difference would not be. For odd functions it is that
        of \\|rho\\|. Shapes and errors are those of :meth:`Derivative.moment`.
        """
        if self.odd:
            correlation = Correlation(1 - correlation.gap, correlation.gap)
        value = interpolated(self, self, x, y, correlation, bound)
        return np.maximum(value, 0)


@dataclass(frozen=True)
class _Square:
    """phi^2."""

    phi: Activation

    @property
    def kinks(self) -> tuple[float, ...]:
        return self.phi.kinks

    def __call__(self, u: Tensor) -> Tensor:
        return self.phi(u).square()


def _closed(f: Derivative, g: Derivative, x: Array, y: Array, c: Correlation) -> Array | None:
    value = f.closed_moment(g, x, y, c)
    return g.closed_moment(f, y, x, c) if value is None else value


def _direct(
    f: Derivative | Activation, g: Derivative | Activation, x: Array, y: Array, c: Correlation
) -> Array:
    """E[f(u) g(v)] one by one."""
    if isinstance(f, Derivative) and isinstance(g, Derivative):
        value = _closed(f, g, x, y, c)
        if value is not None:
            return value
    return quadrature.moment(f, g, x, y, c.rho, np.sqrt(c.square_rest))


def interpolated(
    f: Derivative | Activation,
    g: Derivative | Activation,
    x: Array,
    y: Array,
    correlation: Correlation,
    bound: Array | None = None,
) -> Array:
    """E[f(u) g(v)], or ``bound`` minus it, interpolated in the angle where variances repeat.

    For inputs of equal norm a moment is a function of the angle alone, and a smooth one for any f
    and g, so that a few dozen integrals serve a whole matrix. Variances that occur too rarely to be
    worth it are integrated pair by pair.
    """
    shape = correlation.rho.shape
    (xs, x_index), (ys, y_index) = _groups(x), _groups(y)
    codes = np.broadcast_to(x_index.reshape(x.shape) * len(ys) + y_index.reshape(y.shape), shape)
    occurring, counts = np.unique(codes, return_counts=True)
    values = np.empty(shape)
    if bound is not None:
        bound = np.broadcast_to(bound, shape)
    angle = correlation.angle
    alone = np.zeros(shape, bool)
    for code, count in zip(occurring, counts, strict=True):
        u, v = xs[code // len(ys)], ys[code % len(ys)]
        where = codes == code
        # at equal variances always: there the accuracy near angle 0 matters
        if count < 2 * DEGREE and not (bound is not None and u == v):
            alone |= where
            continue
        at_0, rises = _interpolate(f, g, float(u), float(v), angle[where])
        if bound is None:
            values[where] = at_0 + rises
        else:
            # 0 at angle 0 by the Cauchy-Schwarz inequality, if the variances are equal
            values[where] = -rises if u == v else bound[where] - at_0 - rises
    if alone.any():
        u, v = (np.broadcast_to(a, shape)[alone] for a in (x, y))
        c = Correlation(correlation.rho[alone], correlation.gap[alone])
        single = _direct(f, g, u, v, c)
        values[alone] = single if bound is None else bound[alone] - single
    return values


def _interpolate(
    f: Derivative | Activation, g: Derivative | Activation, x: float, y: float, angle: Array
) -> tuple[float, Array]:
    """E[f(u) g(v)] at angle 0, and what is added to it at each ``angle``."""
    sign = quadrature.parity(g) or quadrature.parity(f)
    at_0, rise = interpolant(f, g, x, y, np.pi / 2 if sign else np.pi)
    if not sign:
        return at_0, rise(angle)
    rises = rise(np.minimum(angle, np.pi - angle))
    if sign < 0:
        rises = np.where(angle > np.pi / 2, -2 * at_0 - rises, rises)
    return at_0, rises


def _groups(variances: Array) -> tuple[Array, Array]:
    """Distinct variances, those equal up to rounding as one, and the index of each."""
    values, index = np.unique(variances, return_inverse=True)
    new = np.append(True, np.diff(values) > SAME * values[1:])
    return values[new], (np.cumsum(new) - 1)[index.ravel()]


def forget() -> None:
    """Forget what is known of functions, whose parameters may have changed."""
    for known in (interpolant, quadrature.parity, quadrature.panels):
        known.cache_clear()


@lru_cache(maxsize=4096)
def interpolant(
    f: Derivative | Activation, g: Derivative | Activation, x: float, y: float, end: float
) -> tuple[float, PPoly]:
    """E[f(u) g(v)] as a function of the angle arccos(rho) up to ``end``: at 0, and what is added.

    The latter is exactly 0 at angle 0.

    Raises
    ------
    QuadratureError
        If no panels resolve it.
    """
    nodes = (1 - np.cos(np.pi * np.arange(DEGREE + 1) / DEGREE)) / 2
    to_powers = np.linalg.inv(chebyshev.chebvander(2 * nodes - 1, DEGREE))

    def at(angle: Array) -> Array:
        gap = 2 * np.sin(np.minimum(angle, np.pi - angle) / 2) ** 2
        c = Correlation(np.cos(angle), gap)
        return _direct(f, g, np.full(angle.shape, x), np.full(angle.shape, y), c)

    at_0, at_end = at(np.array([0.0, end]))
    waiting = [(0.0, end)]
    done: list[tuple[float, float, Array]] = []
    scale = max(abs(at_0), abs(at_end), 1e-300)
    while waiting:
        a, b = waiting.pop()
        values = at(a + (b - a) * nodes) - at_0
        if a == 0:
            values[0] = 0.0
        coefficients = to_powers @ values
        scale = max(scale, float(np.abs(values).max()))
        if np.abs(coefficients[-3:]).max() <= RESOLVED * scale:
            done.append((a, b, _powers(coefficients, b - a)))
        elif b - a > NARROWEST:
            waiting += [((a + b) / 2, b), (a, (a + b) / 2)]
        else:
            raise QuadratureError(
                f"E[{f} {g}] at variances {x:g} and {y:g} is not smooth in the angle near {a:g}: "
                "name kinks and jumps in `kinks`"
            )
    done.sort()
    edges = np.array([*(a for a, _, _ in done), done[-1][1]])
    powers = np.stack([c for _, _, c in done], axis=1)[::-1]
    if done[0][0] == 0:
        powers[-1, 0] = 0.0
    return float(at_0), PPoly(powers, edges)


def _powers(coefficients: Array, length: float) -> Array:
    """Coefficients of powers of the distance from the panel's left end, from Chebyshev's."""
    in_unit = np.polynomial.Chebyshev(coefficients, domain=[0, 1]).convert(
        kind=np.polynomial.Polynomial, domain=[-1, 1], window=[-1, 1]
    )
    powers = np.zeros(DEGREE + 1)
    powers[: len(in_unit.coef)] = in_unit.coef
    return np.asarray(powers / length ** np.arange(DEGREE + 1))
