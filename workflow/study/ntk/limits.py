"""Infinitely wide networks as erf_m approaches sign, and inputs off the circle."""

from __future__ import annotations

import numpy as np
import pandas as pd
import torch

from spikegrad.ntk.activations import Erf, Sign
from spikegrad.ntk.analytic import sg_ntk
from spikegrad.ntk.derivatives import ErfDerivative
from spikegrad.seeds import numpy_generator
from study.config.ntk import (
    ErfSurrogate,
    HardTanhSurrogate,
    IdentitySurrogate,
    TrueDerivative,
)
from study.ntk import DEPTHS, OFF_CIRCLE_INPUTS, OFF_CIRCLE_SLOPE, OFF_CIRCLE_WIDTH, build
from study.ntk.dense_networks import Architecture, empirical_kernel, initialise

PSI = ErfDerivative(1.0)  # the paper's surrogate
SLOPES = (1.0, 2.0, 5.0, 10.0, 20.0, 50.0, 100.0, 200.0, 500.0, np.inf)
"""At which erf approaches the sign function."""
OFF_CIRCLE_POINTS = 20
SURROGATES = (
    TrueDerivative(name="true_derivative"),  # whose kernel is the NTK
    ErfSurrogate(name="erf_derivative", slope=1.0),
    IdentitySurrogate(name="identity"),
    HardTanhSurrogate(name="hard_tanh", half_width=1.0),
)


def problem_rows() -> pd.DataFrame:
    """What is to be learned on the circle."""
    problem = build.circle_problem()
    points = pd.DataFrame({"angle": problem.places, "target": problem.targets})
    return points.assign(train=points.index.isin(problem.train))


def diagonals() -> pd.DataFrame:
    """K(x, x) on the circle for each surrogate, depth and slope (infinite: sign)."""
    point = build.circle_problem().inputs[:1]
    rows = []
    for slope in SLOPES:
        phi = Sign() if np.isinf(slope) else Erf(slope)
        for spec in SURROGATES:
            psi = build.surrogate(spec, phi)
            for depth in DEPTHS:
                value = sg_ntk(point, point, depth, phi, psi, get="ntk")[0, 0]
                rows.append((build.label(spec), depth, slope, value))
    return pd.DataFrame(rows, columns=["surrogate", "depth", "slope", "kernel"])


def off_circle_kernels(n_networks: int) -> pd.DataFrame:
    """Kernels of each pair of Gaussian inputs of unequal norms, two hidden layers, psi = erf'."""
    draw = numpy_generator(build.SEED, build.Stream.OFF_CIRCLE)
    points = draw.normal(size=(OFF_CIRCLE_POINTS, OFF_CIRCLE_INPUTS))
    x, phi = torch.from_numpy(points), Erf(OFF_CIRCLE_SLOPE)
    architecture = Architecture(OFF_CIRCLE_INPUTS, OFF_CIRCLE_WIDTH, 2)
    kernels = []
    for i in range(n_networks):  # one after the other, to save memory
        generators = build.network_generators(OFF_CIRCLE_WIDTH, [i])
        network = initialise(architecture, generators)
        kernels.append(empirical_kernel(architecture, network, x, x, phi, PSI)[0].numpy())
    predict, train = np.indices((len(points), len(points))).reshape(2, -1)
    norms = np.linalg.norm(points, axis=1)
    return pd.DataFrame(
        {
            "seed": build.SEED,
            "predict": predict,
            "train": train,
            "norm_predict": norms[predict],
            "norm_train": norms[train],
            "sign": sg_ntk(points, points, 3, Sign(), PSI, get="ntk").ravel(),
            "erf": sg_ntk(points, points, 3, phi, PSI, get="ntk").ravel(),
            "empirical": np.mean(kernels, axis=0).ravel(),
            "empirical_se": (np.std(kernels, axis=0, ddof=1) / np.sqrt(len(kernels))).ravel(),
        }
    )


def limits(n_networks: int) -> dict[str, pd.DataFrame]:
    """From the formulas alone: the target, limits of steep activations, inputs off the circle."""
    return {
        "problem": problem_rows(),
        "diagonals": diagonals(),
        "off_circle": off_circle_kernels(n_networks),
    }
