"""Empirical SG-NTK of torch modules against Jacobians row by row, the block code, and the limit."""

from __future__ import annotations

import math

import pytest
import torch
from torch import Tensor, nn

from spikegrad.ntk import (
    Erf,
    ErfDerivative,
    HardTanhDerivative,
    Sign,
    SurrogateActivation,
    empirical_sg_ntk,
    sg_ntk,
)
from study.ntk.empirical import empirical_kernel
from study.ntk.network import Architecture, Block, initialise

F64 = torch.float64


def _seeded(seed: int) -> torch.Generator:
    return torch.Generator().manual_seed(seed)


class NTKLinear(nn.Module):
    """A dense layer in NTK parametrisation."""

    def __init__(self, w: Tensor, b: Tensor, bias_std: float = 0.1) -> None:
        super().__init__()
        self.w, self.b, self.bias_std = nn.Parameter(w), nn.Parameter(b), bias_std

    def forward(self, a: Tensor) -> Tensor:
        return a @ self.w.T / self.w.shape[1] ** 0.5 + self.bias_std * self.b


def dense(phi, psi, width=40, seed=0, derivative=None) -> tuple[nn.Module, Architecture, Block]:
    architecture = Architecture(3, width, 2)
    block = initialise(architecture, [_seeded(seed)])
    layers = [NTKLinear(w[0], b[0, 0]) for w, b in zip(block.weights, block.biases, strict=True)]
    between = [SurrogateActivation(phi, psi, derivative) for _ in range(2)]
    return (
        nn.Sequential(layers[0], between[0], layers[1], between[1], layers[2]),
        architecture,
        block,
    )


class Residual(nn.Module):
    """Convolutions with a skip connection, a pooling, and three outputs."""

    def __init__(self, phi, psi) -> None:
        super().__init__()
        self.first = nn.Conv2d(2, 4, 3, padding=1, dtype=F64)
        self.second = nn.Conv2d(4, 4, 3, padding=1, dtype=F64)
        self.act = SurrogateActivation(phi, psi)
        self.out = nn.Linear(4, 3, dtype=F64)

    def forward(self, x: Tensor) -> Tensor:
        a = self.act(self.first(x))
        a = a + self.act(self.second(a))
        return self.out(a.mean((2, 3)))


class Detached(nn.Module):
    """phi forwards and psi backwards without a custom function."""

    def __init__(self, phi, psi) -> None:
        super().__init__()
        self.phi, self.psi = phi, psi

    def forward(self, u: Tensor) -> Tensor:
        slope = self.psi(u.detach())
        return (self.phi(u) - slope * u).detach() + slope * u


class Plain(Residual):
    """The same as one would write it for autograd, with phi (true) or psi (surrogate) behind."""

    def __init__(self, phi, psi) -> None:
        super().__init__(phi, psi)
        self.act = Detached(phi, psi)


def row_by_row(module: nn.Module, x: Tensor) -> Tensor:
    """Jacobian [n, outputs, parameters] by one backward pass for each number."""
    parameters = [p for p in module.parameters() if p.requires_grad]
    rows = []
    for point in x:
        output = module(point[None])[0].flatten()
        rows.append(
            torch.stack(
                [
                    torch.cat(
                        [g.flatten() for g in torch.autograd.grad(o, parameters, retain_graph=True)]
                    )
                    for o in output
                ]
            )
        )
    return torch.stack(rows)


@pytest.mark.parametrize(
    ("phi", "psi"), [(Erf(5.0), ErfDerivative(1.0)), (Erf(0.8), HardTanhDerivative(0.5))]
)
def test_dense_networks_have_the_kernel_of_their_block(phi, psi) -> None:
    module, architecture, block = dense(phi, psi)
    x = torch.randn(6, 3, dtype=F64, generator=_seeded(1))
    kernel = empirical_sg_ntk(module, x, x[:4])
    expected = empirical_kernel(architecture, block, x, x[:4], phi, psi)[0]
    torch.testing.assert_close(kernel, expected, rtol=1e-12, atol=1e-12)
    torch.testing.assert_close(empirical_sg_ntk(module, x)[:, :4], kernel)


def test_wide_dense_networks_approach_the_analytic_kernel() -> None:
    """One with the arguments' order, off the circle: the transpose would be wrong by far more."""
    phi, psi = Erf(5.0), ErfDerivative(1.0)
    x = torch.randn(7, 3, dtype=F64, generator=_seeded(2)) * torch.logspace(-0.5, 0.5, 7)[:, None]
    kernels = torch.stack(
        [empirical_sg_ntk(dense(phi, psi, 300, seed)[0], x) for seed in range(30)]
    )
    exact = sg_ntk(x, None, 3, phi, psi, get="ntk")
    error = kernels.std(0) / 30**0.5
    assert ((kernels.mean(0) - exact).abs() < 5 * error + 0.01).all()
    asymmetry, wanted = (k - k.T for k in (kernels.mean(0), exact))
    assert (asymmetry - wanted).norm() < 0.25 * wanted.norm()


def test_convolutional_residual_networks_with_several_outputs() -> None:
    phi, psi = Erf(3.0), ErfDerivative(1.0)
    torch.manual_seed(0)
    module = Residual(phi, psi)
    x = torch.randn(5, 2, 6, 6, dtype=F64)
    true, surrogate = Plain(phi, phi.derivative), Plain(phi, psi)
    for copy in (true, surrogate):
        copy.load_state_dict(module.state_dict())
    left, right = row_by_row(true, x), row_by_row(surrogate, x[:3])
    full = torch.einsum("nok,mpk->nmop", left, right)
    kernel = empirical_sg_ntk(module, x, x[:3], trace_outputs=False)
    torch.testing.assert_close(kernel, full, rtol=1e-11, atol=1e-12)
    mean = torch.einsum("nmoo->nm", full) / 3
    for block_size in (None, 1, 2, 100):
        kernel = empirical_sg_ntk(module, x, x[:3], block_size=block_size)
        torch.testing.assert_close(kernel, mean, rtol=1e-11, atol=1e-12)
    assert (left - row_by_row(surrogate, x)).abs().max() > 0.01


def test_a_step_of_training_moves_outputs_by_the_kernel() -> None:
    """What the SG-NTK is for: f(x) changes by -rate K (f - y) / n, to first order."""
    torch.manual_seed(1)
    module = Residual(Erf(3.0), ErfDerivative(1.0))
    x, train = torch.randn(6, 2, 5, 5, dtype=F64), torch.randn(3, 2, 5, 5, dtype=F64)
    y = torch.randn(3, 3, dtype=F64)
    kernel = empirical_sg_ntk(module, x, train, trace_outputs=False)
    residual = (module(train) - y).detach()
    expected = -torch.einsum("nmop,mp->no", kernel, residual) / 3
    before, rate = module(x).detach(), 1e-6
    (0.5 * (module(train) - y).square().sum() / 3).backward()  # autograd sees the surrogate
    with torch.no_grad():
        for p in module.parameters():
            p -= rate * p.grad
    change = (module(x).detach() - before) / rate
    torch.testing.assert_close(change, expected, rtol=1e-4, atol=1e-4)
    # the transpose's order, or the surrogate on both sides, would not do
    two_sided = Residual(Erf(3.0), ErfDerivative(1.0))
    two_sided.act.derivative = ErfDerivative(1.0)
    two_sided.load_state_dict(module.state_dict())
    other = empirical_sg_ntk(two_sided, x, train, trace_outputs=False)
    other = -torch.einsum("nmop,mp->no", other, residual) / 3
    assert (change - other).norm() > 0.1 * change.norm()


def test_sign_networks_have_a_two_sided_kernel_or_a_steep_one() -> None:
    psi = ErfDerivative(1.0)
    x = torch.randn(4, 3, dtype=F64, generator=_seeded(3))
    module, architecture, block = dense(torch.sign, psi, derivative=psi)
    expected = empirical_kernel(architecture, block, x, x, Sign(), psi, psi)[0]
    torch.testing.assert_close(empirical_sg_ntk(module, x), expected, rtol=1e-12, atol=1e-12)
    with pytest.raises(ValueError, match="derivative"):
        empirical_sg_ntk(dense(torch.sign, psi)[0], x)
    with pytest.raises(ValueError, match="derivative"):
        empirical_sg_ntk(dense(Sign(), psi)[0], x)


def test_frozen_parameters_do_not_count_and_the_module_is_left_as_it_was() -> None:
    module, *_ = dense(Erf(2.0), ErfDerivative(1.0))
    x = torch.randn(3, 3, dtype=F64, generator=_seeded(4))
    state = {k: v.clone() for k, v in module.state_dict().items()}
    whole = empirical_sg_ntk(module, x)
    module[0].w.requires_grad_(False)
    part = empirical_sg_ntk(module, x)
    jacobian = row_by_row(module, x)[:, 0]
    assert part.diag().lt(whole.diag()).all()
    assert jacobian.shape[1] == sum(p.numel() for p in module.parameters() if p.requires_grad)
    assert not any(m.true_derivative for m in module if isinstance(m, SurrogateActivation))
    assert all(torch.equal(v, state[k]) for k, v in module.state_dict().items())
    assert all(p.grad is None for p in module.parameters())


def test_without_surrogates_it_is_the_ordinary_ntk() -> None:
    torch.manual_seed(0)
    module = nn.Sequential(nn.Linear(3, 8), nn.ReLU(), nn.BatchNorm1d(8), nn.Linear(8, 2)).eval()
    x = torch.randn(4, 3)
    jacobian = row_by_row(module, x)
    expected = torch.einsum("nok,mok->nm", jacobian, jacobian) / 2
    kernel = empirical_sg_ntk(module, x)
    assert kernel.dtype == torch.float32
    torch.testing.assert_close(kernel, expected, rtol=1e-5, atol=1e-5)


@pytest.mark.parametrize(
    ("x", "message"),
    [
        (torch.zeros(0, 3, dtype=F64), "x is empty"),
        (torch.full((2, 3), math.nan, dtype=F64), "x has entries that are not finite"),
    ],
)
def test_bad_inputs_are_named(x, message) -> None:
    module, *_ = dense(Erf(2.0), ErfDerivative(1.0))
    with pytest.raises(ValueError, match=message):
        empirical_sg_ntk(module, x)
    with pytest.raises(ValueError, match="no parameter"):
        empirical_sg_ntk(nn.ReLU(), torch.zeros(1, 3))
