"""Finite networks against autograd: kernels, training, resuming."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from itertools import pairwise
from pathlib import Path

import pytest
import torch
from torch import Tensor
from torch.func import functional_call, jacrev, vmap

from spikegrad.ntk.activations import Activation, Derivative, Erf, Sign
from spikegrad.ntk.surrogates import ErfDerivative, HardTanhDerivative, IdentityDerivative
from study.ntk.empirical import empirical_kernel
from study.ntk.ensemble import Descent, train
from study.ntk.network import Architecture, Block, initialise, outputs


def _seeded(seeds: list[int]) -> list[torch.Generator]:
    return [torch.Generator().manual_seed(seed) for seed in seeds]


class Oracle(torch.nn.Module):
    """The same network by autograd alone, with psi through a custom function."""

    def __init__(self, architecture: Architecture, phi: Activation, psi: Derivative) -> None:
        super().__init__()
        self.a, self.phi, self.psi = architecture, phi, _with_surrogate(phi, psi)
        n = [architecture.n_inputs, *[architecture.width] * architecture.hidden_layers, 1]
        self.layers = torch.nn.ModuleList(
            torch.nn.Linear(i, o, dtype=torch.float64) for i, o in pairwise(n)
        )

    def forward(self, x: Tensor) -> Tensor:
        a = self.a
        for i, layer in enumerate(self.layers):
            if i:
                x = self.psi(x)
            x = a.weight_std / layer.in_features**0.5 * x @ layer.weight.T + a.bias_std * layer.bias
        return a.output_scale * x[..., 0]

    def parameters_of(self, block: Block, network: int) -> dict[str, Tensor]:
        """One network of ``block``, under this module's names."""
        return {
            f"layers.{i}.{name}": p
            for i in range(len(self.layers))
            for name, p in (
                ("weight", block.weights[i][network]),
                ("bias", block.biases[i][network, 0]),
            )
        }


def _with_surrogate(phi: Activation, psi: Derivative) -> Callable[[Tensor], Tensor]:
    class Surrogate(torch.autograd.Function):
        generate_vmap_rule = True

        @staticmethod
        def forward(u: Tensor) -> Tensor:
            return phi(u)

        @staticmethod
        def setup_context(ctx, inputs, output) -> None:
            ctx.save_for_backward(*inputs)

        @staticmethod
        def backward(ctx, grad: Tensor) -> Tensor:
            return grad * psi(ctx.saved_tensors[0])

    return Surrogate.apply


def _jacobian(oracle: Oracle, parameters: dict[str, Tensor], x: Tensor) -> Tensor:
    def output(p: dict[str, Tensor], point: Tensor) -> Tensor:
        return functional_call(oracle, p, (point,))

    tree = vmap(jacrev(output), (None, 0))(parameters, x)
    return torch.cat([leaf.reshape(len(x), -1) for leaf in tree.values()], 1)


CASES = [
    (Erf(2.0), Erf(2.0).derivative, None),
    (Erf(5.0), ErfDerivative(1.0), None),
    (Erf(0.7), IdentityDerivative(), None),
    (Erf(3.0), HardTanhDerivative(0.8), None),
    (Sign(), ErfDerivative(1.0), ErfDerivative(1.0)),
]


@pytest.mark.parametrize(("phi", "psi", "derivative"), CASES)
@pytest.mark.parametrize("hidden_layers", [1, 3])
def test_kernel_is_product_of_jacobians(phi, psi, derivative, hidden_layers) -> None:
    generator = torch.Generator().manual_seed(0)
    x = torch.randn(7, 3, dtype=torch.float64, generator=generator)
    x_prime = torch.randn(4, 3, dtype=torch.float64, generator=generator)
    architecture = Architecture(3, 20, hidden_layers, 1.3, 0.4, 0.7)
    block = initialise(architecture, _seeded([5, 6]))
    kernel = empirical_kernel(architecture, block, x, x_prime, phi, psi, derivative)
    left = Oracle(architecture, phi, derivative or phi.derivative)
    right = Oracle(architecture, phi, psi)
    for i in range(2):
        p = left.parameters_of(block, i)
        expected = _jacobian(left, p, x) @ _jacobian(right, p, x_prime).T
        torch.testing.assert_close(kernel[i], expected, rtol=1e-12, atol=1e-12)


@pytest.mark.parametrize(("phi", "psi", "derivative"), CASES)
def test_training_is_autograd_with_the_surrogate(phi, psi, derivative) -> None:
    generator = torch.Generator().manual_seed(1)
    x = torch.randn(6, 2, dtype=torch.float64, generator=generator)
    y = torch.randn(6, dtype=torch.float64, generator=generator)
    architecture = Architecture(2, 12, 2, output_scale=0.5)
    block = initialise(architecture, _seeded([1, 2, 3]))
    oracle = Oracle(architecture, phi, psi)
    oracle.load_state_dict(oracle.parameters_of(block, 1))
    optimizer = torch.optim.SGD(oracle.parameters(), lr=0.3)
    descent = Descent(architecture, phi, psi, x, y, 0.3)
    for _ in range(20):
        descent.step(block)
        optimizer.zero_grad()
        (0.5 * (oracle(x) - y).square().mean()).backward()
        optimizer.step()
    torch.testing.assert_close(
        outputs(architecture, block, x, phi)[1], oracle(x).detach(), rtol=1e-10, atol=1e-10
    )
    for name, parameter in oracle.named_parameters():
        torch.testing.assert_close(
            oracle.parameters_of(block, 1)[name], parameter.detach(), rtol=1e-10, atol=1e-10
        )


def test_networks_do_not_depend_on_their_block() -> None:
    architecture = Architecture(2, 9, 2)
    together, alone = (
        initialise(architecture, _seeded([3, 4, 5])),
        initialise(architecture, _seeded([4])),
    )
    for a, b in zip(
        [*together.weights, *together.biases], [*alone.weights, *alone.biases], strict=True
    ):
        assert torch.equal(a[1], b[0])


DESCENT = Descent(
    Architecture(2, 33, 2),
    Sign(),
    ErfDerivative(1.0),
    torch.linspace(-1, 1, 10).reshape(5, 2),
    torch.linspace(0, 1, 5),
    0.1,
)


def _start() -> Block:
    return initialise(DESCENT.architecture, _seeded([8, 9, 10]), torch.float32)


def _records(folder: Path, block: Block, fingerprint: str = "a") -> Iterator[tuple[int, Tensor]]:
    for step, trained in train(DESCENT, block, (0, 7, 50), folder, 20, fingerprint):
        yield step, torch.cat([p.flatten() for p in (*trained.weights, *trained.biases)])


class Killed(Exception):
    pass


@pytest.mark.parametrize("n_steps", [3, 10, 27, 40, 49])
def test_resumed_training_gives_the_same_bits(tmp_path, monkeypatch, n_steps) -> None:
    uninterrupted = dict(_records(tmp_path / "a", _start()))
    assert list(uninterrupted) == [0, 7, 50]

    whole, left = Descent.step, n_steps

    def mortal(descent: Descent, block: Block) -> None:
        nonlocal left
        if not left:
            raise Killed
        left -= 1
        whole(descent, block)

    monkeypatch.setattr(Descent, "step", mortal)
    with pytest.raises(Killed):
        list(_records(tmp_path / "b", _start()))
    left = 50 - max(step for step in (0, 7, 20, 40) if step <= n_steps)  # and not one step more
    resumed = dict(_records(tmp_path / "b", _start()))
    assert left == 0
    assert resumed.keys() == uninterrupted.keys()
    assert all(torch.equal(resumed[step], uninterrupted[step]) for step in resumed)


def test_checkpoints_of_other_settings_are_not_used(tmp_path) -> None:
    expected = dict(_records(tmp_path / "a", _start()))
    other = initialise(DESCENT.architecture, _seeded([1, 2, 3]), torch.float32)
    list(_records(tmp_path / "b", other, fingerprint="b"))
    again = dict(_records(tmp_path / "b", _start()))
    assert all(torch.equal(again[step], expected[step]) for step in expected)


def test_sign_networks_have_no_true_derivative() -> None:
    architecture = Architecture(2, 5, 1)
    x = torch.ones(1, 2, dtype=torch.float64)
    with pytest.raises(ValueError, match="two-sided kernel: pass the"):
        empirical_kernel(
            architecture, initialise(architecture, _seeded([0])), x, x, Sign(), ErfDerivative(1)
        )


def test_blocks_of_another_architecture_are_errors() -> None:
    """The scales are the architecture's, so that such a kernel would be wrong, not impossible."""
    block = initialise(Architecture(3, 50, 2), _seeded([0]))
    x = torch.ones(2, 3, dtype=torch.float64)
    with pytest.raises(ValueError, match=r"\(50, 50\).*but the architecture.*\(60, 60\)"):
        empirical_kernel(Architecture(3, 60, 2), block, x, x, Erf(1.0), ErfDerivative(1.0))
    with pytest.raises(ValueError, match="inputs must be"):
        empirical_kernel(Architecture(3, 50, 2), block, x[:, :2], x, Erf(1.0), ErfDerivative(1.0))
    with pytest.raises(ValueError, match="n at least 1"):
        outputs(Architecture(3, 50, 2), block, x[:0], Erf(1.0))
