"""Networks and kernels of the experiments, from the configuration."""

from __future__ import annotations

from collections.abc import Sequence

import torch

from spikegrad.ntk.activations import Erf, Sign
from spikegrad.ntk.analytic import Kernels, sg_ntk
from spikegrad.ntk.moments import Activation, Derivative
from spikegrad.ntk.quadrature import Array
from spikegrad.ntk.surrogates import ErfDerivative, HardTanhDerivative, IdentityDerivative
from spikegrad.seeds import generator
from study.config import ntk as config
from study.ntk.network import Architecture
from study.ntk.problem import Stream


def network_generators(seed: int, width: int, networks: Sequence[int]) -> list[torch.Generator]:
    """For the initial parameters of each network; all experiments start from the same networks."""
    return [generator(seed, Stream.NETWORKS, width, i) for i in networks]


def kernels(
    settings: config.NTKProblem,
    x: Array,
    x_prime: Array | None,
    depth: int,
    phi: Activation,
    psi: Derivative,
    derivative: Derivative | None = None,
    output_scale: float = 1.0,
) -> Kernels:
    """:func:`sg_ntk` in the parametrisation of all experiments."""
    kernels: Kernels = sg_ntk(
        x,
        x_prime,
        depth=depth,
        activation=phi,
        surrogate=psi,
        derivative=derivative,
        weight_std=settings.weight_std,
        bias_std=settings.bias_std,
        output_scale=output_scale,
    )
    return kernels


def architecture(
    settings: config.NTKProblem, experiment: config.NTKExperiment, width: int
) -> Architecture:
    """The networks of one width of an experiment."""
    return Architecture(
        n_inputs=experiment.gaussian_inputs or 2,
        width=width,
        hidden_layers=experiment.hidden_layers,
        weight_std=settings.weight_std,
        bias_std=settings.bias_std,
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
