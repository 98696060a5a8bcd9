"""Small random inputs and layers that the tests share."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest
import torch

from spikegrad.layers import SpikingLayer
from spikegrad.spikes import SpikeTrains

DAILY = ("lif", "qif", "qif_delta")
EVERY = [
    *DAILY,
    *(pytest.param(n, marks=pytest.mark.weekly) for n in ("lif_refractory", "qif_cut")),
]
"""Neuron models of the tests: what the last two need is compiled once a week."""
SINGLE = ("lif", "qif")
"""Those of which single precision is compiled every day, which takes half a minute for each."""


def random_spikes(
    seed: int, n_samples: int = 3, n_events: int = 50, n_units: int = 20, duration: float = 0.2
) -> SpikeTrains:
    generator = torch.Generator().manual_seed(seed)
    shape = (n_samples, n_events)
    times = torch.rand(shape, generator=generator, dtype=torch.float64).sort(1).values
    units = torch.randint(0, n_units, shape, generator=generator)
    offsets = torch.arange(n_samples + 1) * n_events
    return SpikeTrains(0.95 * duration * times.flatten(), units.flatten(), offsets, duration)


def random_layer(
    neuron: str,
    spikes: SpikeTrains,
    n_in: int = 20,
    n_out: int = 10,
    recurrent: bool = True,
    seed: int = 0,
    dtype: torch.dtype = torch.float64,
    scale: float = 2.5,
    drive: float = 0.0,
    **options: Any,
) -> SpikingLayer:
    layer = SpikingLayer(n_in, n_out, neuron, 0.02, recurrent, dtype, drive=drive, **options)
    layer.initialise(spikes, 0.8, scale, 0.8, torch.Generator().manual_seed(seed))
    return layer


def random_counts(seed: int, step: float = 0.02, **sizes: int) -> SpikeTrains:
    """Random spikes in cells of ``step`` seconds, as events with counts, which are 1 to 3 times
    theirs."""
    spikes = random_spikes(seed, **sizes)
    cells = replace(spikes, times=torch.round(spikes.times / step) * step).merged()
    times = torch.randint(1, 4, cells.times.shape, generator=torch.Generator().manual_seed(seed))
    return replace(cells, counts=cells.multiplicities * times)


def repeated(spikes: SpikeTrains) -> SpikeTrains:
    """The same spikes as events without counts."""

    def copies(tensor: torch.Tensor) -> torch.Tensor:
        return torch.repeat_interleave(tensor, spikes.multiplicities)

    sizes = torch.bincount(copies(spikes.samples), minlength=len(spikes))
    offsets = torch.cat([sizes.new_zeros(1), sizes.cumsum(0)])
    return SpikeTrains(copies(spikes.times), copies(spikes.units), offsets, spikes.duration)


def sum_of_copies(values: torch.Tensor, spikes: SpikeTrains) -> torch.Tensor:
    """Sum over each event's copies of ``values``, one for each of the spikes of ``repeated``."""
    events = torch.repeat_interleave(torch.arange(len(spikes.times)), spikes.multiplicities)
    return values.new_zeros(len(spikes.times)).index_add(0, events, values)
