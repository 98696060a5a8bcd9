"""Where surrogate gradient learning of infinitely wide sign networks is unstable, and what follows.

Training moves outputs by the SG-NTK, which is not symmetric: an eigenvalue of K(X, X) with negative
real part makes the error grow although the network learns from it. The search looks for data with
such eigenvalues; networks of growing width, trained on what it found, show whether they drift away.
"""

from __future__ import annotations

from itertools import product

import numpy as np
import pandas as pd
import torch
from scipy.optimize import minimize

from spikegrad.ntk.activations import Sign
from spikegrad.ntk.analytic import sg_ntk
from spikegrad.ntk.moments import Derivative
from spikegrad.ntk.quadrature import Array
from spikegrad.ntk.regression import ROUNDING, stability
from spikegrad.seeds import numpy_generator
from study.config.ntk import (
    ErfSurrogate,
    HardTanhSurrogate,
    IdentitySurrogate,
    StabilityConfig,
    StepSurrogate,
)
from study.ntk import DEPTHS, UNSTABLE_POINTS, build
from study.ntk.dense_networks import Architecture, initialise, outputs
from study.ntk.ensemble import Descent, flush_subnormal

LARGEST_NORM = 10.0  # bound on the norm of an input of the search
DRIFTING = HardTanhSurrogate(name="hard_tanh", half_width=1.0)
"""Whose networks are trained: few neurons are inside a narrower window."""
SURROGATES: tuple[StepSurrogate, ...] = (
    HardTanhSurrogate(name="hard_tanh", half_width=0.1),
    HardTanhSurrogate(name="hard_tanh", half_width=0.3),
    DRIFTING,
    HardTanhSurrogate(name="hard_tanh", half_width=3.0),
    ErfSurrogate(name="erf_derivative", slope=0.3),
    ErfSurrogate(name="erf_derivative", slope=1.0),
    ErfSurrogate(name="erf_derivative", slope=3.0),
    IdentitySurrogate(name="identity"),
)
DIMENSIONS = (1, 2, 3)  # of the inputs
REFINED = 5  # of the least stable data sets, by a simplex search
NETWORKS = 10  # of each width
STEPS = 200  # of gradient descent, each half as long as makes the largest eigenvalue oscillate


def search(setup: StabilityConfig) -> tuple[pd.DataFrame, pd.DataFrame]:
    """A case for each surrogate, depth and dimension, and the points of its least stable data."""
    cases, points = [], []
    settled = product(SURROGATES, DEPTHS, DIMENSIONS)
    for i, (spec, depth, n_inputs) in enumerate(settled):
        psi = build.surrogate(spec, Sign())
        rng = numpy_generator(build.SEED, build.Stream.STABILITY, i)
        data = [_draw(n_inputs, rng) for _ in range(setup.n_draws)]
        stabilities = np.array([_stability(x, depth, psi) for x in data])
        order = np.argsort(stabilities[:, 1])[:REFINED]
        candidates = [_refined(setup, data[k], depth, psi) for k in order]
        k = int(np.argmin(stabilities[:, 0]))
        candidates.append((float(stabilities[k, 0]), _shortened(data[k])))
        found, x = min(candidates, key=lambda pair: pair[0])
        names = {"surrogate": build.label(spec), "depth": depth, "n_inputs": n_inputs}
        share, drawn = (stabilities[:, 0] < -ROUNDING).mean(), stabilities[:, 0].min()
        measures = {"n_draws": setup.n_draws, "share": share, "drawn": drawn, "found": found}
        cases.append({"seed": build.SEED, **names, **measures})
        coordinates = {f"x{d}": x[:, d] for d in range(n_inputs)}
        points.append(pd.DataFrame(coordinates).assign(seed=build.SEED, **names))
    return pd.DataFrame(cases), pd.concat(points, ignore_index=True)


def drift(setup: StabilityConfig, cases: pd.DataFrame, points: pd.DataFrame) -> pd.DataFrame:
    """Sign networks with one hidden layer, trained on the least stable data of depth 2.

    The targets y are the unstable direction, an eigenvector of length sqrt(n).
    """
    own = cases[(cases["depth"] == 2) & (cases["surrogate"] == build.label(DRIFTING))]
    case = cases.loc[own["found"].idxmin()]
    keys = ["surrogate", "depth", "n_inputs"]
    psi = build.surrogate(DRIFTING, Sign())
    own = points[(points[keys] == case[keys]).all(axis=1)]
    x = own[[f"x{d}" for d in range(case["n_inputs"])]].to_numpy()
    kernel = sg_ntk(x, None, 2, Sign(), psi, get="ntk")
    values, vectors = np.linalg.eig(kernel)
    k = int(np.argmin(values.real))
    y = vectors[:, k].real * np.sqrt(len(x)) / np.linalg.norm(vectors[:, k].real)
    left = np.linalg.inv(vectors)[k].real
    left /= left @ y
    rate = float(len(x) / np.linalg.norm(kernel, 2))
    tables = []
    for width in setup.widths:
        f = _outputs(width, x, y, psi, rate)
        step = np.arange(len(f))
        for network in range(f.shape[1]):
            residual = y - f[:, network]
            columns = {"step": step, "error": residual @ left, "loss": (residual**2).mean(1) / 2}
            tables.append(pd.DataFrame(columns).assign(width=width, network=network))
    table = pd.concat(tables, ignore_index=True)
    growth = -values[k].real * rate / len(x)
    return table.assign(
        seed=build.SEED,
        surrogate=case["surrogate"],
        eigenvalue=values[k].real,
        norm=np.linalg.norm(kernel, 2),
        predicted=np.exp(growth * table["step"]),
    )


@flush_subnormal()
def _outputs(
    width: int,
    x: Array,
    y: Array,
    psi: Derivative,
    rate: float,
) -> Array:
    """Outputs of training networks at their training points, [steps + 1, networks, points]."""
    architecture = Architecture(x.shape[1], width, 1)
    generators = build.network_generators(width, range(NETWORKS))
    block = initialise(architecture, generators, torch.float32)
    inputs, targets = torch.tensor(x).float(), torch.tensor(y).float()
    descent = Descent(architecture, Sign(), psi, inputs, targets, rate)
    recorded = [outputs(architecture, block, inputs, Sign()).numpy()]
    for _ in range(STEPS):
        descent.step(block)
        recorded.append(outputs(architecture, block, inputs, Sign()).numpy())
    return np.stack(recorded)


def _draw(n_inputs: int, rng: np.random.Generator) -> Array:
    """Inputs around a common direction, nearly parallel or not, of equal or very unequal norms."""
    shape = UNSTABLE_POINTS, n_inputs
    spread, width = rng.uniform(0, 3), np.exp(rng.uniform(-4, 2))
    directions = rng.normal(size=shape[1]) + width * rng.normal(size=shape)
    return np.asarray(directions * np.exp(spread * rng.normal(size=(shape[0], 1))))


def _shortened(x: Array) -> Array:
    """Norms below the largest; long inputs of different norm stay different."""
    norms = np.linalg.norm(x, axis=1, keepdims=True)
    return np.asarray(x / np.sqrt(1 + (norms / LARGEST_NORM) ** 2))


def _stability(x: Array, depth: int, psi: Derivative) -> tuple[float, float]:
    """The smallest real part of an eigenvalue over the norm, and what the search minimises.

    That is the same below 0. Above, it is the real part over the smallest singular value: else
    nearly equal inputs, for which both vanish, would draw the search away from unstable ones.
    """
    kernel = sg_ntk(_shortened(x), None, depth, Sign(), psi, get="ntk")
    relative = stability(kernel)
    singular = np.linalg.svd(kernel, compute_uv=False)
    if relative < -ROUNDING:
        return relative, relative
    if singular[-1] < 1e-10 * singular[0]:
        return relative, 1.0
    return relative, relative * singular[0] / singular[-1]


def _refined(setup: StabilityConfig, x: Array, depth: int, psi: Derivative) -> tuple[float, Array]:
    def objective(flat: Array) -> float:
        return _stability(flat.reshape(x.shape), depth, psi)[1]

    options = {"maxfev": setup.evaluations}
    best = minimize(objective, x.ravel(), method="Nelder-Mead", options=options).x.reshape(x.shape)
    return _stability(best, depth, psi)[0], _shortened(best)


def unstable_learning(stability: StabilityConfig) -> dict[str, pd.DataFrame]:
    """Data on which gradient flow with the SG-NTK diverges, and networks trained on them."""
    cases, points = search(stability)
    return {"cases": cases, "points": points, "drift": drift(stability, cases, points)}
