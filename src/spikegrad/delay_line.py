"""A line of delayed copies of spike trains."""

from __future__ import annotations

from functools import cached_property
from typing import Any

import numpy as np
import torch
from torch import Tensor, nn

from spikegrad.engine.arrivals import delayed_line
from spikegrad.engine.volleys import volleys
from spikegrad.parallel import events_of_samples, in_threads
from spikegrad.sizes import whole
from spikegrad.spikes import SpikeTrains
from spikegrad.times import positive_seconds
from spikegrad.wrappers import once_differentiable

FEW = 4
"""Spikes at a time, on average, below which copies are events each."""


class DelayLine(nn.Module):
    """Spike trains and delayed copies of them as further channels.

    Copy c of channel u is the channel ``c * n_units + u``, and comes ``c * step`` seconds later.
    What would come after the sample's end is lost. A layer behind the line sees the recent past of
    its input at a time, as those of Nowotny, Turner and Knight (Neuromorph. Comput. Eng. 2025) do.
    Gradients of the copies' times add up to those of the spikes.

    Parameters
    ----------
    n_units
        Channels of the input.
    copies
        How often each channel appears, the first time without a delay.
    step
        Seconds between a copy and the next.

    Raises
    ------
    ValueError
        If a number is not whole or below 1, or ``step`` no positive number.
    """

    def __init__(self, n_units: int, copies: int, step: float) -> None:
        super().__init__()
        self.n_units, self.copies = whole(n_units=n_units, copies=copies)
        self.step = positive_seconds(step, "step")

    def extra_repr(self) -> str:
        return f"{self.n_units}, copies={self.copies}, step={self.step}"

    def arguments(self) -> dict[str, Any]:
        """What such a line is made with, as plain values."""
        return {"n_units": self.n_units, "copies": self.copies, "step": self.step}

    @property
    def n_out(self) -> int:
        """Channels of the output."""
        return self.copies * self.n_units

    def forward(self, spikes: SpikeTrains) -> SpikeTrains:
        """The copies of ``spikes``; SpikeError if these break a rule of :class:`SpikeTrains`."""
        spikes.check(self.n_units)
        return DelayedCopies.of(spikes, self.copies, self.step, self.n_out)


class DelayedCopies(SpikeTrains):
    """What a :class:`DelayLine` makes of spikes: any other batch to those who look at its events,
    which are made when somebody does; layers do not where many spikes come together.

    Attributes
    ----------
    origin
        The spikes that the line was given.
    copies, step, n_units
        As those of the line, but that ``n_units`` counts all channels.
    """

    origin: SpikeTrains
    copies: int
    step: float
    n_units: int

    def __new__(cls, *fields: Any, **named: Any) -> Any:
        """Plain spike trains where fields are given, as ``dataclasses.replace`` does."""
        return SpikeTrains(*fields, **named) if fields or named else super().__new__(cls)

    @classmethod
    def of(cls, origin: SpikeTrains, copies: int, step: float, n_units: int) -> DelayedCopies:
        """The copies of ``origin``, which is checked for the line."""
        own = cls.__new__(cls)  # the fields of a batch are computed
        own.__dict__.update(origin=origin, copies=copies, step=step, n_units=n_units, state=None)
        own.__dict__.update(duration=origin.duration)
        return own

    @cached_property
    def made(self) -> SpikeTrains:
        """The same as plain spike trains."""
        spikes, n_units = self.origin, self.n_units // self.copies

        def run_sample(b: int) -> tuple[np.ndarray, ...]:
            line = self.step, self.copies, n_units, spikes.duration
            return delayed_line(*samples[b], *line)

        samples = events_of_samples(spikes, np.dtype(np.int64))
        found = in_threads(run_sample, range(len(samples)))
        offsets = np.cumsum([0, *(len(times) for times, *_ in found)])
        nothing = np.empty(0), *(np.empty(0, np.int64) for _ in range(3))
        times, rows, counts, origins = map(np.concatenate, zip(nothing, *found, strict=True))
        origins += np.repeat(spikes.offsets[:-1].numpy(), np.diff(offsets))
        with torch.enable_grad():  # whoever looks first, others may need gradients
            moved = _Copied.apply(spikes.times, torch.from_numpy(times), torch.from_numpy(origins))
        return SpikeTrains(
            moved,
            torch.from_numpy(rows),
            torch.from_numpy(offsets),
            spikes.duration,
            None if spikes.counts is None else torch.from_numpy(counts),
            self.n_units,
        )

    times = cached_property(lambda self: self.made.times)
    units = cached_property(lambda self: self.made.units)
    offsets = cached_property(lambda self: self.made.offsets)
    counts = cached_property(lambda self: self.made.counts)

    def __len__(self) -> int:
        return len(self.origin)

    def select(self, indices: Tensor) -> SpikeTrains:
        """As :meth:`SpikeTrains.select`."""
        return self.of(self.origin.select(indices), self.copies, self.step, self.n_units)

    def check(self, n_units: int) -> None:
        """As :meth:`SpikeTrains.check`; the rules hold if they hold for the origin's spikes."""
        if self.n_units != n_units:
            self.made.check(n_units)

    def come_together(self) -> bool:
        """Whether many spikes come at a time, and their times need no gradients."""
        origin = self.origin
        if origin.times.requires_grad:
            return False
        n_times = sum(
            len(volleys(events.times)) - 1
            for events in events_of_samples(origin, np.dtype(np.int64))
        )
        return FEW * n_times <= len(origin.times)


class _Copied(torch.autograd.Function):
    """The times of copies of spikes, from ``origins``, the numbers of the spikes."""

    @staticmethod
    def forward(ctx: Any, spikes: Tensor, times: Tensor, origins: Tensor) -> Tensor:
        ctx.n_spikes = len(spikes)
        ctx.save_for_backward(origins)
        return times

    @staticmethod
    @once_differentiable
    def backward(ctx: Any, grad_times: Tensor) -> tuple:
        (origins,) = ctx.saved_tensors
        total = np.bincount(origins.numpy(), grad_times.numpy(), minlength=ctx.n_spikes)
        return torch.from_numpy(total), None, None
