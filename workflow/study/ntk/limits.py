"""Infinitely wide networks as erf_m approaches sign, and inputs off the circle."""

from __future__ import annotations

import numpy as np
import pandas as pd
import torch
from torch import Tensor

from spikegrad.ntk.activations import Erf, Sign
from spikegrad.ntk.quadrature import Array
from spikegrad.ntk.regression import kernel_flow
from spikegrad.ntk.surrogates import ErfDerivative
from spikegrad.seeds import numpy_generator
from study.config.ntk import AnalyticConfig, NTKProblem, OffCircleConfig
from study.ntk import build
from study.ntk.empirical import empirical_kernel
from study.ntk.network import Architecture, initialise
from study.ntk.problem import Stream, circle_problem
from study.storage.columns import Table, shared

PSI = ErfDerivative(1.0)  # the paper's surrogate


DIAGONALS_TABLE = Table(
    files=("ntk/limits/diagonals.csv",),
    says="K(x, x) on the circle.",
    columns={
        **shared("surrogate", "depth", "slope"),
        "kernel": "its value",
    },
)
NAIVE_REGRESSION_TABLE = Table(
    files=("ntk/limits/naive_regression.csv",),
    says="Regression with the NTK of erf networks, whose kernel has no limit.",
    columns={
        **shared("depth", "slope"),
        "rms": "of the prediction at test points",
        "rms_target": "of what it should be",
        "same_sign": "share of test points with the sign that the limit's classifier gives",
    },
)
OFF_CIRCLE_TABLE = Table(
    files=("ntk/limits/off_circle.parquet",),
    says="Kernels between Gaussian inputs of unequal norms.",
    columns={
        **shared("seed"),
        "predict": "number of the input that is predicted",
        "train": "number of the input that is trained",
        "norm_predict": "its norm",
        "norm_train": "its norm",
        "sign": "SG-NTK of sign networks",
        "erf": "SG-NTK of erf networks",
        "empirical": "mean over finite erf networks",
        "empirical_se": "its standard error",
    },
)
PROBLEM_TABLE = Table(
    files=("ntk/limits/problem.csv",),
    says="The regression problem.",
    columns={
        **shared("train"),
        "angle": "input on the circle, in radians",
        "target": "what is learned",
    },
)


def diagonals(settings: NTKProblem, analytic: AnalyticConfig) -> pd.DataFrame:
    """K(x, x) on the circle per ``surrogate``, ``depth`` and ``slope`` (infinite: sign)."""
    point = circle_problem(settings).inputs[:1]
    rows = []
    for slope in (*analytic.slopes, np.inf):
        phi = Sign() if np.isinf(slope) else Erf(slope)
        for spec in analytic.surrogates:
            psi = build.surrogate(spec, phi)
            for depth in analytic.depths:
                value = build.kernels(settings, point, point, depth, phi, psi).ntk[0, 0]
                rows.append((build.label(spec), depth, slope, value))
    return pd.DataFrame(rows, columns=["surrogate", "depth", "slope", "kernel"])


def naive_regression(settings: NTKProblem, analytic: AnalyticConfig) -> pd.DataFrame:
    """Regression with the NTK of erf_m, per ``depth`` and ``slope``, off the training set.

    ``rms``: of the prediction, which vanishes; ``rms_target``: of what it should be;
    ``same_sign``: share of test points where the prediction's sign is that of
    sum_i K(x, x_i) y_i with the sign network's kernel (arXiv 2405.15539, sec. 2.3).
    """
    problem = circle_problem(settings)
    x, y = problem.inputs, problem.targets[problem.train]
    test = np.setdiff1d(np.arange(len(problem.places)), problem.train)
    rows = []
    for depth in analytic.depths:
        phi = Sign()
        singular = build.kernels(settings, x, x, depth, phi, phi.derivative).ntk
        classifier = np.sign(singular[np.ix_(test, problem.train)] @ y)
        for slope in analytic.slopes:
            erf = Erf(slope)
            kernels = build.kernels(settings, x, x, depth, erf, erf.derivative)
            mean = kernel_flow(kernels.ntk, kernels.nngp, problem.train, y).mean[test]
            rows.append(
                {
                    "depth": depth,
                    "slope": slope,
                    "rms": float(np.sqrt((mean**2).mean())),
                    "rms_target": float(np.sqrt((problem.targets[test] ** 2).mean())),
                    "same_sign": float((np.sign(mean) == classifier).mean()),
                }
            )
    return pd.DataFrame(rows)


def off_circle(settings: NTKProblem, setup: OffCircleConfig) -> pd.DataFrame:
    """Kernels between Gaussian inputs of unequal norms, two hidden layers, psi = erf'.

    One row per pair of points: ``predict`` and ``train`` with their norms; the analytic SG-NTK of
    sign networks, ``sign``, and of erf networks, ``erf``; ``empirical``: mean over finite erf
    networks at initialisation, with its standard error ``empirical_se``.
    """
    points = numpy_generator(settings.seed, Stream.OFF_CIRCLE).normal(
        size=(setup.n_points, setup.n_inputs)
    )
    phi = Erf(setup.slope)
    kernels = _empirical(settings, setup, torch.from_numpy(points), phi)
    predict, train = np.indices((len(points), len(points))).reshape(2, -1)
    norms = np.linalg.norm(points, axis=1)
    return pd.DataFrame(
        {
            "seed": settings.seed,
            "predict": predict,
            "train": train,
            "norm_predict": norms[predict],
            "norm_train": norms[train],
            "sign": build.kernels(settings, points, points, 3, Sign(), PSI).ntk.ravel(),
            "erf": build.kernels(settings, points, points, 3, phi, PSI).ntk.ravel(),
            "empirical": kernels.mean(axis=0).ravel(),
            "empirical_se": (kernels.std(axis=0, ddof=1) / np.sqrt(len(kernels))).ravel(),
        }
    )


def _empirical(settings: NTKProblem, setup: OffCircleConfig, x: Tensor, phi: Erf) -> Array:
    """Kernels of networks, one after the other to save memory, [n_networks, n, n]."""
    architecture = Architecture(
        setup.n_inputs, setup.width, 2, settings.weight_std, settings.bias_std
    )
    kernels = []
    for i in range(setup.n_networks):
        network = initialise(
            architecture, build.network_generators(settings.seed, setup.width, [i])
        )
        kernels.append(empirical_kernel(architecture, network, x, x, phi, PSI)[0].numpy())
    return np.stack(kernels)
