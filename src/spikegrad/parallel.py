"""Batches of samples through the engine: arrays, padding, threads, sums in a fixed order."""

from __future__ import annotations

import math
import os
from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from functools import cache
from itertools import pairwise
from typing import TypeVar

import numpy as np
import torch
from torch import Tensor

from spikegrad.engine import sums
from spikegrad.engine.records import Events, Weights
from spikegrad.engine.rows import LANES
from spikegrad.spikes import SpikeTrains

SMALLEST = np.finfo(np.float64).tiny  # of the numbers that are not denormal
ROWS = 64  # of a gradient that one thread sums over the samples at a time
J = TypeVar("J")
R = TypeVar("R")


def events_of_samples(spikes: SpikeTrains, dtype: np.dtype) -> list[Events]:
    """The input of each sample, for weights of type ``dtype``."""
    times, units = spikes.times.detach().numpy(), spikes.units.numpy()
    counts = np.empty(0, dtype) if spikes.counts is None else spikes.counts.numpy().astype(dtype)
    bounds = spikes.offsets.tolist()
    return [Events(times[a:b], units[a:b], counts[a:b]) for a, b in pairwise(bounds)]


def weighted_sum(parts: np.ndarray, factors: np.ndarray) -> np.ndarray:
    """The sum of ``parts`` [n_parts, rows, n], each times its factor."""
    total = np.zeros(parts.shape[1:], parts.dtype)
    scales = factors.astype(parts.dtype)

    def add_rows(first: int) -> None:
        sums.weighted_sum(parts, scales, first, min(first + ROWS, len(total)), total)

    in_threads(add_rows, range(0, len(total), ROWS))
    return total


def in_each_thread(kernel: Callable[..., object], *arguments: object, n_jobs: int) -> None:
    """Call ``kernel`` in each of torch's threads, of which at most ``n_jobs`` have work; each takes
    its jobs from the counter, int64 [1], before the ``arguments``."""
    counter = np.zeros(1, np.int64)
    threads = min(torch.get_num_threads(), n_jobs)
    in_threads(lambda _: kernel(counter, *arguments), range(threads))


def padded_weights(
    weight: Tensor, recurrent: Tensor, start: Tensor, delays: np.ndarray | None = None
) -> Weights:
    """Weights, and states at t = 0, as the kernels read them; ValueError if weights are not finite.

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
    begin = np.pad(start.detach().numpy(), ((0, 0), (0, forth.shape[1] - start.shape[1])), "edge")
    n_out = weight.shape[1]
    return Weights(forth, back, reach, reach_back, later, soonest, lags, 0.0, n_out, begin)


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
    todo, threads = list(jobs), torch.get_num_threads()
    if threads == 1 or len(todo) == 1:
        with _denormals_flushed():
            return [function(job) for job in todo]
    done: dict[int, R] = {}
    failed: dict[int, BaseException] = {}
    numbers = iter(range(len(todo)))

    def work() -> None:
        while not failed and (j := next(numbers, None)) is not None:
            try:
                done[j] = function(todo[j])
            except BaseException as error:
                failed[j] = error

    for task in [_pool(threads).submit(work) for _ in range(min(threads, len(todo)))]:
        task.result()
    if failed:
        raise failed[min(failed)]
    return [done[j] for j in range(len(todo))]


@contextmanager
def _denormals_flushed() -> Iterator[None]:
    """As in the pool's threads."""
    before = bool(SMALLEST / 2 == 0)
    torch.set_flush_denormal(True)
    try:
        yield
    finally:
        torch.set_flush_denormal(before)


@cache
def _pool(threads: int) -> ThreadPoolExecutor:
    """Threads that flush denormal numbers: decayed currents would make them crawl."""
    return ThreadPoolExecutor(
        threads, "spikegrad", initializer=torch.set_flush_denormal, initargs=(True,)
    )


# A forked child inherits the pools but none of their threads.
os.register_at_fork(after_in_child=_pool.cache_clear)
