"""How much neurons fire: sums over their spikes."""

from __future__ import annotations

from typing import Any

import numpy as np
import torch
from torch import Tensor

from spikegrad.raster import Raster
from spikegrad.spikes import SpikeTrains
from spikegrad.wrappers import once_differentiable, uncompiled


class _SumByNeuron(torch.autograd.Function):
    """By NumPy, whose ``bincount`` is faster here than torch's ``index_add`` on any threads."""

    @staticmethod
    def forward(ctx: Any, values: Tensor, spikes: SpikeTrains, n_units: int) -> Tensor:
        first = np.repeat(np.arange(len(spikes)) * n_units, spikes.sizes.numpy())
        neurons = first + spikes.units.numpy()
        ctx.save_for_backward(torch.from_numpy(neurons))
        total = np.bincount(neurons, values.numpy(), len(spikes) * n_units)
        total = total.astype(np.float64, copy=False)  # sums of nothing come as integers
        return torch.from_numpy(total.reshape(len(spikes), n_units))

    @staticmethod
    @once_differentiable
    def backward(ctx: Any, grad: Tensor) -> tuple:
        (neurons,) = ctx.saved_tensors
        return torch.from_numpy(grad.numpy().ravel()[neurons.numpy()]), None, None


@uncompiled
def sum_by_neuron(values: Tensor, spikes: SpikeTrains | Raster, n_units: int) -> Tensor:
    """Add up ``values`` (float64 [n_events]) over each neuron's spikes: [n_samples, n_units].

    An event that stands for several spikes adds its value as often. Of a raster ``values``
    [n_steps] are those of its times. SpikeError if ``spikes`` are not those of ``n_units``.
    """
    spikes.check(n_units)
    if isinstance(spikes, Raster):
        return torch.einsum("bkj,k->bj", spikes.values.double(), values)
    if spikes.counts is not None:
        values = values * spikes.counts
    return _SumByNeuron.apply(values, spikes, n_units)


def spike_counts(spikes: SpikeTrains | Raster, n_units: int) -> Tensor:
    """Spikes of each neuron in each sample, float64 [n_samples, n_units]."""
    return sum_by_neuron(torch.ones_like(spikes.times), spikes, n_units)
