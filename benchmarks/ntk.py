"""Empirical SG-NTKs and descents of sign networks, beside torch.func in one thread.

Both run by turns; that their results agree is checked first.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import torch
from torch import Tensor
from torch.func import grad, jacrev, vmap

from contestant import by_turns, measured
from spikegrad.ntk.activations import Erf, Sign
from spikegrad.ntk.derivatives import ErfDerivative
from spikegrad.ntk.modules import SurrogateActivation
from study.ntk.dense_networks import Architecture, Block, empirical_kernel, initialise
from study.ntk.sign_descent import SignDescent

PSI = ErfDerivative(1.0)
SMOOTH = Erf(1.0)  # whose own derivative is PSI
ROUNDS = 7
STEPS = 100  # that our networks make at a time
Parameters = list[tuple[Tensor, Tensor]]


def network(
    architecture: Architecture, phi: Callable[[Tensor], Tensor], parameters: Parameters, x: Tensor
) -> Tensor:
    """The output at points ``x`` [..., d], for autograd."""
    for i, ((w, b), (scale, shift)) in enumerate(zip(parameters, architecture.scales, strict=True)):
        x = scale * (phi(x) if i else x) @ w.T + shift * b
    return x[..., 0]


def parameters(block: Block) -> Parameters:
    """A block's parameters as torch.func maps over them."""
    return [(w, b[:, 0]) for w, b in zip(block.weights, block.biases, strict=True)]


def kernel_by_jacobians(architecture: Architecture, block: Block, x: Tensor) -> Tensor:
    """The tangent kernel as torch.func's documentation computes it."""

    def kernel(p: Parameters) -> Tensor:
        one = jacrev(lambda q, point: network(architecture, SMOOTH, q, point))
        leaves = [leaf.flatten(1) for pair in vmap(one, (None, 0))(p, x) for leaf in pair]
        return sum((leaf @ leaf.T for leaf in leaves), x.new_zeros(()))

    return vmap(kernel)(parameters(block))


def autograd_step(descent: SignDescent, block: Block) -> Parameters:
    """One step of every network by vmap of grad."""
    phi = SurrogateActivation(torch.sign, PSI)

    def loss(p: Parameters) -> Tensor:
        return 0.5 * (network(descent.architecture, phi, p, descent.x) - descent.y).square().mean()

    p = parameters(block)
    steps = vmap(grad(loss))(p)
    rate = descent.learning_rate
    return [(w - rate * dw, b - rate * db) for (w, b), (dw, db) in zip(p, steps, strict=True)]


def compare(
    job: str, units: tuple[int, int], *contestants: Callable[[], object]
) -> list[dict[str, Any]]:
    """Rows of the table for spikegrad, which does so many ``units``, and torch.func."""
    seconds = by_turns(contestants, ROUNDS)
    return [
        {"job": job, "contestant": name, **measured(*own)}
        for name, *own in zip(("spikegrad", "torch.func"), seconds, units, strict=True)
    ]


def generators(n: int) -> list[torch.Generator]:
    """Seeded generators for n networks."""
    return [torch.Generator().manual_seed(i) for i in range(n)]


def compare_kernels(width: int, n_points: int, n_networks: int = 4) -> list[dict[str, Any]]:
    """Kernels [n_points, n_points] of networks with two hidden layers."""
    architecture = Architecture(2, width, 2)
    block = initialise(architecture, generators(n_networks))
    x = torch.randn(n_points, 2, dtype=torch.float64, generator=generators(1)[0])

    def ours() -> Tensor:
        return empirical_kernel(architecture, block, x, x, SMOOTH, PSI)

    def theirs() -> Tensor:
        return kernel_by_jacobians(architecture, block, x)

    torch.testing.assert_close(ours(), theirs(), rtol=1e-12, atol=1e-12)
    job = f"kernel {n_points} x {n_points}, n = {width}"
    return compare(job, (n_networks, n_networks), ours, theirs)


def compare_training(hidden_layers: int, width: int, n_networks: int = 5) -> list[dict[str, Any]]:
    """Steps of descent on 15 points."""
    architecture = Architecture(2, width, hidden_layers)
    block = initialise(architecture, generators(n_networks), torch.float32)
    x = torch.randn(15, 2, generator=generators(1)[0])
    descent = SignDescent(architecture, Sign(), PSI, x, x[:, 0] * x[:, 1], 0.1)
    expected = autograd_step(descent, block)
    descent.advance(block, 1)
    torch.testing.assert_close(parameters(block), expected)
    return compare(
        f"sign networks, {hidden_layers} hidden, n = {width}",
        (n_networks * STEPS, n_networks),
        lambda: descent.advance(block, STEPS),
        lambda: autograd_step(descent, block),
    )


def measure(quick: bool) -> list[dict[str, Any]]:
    """Rows of the table."""
    kernels, training = ((100, 100), (500, 20)), ((2, 500), (1, 1000))
    if quick:
        kernels, training = ((50, 10),), ((1, 50),)
    rows = [row for sizes in kernels for row in compare_kernels(*sizes)]
    return rows + [row for sizes in training for row in compare_training(*sizes)]
