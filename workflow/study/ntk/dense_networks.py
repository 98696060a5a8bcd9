"""Finite dense networks, many at a time: weights, forward and surrogate backward pass, kernels.

All tensors carry the networks of a block in front, so that every layer of every network is one
batched matrix product. Passes are written out rather than left to autograd: kernels and
training need the layers' activations and backward signals themselves.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import pairwise

import torch
from torch import Tensor

from spikegrad.ntk.moments import Activation, Derivative


@dataclass(frozen=True)
class Architecture:
    """A fully connected network with one output, in NTK parametrisation.

    z_l = scale_l W_l a_{l-1} + shift_l b_l with W, b ~ N(0, 1), scale_l = weight_std / sqrt(fan_in)
    and shift_l = bias_std, both times ``output_scale`` in the last layer; a_l = phi(z_l).
    """

    n_inputs: int
    width: int
    hidden_layers: int
    weight_std: float = 1.0
    bias_std: float = 0.1
    output_scale: float = 1.0

    @property
    def sizes(self) -> tuple[int, ...]:
        """Neurons of every layer, the inputs first."""
        return (self.n_inputs, *[self.width] * self.hidden_layers, 1)

    @property
    def scales(self) -> list[tuple[float, float]]:
        """(scale, shift) of every layer."""
        pairs = [(self.weight_std / math.sqrt(n), self.bias_std) for n in self.sizes[:-1]]
        return [*pairs[:-1], (pairs[-1][0] * self.output_scale, self.bias_std * self.output_scale)]


@dataclass(frozen=True, eq=False)
class Block:
    """The parameters of N networks: ``weights`` [N, n_out, n_in] and ``biases`` [N, 1, n_out]."""

    weights: list[Tensor]
    biases: list[Tensor]

    def to(self, dtype: torch.dtype) -> Block:
        """The same parameters in another precision."""
        return Block([w.to(dtype) for w in self.weights], [b.to(dtype) for b in self.biases])


def initialise(
    architecture: Architecture,
    generators: Sequence[torch.Generator],
    dtype: torch.dtype = torch.float64,
) -> Block:
    """Draw networks, each from its own generator: the block it is in does not matter."""
    n = len(generators)
    shapes = [(n_out, n_in) for n_in, n_out in pairwise(architecture.sizes)]
    weights = [torch.empty(n, *shape, dtype=dtype) for shape in shapes]
    biases = [torch.empty(n, 1, n_out, dtype=dtype) for n_out, _ in shapes]
    for i, generator in enumerate(generators):
        for parameter in (*weights, *biases):
            parameter[i].normal_(generator=generator)
    return Block(weights, biases)


def forward(
    architecture: Architecture, block: Block, x: Tensor, activation: Activation
) -> tuple[list[Tensor], list[Tensor]]:
    """Run inputs ``x`` [n, d] through every network: a_{l-1} of each layer, [N, n, n_in], and z_l,
    [N, n, n_out]; the last z_l is the output [N, n, 1]."""
    a = x.to(block.weights[0].dtype).expand(len(block.weights[0]), -1, -1)
    layer_inputs: list[Tensor] = []
    preactivations: list[Tensor] = []
    for w, b, (scale, shift) in zip(block.weights, block.biases, architecture.scales, strict=True):
        if preactivations:
            a = activation(preactivations[-1])
        layer_inputs.append(a)
        preactivations.append(torch.baddbmm(b, a, w.mT, beta=shift, alpha=scale))
    return layer_inputs, preactivations


def backward(
    architecture: Architecture, block: Block, preactivations: list[Tensor], psi: Derivative
) -> list[Tensor]:
    """Backpropagate the output with ``psi`` in place of phi': df/dz_l per layer, [N, n, n_l]."""
    signals = [torch.ones_like(preactivations[-1])]
    for layer in range(len(block.weights) - 1, 0, -1):
        scale, _ = architecture.scales[layer]
        below = torch.bmm(signals[0], block.weights[layer]).mul_(scale)
        signals.insert(0, below.mul_(psi(preactivations[layer - 1])))
    return signals


def outputs(architecture: Architecture, block: Block, x: Tensor, activation: Activation) -> Tensor:
    """f(x) of every network, [N, n]."""
    return forward(architecture, block, x, activation)[1][-1][..., 0]


def empirical_kernel(
    architecture: Architecture,
    block: Block,
    x: Tensor,
    x_prime: Tensor,
    activation: Activation,
    surrogate: Derivative,
) -> Tensor:
    """J(x) J(x')^T of every network, [N, n, n'], the surrogate in the second Jacobian.

    In the first, backpropagation uses the activation's own derivative.
    A weight's derivative is the product of the signal behind and the activation in front of it,
    so that each layer adds the product of two small Gram matrices and no Jacobian is formed.
    """
    inputs, z = forward(architecture, block, x, activation)
    inputs_prime, z_prime = forward(architecture, block, x_prime, activation)
    signals = backward(architecture, block, z, activation.derivative)
    signals_prime = backward(architecture, block, z_prime, surrogate)
    kernel = x.new_zeros(())
    for a, a_prime, g, g_prime, (scale, shift) in zip(
        inputs, inputs_prime, signals, signals_prime, architecture.scales, strict=True
    ):
        gram = (a @ a_prime.mT).mul_(scale**2).add_(shift**2)
        kernel = kernel + gram * (g @ g_prime.mT)
    return kernel
