"""What peers in PyTorch have in common: their training on the contest's batch."""

from __future__ import annotations

from collections.abc import Callable, Iterable

import torch
from torch import Tensor
from torch.nn.functional import cross_entropy

from contestant import Task, compete
from workload import binned, labels


def train(
    t: Task, logits: Callable[[Tensor], Tensor], parameters: Iterable[Tensor], *packages: str
) -> None:
    """Compete by Adam on ``logits`` of counts [n_steps, batch, n_inputs]."""
    optimizer = torch.optim.Adam(parameters, 1e-3)
    x = torch.from_numpy(binned(t.batch, t.step, t.channels, t.copies))
    targets = torch.from_numpy(labels(t.batch))

    def update() -> None:
        optimizer.zero_grad()
        cross_entropy(logits(x), targets).backward()
        optimizer.step()

    compete(update, *packages)
