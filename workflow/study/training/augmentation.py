"""Random changes of training samples: blended utterances, shifted channels, stretched time."""

from __future__ import annotations

import numpy as np
import torch
from torch import Tensor

from spikegrad.engine import njit
from spikegrad.spikes import SpikeTrains
from study.config.training import Augmentation
from study.data.dataset import SpikeDataset


class Blender:
    """One epoch's blends, drawn for each sample, whatever batches they come in.

    A blend has every second spike of each of two utterances of a class. The other utterance is
    first shifted in time so that the two have the same mean spike time.

    Parameters
    ----------
    share
        Share of samples that are blended; the others stay as they are.
    data
        The training data.
    generator
        Source of the draws.
    """

    def __init__(self, share: float, data: SpikeDataset, generator: torch.Generator) -> None:
        n_samples = len(data.labels)
        self.spikes = data.spikes
        self.blended = torch.rand(n_samples, generator=generator) < share
        self.others = torch.empty(n_samples, dtype=torch.int64)
        order = torch.randperm(n_samples, generator=generator)
        for label in range(data.n_classes):
            members = order[data.labels[order] == label]
            self.others[members] = members.roll(1)

    def __call__(self, indices: torch.Tensor) -> SpikeTrains:
        """The samples ``indices`` (int64 [n_samples]) of the training data, blended or not."""
        own, blended = self.spikes.select(indices), self.blended[indices]
        if not blended.any():
            return own
        other = self.spikes.select(self.others[indices])
        times = other.times + (_mean_times(own) - _mean_times(other))[other.samples]
        within = (times >= 0) & (times <= own.duration)
        kept = torch.cat(
            [
                ~blended[own.samples] | (_ranks(own) % 2 == 0),
                blended[other.samples] & (_ranks(other) % 2 == 1) & within,
            ]
        )
        samples = torch.cat([own.samples, other.samples])[kept]
        times = torch.cat([own.times, times])[kept]
        units = torch.cat([own.units, other.units])[kept]
        by_time = times.argsort(stable=True)
        order = by_time[samples[by_time].argsort(stable=True)]
        counts = torch.bincount(samples, minlength=len(indices))
        offsets = torch.cat([counts.new_zeros(1), counts.cumsum(0)])
        return SpikeTrains(times[order], units[order], offsets, own.duration)


def _ranks(spikes: SpikeTrains) -> torch.Tensor:
    """Place of each event within its sample, int64 [n_events]."""
    return torch.arange(len(spikes.times)) - spikes.offsets[spikes.samples]


def _mean_times(spikes: SpikeTrains) -> torch.Tensor:
    """Mean spike time of each sample in seconds, [n_samples]; 0 without a spike."""
    total = spikes.times.new_zeros(len(spikes)).index_add(0, spikes.samples, spikes.times)
    return total / spikes.counts.clamp(min=1)


class Augmenter:
    """One epoch's changes, drawn for each sample, whatever batches they come in.

    Parameters
    ----------
    settings
        Ranges.
    n_samples
        Samples in the training data.
    n_units
        Input channels.
    generator
        Source of the draws.
    """

    def __init__(
        self, settings: Augmentation, n_samples: int, n_units: int, generator: torch.Generator
    ) -> None:
        widest = settings.channel_shift
        self.n_units = n_units
        self.active = widest > 0 or settings.time_stretch > 0
        self.shifts = torch.randint(-widest, widest + 1, (n_samples,), generator=generator)
        uniform = torch.rand(n_samples, dtype=torch.float64, generator=generator)
        self.stretches = 1 + settings.time_stretch * (2 * uniform - 1)

    def __call__(self, spikes: SpikeTrains, indices: Tensor) -> SpikeTrains:
        """Change ``spikes``, the samples ``indices`` (int64 [n_samples]) of the training data.

        Spikes that leave the channels or the trial are dropped.
        """
        if not self.active:
            return spikes
        times, units, offsets = _change(
            spikes.times.numpy(),
            spikes.units.numpy(),
            spikes.offsets.numpy(),
            self.stretches[indices].numpy(),
            self.shifts[indices].numpy(),
            spikes.duration,
            self.n_units,
        )
        return SpikeTrains(
            torch.from_numpy(times),
            torch.from_numpy(units),
            torch.from_numpy(offsets),
            spikes.duration,
        )


@njit(cache=True)
def _change(
    times: np.ndarray,
    units: np.ndarray,
    offsets: np.ndarray,
    stretches: np.ndarray,
    shifts: np.ndarray,
    duration: float,
    n_units: int,
) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Times, units and offsets with each sample's times stretched and its channels shifted."""
    new_times, new_units = np.empty_like(times), np.empty_like(units)
    new_offsets = np.zeros_like(offsets)
    kept = 0
    for b in range(len(offsets) - 1):
        for k in range(offsets[b], offsets[b + 1]):
            time, unit = times[k] * stretches[b], units[k] + shifts[b]
            if time <= duration and 0 <= unit < n_units:
                new_times[kept], new_units[kept] = time, unit
                kept += 1
        new_offsets[b + 1] = kept
    return new_times[:kept], new_units[:kept], new_offsets
