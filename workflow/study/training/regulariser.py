"""The penalty that keeps neurons at a mean number of spikes."""

from __future__ import annotations

from torch import Tensor

from spikegrad.activity import sum_by_neuron
from spikegrad.spikes import SpikeTrains


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
