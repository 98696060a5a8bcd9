"""Surrogate gradient descent of many networks together.

Within a block every layer's products are batched over networks. Matrix libraries may sum in an
order that depends on the batch, so a network's last bits depend on the block it trains in:
keep the block size fixed, and one thread to a block.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass

import torch
from torch import Tensor

from spikegrad.ntk.moments import Activation, Derivative
from study.ntk.dense_networks import Architecture, Block, backward, forward


@contextmanager
def flush_subnormal() -> Iterator[None]:
    """Within, this thread takes subnormal numbers for 0: processors handle them ten times slower.

    Left so, it would change the results of whatever the process calculates next.
    """
    torch.set_flush_denormal(True)
    try:
        yield
    finally:
        torch.set_flush_denormal(False)


@dataclass(frozen=True, eq=False)
class Descent:
    """Full-batch surrogate gradient descent on the loss 1/2 mean (f - y)^2, with training inputs x
    [n, d] and targets y [n]. Kernel time is learning rate times steps."""

    architecture: Architecture
    activation: Activation
    surrogate: Derivative
    x: Tensor
    y: Tensor
    learning_rate: float

    def step(self, block: Block) -> None:
        """Move the parameters of every network in ``block`` by one step, in place."""
        layer_inputs, z = forward(self.architecture, block, self.x, self.activation)
        residual = (z[-1] - self.y[:, None].to(z[-1].dtype)).div_(len(self.y))
        signals = backward(self.architecture, block, z, self.surrogate)
        layers = block.weights, block.biases, layer_inputs, signals, self.architecture.scales
        for w, b, a, g, (scale, shift) in zip(*layers, strict=True):
            error = g.mul_(residual)
            w.baddbmm_(error.mT, a, alpha=-self.learning_rate * scale)
            b.sub_(error.sum(1, keepdim=True), alpha=self.learning_rate * shift)

    def advance(self, block: Block, steps: int) -> None:
        """Move the parameters of every network in ``block`` by ``steps`` steps, in place."""
        for _ in range(steps):
            self.step(block)
