"""Gaussian expectations by quadrature, for functions without a known closed form.

Gauss-Kronrod panels that follow each function's own scale: a function is divided once, by
bisection, into panels on each of which a polynomial reproduces it, so that neither a step of width
1e-6 nor a standard deviation of 1e6 needs to be announced; only kinks and jumps do. Every
integral carries an error estimate, and one that is too large is an error.
"""

from __future__ import annotations

from collections.abc import Callable
from functools import lru_cache
from itertools import pairwise
from typing import Protocol

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

Array = NDArray[np.float64]

TOLERANCE = 1e-9
"""Largest error estimate, relative to E[|f|] or sqrt(E[f^2] E[g^2])."""

REACH = 9.0  # standard deviations; the mass beyond is 2e-19
RESOLVED = 1e-12  # of a function, relative to its largest value so far from 0
MOST_PANELS = 1500
EDGES = np.linspace(-REACH, REACH, 13)  # the Gaussian's own scale
FINE_EDGES = np.linspace(-REACH, REACH, 37)  # one-dimensional rules can afford more
BLUR = np.array([-8.0, -5.6, -3.5, -1.7, 0.0, 1.7, 3.5, 5.6, 8.0])
AT_ONCE = 2**17  # nodes, so that they stay in the cache

# Kronrod's rule of 15 points, and Gauss' of every second one of them (QUADPACK, qk15)
_HALF = [
    0.991455371120812639206854697526329,
    0.949107912342758524526189684047851,
    0.864864423359769072789712788640926,
    0.741531185599394439863864773280788,
    0.586087235467691130294144838258730,
    0.405845151377397166906606412076961,
    0.207784955007898467600689403773245,
]
_KRONROD = [
    0.022935322010529224963732008058970,
    0.063092092629978553290700663189204,
    0.104790010322250183839876322541518,
    0.140653259715525918745189590510238,
    0.169004726639267902826583426598550,
    0.190350578064785409913256402421014,
    0.204432940075298892414161999234649,
]
_GAUSS = [
    0.129484966168869693270611432679082,
    0.279705391489276667901467771423780,
    0.381830050505118944950369775488975,
]
NODES = np.array([*(-n for n in _HALF), 0.0, *reversed(_HALF)])
KRONROD = np.array([*_KRONROD, 0.209482141084727828012999174891714, *reversed(_KRONROD)])
GAUSS = np.zeros(15)
GAUSS[1::2] = [*_GAUSS, 0.417959183673469387755102040816327, *reversed(_GAUSS)]
BOTH = np.stack([KRONROD, KRONROD - GAUSS], axis=1)


class QuadratureError(ArithmeticError):
    """A function cannot be integrated as accurately as promised; the message says what helps."""


class Function(Protocol):
    """What is integrated: its values, and the points where it is not smooth."""

    @property
    def kinks(self) -> tuple[float, ...]: ...

    def __call__(self, u: Tensor) -> Tensor: ...


def mean(f: Function, variance: Array) -> Array:
    """E[f(v)], v ~ N(0, variance), for an array of any shape.

    Raises
    ------
    QuadratureError
        If ``f`` is not finite, or the error estimate too large.
    """
    deviations, inverse = np.unique(np.sqrt(variance), return_inverse=True)
    values = np.empty(len(deviations))
    for start in range(0, len(deviations), 256):
        d = deviations[start : start + 256, None]
        cuts = _ratio(_cuts(f, _reach(d)), d)
        nodes, density = _rule(cuts, FINE_EDGES)
        parts = density * _values(f, d[..., None] * nodes)
        value, error = _sum(parts, np.abs(parts))
        _check(f, None, d[:, 0] ** 2, error, (np.abs(parts) @ KRONROD).sum(-1))
        values[start : start + 256] = value
    return np.asarray(values[inverse].reshape(np.shape(variance)))


def moment(f: Function, g: Function, x: Array, y: Array, rho: Array, rest: Array) -> Array:
    """E[f(u) g(v)] for centred Gaussians of variances ``x``, ``y`` and correlation ``rho``.

    ``rest`` is sqrt(1 - rho^2), given apart since it is known better than that. The four arrays
    broadcast against each other.

    Raises
    ------
    QuadratureError
        As for :func:`mean`.
    """
    shape = np.broadcast_shapes(*map(np.shape, (x, y, rho, rest)))
    pairs = np.stack([np.broadcast_to(a, shape).ravel() for a in (x, y, rho, rest)])[..., None]
    reach = _reach(np.sqrt(pairs[:2]))
    f_cuts, g_cuts = _cuts(f, reach), _cuts(g, reach)
    panels = (len(f_cuts) + len(g_cuts) + 12) * (len(g_cuts) + 6)
    at_once = max(1, AT_ONCE // (225 * panels))
    chunks = [pairs[:, i : i + at_once] for i in range(0, pairs.shape[1], at_once)]
    return np.concatenate([_moment(f, g, f_cuts, g_cuts, *c) for c in chunks]).reshape(shape)


def _moment(
    f: Function,
    g: Function,
    f_cuts: Array,
    g_cuts: Array,
    x: Array,
    y: Array,
    rho: Array,
    rest: Array,
) -> Array:
    """The same for pairs [p, 1]: u = sqrt(x) s, v = sqrt(y) (rho s + rest t)."""
    u_scale, v_scale = np.sqrt(x), np.sqrt(y)
    # As a function of s, E[g(v) | s] has g's panels, and a kink of g is blurred by rest / |rho|.
    kinks = _ratio(np.asarray(g.kinks, float), v_scale * rho)[..., None]
    with np.errstate(over="ignore"):  # a kink at infinity is clipped like any far one
        blurred = kinks + BLUR * _ratio(rest, np.abs(rho))[..., None]
    outer = [_ratio(f_cuts, u_scale), _ratio(g_cuts, v_scale * rho), blurred.reshape(len(x), -1)]
    s, density = _rule(_occupied(np.hstack(outer)))
    shape = s.shape
    s = s.reshape(len(x), -1)
    centre = (rho * s)[..., None]
    inner = _occupied(_ratio(_ratio(g_cuts, v_scale)[:, None] - centre, rest[..., None]))
    t, t_density = _rule(inner)
    t *= (v_scale * rest)[..., None, None]
    t += (v_scale * rho * s)[..., None, None]
    g_values = _values(g, t)
    parts = t_density * g_values
    conditional, inner_error = _sum(parts, np.abs(parts))
    parts *= g_values
    square = (parts @ KRONROD).sum(-1).reshape(shape)
    f_values = _values(f, u_scale * s).reshape(shape)
    parts = density * f_values * conditional.reshape(shape)
    value, error = _sum(parts, np.abs(parts))
    by_inner = density * np.abs(f_values) * inner_error.reshape(shape)
    squares = [(density * q @ KRONROD).sum(-1) for q in (f_values**2, square)]
    error = error + (by_inner @ KRONROD).sum(-1)
    _check(f, g, x[:, 0], error, np.sqrt(squares[0] * squares[1]))
    return value


@lru_cache(maxsize=256)
def parity(f: Function) -> int:
    """1 for an even function, -1 for an odd one, else 0."""
    if getattr(f, "even", False):  # a delta function has no values
        return 1
    points = np.linspace(0.01, 30.0, 1000)
    right, left = _values(f, points), _values(f, -points)
    if (left == right).all():
        return 1
    return -1 if (left == -right).all() else 0


@lru_cache(maxsize=256)
def panels(f: Function, reach: float) -> tuple[float, ...]:
    """Where panels of ``f`` meet between -reach and reach, its kinks among them.

    On each panel a polynomial through the nodes reproduces ``f`` at all points that are looked at:
    of an even grid, and ever closer to 0 and to the kinks.
    """
    kinks = sorted({k for k in f.kinks if abs(k) < reach})
    steps = reach * 2.0 ** -np.arange(0.5, 48, 1 / 3)
    near = np.concatenate([c + sign * steps for c in {0.0, *kinks} for sign in (-1, 1)])
    looked_at = np.unique(np.concatenate([np.linspace(-reach, reach, 4001)[1:-1], near]))
    looked_at = looked_at[np.abs(looked_at) < reach]
    values = np.abs(_values(f, looked_at))
    if not np.isfinite(values).all():
        where = looked_at[np.argmin(np.isfinite(values))]
        raise QuadratureError(
            f"{f} is not finite at {where:g}: a function must be, kinks and jumps apart from it"
        )
    order = np.argsort(np.abs(looked_at))
    distance, largest = np.abs(looked_at)[order], np.maximum.accumulate(values[order])
    edges = [-reach, *kinks, reach]
    waiting, found = list(pairwise(edges)), {-reach, reach}
    while waiting:
        a, b = waiting.pop()
        inside = looked_at[np.searchsorted(looked_at, a, "right") : np.searchsorted(looked_at, b)]
        scale = largest[np.searchsorted(distance, max(abs(a), abs(b))) - 1]
        if b - a > 1e-13 * reach and not _resolved(f, a, b, inside, RESOLVED * scale):
            middle = (a + b) / 2
            waiting += [(a, middle), (middle, b)]
        else:
            found |= {a, b}
        if len(found) + len(waiting) > MOST_PANELS:
            raise QuadratureError(
                f"{f} is not smooth on any of {MOST_PANELS} panels between {-reach:g} and "
                f"{reach:g}: name its kinks and jumps in `kinks`, or use a smoother function"
            )
    return tuple(sorted(found))


_BARYCENTRIC = 1 / np.array([np.prod((n - NODES)[n != NODES]) for n in NODES])


def _resolved(f: Function, a: float, b: float, inside: Array, allowed: float) -> bool:
    half = (b - a) / 2
    points = np.concatenate([inside, a + half / 2 * (1 + NODES), b - half / 2 * (1 + NODES)])
    local = (points - a) / half - 1
    away = local[:, None] - NODES
    away[away == 0] = 1e-300
    share = _BARYCENTRIC / away
    at_nodes = _values(f, a + half * (1 + NODES))
    interpolated = share @ at_nodes / share.sum(1)
    return bool(np.abs(interpolated - _values(f, points)).max() <= allowed)


def _reach(deviation: Array) -> float:
    """How far out functions are looked at, a power of two so that few panels serve many."""
    largest = float(np.max(deviation, initial=0.0))
    return float(2.0 ** np.ceil(np.log2(REACH * largest))) if largest else 1.0


def _cuts(f: Function, reach: float) -> Array:
    edges: tuple[float, ...] = panels(f, reach)  # type: ignore[arg-type]  # functions are hashable
    return np.array(edges[1:-1])


def _occupied(cuts: Array) -> Array:
    """``cuts`` [..., k] without those that lie out of reach everywhere, which would cost panels."""
    clipped = np.sort(np.clip(cuts, -REACH, REACH), -1)
    inside = (np.abs(clipped) < REACH).sum(-1).max(initial=0)
    # keep as many columns as the fullest row needs: the others are repeated ends
    low = (clipped <= -REACH).sum(-1, keepdims=True)
    index = np.minimum(low + np.arange(inside), cuts.shape[-1] - 1)
    return np.asarray(np.take_along_axis(clipped, index, -1))


def _rule(cuts: Array, edges: Array = EDGES) -> tuple[Array, Array]:
    """Nodes [..., panels, 15] for t ~ N(0, 1), panels cut at ``cuts``, and the density there."""
    grid = np.broadcast_to(edges, (*cuts.shape[:-1], len(edges)))
    edges = np.sort(np.concatenate([grid, np.clip(cuts, -REACH, REACH)], -1), -1)
    half = np.diff(edges)[..., None] / 2
    nodes = edges[..., :-1, None] + half * (1 + NODES)
    density = np.exp(-0.5 * nodes * nodes)
    density *= half / np.sqrt(2 * np.pi)
    return nodes, density


def _sum(values: Array, absolute: Array) -> tuple[Array, Array]:
    """Integral of ``values`` [..., panels, 15], density included, and its error estimate.

    QUADPACK's: the difference to Gauss' rule to the power 3/2, in units of a panel's integral of
    the absolute value.
    """
    panel = values @ BOTH
    missed, size = np.abs(panel[..., 1]), absolute @ KRONROD
    with np.errstate(divide="ignore", invalid="ignore"):
        share = np.where(size > 0, missed / size, 0.0)
    error = size * np.minimum(share, (200 * share) ** 1.5)
    return panel[..., 0].sum(-1), error.sum(-1)


def _check(f: Function, g: Function | None, variance: Array, error: Array, size: Array) -> None:
    wrong = ~(error <= TOLERANCE * size + 1e-300)
    if wrong.any():
        i = int(np.argmax(wrong))
        what = f"E[{f}]" if g is None else f"E[{f} {g}]"
        raise QuadratureError(
            f"{what} at variance {variance[i]:g} has an error estimate of {error[i]:.1e} "
            f"(allowed: {TOLERANCE * size[i]:.1e}): name kinks and jumps in `kinks`, and let the "
            "function be finite"
        )


def _ratio(a: Array, b: Array) -> Array:
    """a / b, where a zero denominator puts a kink out of reach."""
    with np.errstate(divide="ignore", invalid="ignore", over="ignore"):
        return np.nan_to_num(a / b, nan=REACH, posinf=2 * REACH, neginf=-2 * REACH)


def _values(f: Callable[[Tensor], Tensor], nodes: Array) -> Array:
    return f(torch.from_numpy(np.ascontiguousarray(nodes))).detach().numpy()
