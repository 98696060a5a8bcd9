"""Kernels of finite networks: blocks of dense ones and any module, by two routes of autograd."""

from __future__ import annotations

import math

import pytest
import torch
from torch import Tensor, nn

from spikegrad.ntk.activations import Erf, Sign
from spikegrad.ntk.analytic import sg_ntk
from spikegrad.ntk.derivatives import ErfDerivative, HardTanhDerivative, IdentityDerivative
from spikegrad.ntk.modules import SurrogateActivation, empirical_sg_ntk
from study.ntk.dense_networks import Architecture, Block, empirical_kernel, initialise

F64 = torch.float64
PSI = ErfDerivative(1.0)
CASES = [  # phi, psi, what stands at x if it is not phi', hidden layers
    (Erf(2.0), Erf(2.0).derivative, None, 3),
    (Erf(5.0), PSI, None, 1),
    (Erf(0.7), IdentityDerivative(), None, 2),
    (Erf(3.0), HardTanhDerivative(0.8), None, 3),
    (Sign(), PSI, PSI, 2),
]


def seeded(*seeds: int) -> list[torch.Generator]:
    return [torch.Generator().manual_seed(seed) for seed in seeds]


def normal(seed: int, *shape: int) -> Tensor:
    return torch.randn(*shape, dtype=F64, generator=seeded(seed)[0])


class Detached(nn.Module):
    """phi forwards and psi backwards without a custom function."""

    def __init__(self, phi, psi) -> None:
        super().__init__()
        self.phi, self.psi = phi, psi

    def forward(self, u: Tensor) -> Tensor:
        slope = self.psi(u.detach())
        return (self.phi(u) - slope * u).detach() + slope * u


class Dense(nn.Module):
    """A dense layer in NTK parametrisation."""

    def __init__(self, w: Tensor, b: Tensor, weight_std: float, bias_std: float) -> None:
        super().__init__()
        self.w, self.b = nn.Parameter(w.clone()), nn.Parameter(b.clone())
        self.scale, self.shift = weight_std / w.shape[1] ** 0.5, bias_std

    def forward(self, a: Tensor) -> Tensor:
        return self.scale * a @ self.w.T + self.shift * self.b


def module_of(architecture: Architecture, block: Block, network: int, act: nn.Module) -> nn.Module:
    """One network of a block as a module, ``act`` between its layers."""
    layers: list[nn.Module] = []
    stds = architecture.weight_std, architecture.bias_std
    for w, b in zip(block.weights, block.biases, strict=True):
        layers += [act, Dense(w[network], b[network, 0], *stds)]
    layers[-1].scale *= architecture.output_scale
    layers[-1].shift *= architecture.output_scale
    return nn.Sequential(*layers[1:])


class Residual(nn.Module):
    """Convolutions with a skip connection, a pooling, and three outputs."""

    def __init__(self, act: nn.Module) -> None:
        super().__init__()
        torch.manual_seed(1)
        self.first = nn.Conv2d(2, 4, 3, padding=1, dtype=F64)
        self.second = nn.Conv2d(4, 4, 3, padding=1, dtype=F64)
        self.act, self.out = act, nn.Linear(4, 3, dtype=F64)

    def forward(self, x: Tensor) -> Tensor:
        a = self.act(self.first(x))
        a = a + self.act(self.second(a))
        return self.out(a.mean((2, 3)))


def row_by_row(module: nn.Module, x: Tensor) -> Tensor:
    """Jacobian [n, outputs, parameters] by one backward pass for each number."""
    parameters = [p for p in module.parameters() if p.requires_grad]

    def row(output: Tensor) -> Tensor:
        gradients = torch.autograd.grad(output, parameters, retain_graph=True)
        return torch.cat([g.flatten() for g in gradients])

    return torch.stack([torch.stack([row(o) for o in module(p[None])[0].flatten()]) for p in x])


@pytest.mark.parametrize(("phi", "psi", "derivative", "hidden_layers"), CASES)
def test_kernels_are_products_of_jacobians(phi, psi, derivative, hidden_layers) -> None:
    x, x_prime = normal(0, 5, 3), normal(1, 3, 3)
    architecture = Architecture(3, 20, hidden_layers, 1.3, 0.4, 0.7)
    block = initialise(architecture, seeded(5, 6))
    left, right = (
        row_by_row(module_of(architecture, block, 1, Detached(phi, slope)), points)[:, 0]
        for slope, points in ((derivative or phi.derivative, x), (psi, x_prime))
    )
    if derivative is None:
        kernel = empirical_kernel(architecture, block, x, x_prime, phi, psi)
        torch.testing.assert_close(kernel[1], left @ right.T, rtol=1e-12, atol=1e-12)
    marked = module_of(architecture, block, 1, SurrogateActivation(phi, psi, derivative))
    by_module = empirical_sg_ntk(marked, x, x_prime)
    torch.testing.assert_close(by_module, left @ right.T, rtol=1e-12, atol=1e-12)


@pytest.mark.parametrize(("phi", "psi"), [(Erf(3.0), PSI), (torch.tanh, HardTanhDerivative(0.5))])
def test_convolutional_residual_networks_with_several_outputs(phi, psi) -> None:
    x = normal(2, 5, 2, 6, 6)
    true = phi.derivative if isinstance(phi, Erf) else lambda u: 1 - torch.tanh(u) ** 2
    left, right = (row_by_row(Residual(Detached(phi, slope)), x) for slope in (true, psi))
    full = torch.einsum("nok,mpk->nmop", left, right[:3])
    module = Residual(SurrogateActivation(phi, psi))
    kernel = empirical_sg_ntk(module, x, x[:3], trace_outputs=False)
    torch.testing.assert_close(kernel, full, rtol=1e-11, atol=1e-12)
    mean = torch.einsum("nmoo->nm", full) / 3
    for block_size in (None, 2):
        kernel = empirical_sg_ntk(module, x, x[:3], block_size=block_size)
        torch.testing.assert_close(kernel, mean, rtol=1e-11, atol=1e-12)
    assert (left - right).abs().max() > 0.01


def test_a_step_of_training_moves_outputs_by_the_kernel() -> None:
    """What the SG-NTK is for: f(x) changes by -rate K (f - y) / n, to first order."""
    module = Residual(SurrogateActivation(Erf(3.0), PSI))
    x, train, y = normal(1, 6, 2, 5, 5), normal(2, 3, 2, 5, 5), normal(3, 3, 3)
    residual = (module(train) - y).detach()

    def expected(learner: nn.Module) -> Tensor:
        kernel = empirical_sg_ntk(learner, x, train, trace_outputs=False)
        return -torch.einsum("nmop,mp->no", kernel, residual) / 3

    one_sided = expected(module)
    two_sided = expected(Residual(SurrogateActivation(Erf(3.0), PSI, PSI)))
    before, rate = module(x).detach(), 1e-6
    (0.5 * (module(train) - y).square().sum() / 3).backward()  # autograd sees the surrogate
    with torch.no_grad():
        for p in module.parameters():
            p -= rate * p.grad
    change = (module(x).detach() - before) / rate
    torch.testing.assert_close(change, one_sided, rtol=1e-4, atol=1e-4)
    assert (change - two_sided).norm() > 0.1 * change.norm()


@pytest.mark.parametrize(
    ("phi", "psi"), [(Erf(2.0), Erf(2.0).derivative), (Erf(1.0), HardTanhDerivative(1.0))]
)
def test_kernels_approach_the_analytic_one_as_one_over_width(phi, psi) -> None:
    """With the arguments' order, off the circle: the transpose would be wrong by far more."""
    widths, n_networks = [30, 100, 300], 60
    x = normal(2, 6, 3) * torch.logspace(-0.5, 0.5, 6)[:, None]
    exact = sg_ntk(x, None, 3, phi, psi, get="ntk")
    squared = []
    for width in widths:
        architecture = Architecture(3, width, 2)
        block = initialise(architecture, seeded(*range(n_networks)))
        kernels = empirical_kernel(architecture, block, x, x, phi, psi)
        squared.append((kernels - exact).square().mean().log())
    power = (squared[2] - squared[0]) / math.log(10)
    assert power == pytest.approx(-1, abs=0.25)
    mean, error = kernels.mean(0), kernels.std(0) / n_networks**0.5
    assert ((mean - exact).abs() < 5 * error + 0.01).all()
    asymmetry, wanted = (k - k.T for k in (mean, exact))
    assert (asymmetry - wanted).norm() <= 0.5 * wanted.norm() + 1e-12


def test_sign_networks_have_no_true_derivative() -> None:
    architecture, x = Architecture(2, 5, 1), torch.ones(1, 2, dtype=F64)
    block = initialise(architecture, seeded(0))
    with pytest.raises(ValueError, match="two-sided kernel: pass the"):
        empirical_kernel(architecture, block, x, x, Sign(), PSI)
    for phi in (torch.sign, Sign()):
        with pytest.raises(ValueError, match="derivative"):
            empirical_sg_ntk(module_of(architecture, block, 0, SurrogateActivation(phi, PSI)), x)


def test_frozen_parameters_do_not_count_and_the_module_is_left_as_it_was() -> None:
    module, x = Residual(SurrogateActivation(Erf(2.0), PSI)), normal(4, 3, 2, 5, 5)
    state = {k: v.clone() for k, v in module.state_dict().items()}
    module.first.weight.requires_grad_(False)
    left, right = (
        row_by_row(Residual(Detached(Erf(2.0), psi)), x) for psi in (Erf(2.0).derivative, PSI)
    )
    left, right = (jacobian[..., module.first.weight.numel() :] for jacobian in (left, right))
    expected = torch.einsum("nok,mok->nm", left, right) / 3
    torch.testing.assert_close(empirical_sg_ntk(module, x), expected, rtol=1e-11, atol=1e-12)
    assert not module.act.true_derivative
    assert all(torch.equal(v, state[k]) for k, v in module.state_dict().items())
    assert all(p.grad is None for p in module.parameters())


def test_bad_inputs_are_named() -> None:
    with pytest.raises(ValueError, match="x has entries that are not finite"):
        empirical_sg_ntk(nn.Linear(3, 1), torch.full((2, 3), math.nan))
    with pytest.raises(ValueError, match="no parameter"):
        empirical_sg_ntk(nn.ReLU(), torch.zeros(1, 3))
