"""Spike trains of many samples in one ragged batch."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import torch
from numpy.typing import ArrayLike
from torch import Tensor

from spikegrad.engine import njit
from spikegrad.sizes import whole
from spikegrad.times import positive_seconds, to_grid

LONGEST = 60.0
"""Seconds of a sample above which its duration may be meant in milliseconds."""
INTEGERS = {torch.int64, torch.int32, torch.int16, torch.int8, torch.uint8}


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
        Length T of every sample in seconds.
    counts
        How many spikes each event stands for, int64 [n_events], each at least 1; None if one each.
        An event with a count does what as many events of its time and unit do.
    n_units
        How many channels or neurons there are; None where only their numbers are known. Layers say
        it of their spikes.
    state
        The layer's state at the sample's end (see :meth:`SpikingLayer.run`); None for input.

    Raises
    ------
    SpikeError
        If types or shapes are not those. Integers of other widths are converted. What the tensors
        hold is verified by :meth:`check`.
    """

    times: Tensor
    units: Tensor
    offsets: Tensor
    duration: float
    counts: Tensor | None = None
    n_units: int | None = None
    state: tuple[Tensor, ...] | None = None

    def __post_init__(self) -> None:
        for name in ("times", "units", "offsets", "counts"):
            tensor = getattr(self, name)
            if name == "counts" and tensor is None:
                continue
            if not isinstance(tensor, Tensor):
                raise SpikeError(f"{name} must be a tensor, not {type(tensor).__name__}")
            if tensor.dim() != 1:
                raise SpikeError(f"{name} must be a list of numbers, not of {tensor.dim()} axes")
            if tensor.device.type != "cpu":
                raise SpikeError(f"{name} are on {tensor.device}; the engine runs on the CPU")
            if name == "times" and tensor.dtype != torch.float64:
                raise SpikeError(f"times must be float64 seconds, not {tensor.dtype}")
            if name != "times" and tensor.dtype not in INTEGERS:
                raise SpikeError(f"{name} must be whole numbers (int64), not {tensor.dtype}")
            wanted = tensor if name == "times" else tensor.to(torch.int64)
            object.__setattr__(self, name, wanted.contiguous())
        object.__setattr__(self, "duration", _seconds(self.duration, LONGEST))

    @classmethod
    def from_arrays(
        cls,
        times: Sequence[ArrayLike],
        units: Sequence[ArrayLike],
        duration: float,
        counts: Sequence[ArrayLike] | None = None,
    ) -> SpikeTrains:
        """A batch from the spike times (seconds) and units of each sample, in any order of time.

        ``counts`` are how many spikes each event stands for; without them, one each.

        Raises
        ------
        SpikeError
            Naming the sample, if times, units and counts are not as many, or a rule is broken.
        """
        duration = _seconds(duration)
        columns = {"times": times, "units": units} | ({} if counts is None else {"counts": counts})
        for name, own in columns.items():
            if (n := len(own)) != len(times):
                raise SpikeError(f"there are times of {len(times)} samples, but {name} of {n}")
        samples = [_one_sample(0, {name: [] for name in columns}, duration)]  # for types
        for b in range(len(times)):
            one = {name: column[b] for name, column in columns.items()}
            samples.append(_one_sample(b, one, duration))
        joined = {name: torch.cat([own[name] for own in samples]) for name in columns}
        offsets = torch.tensor([len(own["times"]) for own in samples]).cumsum(0)
        batch = cls(joined["times"], joined["units"], offsets, duration, joined.get("counts"))
        batch.check(int(batch.units.max()) + 1 if len(batch.units) else 1)
        return batch

    @classmethod
    def from_events(
        cls, events: Sequence[np.ndarray], duration: float, seconds: float = 1e-6
    ) -> SpikeTrains:
        """A batch from tonic's events: of each sample a structured array with the fields t and x.

        ``t`` is a time in units of ``seconds``, of which tonic has micro-, ``x`` a unit. SpikeError
        as :meth:`from_arrays`, or if the fields are absent.
        """
        for b, sample in enumerate(events):
            if not {"t", "x"} <= set(getattr(sample.dtype, "names", None) or ()):
                raise SpikeError(f"sample {b}: events need the fields t and x, not {sample.dtype}")
        times = [sample["t"] * seconds for sample in events]
        return cls.from_arrays(times, [sample["x"] for sample in events], duration)

    def __len__(self) -> int:
        return len(self.offsets) - 1

    def __getitem__(self, which: int | slice | Sequence[int] | Tensor) -> SpikeTrains:
        """One sample, a slice of them, or those of a list of numbers, as a batch."""
        if isinstance(which, slice):
            return self.select(torch.tensor(range(len(self))[which], dtype=torch.int64))
        numbers = torch.atleast_1d(torch.as_tensor(which))
        return self.select(numbers if numbers.numel() else numbers.to(torch.int64))

    def to(self, device: Any) -> SpikeTrains:
        """The batch itself on the CPU; SpikeError for any other device, which nothing runs on."""
        if torch.device(device).type != "cpu":
            raise SpikeError(f"the event engine runs on the CPU only, not on {device}")
        return self

    @classmethod
    def concatenate(cls, batches: Sequence[SpikeTrains]) -> SpikeTrains:
        """The samples of all ``batches``, in order; SpikeError if their durations differ."""
        durations = {batch.duration for batch in batches}
        if len(durations) != 1:
            raise SpikeError(f"batches of durations {sorted(durations)} s cannot become one")
        sizes = torch.cat([batch.sizes for batch in batches])
        numbers = {batch.n_units for batch in batches}
        counted = any(batch.counts is not None for batch in batches)
        return cls(
            torch.cat([batch.times for batch in batches]),
            torch.cat([batch.units for batch in batches]),
            offsets_of(sizes),
            durations.pop(),
            torch.cat([batch.multiplicities for batch in batches]) if counted else None,
            numbers.pop() if len(numbers) == 1 else None,
        )

    @property
    def sizes(self) -> Tensor:
        """Events of each sample, int64 [n_samples]."""
        return self.offsets.diff()

    @property
    def multiplicities(self) -> Tensor:
        """How many spikes each event stands for, int64 [n_events]: ``counts``, or ones."""
        return torch.ones_like(self.units) if self.counts is None else self.counts

    @property
    def samples(self) -> Tensor:
        """The sample that each event belongs to, int64 [n_events]."""
        return torch.repeat_interleave(torch.arange(len(self)), self.sizes)

    def select(self, indices: Tensor) -> SpikeTrains:
        """The samples ``indices`` (integers [n]; -1 is the last), in that order.

        Raises
        ------
        IndexError
            If the batch has no such sample.
        """
        if indices.dtype not in INTEGERS or indices.dim() != 1:
            raise IndexError(
                f"select takes a list of whole numbers, not {indices.dtype} {list(indices.shape)}"
            )
        indices = indices.to(torch.int64)
        wrong = indices[(indices < -len(self)) | (indices >= len(self))]
        if len(wrong):
            raise IndexError(f"there is no sample {int(wrong[0])}: the batch has {len(self)}")
        indices = torch.where(indices < 0, indices + len(self), indices)
        first, last = self.offsets[indices].tolist(), self.offsets[indices + 1].tolist()
        bounds = list(zip(first, last, strict=True))
        sizes = self.sizes[indices]

        def part(events: Tensor) -> Tensor:
            return torch.cat([events[:0], *(events[a:b] for a, b in bounds)])

        return SpikeTrains(
            part(self.times),
            part(self.units),
            offsets_of(sizes),
            self.duration,
            None if self.counts is None else part(self.counts),
            self.n_units,
        )

    def merged(self) -> SpikeTrains:
        """The same spikes, those of one sample, time and unit as one event with a count.

        Events of one time come in the order of their units. Times carry no gradients.
        """
        events = (self.times.detach(), self.units, self.offsets, self.multiplicities)
        found = _merged(*(array.numpy() for array in events))
        times, units, offsets, counts = map(torch.from_numpy, found)
        return SpikeTrains(times, units, offsets, self.duration, counts, self.n_units)

    def coarse(self, neighbours: int = 1, step: float | None = None) -> SpikeTrains:
        """The same spikes on a coarser grid: ``neighbours`` channels as one, times at the nearest
        multiples of ``step`` seconds, and spikes of one cell as one event with a count.

        With None times stay, and spikes are single events. Times carry no gradients. ValueError if
        ``neighbours`` is below 1, or ``step`` no positive number.
        """
        whole(neighbours=neighbours)
        if step is not None:
            positive_seconds(step, "step")
        times = to_grid(self.times.detach().numpy(), step, self.duration)
        n_units = None if self.n_units is None else -(-self.n_units // neighbours)
        units = self.units // neighbours
        moved = SpikeTrains(
            torch.from_numpy(times), units, self.offsets, self.duration, self.counts, n_units
        )
        return moved if step is None else moved.merged()

    def thinned(self, counts: Tensor) -> SpikeTrains:
        """The events with other ``counts`` (int64 [n_events], 0 removes an event), none larger.

        Without counts of its own, the batch has none afterwards.
        """
        kept = counts > 0
        sizes = torch.bincount(self.samples[kept], minlength=len(self))
        return SpikeTrains(
            self.times[kept],
            self.units[kept],
            offsets_of(sizes),
            self.duration,
            None if self.counts is None else counts[kept],
            self.n_units,
        )

    def check(self, n_units: int) -> None:
        """Verify every rule above, for a layer or file with ``n_units`` channels.

        Raises
        ------
        SpikeError
            Naming the first offending sample.
        """
        if self.n_units not in (None, n_units):
            raise SpikeError(
                f"the spikes are of {self.n_units} neurons or channels, but {n_units} are expected:"
                " let the sizes of what sends them and of what takes them agree"
            )
        if len(self.times) != len(self.units):
            raise SpikeError(f"{len(self.times)} spike times but {len(self.units)} units")
        if self.counts is not None and len(self.times) != len(self.counts):
            raise SpikeError(f"{len(self.times)} spike times but {len(self.counts)} counts")
        offsets = self.offsets.numpy()
        if len(offsets) < 1 or offsets[0] != 0 or offsets[-1] != len(self.times):
            raise SpikeError(f"offsets must run from 0 to the number of events, {len(self.times)}")
        if (falls := np.flatnonzero(np.diff(offsets) < 0)).size:
            raise SpikeError(f"sample {falls[0]}: offsets decrease")
        counts = np.empty(0, np.int64) if self.counts is None else self.counts.numpy()
        events = self.times.detach().numpy(), self.units.numpy(), offsets, counts
        if not _any_wrong(*events, self.duration, n_units):
            return
        times, units, samples = self.times.detach(), self.units, self.samples
        unsorted = (times[1:] < times[:-1]) & (samples[1:] == samples[:-1])
        wrong = {
            "a spike time is not finite": ~times.isfinite(),
            "a spike time is negative": times < 0,
            f"a spike comes after the sample's end, {self.duration} s": times > self.duration,
            f"a unit is outside 0..{n_units - 1}": (units < 0) | (units >= n_units),
            "spike times are not sorted": torch.cat([unsorted.new_zeros(1), unsorted]),
            "a count is below 1": self.multiplicities < 1,
        }
        event = int(torch.stack([*wrong.values()]).any(0).nonzero()[0])
        problem = next(rule for rule, events in wrong.items() if events[event])
        sample = int(samples[event])
        raise SpikeError(
            f"sample {sample}: {problem} (event {event - int(self.offsets[sample])}: "
            f"t = {float(times[event])} s, unit {int(units[event])})"
        )


def collate(samples: Sequence[tuple], duration: float) -> tuple[SpikeTrains, Tensor]:
    """(times, units, label) of each sample as a batch and labels, int64 [n_samples].

    Or (times, units, counts, label). For torch's DataLoader:
    ``collate_fn=functools.partial(collate, duration=1.4)``. SpikeError for a label that is no whole
    number, or as :meth:`SpikeTrains.from_arrays`.
    """
    if not samples:
        raise SpikeError("a batch needs at least one sample")
    times, units, *counts, labels = zip(*samples, strict=True)
    for label in labels:
        if not np.issubdtype(np.asarray(label).dtype, np.integer):
            raise SpikeError(f"labels must be whole numbers, not {label!r}: number your classes")
    numbers = torch.tensor([int(label) for label in labels])
    return SpikeTrains.from_arrays(times, units, duration, *counts), numbers


def _seconds(duration: Any, longest: float = math.inf) -> float:
    """``duration`` as a number of seconds; SpikeError if it is none."""
    try:
        return positive_seconds(float(duration), "duration", longest)
    except (TypeError, ValueError, RuntimeError):
        raise SpikeError(
            f"duration must be a positive, finite number of seconds, not {duration!r}"
        ) from None


def offsets_of(sizes: Tensor) -> Tensor:
    """The first event of each sample and, last, their number, from the samples' ``sizes``."""
    return torch.cat([sizes.new_zeros(1), sizes.cumsum(0)])


def _one_sample(sample: int, columns: dict[str, ArrayLike], duration: float) -> dict[str, Tensor]:
    """A sample's ``columns``, times and whole numbers, in the order of the times."""
    own = {name: np.asarray(column) for name, column in columns.items()}
    own["times"] = t = own["times"].astype(np.float64)
    for name, column in own.items():
        if t.ndim != 1 or column.shape != t.shape:
            raise SpikeError(
                f"sample {sample}: times and {name} must be lists of equal length, not of shapes "
                f"{t.shape} and {column.shape}"
            )
        if name != "times" and len(t) and not np.issubdtype(column.dtype, np.integer):
            raise SpikeError(f"sample {sample}: {name} must be whole numbers, not {column.dtype}")
    if len(t) and np.nanmax(t) > duration:
        hint = "; are the times milliseconds?" if np.nanmax(t) > 20 * duration else ""
        raise SpikeError(
            f"sample {sample}: a spike at {np.nanmax(t):g} s comes after the sample's end, "
            f"{duration} s{hint}"
        )
    order = np.argsort(t, kind="stable")
    types = {name: np.float64 if name == "times" else np.int64 for name in own}
    return {name: torch.from_numpy(own[name][order].astype(types[name])) for name in own}


@njit(cache=True)
def _merged(
    times: np.ndarray, units: np.ndarray, offsets: np.ndarray, counts: np.ndarray
) -> tuple[np.ndarray, np.ndarray, np.ndarray, np.ndarray]:
    """Each event is inserted among those of its time, which are few, by its unit."""
    new_times, new_units, new_counts = (
        np.empty_like(times),
        np.empty_like(units),
        np.empty_like(counts),
    )
    new_offsets = np.zeros_like(offsets)
    kept = 0
    for b in range(len(offsets) - 1):
        first = kept  # of the events of this time
        for k in range(offsets[b], offsets[b + 1]):
            if kept > first and new_times[kept - 1] != times[k]:
                first = kept
            place = kept
            while place > first and new_units[place - 1] > units[k]:
                place -= 1
            if place > first and new_units[place - 1] == units[k]:
                new_counts[place - 1] += counts[k]
                continue
            for later in range(kept, place, -1):
                new_units[later], new_counts[later] = new_units[later - 1], new_counts[later - 1]
            new_times[kept], new_units[place], new_counts[place] = times[k], units[k], counts[k]
            kept += 1
        new_offsets[b + 1] = kept
    return new_times[:kept], new_units[:kept], new_offsets, new_counts[:kept]


@njit(cache=True)
def _any_wrong(
    times: np.ndarray,
    units: np.ndarray,
    offsets: np.ndarray,
    counts: np.ndarray,
    duration: float,
    n_units: int,
) -> bool:
    """Whether an event breaks a rule; without branches, since nearly always none does."""
    right = True
    for k in range(len(times)):
        right &= (times[k] >= 0.0) & (times[k] <= duration)
    for k in range(len(units)):
        right &= (units[k] >= 0) & (units[k] < n_units)
    for k in range(len(counts)):
        right &= counts[k] > 0
    for b in range(len(offsets) - 1):
        own = times[offsets[b] : offsets[b + 1]]
        for k in range(1, len(own)):
            right &= own[k - 1] <= own[k]
    return not right
