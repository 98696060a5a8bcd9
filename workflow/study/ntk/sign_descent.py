"""Sign networks, trained step by step in function space: :mod:`study.ntk.sign_steps`."""

from __future__ import annotations

import numpy as np
import torch
from torch import Tensor

from spikegrad.ntk.derivatives import ErfDerivative, HardTanhDerivative, IdentityDerivative
from spikegrad.ntk.moments import Derivative
from spikegrad.ntk.quadrature import Array
from study.ntk.dense_networks import Block, forward
from study.ntk.ensemble import Descent
from study.ntk.sign_steps import BELL, ONE, WINDOW, Layer, descend

LINE = 16  # single-precision numbers in a cache line, and in a register


class SignDescent(Descent):
    """Descent of networks whose activation is the sign, each network by itself.

    To rounding it does the steps of :class:`Descent`, and a network's bits do not depend on the
    block it is in. Surrogates: erf', a window, and the identity's.
    """

    def advance(self, block: Block, steps: int) -> None:
        """See base class."""
        kind, steepness, height = _compiled(self.surrogate)
        number = block.weights[0].numpy().dtype.type
        constants = number(self.learning_rate), steps, kind, np.float32(steepness), number(height)
        y = self.y.numpy().astype(number)
        for i in range(len(block.weights[0])):
            # copies, since the bits of a matrix product may depend on where in a line memory starts
            network = Block(
                [w[i : i + 1].clone() for w in block.weights],
                [b[i : i + 1].clone() for b in block.biases],
            )
            inputs, z = forward(self.architecture, network, self.x, self.activation)
            of_layers = network.weights, network.biases, inputs, z
            layers = [
                _layer([tensor[0] for tensor in tensors], scale, shift)
                for *tensors, (scale, shift) in zip(
                    *of_layers, self.architecture.scales, strict=True
                )
            ]
            descend(tuple(layers[:-1]), layers[-1], y, *constants)
            for layer, w, b in zip(layers, block.weights, block.biases, strict=True):
                n_out, n_in = w.shape[1:]
                w[i] = torch.from_numpy(layer.weights[:n_out, :n_in])
                b[i] = torch.from_numpy(layer.bias[:1, :n_out])


def _layer(tensors: list[Tensor], scale: float, shift: float) -> Layer:
    """A layer before its first step, from its weights, biases, inputs and pre-activations."""
    inputs, z = tensors[2:]
    w, b, a, u, sums, errors = map(_filled_up, [*tensors, torch.zeros_like(z), torch.zeros_like(z)])
    kernel = (inputs @ inputs.mT).numpy()
    number = kernel.dtype.type
    return Layer(w, b, a, u, sums, errors, kernel, number(scale), number(shift))


def _filled_up(tensor: Tensor) -> Array:
    """A copy with zeros to whole lines; torch lets an array start with a line."""
    rows, columns = (-(-n // LINE) * LINE for n in tensor.shape)
    full = torch.zeros(rows, columns, dtype=tensor.dtype)
    full[: tensor.shape[0], : tensor.shape[1]] = tensor
    return full.numpy()


def _compiled(surrogate: Derivative) -> tuple[int, float, float]:
    """Kind of a surrogate, its steepness and its height."""
    match surrogate:
        case ErfDerivative(slope, height):
            surrogate(torch.empty(0))  # raises for an infinite slope
            return BELL, slope**2 / np.log(2), height * 2 * slope / np.sqrt(np.pi)
        case HardTanhDerivative(half_width):
            return WINDOW, half_width, 1.0
        case IdentityDerivative():
            return ONE, 0.0, 1.0
    raise TypeError(f"sign networks are trained with erf', a window or 1, not {surrogate}")
