"""A plain loop over time steps in PyTorch, written by hand: the least that a peer does."""

import torch
from torch import Tensor

from contestant import task
from torch_peer import train
from workload import N_CLASSES, decays

t = task()
alpha, beta = decays(t.step)
generator = torch.Generator().manual_seed(0)


def parameter(n_in: int, n_out: int) -> Tensor:
    weight = torch.randn(n_in, n_out, generator=generator) / n_in**0.5
    return weight.requires_grad_()


w_in = [parameter(n_in, t.hidden) for n_in in [t.n_inputs, *[t.hidden] * (t.layers - 1)]]
w_back = [parameter(t.hidden, t.hidden) for _ in range(t.layers * t.recurrent)]
w_out = parameter(t.hidden, N_CLASSES)
parameters = [*w_in, *w_back, w_out]


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


def hidden(x: Tensor, layer: int) -> Tensor:
    """A layer's spikes for ``x``, both [n_steps, batch, ...]."""
    current = membrane = spikes = x.new_zeros(t.batch, t.hidden)
    recorded = []
    for drive in x @ w_in[layer]:
        if t.recurrent:
            drive = torch.addmm(drive, spikes, w_back[layer])
        current = alpha * current + drive
        membrane = beta * membrane * (1 - spikes.detach()) + (1 - beta) * current
        spikes = Spike.apply(membrane - 1)
        recorded.append(spikes)
    return torch.stack(recorded)


def network(x: Tensor) -> Tensor:
    """Time average of the readout's potentials for ``x`` [n_steps, batch, n_inputs]."""
    for layer in range(t.layers):
        x = hidden(x, layer)
    # a leaky integrator's average over time, as a weighted sum of what it receives
    n_steps = len(x)
    remaining = torch.arange(n_steps, 0, -1)
    weight = (1 - beta**remaining) / (n_steps * (1 - beta))
    return torch.einsum("t,tbi->bi", weight, x) @ w_out


train(t, network, parameters, "torch")
