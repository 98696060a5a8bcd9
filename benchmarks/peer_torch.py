"""A plain loop over time steps in PyTorch, written by hand: the least that a peer does.

How it trains is how all peers in PyTorch do.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable

import torch
from torch import Tensor
from torch.nn.functional import cross_entropy

from contestant import N_CLASSES, Task, binned, compete, decays, labels, task


def train(t: Task, logits: Callable[[Tensor], Tensor], parameters: Iterable[Tensor]) -> None:
    """Compete by Adam on ``logits`` of counts [n_steps, batch, n_inputs]."""
    optimizer = torch.optim.Adam(parameters, 1e-3)
    x, targets = torch.from_numpy(binned(t)), torch.from_numpy(labels(t))

    def update() -> None:
        optimizer.zero_grad()
        cross_entropy(logits(x), targets).backward()
        optimizer.step()

    compete(update)


class Spike(torch.autograd.Function):
    """A step forwards, the derivative of a fast sigmoid backwards."""

    @staticmethod
    def forward(ctx, u: Tensor) -> Tensor:
        ctx.save_for_backward(u)
        return (u > 0).to(u.dtype)

    @staticmethod
    def backward(ctx, gradient: Tensor) -> Tensor:
        (u,) = ctx.saved_tensors
        return gradient / (1 + 25 * u.abs()).square()


def main(t: Task) -> None:
    alpha, beta = decays(t.step)
    generator = torch.Generator().manual_seed(0)

    def parameter(n_in: int, n_out: int) -> Tensor:
        weight = torch.randn(n_in, n_out, generator=generator) / n_in**0.5
        return weight.requires_grad_()

    w_in = parameter(t.n_inputs, t.hidden)
    w_back, w_out = parameter(t.hidden, t.hidden), parameter(t.hidden, N_CLASSES)

    def logits(x: Tensor) -> Tensor:
        """Time average of the readout's potentials for ``x`` [n_steps, batch, n_inputs]."""
        current = membrane = spikes = x.new_zeros(t.batch, t.hidden)
        recorded = []
        for drive in x @ w_in:
            if t.recurrent:
                drive = torch.addmm(drive, spikes, w_back)
            current = alpha * current + drive
            membrane = beta * membrane * (1 - spikes.detach()) + (1 - beta) * current
            spikes = Spike.apply(membrane - 1)
            recorded.append(spikes)
        # a leaky integrator's average over time, as a weighted sum of what it receives
        remaining = torch.arange(len(x), 0, -1)
        weight = (1 - beta**remaining) / (len(x) * (1 - beta))
        return torch.einsum("t,tbi->bi", weight, torch.stack(recorded)) @ w_out

    train(t, logits, [w_in, w_out, *[w_back] * t.recurrent])


if __name__ == "__main__":
    main(task())
