"""Tangent kernels of spiking networks: exact, surrogate, and the SG-NTK between both.

The exact Jacobian J of a sign network is 0 or infinite; that of spike times is neither, and
the engine computes it. So with J_psi, what surrogate gradients take for it on the same spikes,
three kernels belong to one network at finite width:

    J J^T (exact),   J J_psi^T (what the loss does along surrogate steps),   J_psi J_psi^T.

Along a small step -eta J_psi^T g of surrogate learning, g = dLoss/d(logits), the loss changes by
-eta g^T J J_psi^T g, as long as J is the derivative of the logits: always for QIF networks, for LIF
networks until a spike appears or vanishes.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from itertools import pairwise
from typing import NamedTuple

import torch
from torch import Tensor

from spikegrad.clocked import ClockedLayer
from spikegrad.layers import SpikingLayer
from spikegrad.ntk.modules import product
from spikegrad.raster import Raster
from spikegrad.spikes import SpikeTrains

Logits = Callable[[SpikeTrains], Tensor]


class TangentKernels(NamedTuple):
    """Kernels of one network on n samples: [n, n], or [n, n, outputs, outputs] of all pairs."""

    exact: Tensor
    mixed: Tensor
    """The SG-NTK: exact at the row's sample, surrogate at the column's."""
    surrogate: Tensor


def along(layers: Sequence[ClockedLayer], spikes: SpikeTrains) -> Raster:
    """The spikes of exact layers, one upon the other, with surrogate gradients along them.

    ValueError without any layer.
    """
    if not layers:
        raise ValueError("there is no layer to follow")
    raster = layers[0].along(spikes)
    for below, layer in pairwise(layers):
        with torch.no_grad():
            spikes = SpikingLayer.run(below, spikes)[0]
        raster = layer.along(spikes, raster)
    return raster


def jacobian(logits: Logits, parameters: Sequence[Tensor], spikes: SpikeTrains) -> Tensor:
    """Derivatives of the logits of each sample, [n_samples, n_outputs, n_parameters].

    Row by row, each by a backward pass of one sample alone, so that ``logits`` may use any function
    of torch's autograd. ValueError without a sample.
    """
    if not len(spikes):
        raise ValueError("a Jacobian needs at least one sample")
    rows = []
    for b in range(len(spikes)):
        outputs = logits(spikes[b : b + 1])[0]
        for k, output in enumerate(outputs):
            found = torch.autograd.grad(
                output, parameters, retain_graph=k + 1 < len(outputs), allow_unused=True
            )
            parts = [
                torch.zeros_like(p) if own is None else own
                for p, own in zip(parameters, found, strict=True)
            ]
            rows.append(torch.cat([part.flatten() for part in parts]))
    return torch.stack(rows).view(len(spikes), -1, rows[0].numel())


def tangent_kernels(
    exact: Logits,
    surrogate: Logits,
    parameters: Sequence[Tensor],
    spikes: SpikeTrains,
    *,
    trace_outputs: bool = True,
) -> TangentKernels:
    """Kernels of a network whose logits have two backward passes.

    Two Jacobians are in memory: numbers of samples times outputs times parameters.

    Parameters
    ----------
    exact, surrogate
        Spike trains to logits [n_samples, n_outputs] of the same ``parameters``: by exact layers,
        and by clocked ones or :func:`along` exact trajectories.
    parameters
        What is differentiated by: tensors of one type that require gradients.
    spikes
        The samples.
    trace_outputs
        The mean over outputs of each output with itself; else all pairs.

    Raises
    ------
    ValueError
        If there is no sample, or no parameter.
    """
    if not len(spikes) or not parameters:
        raise ValueError("tangent kernels need at least one sample and one parameter")
    true, replaced = (jacobian(logits, parameters, spikes) for logits in (exact, surrogate))
    pairs = (true, true), (true, replaced), (replaced, replaced)
    return TangentKernels(*(product([a], [b], trace_outputs) for a, b in pairs))
