"""Sign networks trained in function space, against the same steps as matrix products."""

from __future__ import annotations

import math
from collections.abc import Callable
from pathlib import Path

import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from spikegrad.ntk.activations import Sign
from spikegrad.ntk.surrogates import (
    ErfDerivative,
    HardTanhDerivative,
    IdentityDerivative,
    TanhDerivative,
)
from study.ntk.ensemble import Descent, train
from study.ntk.network import Architecture, Block, initialise, outputs
from study.ntk.sign_descent import SignDescent

SURROGATES = [
    ErfDerivative(1.0),
    ErfDerivative(3.0, height=0.5),
    HardTanhDerivative(0.7),
    IdentityDerivative(),
]


def _block(architecture: Architecture, seeds: range, dtype: torch.dtype = torch.float64) -> Block:
    generators = [torch.Generator().manual_seed(seed) for seed in seeds]
    return initialise(architecture, generators, dtype)


def _parameters(block: Block) -> list[torch.Tensor]:
    return [*block.weights, *block.biases]


@settings(deadline=None)  # the first compiles
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
def test_steps_are_those_of_matrix_products(
    seed, n_inputs, n_points, width, hidden_layers, bias_std, output_scale, psi, zero
) -> None:
    generator = torch.Generator().manual_seed(seed)
    x = torch.randn(n_points, n_inputs, dtype=torch.float64, generator=generator)
    if zero:
        x[0] = 0  # without biases all signs of this point are 0
    y = torch.randn(n_points, dtype=torch.float64, generator=generator)
    architecture = Architecture(
        n_inputs, width, hidden_layers, bias_std=bias_std, output_scale=output_scale
    )
    problem = architecture, Sign(), psi, x, y, 0.3
    expected, block = (_block(architecture, range(seed, seed + 2)) for _ in range(2))
    Descent(*problem).advance(expected, 40)
    SignDescent(*problem).advance(block, 40)
    for ours, theirs in zip(_parameters(block), _parameters(expected), strict=True):
        torch.testing.assert_close(ours, theirs, rtol=1e-5, atol=1e-6)


def _descent(kind: type[Descent], dtype: torch.dtype) -> Descent:
    angles = torch.linspace(0, 6, 15, dtype=torch.float64)
    x = torch.stack([angles.cos(), angles.sin()], 1).to(dtype)
    return kind(
        Architecture(2, 101, 2), Sign(), ErfDerivative(1.0), x, (3 * angles).sin().to(dtype), 0.1
    )


def test_long_trainings_end_where_matrix_products_do() -> None:
    """Signs change on the way, and thousands of steps are added to carried pre-activations."""
    descent, ours = (_descent(kind, torch.float64) for kind in (Descent, SignDescent))
    start, expected, block = (_block(descent.architecture, range(2)) for _ in range(3))
    descent.advance(expected, 3000)
    ours.advance(block, 3000)
    before, after, found = (
        outputs(descent.architecture, b, descent.x, Sign()) for b in (start, expected, block)
    )
    loss = (after - descent.y).square().mean(1)
    assert (loss < 0.1 * (before - descent.y).square().mean(1)).all()
    torch.testing.assert_close(found, after, rtol=0, atol=1e-4)


def test_single_precision_is_as_good_as_that_of_matrix_products() -> None:
    """A sign that changes a step later changes the rest: so no later than some hundred steps."""
    exact = _descent(Descent, torch.float64)
    expected = _block(exact.architecture, range(16))
    exact.advance(expected, 200)
    expected_outputs = outputs(exact.architecture, expected, exact.x, Sign())
    errors = []
    for kind in (Descent, SignDescent):
        block = _block(exact.architecture, range(16)).to(torch.float32)
        _descent(kind, torch.float32).advance(block, 200)
        found = outputs(exact.architecture, block.to(torch.float64), exact.x, Sign())
        errors.append((found - expected_outputs).abs().max(1).values.median())
    assert errors[1] < max(2 * errors[0], 1e-4)


def test_a_networks_bits_do_not_depend_on_its_block_or_a_kill(tmp_path: Path, monkeypatch) -> None:
    descent = _descent(SignDescent, torch.float32)
    block, alone, again = (
        _block(descent.architecture, seeds, torch.float32)
        for seeds in (range(3), range(1, 2), range(1, 2))
    )
    _train(descent, block, tmp_path / "block")
    with monkeypatch.context() as patch:
        patch.setattr(SignDescent, "advance", _dies_after(3))  # at 0, 25 and 50
        with pytest.raises(InterruptedError):
            _train(descent, alone, tmp_path / "alone")
    assert (tmp_path / "alone" / "step-50.safetensors").exists()
    _train(descent, again, tmp_path / "alone")
    for ours, theirs in zip(_parameters(again), _parameters(block), strict=True):
        assert torch.equal(ours[0], theirs[1])


def _train(descent: Descent, block: Block, folder: Path) -> None:
    for _ in train(descent, block, (0, 60), folder, 25, "same settings"):
        pass


def _dies_after(calls: int) -> Callable:
    whole, made = SignDescent.advance, []

    def mortal(descent: SignDescent, block: Block, steps: int) -> None:
        if len(made) == calls:
            raise InterruptedError
        made.append(steps)
        whole(descent, block, steps)

    return mortal


@pytest.mark.parametrize(
    ("psi", "error", "text"),
    [
        (TanhDerivative(), TypeError, "erf', a window or 1, not TanhDerivative"),
        (ErfDerivative(math.inf), ValueError, "the derivative of a step is 0 or infinite"),
    ],
)
def test_other_surrogates_are_named(psi, error, text) -> None:
    architecture = Architecture(1, 3, 1)
    descent = SignDescent(architecture, Sign(), psi, torch.ones(1, 1), torch.ones(1), 0.1)
    with pytest.raises(error, match=text):
        descent.advance(_block(architecture, range(1)), 1)
