"""Tangent kernels of finite networks."""

from __future__ import annotations

from torch import Tensor

from spikegrad.ntk.moments import Activation, Derivative
from study.ntk.network import Architecture, Block, backward, forward


def empirical_kernel(
    architecture: Architecture,
    block: Block,
    x: Tensor,
    x_prime: Tensor,
    activation: Activation,
    surrogate: Derivative,
    derivative: Derivative | None = None,
) -> Tensor:
    """J(x) J(x')^T of every network, [N, n, n'], the surrogate in the second Jacobian.

    A weight's derivative is the product of the signal behind and the activation in front of it,
    so that each layer adds the product of two small Gram matrices and no Jacobian is formed.

    Parameters
    ----------
    x, x_prime
        Inputs [n, d] and [n', d].
    derivative
        What backpropagation uses at ``x``; the activation's own derivative if not given.
    """
    derivative = activation.derivative if derivative is None else derivative
    inputs, z = forward(architecture, block, x, activation)
    inputs_prime, z_prime = forward(architecture, block, x_prime, activation)
    signals = backward(architecture, block, z, derivative)
    signals_prime = backward(architecture, block, z_prime, surrogate)
    kernel = x.new_zeros(())
    for a, a_prime, g, g_prime, (scale, shift) in zip(
        inputs, inputs_prime, signals, signals_prime, architecture.scales, strict=True
    ):
        gram = (a @ a_prime.mT).mul_(scale**2).add_(shift**2)
        kernel = kernel + gram * (g @ g_prime.mT)
    return kernel
