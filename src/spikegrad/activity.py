"""How much neurons fire: sums over spikes, and the regulariser built on them."""

from __future__ import annotations

import torch
from torch import Tensor

from spikegrad.spikes import SpikeTrains


def sum_by_neuron(values: Tensor, spikes: SpikeTrains, n_units: int) -> Tensor:
    """Add up ``values`` [n_events] over each neuron's spikes: [n_samples, n_units]."""
    total = values.new_zeros(len(spikes) * n_units)
    total = total.index_add(0, spikes.samples * n_units + spikes.units, values)
    return total.view(len(spikes), n_units)


def spike_counts(spikes: SpikeTrains, n_units: int) -> Tensor:
    """Spikes of each neuron in each sample, float64 [n_samples, n_units]."""
    return sum_by_neuron(torch.ones_like(spikes.times), spikes, n_units)


def smooth_counts(spikes: SpikeTrains, n_units: int) -> Tensor:
    r"""Spike counts that are differentiable in the spike times, [n_samples, n_units].

    The count itself is piecewise constant: its exact gradient is zero wherever it exists.
    Instead take N(t), the number of spikes up to time t, and average it over the trial:

    .. math:: n = \frac{2}{T} \int_0^T N(t)\,dt = \sum_k 2 (1 - t_k / T).

    A spike weighs 2 at the trial's beginning and 0 at its end, so that spikes spread evenly
    count as they are, and a QIF spike, which appears and vanishes at t = T alone, does so
    without a jump. Limits: a neuron without spikes has no gradient; a LIF spike that appears
    in mid-trial (a grazing contact) still makes n jump.
    """
    return sum_by_neuron(2 * (1 - spikes.times / spikes.duration), spikes, n_units)


def activity_penalty(spikes: SpikeTrains, n_units: int, target: float) -> Tensor:
    """Mean over neurons of (mean over samples of :func:`smooth_counts` - target)^2, a scalar."""
    return (smooth_counts(spikes, n_units).mean(0) - target).square().mean()
