"""Matrix products that are the same on any number of threads."""

from __future__ import annotations

import torch
from hypothesis import given
from hypothesis import strategies as st

from spikegrad.products import product


@given(st.integers(0, 2**32 - 1), st.sampled_from([(3, 4), (2, 3, 4), (0, 4), (2, 1, 3, 4)]))
def test_products_are_those_of_torch_and_so_are_their_gradients(seed: int, shape: tuple) -> None:
    """Of spikes, which are mostly 0."""
    draw = torch.Generator().manual_seed(seed)
    left = torch.rand(shape, generator=draw, dtype=torch.float64)
    left = (left * (left > 0.7)).requires_grad_()
    right = torch.randn(4, 5, generator=draw, dtype=torch.float64, requires_grad=True)
    weights = torch.randn(*shape[:-1], 5, generator=draw, dtype=torch.float64)
    ours, theirs = product(left, right), left @ right
    torch.testing.assert_close(ours, theirs)
    for own, other in zip(
        torch.autograd.grad((ours * weights).sum(), (left, right)),
        torch.autograd.grad((theirs * weights).sum(), (left, right)),
        strict=True,
    ):
        torch.testing.assert_close(own, other)
