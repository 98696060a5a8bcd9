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
from spikegrad.ntk.moments import Derivative
from spikegrad.ntk.quadrature import Array
from spikegrad.ntk.regression import ROUNDING, stability
from spikegrad.seeds import numpy_generator
from study.config.ntk import NTKProblem, StabilityConfig
from study.ntk import build
from study.ntk.ensemble import Descent
from study.ntk.network import Architecture, initialise, outputs
from study.ntk.problem import Stream
from study.ntk.subnormal import flush_subnormal
from study.storage.columns import Table, shared

CASES_TABLE = Table(
    files=("ntk/stability/cases.csv",),
    says="The search for data on which surrogate gradient learning is unstable.",
    columns={
        **shared("seed", "surrogate", "depth"),
        "n_inputs": "dimension of the inputs",
        "n_draws": "random data sets",
        "share": "share of these that are unstable",
        "drawn": "smallest real part of an eigenvalue, over the kernel's norm, among these",
        "found": "the same after the simplex search",
    },
)
POINTS_TABLE = Table(
    files=("ntk/stability/points.csv",),
    says="The least stable data of each case.",
    columns={
        **shared("seed", "surrogate", "depth"),
        "n_inputs": "dimension of the inputs",
        "x[0-9]": "coordinate of the point",
    },
)
DRIFT_TABLE = Table(
    files=("ntk/stability/drift.parquet",),
    says="Networks that train on such data.",
    columns={
        **shared("step", "width", "network", "seed", "surrogate"),
        "error": "part of the error along the unstable direction",
        "loss": "half the mean squared error",
        "eigenvalue": "the unstable one",
        "norm": "of the kernel",
        "predicted": "the error of infinitely wide networks",
    },
)


def search(settings: NTKProblem, setup: StabilityConfig) -> tuple[pd.DataFrame, pd.DataFrame]:
    """Least stable data for each surrogate, depth and dimension, and the data themselves.

    Returns
    -------
    cases
        One row per ``surrogate``, ``depth`` and ``n_inputs``: the ``share`` of ``n_draws`` random
        data sets that are unstable; the smallest real part of an eigenvalue, over the kernel's
        norm, among these (``drawn``) and after the simplex search (``found``).
    points
        One row per case and point: its coordinates ``x0``, ``x1``, ...
    """
    cases, points = [], []
    settled = product(setup.surrogates, setup.depths, setup.n_inputs)
    for i, (spec, depth, n_inputs) in enumerate(settled):
        psi = build.surrogate(spec, Sign())
        rng = numpy_generator(settings.seed, Stream.STABILITY, i)
        data = [_draw(setup, n_inputs, rng) for _ in range(setup.n_draws)]
        stabilities = np.array([_stability(settings, setup, x, depth, psi) for x in data])
        order = np.argsort(stabilities[:, 1])[: setup.n_refined]
        candidates = [_refined(settings, setup, data[k], depth, psi) for k in order]
        k = int(np.argmin(stabilities[:, 0]))
        candidates.append((float(stabilities[k, 0]), _shortened(setup, data[k])))
        found, x = min(candidates, key=lambda pair: pair[0])
        names = {"seed": settings.seed, "surrogate": build.label(spec), "depth": depth}
        names["n_inputs"] = n_inputs
        cases.append(
            {
                **names,
                "n_draws": setup.n_draws,
                "share": float((stabilities[:, 0] < -ROUNDING).mean()),
                "drawn": float(stabilities[:, 0].min()),
                "found": found,
            }
        )
        coordinates = {f"x{d}": x[:, d] for d in range(n_inputs)}
        points.append(pd.DataFrame({**coordinates}).assign(**names))
    return pd.DataFrame(cases), pd.concat(points, ignore_index=True)


def drift(
    settings: NTKProblem, setup: StabilityConfig, cases: pd.DataFrame, points: pd.DataFrame
) -> pd.DataFrame:
    """Sign networks with one hidden layer, trained on the least stable data of depth 2.

    One row per ``width``, ``network`` and ``step``: ``error``, the component of y - f along the
    unstable direction v (the targets are y = v, the eigenvector, of length sqrt(n)), by its left
    eigenvector; ``loss``; and ``predicted``, exp(-lambda t / n), the error of infinitely wide
    networks in the mean. Also the case's ``surrogate`` and the ``eigenvalue``.
    """
    spec = setup.drift.surrogate
    own = cases[(cases["depth"] == 2) & (cases["surrogate"] == build.label(spec))]
    case = cases.loc[own["found"].idxmin()]
    keys = ["surrogate", "depth", "n_inputs"]
    psi = build.surrogate(spec, Sign())
    own = points[(points[keys] == case[keys]).all(axis=1)]
    x = own[[f"x{d}" for d in range(case["n_inputs"])]].to_numpy()
    kernel = build.kernels(settings, x, None, 2, Sign(), psi).ntk
    values, vectors = np.linalg.eig(kernel)
    k = int(np.argmin(values.real))
    y = vectors[:, k].real * np.sqrt(len(x)) / np.linalg.norm(vectors[:, k].real)
    left = np.linalg.inv(vectors)[k].real
    left /= left @ y
    rate = float(len(x) / np.linalg.norm(kernel, 2))
    tables = []
    for width in setup.drift.widths:
        f = _outputs(settings, setup, width, x, y, psi, rate)
        step = np.arange(len(f))
        for network in range(f.shape[1]):
            residual = y - f[:, network]
            columns = {"step": step, "error": residual @ left, "loss": (residual**2).mean(1) / 2}
            tables.append(pd.DataFrame(columns).assign(width=width, network=network))
    table = pd.concat(tables, ignore_index=True)
    growth = -values[k].real * rate / len(x)
    return table.assign(
        seed=settings.seed,
        surrogate=case["surrogate"],
        eigenvalue=values[k].real,
        norm=np.linalg.norm(kernel, 2),
        predicted=np.exp(growth * table["step"]),
    )


@flush_subnormal()
def _outputs(
    settings: NTKProblem,
    setup: StabilityConfig,
    width: int,
    x: Array,
    y: Array,
    psi: Derivative,
    rate: float,
) -> Array:
    """Outputs of training networks at their training points, [steps + 1, networks, points]."""
    architecture = Architecture(x.shape[1], width, 1, settings.weight_std, settings.bias_std)
    generators = build.network_generators(settings.seed, width, range(setup.drift.n_networks))
    block = initialise(architecture, generators, torch.float32)
    inputs, targets = torch.tensor(x).float(), torch.tensor(y).float()
    descent = Descent(architecture, Sign(), psi, inputs, targets, rate)
    recorded = [outputs(architecture, block, inputs, Sign()).numpy()]
    for _ in range(setup.drift.steps):
        descent.step(block)
        recorded.append(outputs(architecture, block, inputs, Sign()).numpy())
    return np.stack(recorded)


def _draw(setup: StabilityConfig, n_inputs: int, rng: np.random.Generator) -> Array:
    """Inputs around a common direction, nearly parallel or not, of equal or very unequal norms."""
    shape = setup.n_points, n_inputs
    spread, width = rng.uniform(0, 3), np.exp(rng.uniform(-4, 2))
    directions = rng.normal(size=shape[1]) + width * rng.normal(size=shape)
    return np.asarray(directions * np.exp(spread * rng.normal(size=(shape[0], 1))))


def _shortened(setup: StabilityConfig, x: Array) -> Array:
    """Norms below the largest; long inputs of different norm stay different."""
    norms = np.linalg.norm(x, axis=1, keepdims=True)
    return np.asarray(x / np.sqrt(1 + (norms / setup.largest_norm) ** 2))


def _stability(
    settings: NTKProblem, setup: StabilityConfig, x: Array, depth: int, psi: Derivative
) -> tuple[float, float]:
    """The smallest real part of an eigenvalue over the norm, and what the search minimises.

    That is the same below 0. Above, it is the real part over the smallest singular value: else
    nearly equal inputs, for which both vanish, would draw the search away from unstable ones.
    """
    kernel = build.kernels(settings, _shortened(setup, x), None, depth, Sign(), psi).ntk
    relative = stability(kernel)
    singular = np.linalg.svd(kernel, compute_uv=False)
    if relative < -ROUNDING:
        return relative, relative
    if singular[-1] < 1e-10 * singular[0]:
        return relative, 1.0
    return relative, relative * singular[0] / singular[-1]


def _refined(
    settings: NTKProblem, setup: StabilityConfig, x: Array, depth: int, psi: Derivative
) -> tuple[float, Array]:
    def objective(flat: Array) -> float:
        return _stability(settings, setup, flat.reshape(x.shape), depth, psi)[1]

    found = minimize(
        objective, x.ravel(), method="Nelder-Mead", options={"maxfev": setup.evaluations}
    )
    best = found.x.reshape(x.shape)
    return _stability(settings, setup, best, depth, psi)[0], _shortened(setup, best)
