"""An epoch's batches of training samples: drawn, blended, shifted over channels, stretched in time.

Every draw is for a sample, whatever batch it comes in, and by streams of the epoch's own.
"""

from __future__ import annotations

import math
from collections.abc import Iterator
from dataclasses import replace

import numpy as np
import torch
from torch import Tensor

from spikegrad.engine import njit
from spikegrad.seeds import generator
from spikegrad.spikes import SpikeTrains, offsets_of
from study.config.training import MOST_WATCHED, Augmentation, TrainingSettings
from study.data.dataset import SpikeDataset

# Independent streams of one training seed.
INITIAL, ORDER, AUGMENTATION, BLENDING, WATCHED, DROPOUT = range(6)


def number_of_batches(data: SpikeDataset, options: TrainingSettings) -> int:
    """Updates in an epoch."""
    return math.ceil(len(data) / options.batch_size)


def first_samples(data: SpikeDataset, options: TrainingSettings, seed: int) -> Tensor:
    """A batch of samples, int64 [batch_size], by whose activity networks are initialised."""
    return _order(len(data), seed, 0)[: options.batch_size]


def watched_samples(data: SpikeDataset, seed: int) -> SpikeDataset:
    """Training samples, at most 512, whose activity a run without validation data reports."""
    return data.draw(MOST_WATCHED, generator(seed, WATCHED))


def epoch_batches(
    data: SpikeDataset, options: TrainingSettings, seed: int, epoch: int
) -> Iterator[SpikeDataset]:
    """The batches of training epoch ``epoch`` (from 1) with ``seed``, in order.

    They depend on nothing else, so that any of them can be had again.
    """
    augment = Augmenter(
        options.augmentation, len(data), data.n_units, generator(seed, AUGMENTATION, epoch)
    )
    blend = Blender(options.augmentation.blend, data, generator(seed, BLENDING, epoch))
    for indices in _order(len(data), seed, epoch).split(options.batch_size):
        yield replace(
            data,
            spikes=augment(blend(indices), indices),
            labels=data.labels[indices],
            speakers=data.speakers[indices],
        )


def _order(n_samples: int, seed: int, epoch: int) -> Tensor:
    return torch.randperm(n_samples, generator=generator(seed, ORDER, epoch))


class Blender:
    """One epoch's blends: every second spike of each of two samples of a class.

    The other sample is first shifted in time so that the two have the same mean spike time.
    ``share`` of the samples of ``data`` are blended.
    """

    def __init__(self, share: float, data: SpikeDataset, generator: torch.Generator) -> None:
        self.spikes = data.spikes
        self.blended = torch.rand(len(data), generator=generator) < share
        self.others = torch.empty(len(data), dtype=torch.int64)
        order = torch.randperm(len(data), generator=generator)
        for label in range(data.n_classes):
            members = order[data.labels[order] == label]
            self.others[members] = members.roll(1)

    def __call__(self, indices: Tensor) -> SpikeTrains:
        """The samples ``indices`` (int64 [n_samples]) of the training data, blended or not."""
        own, blended = self.spikes.select(indices), self.blended[indices]
        if not blended.any():
            return own
        other = self.spikes.select(self.others[indices])
        times = other.times + (_mean_times(own) - _mean_times(other))[other.samples]
        within = (times >= 0) & (times <= own.duration)
        halves = [
            own.thinned(torch.where(blended[own.samples], _halved(own, 0), own.multiplicities)),
            replace(other, times=times).thinned(
                torch.where(blended[other.samples] & within, _halved(other, 1), 0)
            ),
        ]
        both = SpikeTrains.concatenate(halves)
        samples = both.samples % len(indices)
        by_time = both.times.argsort(stable=True)
        order = by_time[samples[by_time].argsort(stable=True)]
        sizes = halves[0].sizes + halves[1].sizes
        return SpikeTrains(
            both.times[order],
            both.units[order],
            offsets_of(sizes),
            both.duration,
            None if both.counts is None else both.counts[order],
        )


def _halved(spikes: SpikeTrains, first: int) -> Tensor:
    """How many of each event's spikes are every second one of its sample, int64 [n_events].

    They are counted from the sample's spike number ``first``, 0 or 1.
    """
    counts = spikes.multiplicities
    before = torch.cat([counts.new_zeros(1), counts.cumsum(0)])
    start = before[:-1] - before[spikes.offsets[spikes.samples]]
    return (start + counts + 1 - first) // 2 - (start + 1 - first) // 2


def _mean_times(spikes: SpikeTrains) -> Tensor:
    """Mean spike time of each sample in seconds, [n_samples]; 0 without a spike."""
    counts, zeros = spikes.multiplicities, spikes.times.new_zeros(len(spikes))
    total = zeros.index_add(0, spikes.samples, spikes.times * counts)
    return total / zeros.index_add(0, spikes.samples, counts.double()).clamp(min=1)


class Augmenter:
    """One epoch's shifts and stretches of ``n_samples`` training samples of ``n_units`` channels.

    ``settings`` has their ranges.
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
        """Change ``spikes``, the samples ``indices`` (int64 [n_samples]) of the training data."""
        if not self.active:
            return spikes
        return moved(spikes, self.stretches[indices], self.shifts[indices], self.n_units)


def moved(spikes: SpikeTrains, stretches: Tensor, shifts: Tensor, n_units: int) -> SpikeTrains:
    """``spikes`` with each sample's times multiplied and its channels shifted.

    ``stretches`` are float64, ``shifts`` int64 [n_samples] each. Spikes that leave the channels or
    the duration are dropped.
    """
    arrays = (spikes.times, spikes.units, spikes.offsets, stretches, shifts)
    changed = _moved(*(array.numpy() for array in arrays), spikes.duration, n_units)
    times, units, offsets, events = map(torch.from_numpy, changed)
    counts = None if spikes.counts is None else spikes.counts[events]
    return SpikeTrains(times, units, offsets, spikes.duration, counts)


@njit(cache=True)
def _moved(
    times: np.ndarray,
    units: np.ndarray,
    offsets: np.ndarray,
    stretches: np.ndarray,
    shifts: np.ndarray,
    duration: float,
    n_units: int,
) -> tuple[np.ndarray, np.ndarray, np.ndarray, np.ndarray]:
    """Times and units of the events that stay, offsets, and which events those are."""
    stay = np.empty_like(units)
    new_times, new_units = np.empty_like(times), np.empty_like(units)
    new_offsets = np.zeros_like(offsets)
    kept = 0
    for b in range(len(offsets) - 1):
        for k in range(offsets[b], offsets[b + 1]):
            time, unit = times[k] * stretches[b], units[k] + shifts[b]
            if time <= duration and 0 <= unit < n_units:
                new_times[kept], new_units[kept], stay[kept] = time, unit, k
                kept += 1
        new_offsets[b + 1] = kept
    return new_times[:kept], new_units[:kept], new_offsets, stay[:kept]
