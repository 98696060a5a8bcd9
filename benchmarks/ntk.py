"""Speed of kernels and ensembles, beside torch.func and the machine's matrix product.

On one thread. What is compared runs alternately within one run, medians of several rounds, so that
ratios hold on a busy machine too; results are checked to agree first.
"""

from __future__ import annotations

import json
import sys
import time
from collections.abc import Callable
from itertools import pairwise
from statistics import median
from typing import Any

import torch
from torch import Tensor
from torch.func import grad, jacrev, vmap

from spikegrad.ntk import moments
from spikegrad.ntk.activations import Erf, Sign, Tanh
from spikegrad.ntk.analytic import sg_ntk
from spikegrad.ntk.modules import SurrogateActivation
from spikegrad.ntk.moments import Activation
from spikegrad.ntk.surrogates import ErfDerivative, HardTanhDerivative
from study.ntk.dense_networks import Architecture, Block, empirical_kernel, initialise
from study.ntk.ensemble import Descent
from study.ntk.sign_descent import SignDescent

PSI = ErfDerivative(1.0)
SMOOTH, SIGN = Erf(1.0), Sign()  # the smooth one's own derivative is PSI
ROUNDS = 7
STEPS = 100  # that our networks make at a time
REPEATS = 5  # of a step by autograd, and of a product
Parameters = list[tuple[Tensor, Tensor]]


def network(
    architecture: Architecture, phi: Callable[[Tensor], Tensor], parameters: Parameters, x: Tensor
) -> Tensor:
    """The output at one or more points ``x`` [..., d], for autograd."""
    for i, ((w, b), (scale, shift)) in enumerate(zip(parameters, architecture.scales, strict=True)):
        x = scale * (phi(x) if i else x) @ w.T + shift * b
    return x[..., 0]


def parameters(block: Block) -> Parameters:
    """A block's parameters as torch.func maps over them."""
    return [(w, b[:, 0]) for w, b in zip(block.weights, block.biases, strict=True)]


def kernel_by_jacobians(architecture: Architecture, block: Block, x: Tensor, y: Tensor) -> Tensor:
    """The tangent kernel as torch.func's documentation computes it."""

    def jacobian(p: Parameters, points: Tensor) -> list[Tensor]:
        one = jacrev(lambda q, point: network(architecture, SMOOTH, q, point))
        leaves = [leaf for pair in vmap(one, (None, 0))(p, points) for leaf in pair]
        return [leaf.flatten(1) for leaf in leaves]

    def kernel(p: Parameters) -> Tensor:
        pairs = zip(jacobian(p, x), jacobian(p, y), strict=True)
        return sum((a @ b.T for a, b in pairs), x.new_zeros(()))

    return vmap(kernel)(parameters(block))


def autograd_step(descent: Descent, block: Block) -> Parameters:
    """One step of every network by vmap of grad."""
    phi = SurrogateActivation(torch.sign, PSI) if descent.activation is SIGN else SMOOTH

    def loss(p: Parameters) -> Tensor:
        return 0.5 * (network(descent.architecture, phi, p, descent.x) - descent.y).square().mean()

    p = parameters(block)
    steps = vmap(grad(loss))(p)
    rate = descent.learning_rate
    return [(w - rate * dw, b - rate * db) for (w, b), (dw, db) in zip(p, steps, strict=True)]


def alternate(*jobs: Callable[[], object]) -> list[float]:
    """Median seconds of each job, run by turns."""
    seconds: list[list[float]] = [[] for _ in jobs]
    for _ in range(ROUNDS):
        for job, times in zip(jobs, seconds, strict=True):
            start = time.perf_counter()
            job()
            times.append(time.perf_counter() - start)
    return [median(times) for times in seconds]


def generators(n: int) -> list[torch.Generator]:
    """Seeded generators for n networks."""
    return [torch.Generator().manual_seed(i) for i in range(n)]


def compare_kernels(width: int, n_networks: int, n_points: int) -> dict[str, Any]:
    """Kernels [n_points, n_points] per second."""
    architecture = Architecture(2, width, 2)
    block = initialise(architecture, generators(n_networks))
    x = torch.randn(n_points, 2, dtype=torch.float64, generator=generators(1)[0])

    def ours() -> Tensor:
        return empirical_kernel(architecture, block, x, x, SMOOTH, PSI)

    def theirs() -> Tensor:
        return kernel_by_jacobians(architecture, block, x, x)

    torch.testing.assert_close(ours(), theirs(), rtol=1e-12, atol=1e-12)
    a, b = alternate(ours, theirs)
    name = f"kernel {n_points} x {n_points}, n = {width}"
    return {"job": name, "unit": "kernels/s", "ours": n_networks / a, "torch_func": n_networks / b}


def compare_training(
    phi: Activation, hidden_layers: int, width: int, n_networks: int
) -> dict[str, Any]:
    """Steps of networks per second; of smooth ones also how fast their matrix products are."""
    architecture = Architecture(2, width, hidden_layers)
    block = initialise(architecture, generators(n_networks), torch.float32)
    x = torch.randn(15, 2, generator=generators(1)[0])
    sign = phi is SIGN
    descent = (SignDescent if sign else Descent)(architecture, phi, PSI, x, x[:, 0] * x[:, 1], 0.1)
    expected = autograd_step(descent, block)
    descent.advance(block, 1)
    for (w, b), (w_expected, b_expected) in zip(parameters(block), expected, strict=True):
        torch.testing.assert_close(w, w_expected)
        torch.testing.assert_close(b, b_expected)
    square = torch.randn(1500, 1500)
    a, b, c = alternate(
        lambda: descent.advance(block, STEPS),
        lambda: [autograd_step(descent, block) for _ in range(REPEATS)],
        lambda: [square @ square for _ in range(REPEATS)],
    )
    rate, name = n_networks * STEPS / a, "sign" if sign else "erf"
    row = {
        "job": f"{name} networks, {hidden_layers} hidden, n = {width}, block of {n_networks}",
        "unit": "steps/s",
        "ours": rate,
        "torch_func": n_networks * REPEATS / b,
    }
    if not sign:  # which hardly multiply matrices
        products = [n * m for n, m in pairwise(architecture.sizes)]
        flops = len(x) * (6 * sum(products) - 2 * products[0])  # no errors go to the inputs
        row["gflops"] = flops * rate / 1e9
        row["gflops_of_product"] = 2 * len(square) ** 3 * REPEATS / c / 1e9
    return row


def compare_analytic(n_points: int) -> list[dict[str, Any]]:
    """Analytic kernels [n, n] of three layers on a circle per processor second, best of several.

    With closed forms; and of tanh networks with a hard-tanh surrogate, by quadrature from nothing.
    """
    angle = torch.linspace(-torch.pi, torch.pi, n_points + 1, dtype=torch.float64)[:-1]
    circle = torch.stack([angle.sin(), angle.cos()], dim=1).numpy()

    def seconds(phi: Activation, psi: Any) -> float:
        best = float("inf")
        for _ in range(ROUNDS):
            moments.interpolant.cache_clear()
            start = time.process_time()
            sg_ntk(circle, None, 3, phi, psi)
            best = min(best, time.process_time() - start)
        return best

    cases = {
        "sign, closed form": (SIGN, PSI),
        "erf, closed form": (Erf(5.0), PSI),
        "tanh, by quadrature": (Tanh(), HardTanhDerivative(1.0)),
    }
    return [
        {
            "job": f"analytic kernel {n_points} x {n_points}, {name}",
            "unit": "kernels/s",
            "ours": 1 / seconds(*case),
        }
        for name, case in cases.items()
    ]


def measure(quick: bool) -> list[dict[str, Any]]:
    """Rows of the table."""
    torch.set_num_threads(1)
    kernels = ((100, 20), (100, 100), (500, 20))
    training = ((SIGN, 2, 500, 5), (SIGN, 2, 500, 20), (SIGN, 1, 1000, 5), (SMOOTH, 2, 500, 5))
    if quick:
        kernels, training = ((50, 10),), ((SIGN, 1, 50, 2),)
    rows = compare_analytic(100 if quick else 1000)
    rows += [compare_kernels(width, 4, n_points) for width, n_points in kernels]
    return rows + [compare_training(*settings) for settings in training]


if __name__ == "__main__":
    print(json.dumps(measure("--quick" in sys.argv)))
