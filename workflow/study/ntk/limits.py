"""Infinitely wide networks as erf_m approaches sign."""

from __future__ import annotations

import numpy as np
import pandas as pd

from spikegrad.ntk.activations import Erf, Sign
from spikegrad.ntk.analytic import sg_ntk
from study.config.ntk import (
    ErfSurrogate,
    HardTanhSurrogate,
    IdentitySurrogate,
    TrueDerivative,
)
from study.ntk import DEPTHS, build

SLOPES = (1.0, 2.0, 5.0, 10.0, 20.0, 50.0, 100.0, 200.0, 500.0, np.inf)
"""At which erf approaches the sign function."""
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


def limits() -> dict[str, pd.DataFrame]:
    """From the formulas alone: the target, and limits of steep activations."""
    return {
        "problem": problem_rows(),
        "diagonals": diagonals(),
    }
