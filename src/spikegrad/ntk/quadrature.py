"""Gaussian expectations by quadrature, for activations without a known closed form.

Gauss-Legendre panels that end at every kink or jump of the integrand: exact to about 1e-12
for functions that are smooth between their kinks on the scale of one standard deviation (of
a twelfth, in one dimension).
"""

from __future__ import annotations

from collections.abc import Callable, Sequence

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

Array = NDArray[np.float64]
Function = Callable[[Tensor], Tensor]

REACH = 9.0  # standard deviations; the mass beyond is 2e-19
EDGES = np.linspace(-REACH, REACH, 13)
FINE_EDGES = np.linspace(-REACH, REACH, 145)  # one-dimensional rules can afford more
NODES, WEIGHTS = np.polynomial.legendre.leggauss(14)
BLUR = np.array([-8.0, -5.0, -2.5, 0.0, 2.5, 5.0, 8.0])
PAIRS_AT_ONCE = 32  # bounds the memory of a two-dimensional rule to some 30 MB


def mean(f: Function, kinks: Sequence[float], variance: Array) -> Array:
    """E[f(v)], v ~ N(0, variance), for any shape; f has its kinks or jumps at ``kinks``."""
    deviation = np.sqrt(variance)[..., None]
    nodes, weights = _rule(_ratio(np.asarray(kinks), deviation), FINE_EDGES)
    return np.asarray((weights * _values(f, deviation * nodes)).sum(-1))


def moment(
    f: Function,
    f_kinks: Sequence[float],
    g: Function,
    g_kinks: Sequence[float],
    x: Array,
    y: Array,
    rho: Array,
) -> Array:
    """E[f(u) g(v)] for centred Gaussians of variances ``x``, ``y`` and correlation ``rho``.

    The three arrays broadcast against each other.
    """
    x, y, rho = np.broadcast_arrays(x, y, rho)
    pairs = np.stack([x.ravel(), y.ravel(), rho.ravel()])[..., None]
    chunks = np.array_split(pairs, -(-x.size // PAIRS_AT_ONCE), axis=1)
    kinks = np.asarray(f_kinks, float), np.asarray(g_kinks, float)
    return np.concatenate([_moment(f, g, *kinks, *chunk) for chunk in chunks]).reshape(x.shape)


def _moment(
    f: Function, g: Function, f_kinks: Array, g_kinks: Array, x: Array, y: Array, rho: Array
) -> Array:
    """The same for ``x``, ``y``, ``rho`` [p, 1]: u = sqrt(x) s, v = sqrt(y) (rho s + rest t)."""
    rest = np.sqrt(np.maximum(1 - rho**2, 0))
    # As a function of s, E[g(v) | s] is a kink of g blurred by rest / |rho|.
    centre = _ratio(g_kinks, np.sqrt(y) * rho)[..., None]
    with np.errstate(over="ignore"):  # a kink at infinity is clipped like any far one
        blurred = centre + BLUR * _ratio(rest, np.abs(rho))[..., None]
    s, s_weights = _rule(np.hstack([_ratio(f_kinks, np.sqrt(x)), blurred.reshape(len(x), -1)]))
    shift = _ratio(g_kinks, np.sqrt(y))[:, None] - rho[..., None] * s[..., None]
    t, t_weights = _rule(_ratio(shift, rest[..., None]))
    v = np.sqrt(y)[..., None] * (rho[..., None] * s[..., None] + rest[..., None] * t)
    inner = (t_weights * _values(g, v)).sum(-1)
    return np.asarray((s_weights * _values(f, np.sqrt(x) * s) * inner).sum(-1))


def _rule(kinks: Array, edges: Array = EDGES) -> tuple[Array, Array]:
    """Nodes and weights of E[.(t)], t ~ N(0, 1), with panels that end at ``kinks`` [..., k]."""
    grid = np.broadcast_to(edges, (*kinks.shape[:-1], len(edges)))
    edges = np.sort(np.concatenate([grid, np.clip(kinks, -REACH, REACH)], -1), -1)
    half = np.diff(edges)[..., None] / 2
    nodes = edges[..., :-1, None] + half * (1 + NODES)
    weights = half * WEIGHTS * np.exp(-(nodes**2) / 2) / np.sqrt(2 * np.pi)
    shape = (*kinks.shape[:-1], -1)
    return nodes.reshape(shape), weights.reshape(shape)


def _ratio(a: Array, b: Array) -> Array:
    """a / b, where a zero denominator puts a kink out of reach."""
    with np.errstate(divide="ignore", invalid="ignore", over="ignore"):
        return np.nan_to_num(a / b, nan=REACH, posinf=2 * REACH, neginf=-2 * REACH)


def _values(f: Function, nodes: Array) -> Array:
    return f(torch.from_numpy(np.ascontiguousarray(nodes))).numpy()
