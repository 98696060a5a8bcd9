"""Training of finite networks: against autograd, and in function space."""

from __future__ import annotations

import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from torch import Tensor

from spikegrad.ntk.activations import Sign
from spikegrad.ntk.derivatives import (
    CustomDerivative,
    ErfDerivative,
    HardTanhDerivative,
    IdentityDerivative,
)
from study.ntk.dense_networks import Architecture, Block, initialise, outputs
from study.ntk.ensemble import Descent
from study.ntk.sign_descent import SignDescent
from test_ntk_networks import CASES, F64, Detached, module_of, normal, seeded

SURROGATES = [
    ErfDerivative(1.0),
    ErfDerivative(3.0, height=0.5),
    HardTanhDerivative(0.7),
    IdentityDerivative(),
]


def flat(block: Block) -> Tensor:
    return torch.cat([p.flatten(1) for p in (*block.weights, *block.biases)], 1)


@pytest.mark.parametrize(("phi", "psi", "_derivative", "hidden_layers"), CASES)
def test_training_is_autograd_with_the_surrogate(phi, psi, _derivative, hidden_layers) -> None:
    x, y = normal(0, 6, 2), normal(1, 6)
    architecture = Architecture(2, 12, hidden_layers, output_scale=0.5)
    block = initialise(architecture, seeded(1, 2, 3))
    module = module_of(architecture, block, 1, Detached(phi, psi))
    optimizer = torch.optim.SGD(module.parameters(), lr=0.3)
    Descent(architecture, phi, psi, x, y, 0.3).advance(block, 20)
    for _ in range(20):
        optimizer.zero_grad()
        (0.5 * (module(x)[:, 0] - y).square().mean()).backward()
        optimizer.step()
    expected = {name: p.detach().flatten() for name, p in module.named_parameters()}
    for name in "wb":
        found = [p[1].flatten() for p in (block.weights if name == "w" else block.biases)]
        theirs = [p for key, p in expected.items() if key.endswith(name)]
        torch.testing.assert_close(torch.cat(found), torch.cat(theirs), rtol=1e-10, atol=1e-10)
    found = outputs(architecture, block, x, phi)[1]
    torch.testing.assert_close(found, module(x)[:, 0].detach(), rtol=1e-10, atol=1e-10)


@settings(max_examples=40)  # the first compiles
@given(
    seed=st.integers(0, 10**6),
    n_inputs=st.integers(1, 4),
    n_points=st.integers(1, 20),
    width=st.integers(1, 40),
    hidden_layers=st.integers(1, 3),
    bias_std=st.sampled_from([0.0, 0.1, 1.0]),
    output_scale=st.sampled_from([0.2, 1.0]),
    psi=st.sampled_from(SURROGATES),
    zero=st.booleans(),
)
def test_steps_in_function_space_are_those_of_matrix_products(
    seed, n_inputs, n_points, width, hidden_layers, bias_std, output_scale, psi, zero
) -> None:
    x, y = normal(seed, n_points, n_inputs), normal(seed + 1, n_points)
    if zero:
        x[0] = 0  # without biases all signs of this point are 0
    architecture = Architecture(
        n_inputs, width, hidden_layers, bias_std=bias_std, output_scale=output_scale
    )
    problem = architecture, Sign(), psi, x, y, 0.3
    expected, block = (initialise(architecture, seeded(seed, seed + 1)) for _ in range(2))
    Descent(*problem).advance(expected, 40)
    SignDescent(*problem).advance(block, 40)
    torch.testing.assert_close(flat(block), flat(expected), rtol=1e-5, atol=1e-6)


def of_circle(kind: type[Descent], dtype: torch.dtype) -> Descent:
    angles = torch.linspace(0, 6, 15, dtype=F64)
    x = torch.stack([angles.cos(), angles.sin()], 1).to(dtype)
    y = (3 * angles).sin().to(dtype)
    return kind(Architecture(2, 101, 2), Sign(), ErfDerivative(1.0), x, y, 0.1)


def test_long_trainings_end_where_matrix_products_do() -> None:
    """Signs change on the way, and thousands of steps are added to carried pre-activations."""
    descent, ours = (of_circle(kind, F64) for kind in (Descent, SignDescent))
    start, expected, block = (initialise(descent.architecture, seeded(0)) for _ in range(3))
    descent.advance(expected, 1500)
    ours.advance(block, 1500)
    before, after, found = (
        outputs(descent.architecture, b, descent.x, Sign()) for b in (start, expected, block)
    )
    loss = (after - descent.y).square().mean(1)
    assert (loss < 0.1 * (before - descent.y).square().mean(1)).all()
    torch.testing.assert_close(found, after, rtol=0, atol=1e-4)


def test_single_precision_is_as_good_as_that_of_matrix_products() -> None:
    """A sign that changes a step later changes the rest: so no later than some hundred steps."""
    exact = of_circle(Descent, F64)
    expected = initialise(exact.architecture, seeded(*range(16)))
    exact.advance(expected, 100)
    errors = []
    for kind in (Descent, SignDescent):
        block = initialise(exact.architecture, seeded(*range(16))).to(torch.float32)
        of_circle(kind, torch.float32).advance(block, 100)
        found, wanted = (
            outputs(exact.architecture, b, exact.x, Sign()) for b in (block.to(F64), expected)
        )
        errors.append((found - wanted).abs().max(1).values.median())
    assert errors[1] < max(2 * errors[0], 1e-4)


def test_a_networks_bits_do_not_depend_on_its_block() -> None:
    descent = of_circle(SignDescent, torch.float32)
    block, alone = (
        initialise(descent.architecture, seeded(*seeds), torch.float32)
        for seeds in ((0, 1, 2), (1,))
    )
    for learners in (block, alone):
        descent.advance(learners, 60)
    assert torch.equal(flat(block)[1], flat(alone)[0])


def test_other_surrogates_are_named() -> None:
    architecture, psi = Architecture(1, 3, 1), CustomDerivative(torch.cos)
    descent = SignDescent(architecture, Sign(), psi, torch.ones(1, 1), torch.ones(1), 0.1)
    with pytest.raises(TypeError, match="erf', a window or 1, not CustomDerivative"):
        descent.advance(initialise(architecture, seeded(0)), 1)
