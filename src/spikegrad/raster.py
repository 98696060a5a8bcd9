"""Spikes on a grid of times, dense: what clocked layers send and readouts of them take."""

from __future__ import annotations

from dataclasses import dataclass

import torch
from torch import Tensor
from torch.nn.functional import embedding_bag

from spikegrad.products import product
from spikegrad.spikes import SpikeError, SpikeTrains, offsets_of
from spikegrad.times import SAME, steps_within


@dataclass(frozen=True)
class Raster:
    """Spikes of a batch at the ends of steps.

    ``values[b, k, j]`` are the spikes of neuron j in sample b at ``(k + 1) * step`` seconds, with
    surrogate gradients if they come from a clocked layer; [n_samples, n_steps, n].
    """

    values: Tensor
    step: float
    """In seconds."""

    @classmethod
    def of(cls, spikes: SpikeTrains, n_units: int, step: float, dtype: torch.dtype) -> Raster:
        """How often each of ``n_units`` spikes in each step, in ``dtype``.

        Raises
        ------
        SpikeError
            If ``spikes`` breaks a rule of :class:`SpikeTrains`.
        ValueError
            If samples do not consist of whole steps.
        """
        spikes.check(n_units)
        n_steps = steps_within(spikes.duration, step)
        places = torch.ceil(spikes.times.detach() / step - SAME).long().clamp(1, n_steps) - 1
        cells = (spikes.samples * n_steps + places) * n_units + spikes.units
        size = len(spikes) * n_steps * n_units
        counts = torch.bincount(cells, spikes.multiplicities.double(), minlength=size)
        return cls(counts.view(len(spikes), n_steps, n_units).to(dtype), step)

    @property
    def duration(self) -> float:
        """Length of the samples in seconds."""
        return self.values.shape[1] * self.step

    def __len__(self) -> int:
        return len(self.values)

    @property
    def sizes(self) -> Tensor:
        """Cells with a spike of each sample, int64 [n_samples]."""
        return (self.values > 0).sum((1, 2))

    @property
    def times(self) -> Tensor:
        """Ends of the steps in seconds, float64 [n_steps]."""
        return self.step * torch.arange(1, self.values.shape[1] + 1, dtype=torch.float64)

    def trains(self) -> SpikeTrains:
        """The same spikes as trains, without gradients; several in a step are one with a count.

        Raises
        ------
        SpikeError
            If a number of spikes is negative or not whole.
        """
        values = self.values.detach()
        if values.dtype == torch.bool:
            values = values.to(torch.uint8)
        wrong = ~((values >= 0) & (values == values.floor()) & values.isfinite())
        if wrong.any():
            b, k, j = wrong.nonzero()[0].tolist()
            raise SpikeError(
                f"sample {b}: {float(values[b, k, j]):g} spikes of neuron {j} in step {k}; how many"
                " there are must be whole numbers from 0 on"
            )
        sample, place, units = values.nonzero(as_tuple=True)
        sizes = torch.bincount(sample, minlength=len(values))
        counts = values[sample, place, units].long()
        times = self.times[place].clamp(max=self.duration)
        several = bool((counts > 1).any())
        return SpikeTrains(
            times,
            units,
            offsets_of(sizes),
            self.duration,
            counts if several else None,
            values.shape[2],
        )

    def check(self, n_units: int) -> None:
        """SpikeError unless the raster is of ``n_units``."""
        if self.values.shape[2] != n_units:
            raise SpikeError(
                f"the raster is of {self.values.shape[2]} neurons, but {n_units} are expected"
            )

    def arriving(self, weight: Tensor) -> Tensor:
        """What arrives over ``weight`` [n, n_out] before each step, [n_samples, n_steps, n_out].

        What comes at the sample's end is left out: nothing follows it.
        """
        return torch.nn.functional.pad(product(self.values[:, :-1], weight), (0, 0, 1, 0))


def arriving(spikes: SpikeTrains, weight: Tensor, step: float) -> Tensor:
    """The same of spike trains: each spike comes at the beginning of its step."""
    n_steps = steps_within(spikes.duration, step)
    places = torch.floor(spikes.times.detach() / step + SAME).long()
    kept = places < n_steps
    bags = (spikes.samples * n_steps + places)[kept]
    first = torch.searchsorted(bags, torch.arange(len(spikes) * n_steps))
    counts = spikes.multiplicities[kept].to(weight.dtype)
    rows = embedding_bag(spikes.units[kept], weight, first, mode="sum", per_sample_weights=counts)
    return rows.view(len(spikes), n_steps, weight.shape[1])
