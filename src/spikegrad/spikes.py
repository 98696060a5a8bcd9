"""Spike trains of many samples in one ragged batch."""

from __future__ import annotations

from dataclasses import dataclass

import torch
from torch import Tensor


class SpikeError(ValueError):
    """Spike trains break a rule; the message names the sample, what is wrong and what to do."""


@dataclass(frozen=True, eq=False)
class SpikeTrains:
    """A ragged batch of spike trains; sample ``b`` owns events ``offsets[b]:offsets[b + 1]``.

    Attributes
    ----------
    times
        Spike times in seconds, float64 [n_events], ascending within each sample, in
        [0, duration]. May carry gradients.
    units
        Index of the input channel or neuron that spikes, int64 [n_events].
    offsets
        First event of each sample and, last, the number of events, int64 [n_samples + 1].
    duration
        Length T of every trial in seconds.
    """

    times: Tensor
    units: Tensor
    offsets: Tensor
    duration: float

    def __len__(self) -> int:
        return len(self.offsets) - 1

    @property
    def counts(self) -> Tensor:
        """Events of each sample, int64 [n_samples]."""
        return self.offsets.diff()

    @property
    def samples(self) -> Tensor:
        """The sample that each event belongs to, int64 [n_events]."""
        return torch.repeat_interleave(torch.arange(len(self)), self.counts)

    def select(self, indices: Tensor) -> SpikeTrains:
        """The samples ``indices`` (int64 [n]), in that order."""
        counts = self.counts[indices]
        offsets = torch.cat([counts.new_zeros(1), counts.cumsum(0)])
        shift = torch.repeat_interleave(self.offsets[indices] - offsets[:-1], counts)
        events = torch.arange(int(offsets[-1])) + shift
        return SpikeTrains(self.times[events], self.units[events], offsets, self.duration)

    def check(self, n_units: int) -> None:
        """Verify every rule above, for a layer or file with ``n_units`` channels.

        Raises
        ------
        SpikeError
            Naming the first offending sample.
        """
        if self.times.dtype != torch.float64:
            raise SpikeError(f"spike times must be float64 seconds, not {self.times.dtype}")
        if len(self.times) != len(self.units):
            raise SpikeError(f"{len(self.times)} spike times but {len(self.units)} units")
        if len(self.offsets) < 1 or self.offsets[0] != 0 or self.offsets[-1] != len(self.times):
            raise SpikeError(f"offsets must run from 0 to the number of events, {len(self.times)}")
        if (self.counts < 0).any():
            raise SpikeError(f"sample {int((self.counts < 0).nonzero()[0])}: offsets decrease")
        times = self.times.detach()
        self._reject(~times.isfinite(), "a spike time is not finite")
        self._reject(times < 0, "a spike time is negative")
        self._reject(
            times > self.duration, f"a spike comes after the trial's end, {self.duration} s"
        )
        self._reject(
            (self.units < 0) | (self.units >= n_units), f"a unit is outside 0..{n_units - 1}"
        )
        decreasing = torch.zeros(len(times), dtype=torch.bool)
        decreasing[1:] = times[1:] < times[:-1]
        starts = self.offsets[:-1]
        decreasing[starts[starts < len(times)]] = False  # a new sample starts over
        self._reject(decreasing, "spike times are not sorted")

    def _reject(self, wrong: Tensor, problem: str) -> None:
        if wrong.any():
            event = int(wrong.nonzero()[0])
            sample = int(torch.searchsorted(self.offsets, event, right=True)) - 1
            raise SpikeError(
                f"sample {sample}: {problem} (event {event - int(self.offsets[sample])}: "
                f"t = {float(self.times[event])} s, unit {int(self.units[event])})"
            )
