"""Batches of samples through the engine: events, padding, threads, sums in a fixed order."""

from __future__ import annotations

import math
import os
from collections.abc import Callable, Iterable, Sequence
from concurrent.futures import ThreadPoolExecutor
from functools import cache
from itertools import pairwise
from typing import NamedTuple, TypeVar

import numpy as np
import torch
from torch import Tensor

from spikegrad.engine import sums
from spikegrad.engine.arrivals import delayed
from spikegrad.engine.records import Events, Weights
from spikegrad.engine.rows import LANES
from spikegrad.engine.volleys import (
    add_to_channels,
    channels_in_cache,
    gathered,
    gathered_copies,
    line_of_volleys,
    volleys,
)
from spikegrad.spikes import SpikeTrains

# Samples that one thread takes at a time, and whose weight gradients it sums. Fixed, and blocks
# are summed in order, so that no bit of the result depends on the number of threads.
BLOCK = 4
LARGE = 16
ROWS = 64  # of a gradient that one thread sums over the samples at a time


def events_of_samples(spikes: SpikeTrains, dtype: np.dtype) -> list[Events]:
    """The input of each sample, for weights of type ``dtype``."""
    times, units = spikes.times.detach().numpy(), spikes.units.numpy()
    counts = np.empty(0, dtype) if spikes.counts is None else spikes.counts.numpy().astype(dtype)
    bounds = spikes.offsets.tolist()
    return [Events(times[a:b], units[a:b], counts[a:b]) for a, b in pairwise(bounds)]


def arriving(
    spikes: SpikeTrains, dtype: np.dtype, delays: Tensor, n_in: int
) -> tuple[list[Events], list[np.ndarray]]:
    """The input of each sample after ``delays`` [n_rows], and the events that it consists of.

    Without delays, or if all are zero, the latter are not listed: they are all.
    """
    samples = events_of_samples(spikes, dtype)
    if not delays.any() and len(delays) <= n_in:
        return samples, []
    later = delays.detach().numpy()

    def delay(b: int) -> tuple[Events, np.ndarray]:
        *events, origins = delayed(*samples[b], later, n_in, spikes.duration)
        return Events(*events), origins

    found = in_threads(delay, range(len(samples)))
    return [events for events, _ in found], [origins for _, origins in found]


class Input(NamedTuple):
    """The input of one sample as the engine takes it: events one by one, or volleys."""

    events: Events
    weights: Weights
    bounds: np.ndarray = np.empty(0, np.int64)
    """The first event of each volley, see :mod:`spikegrad.engine.volleys`; [0] if one by one."""
    places: np.ndarray = np.empty((1, 0), np.int64)
    """The rows of the volleys' copies, int64 [n_copies, n_volleys]."""


def taken(events: Events, weights: Weights) -> Input:
    """Events as volleys, if these are large, or few beside the channels; or one by one.

    A row is written and read once more than the weights are, which pays from about ``LARGE`` events
    a volley on, or where weights lie beyond the cache.
    """
    bounds = volleys(events.times)
    n_volleys, n_channels = len(bounds) - 1, len(weights.input)
    least = LARGE if n_channels <= channels_in_cache(weights.input) else 2
    if n_volleys * least > len(events.times) and 2 * n_volleys > n_channels:
        return Input(events, weights)
    rows, reach = gathered(weights.input, weights.reach, events.units, events.counts, bounds)
    times = events.times[bounds[:-1]]
    numbers = np.arange(n_volleys)
    together = Events(times, numbers, events.counts[:0])
    return Input(together, weights._replace(input=rows, reach=reach), bounds, numbers[None])


def taken_copies(
    copies: int, step: float, duration: float, events: Events, weights: Weights
) -> Input:
    """Volleys of ``copies`` of the events, each ``step`` seconds after the one before."""
    bounds = volleys(events.times)
    times, places = line_of_volleys(events.times[bounds[:-1]], step, copies, duration)
    rows, reach = gathered_copies(
        weights.input, events.units, events.counts, bounds, places, len(times)
    )
    together = Events(times, np.arange(len(times)), events.counts[:0])
    return Input(together, weights._replace(input=rows, reach=reach), bounds, places)


Backward = Callable[..., float]
"""Adds the gradients of a sample, given its number, to arrays; the sum of the squares of others."""
J = TypeVar("J")
R = TypeVar("R")


def sum_of_blocks(run: Backward, like: Sequence[np.ndarray], n_samples: int) -> list[np.ndarray]:
    """Gradients of weights ``like`` these, summed over the samples."""

    def run_block(block: range) -> list[np.ndarray]:
        own = [np.zeros_like(array) for array in like]
        for b in block:
            run(b, *own)
        return own

    total = [np.zeros_like(array) for array in like]
    for block in in_threads(run_block, blocks(n_samples)):
        for whole, part in zip(total, block, strict=True):
            whole += part
    return total


def sum_of_clipped(
    run: Backward, like: Sequence[np.ndarray], n_samples: int, clip: float
) -> tuple[list[np.ndarray], np.ndarray, np.ndarray]:
    """The same with each sample's gradient clipped; its norms before, and the factors by which it
    is scaled, float64 [n_samples].

    Norms are those of the first two arrays and of what ``run`` returns together. The largest norm
    is ``clip`` times the median of those that are not zero. All samples' gradients are kept until
    the median is known.
    """
    bounds = np.cumsum([0, *map(len, like)]).tolist()
    parts = np.empty((n_samples, bounds[-1], like[0].shape[1]), like[0].dtype)

    def run_sample(b: int) -> float:
        parts[b] = 0
        others = run(b, *(parts[b, first:last] for first, last in pairwise(bounds)))
        return sums.square_sum(parts[b, : bounds[2]]) + others

    norms = np.sqrt(np.array(in_threads(run_sample, range(n_samples)), np.float64))
    some = norms[norms > 0]
    largest = clip * np.median(some) if len(some) else 1.0
    with np.errstate(invalid="ignore"):  # norms that are not finite: the total is not, either
        factors = largest / np.maximum(norms, largest)
    total, scales = np.empty(parts.shape[1:], parts.dtype), factors.astype(parts.dtype)

    def add_rows(first: int) -> None:
        last = min(first + ROWS, len(total))
        sums.weighted_sum(parts, scales, first, last, total)

    in_threads(add_rows, range(0, len(total), ROWS))
    return [total[first:last] for first, last in pairwise(bounds)], norms, factors


class VolleyGradients(NamedTuple):
    """Gradients of the weights of one sample whose events came as volleys."""

    rows: np.ndarray
    """Those of what arrives together, [n_rows, n]."""
    places: np.ndarray
    """The rows of the volleys' copies, see :class:`Input`."""
    order: tuple[np.ndarray, ...]
    """The sample's events by channel, see :func:`spikegrad.engine.volleys.by_channel`."""


def add_volleys(
    total: np.ndarray, samples: Sequence[VolleyGradients | None], factors: np.ndarray
) -> None:
    """Add the gradients of samples, scaled by ``factors``, to ``total`` [n_channels, n]."""

    at_once = min(channels_in_cache(total), -(-len(total) // torch.get_num_threads()))

    def add_channels(first: int) -> None:
        last = min(first + at_once, len(total))
        for own, factor in zip(samples, factors.astype(total.dtype), strict=True):
            if own is not None:
                add_to_channels(*own, factor, first, last, total)

    if any(own is not None for own in samples):
        in_threads(add_channels, range(0, len(total), at_once))


def blocks(n_samples: int) -> list[range]:
    """The samples that one thread takes at a time."""
    return [range(b, min(b + BLOCK, n_samples)) for b in range(0, n_samples, BLOCK)]


def padded_weights(weight: Tensor, recurrent: Tensor, delays: np.ndarray | None = None) -> Weights:
    """Weights as the kernels read them; ValueError if they are not finite.

    ``delays`` are the seconds (float64 [n_rows]) after which spikes arrive over each row of
    ``recurrent``; without them, they do at once.
    """
    forth, back = padded(weight), padded(recurrent)
    reach, reach_back = np.abs(forth).max(1), np.abs(back).max(1)
    if not (np.isfinite(reach).all() and np.isfinite(reach_back).all()):
        raise ValueError("the layer's weights are not finite: training has diverged")
    later = np.zeros(len(back)) if delays is None else delays
    soonest = later.min(initial=math.inf)
    lags = np.zeros((0, 0))
    return Weights(forth, back, reach, reach_back, later, soonest, lags, 0.0, weight.shape[1])


def padded(tensor: Tensor) -> np.ndarray:
    """A copy as a C-ordered array with its last axis padded by zeros to whole registers."""
    n = tensor.shape[-1]
    array = tensor.detach().numpy()
    wide = np.zeros((*tensor.shape[:-1], n + -n % LANES), array.dtype)
    wide[..., :n] = array
    return wide


def in_threads(function: Callable[[J], R], jobs: Iterable[J]) -> list[R]:
    """``function`` of each of ``jobs``, over torch's number of threads: kernels release the GIL.

    Threads take one job after the other, in their order. If some fail, the error is that of the
    first: all before it have been taken, too.
    """
    todo = list(jobs)
    done: dict[int, R] = {}
    failed: dict[int, BaseException] = {}
    numbers = iter(range(len(todo)))

    def work() -> None:
        while not failed and (j := next(numbers, None)) is not None:
            try:
                done[j] = function(todo[j])
            except BaseException as error:
                failed[j] = error

    threads = torch.get_num_threads()
    for task in [_pool(threads).submit(work) for _ in range(min(threads, len(todo)))]:
        task.result()
    if failed:
        raise failed[min(failed)]
    return [done[j] for j in range(len(todo))]


@cache
def _pool(threads: int) -> ThreadPoolExecutor:
    """Threads that flush denormal numbers: decayed currents would make them crawl."""
    return ThreadPoolExecutor(
        threads, "spikegrad", initializer=torch.set_flush_denormal, initargs=(True,)
    )


# A forked child inherits the pools but none of their threads.
os.register_at_fork(after_in_child=_pool.cache_clear)
