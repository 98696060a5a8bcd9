"""Random changes of training samples: shifted channels and stretched time."""

from __future__ import annotations

import torch
from torch import Tensor

from spikegrad.config.training import Augmentation
from spikegrad.spikes import SpikeTrains


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
        sample = spikes.samples
        times = spikes.times * self.stretches[indices][sample]
        units = spikes.units + self.shifts[indices][sample]
        kept = (times <= spikes.duration) & (units >= 0) & (units < self.n_units)
        before = torch.cat([torch.zeros(1, dtype=torch.int64), kept.cumsum(0)])
        return SpikeTrains(times[kept], units[kept], before[spikes.offsets], spikes.duration)
