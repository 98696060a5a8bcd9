"""The regression problem on the circle, and the seeds."""

from __future__ import annotations

from dataclasses import dataclass
from enum import IntEnum

import numpy as np
from numpy.typing import NDArray

from spikegrad.ntk.quadrature import Array
from spikegrad.seeds import numpy_generator
from study.config import ntk as config


class Stream(IntEnum):
    """Independent random streams below the section's one seed."""

    TRAINING_SET = 0
    NETWORKS = 1
    BOOTSTRAP = 2
    OFF_CIRCLE = 3
    GAUSSIAN = 4
    STABILITY = 5


@dataclass(frozen=True)
class Problem:
    """Targets at test points, some of which are for training.

    Attributes
    ----------
    place
        What tells points apart in tables: ``angle`` on the circle, in radians, equidistant in
        [-pi, pi), where the point n // 2 has angle 0; else ``point``, a number.
    places
        Their values, [n].
    inputs
        [n, d]: on the circle (sin, cos) of the angles.
    targets
        [n], without noise.
    train
        Indices of the training points, int [n_train], ascending.
    """

    place: str
    places: Array
    inputs: Array
    targets: Array
    train: NDArray[np.int64]


def circle_problem(settings: config.NTKProblem) -> Problem:
    """The paper's problem (arXiv 2405.15539, sec. 3 and fig. B.1) with our training points."""
    n = settings.n_test
    angles = 2 * np.pi * (np.arange(n) - n // 2) / n
    inputs = np.stack([np.sin(angles), np.cos(angles)], axis=1)
    train = numpy_generator(settings.seed, Stream.TRAINING_SET).choice(
        n, settings.n_train, replace=False
    )
    return Problem("angle", angles, inputs, target(inputs), np.sort(train))


def problem_of(settings: config.NTKProblem, experiment: config.NTKExperiment) -> Problem:
    """The circle, or as many Gaussian inputs of unequal norms, with random targets."""
    if experiment.gaussian_inputs is None:
        return circle_problem(settings)
    n = settings.n_test
    draw = numpy_generator(settings.seed, Stream.GAUSSIAN)
    inputs = draw.normal(size=(n, experiment.gaussian_inputs))
    places = np.arange(n, dtype=float)
    return Problem("point", places, inputs, draw.normal(size=n), np.arange(settings.n_train))


def target(inputs: Array) -> Array:
    """The function to learn, at ``inputs`` [n, 2]."""
    x0, x1 = inputs.T
    return 4 * x0 * x1**2 - 0.8 * x0**3 + 1.2 * x1**2 - 0.8 * x0**2 * x1
