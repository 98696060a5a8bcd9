"""Problems, networks and surrogates of the experiments, from the configuration."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from enum import IntEnum

import numpy as np
import torch
from numpy.typing import NDArray

from spikegrad.ntk.activations import Erf, Sign
from spikegrad.ntk.derivatives import ErfDerivative, HardTanhDerivative, IdentityDerivative
from spikegrad.ntk.moments import Activation, Derivative
from spikegrad.ntk.quadrature import Array
from spikegrad.seeds import generator, numpy_generator
from study.config import ntk as config
from study.ntk.dense_networks import Architecture

SEED = 1
"""Every random number of the experiments derives from it."""
TEST_POINTS = 100
"""Equidistant on the circle; even, so that angle 0 is one of them."""
TRAINING_POINTS = 15
"""Drawn from these."""
LEARNING_RATE = 0.1
"""Of full-batch gradient descent; kernel time is learning rate times steps."""
RESAMPLES = 2000
"""Bootstrap samples of networks behind each interval."""


class Stream(IntEnum):
    """Independent random streams below the one seed."""

    TRAINING_SET = 0
    NETWORKS = 1
    BOOTSTRAP = 2
    GAUSSIAN = 4


@dataclass(frozen=True)
class Problem:
    """Targets at test points, some of which are for training."""

    place: str
    """What tells points apart in tables: ``angle`` on the circle, in radians, equidistant in
    [-pi, pi), where the point n // 2 has angle 0; else ``point``, a number."""
    places: Array
    """Their values, [n]."""
    inputs: Array
    """[n, d]: on the circle (sin, cos) of the angles."""
    targets: Array
    """[n], without noise."""
    train: NDArray[np.int64]
    """Indices of the training points, int [n_train], ascending."""

    @property
    def middle(self) -> Array:
        """The input at angle 0, [1, d]."""
        return self.inputs[len(self.inputs) // 2 :][:1]


def circle_problem() -> Problem:
    """The paper's problem (arXiv 2405.15539, sec. 3 and fig. B.1) with our training points."""
    n = TEST_POINTS
    angles = 2 * np.pi * (np.arange(n) - n // 2) / n
    x0, x1 = np.sin(angles), np.cos(angles)
    targets = 4 * x0 * x1**2 - 0.8 * x0**3 + 1.2 * x1**2 - 0.8 * x0**2 * x1
    draw = numpy_generator(SEED, Stream.TRAINING_SET)
    train = np.sort(draw.choice(n, TRAINING_POINTS, replace=False))
    return Problem("angle", angles, np.stack([x0, x1], axis=1), targets, train)


def problem_of(experiment: config.NTKExperiment) -> Problem:
    """The circle, or as many Gaussian inputs of unequal norms, with random targets."""
    if experiment.gaussian_inputs is None:
        return circle_problem()
    n = TEST_POINTS
    draw = numpy_generator(SEED, Stream.GAUSSIAN)
    inputs = draw.normal(size=(n, experiment.gaussian_inputs))
    places = np.arange(n, dtype=float)
    return Problem("point", places, inputs, draw.normal(size=n), np.arange(TRAINING_POINTS))


def network_generators(width: int, networks: Sequence[int]) -> list[torch.Generator]:
    """For the initial parameters of each network; all experiments start from the same networks."""
    return [generator(SEED, Stream.NETWORKS, width, i) for i in networks]


def architecture(experiment: config.NTKExperiment, width: int) -> Architecture:
    """The networks of one width of an experiment."""
    return Architecture(
        experiment.gaussian_inputs or 2,
        width,
        experiment.hidden_layers,
        output_scale=experiment.output_scale,
    )


def activation(spec: config.Activation) -> Erf:
    """phi from its configuration."""
    return Erf(spec.slope) if isinstance(spec, config.ErfActivation) else Sign()


def surrogate(spec: config.Surrogate, phi: Activation) -> Derivative:
    """psi from its configuration, for backpropagation through ``phi``."""
    match spec:
        case config.ErfSurrogate():
            return ErfDerivative(spec.slope)
        case config.IdentitySurrogate():
            return IdentityDerivative()
        case config.HardTanhSurrogate():
            return HardTanhDerivative(spec.half_width)
        case _:
            return phi.derivative


def label(spec: config.Surrogate) -> str:
    """A surrogate's name and parameters in tables."""
    return " ".join(str(value) for value in spec.model_dump().values())
