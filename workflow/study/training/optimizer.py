"""Adam for networks whose weight matrices differ in scale."""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np
import torch
from torch import Tensor
from torch.optim.adam import adam

from spikegrad.network import Network

MOMENTS = ("step", "exp_avg", "exp_avg_sq")
DELAY_RATE = 0.001  # of delays, in seconds
OWN_RATE = 0.01  # of the logarithms of time constants, and of neurons' drives and phases


@dataclass
class _Group:
    """A weight matrix, its unit and learning rate, and its moments."""

    name: str
    weight: Tensor
    unit: float
    rate: float
    state: dict[str, Tensor]

    @property
    def gradient(self) -> Tensor:
        assert self.weight.grad is not None  # of a backward pass
        return self.weight.grad


class Adam:
    """Adam (Kingma and Ba, arXiv 1412.6980), with each weight matrix in its own unit.

    The unit is the standard deviation of the initial weights; learning rates and the norm of
    the gradient count in it. This is torch's implementation, called as a function: the class
    ``torch.optim.Adam`` imports torch's compiler, which takes longer than a short training run.
    ``rate`` is of the spiking layers' weights. Delays, time constants and phases stay within their
    bounds.
    ``network`` has its initial weights.
    """

    def __init__(self, network: Network, rate: float, readout_rate: float) -> None:
        self._groups: list[_Group] = []
        self._network = network
        for name, weight in network.named_parameters():
            kind = name.rpartition(".")[2]
            own = kind.startswith("log_") or kind in ("drive", "phase")
            unit = 1.0 if own else _spread(weight)
            if not 0 < unit < math.inf:
                raise ValueError(
                    f"the weights '{name}' have no scale to learn in (standard deviation {unit}); "
                    "call the network's initialise first"
                )
            if kind.endswith("delay"):
                full = DELAY_RATE
            elif own:
                full = OWN_RATE
            else:
                full = unit * (readout_rate if name.startswith("readout.") else rate)
            zeros = [torch.zeros(()), *(torch.zeros_like(weight.detach()) for _ in range(2))]
            state = dict(zip(MOMENTS, zeros, strict=True))
            self._groups.append(_Group(name, weight, unit, full, state))

    def zero_grad(self) -> None:
        """Forget all gradients."""
        for group in self._groups:
            group.weight.grad = None

    def clip(self, largest: float | None) -> float:
        """Scale the gradient to norm ``largest`` if it is longer; return its norm before.

        None does not scale it.
        """
        squares = [_sum_of_squares(group.gradient) * group.unit**2 for group in self._groups]
        norm = math.sqrt(sum(squares))
        if largest is not None and norm > largest:
            for group in self._groups:
                group.gradient.mul_(largest / norm)
        return norm

    @torch.no_grad()
    def step(self, share: float) -> None:
        """One update, at ``share`` of the full learning rates."""
        for group in self._groups:
            step, first, second = (group.state[moment] for moment in MOMENTS)
            adam(
                [group.weight],
                [group.gradient],
                [first],
                [second],
                [],
                [step],
                fused=True,
                amsgrad=False,
                beta1=0.9,
                beta2=0.999,
                lr=share * group.rate,
                weight_decay=0.0,
                eps=1e-8,
                maximize=False,
            )
        self._network.bound()

    def state(self) -> dict[str, Tensor]:
        """A copy of all that :meth:`load` needs to go on from here, by <weight>.<moment>."""
        return {
            f"{group.name}.{moment}": value.clone()
            for group in self._groups
            for moment, value in group.state.items()
        }

    def load(self, state: dict[str, Tensor]) -> None:
        """Go on from a :meth:`state`."""
        for group in self._groups:
            group.state = {moment: state[f"{group.name}.{moment}"].clone() for moment in MOMENTS}


# Both by NumPy: torch shares out a large sum over its threads, so that bits depend on their number.


def _spread(weight: Tensor) -> float:
    """The standard deviation of the weights, or the size of a single one."""
    values = weight.detach().double().numpy()
    return float(values.std(ddof=1)) if values.size > 1 else float(np.abs(values).sum())


def _sum_of_squares(gradient: Tensor) -> float:
    return float(np.square(gradient.numpy(), dtype=np.float64).sum())
