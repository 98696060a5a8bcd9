"""What all contestants share: the task, its random events, and how updates are timed.

Each contestant is a process of its own. Its command line holds its :class:`Task` as JSON and the
file descriptor for its answers, one JSON object a line: standard output belongs to the libraries.
Before each round it waits for a line on standard input.
"""

from __future__ import annotations

import json
import os
import re
import sys
import time
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np

N_UNITS, N_CLASSES, DURATION = 700, 20, 1.0
COPY_STEP = 0.032  # seconds between the copies of a line of delays
TAU_MEMBRANE, TAU_SYNAPSE = 0.02, 0.01  # seconds
WARM_UPS = 3  # compiles, and again for the optimiser's first real state


class Task(NamedTuple):
    """An update of a network with one hidden layer and 20 classes, and who makes it."""

    hidden: int
    recurrent: bool
    step: float | None  # of the grid of event times, in seconds; None for full resolution
    batch: int = 32
    channels: int = N_UNITS
    copies: int = 1  # of the input, in a line of delays
    n_events: int = 7_850  # of a sample, about
    peer: str = ""  # as peers.toml names it; without one spikegrad
    neuron: str = "lif"
    variant: str = ""  # recurrent spikes that arrive "a step later", or the "clocked" layer

    @property
    def n_inputs(self) -> int:
        return self.copies * self.channels

    @property
    def network(self) -> str:
        """As in rec128."""
        channels = f", {self.channels} channels" if self.channels < N_UNITS else ""
        line = f", line of {self.copies}" if self.copies > 1 else ""
        return f"{'rec' if self.recurrent else 'ff'}{self.hidden}{channels}{line}"


def task() -> Task:
    """The task on the command line."""
    return Task(**json.loads(sys.argv[1]))


def events(t: Task) -> list[np.ndarray]:
    """For each sample its events as rows (time in seconds, channel), sorted by time.

    They are as many and as uneven as SHD's: counts are lognormal around ``n_events`` with SHD's
    spread, clipped to 2,700..17,700 of 7,850. Of fewer channels each merges neighbouring units.
    """
    rng = np.random.default_rng(0)
    spread = np.clip(rng.lognormal(-0.026, 0.25, t.batch), 0.344, 2.255)
    samples = []
    for count in (t.n_events * spread).astype(int):
        times = np.sort(rng.uniform(0, DURATION, count))
        if t.step is not None:
            times = np.floor(times / t.step) * t.step
        units = rng.integers(0, N_UNITS, count) // (N_UNITS // t.channels)
        samples.append(np.column_stack([times, units]))
    return samples


def binned(t: Task) -> np.ndarray:
    """The same events as counts, float32 [n_steps, batch, copies * channels], for clocked peers;
    each of the ``copies`` comes ``COPY_STEP`` after the one before."""
    n_steps = round(DURATION / t.step)
    counts = np.zeros((n_steps, t.batch, t.copies, t.channels), np.float32)
    for b, sample in enumerate(events(t._replace(step=None))):
        rows = np.minimum((sample[:, 0] / t.step).astype(int), n_steps - 1)
        np.add.at(counts[:, :, 0], (rows, b, sample[:, 1].astype(int)), 1)
    for c in range(1, t.copies):
        later = round(c * COPY_STEP / t.step)
        counts[later:, :, c] = counts[: n_steps - later, :, 0]
    return counts.reshape(n_steps, t.batch, t.n_inputs)


def labels(t: Task) -> np.ndarray:
    return np.arange(t.batch) % N_CLASSES


def decays(step: float) -> tuple[float, float]:
    """Factors by which a synaptic current and a membrane potential decay in one step."""
    return float(np.exp(-step / TAU_SYNAPSE)), float(np.exp(-step / TAU_MEMBRANE))


def timed(update: Callable[[], object], least: float = 0.2) -> float:
    """Seconds of an update, the mean of those that ``least`` seconds have room for, one at least,
    after as many: some machines take memory from who waits, and are slow to wake threads."""
    for _ in range(2):
        start, n = time.perf_counter(), 0
        while n == 0 or time.perf_counter() - start < least:
            update()
            n += 1
    return (time.perf_counter() - start) / n


def by_turns(updates: Sequence[Callable[[], object]], n_rounds: int) -> list[list[float]]:
    """Seconds of each update in each of ``n_rounds``, in which all take turns."""
    rounds = [[timed(update) for update in updates] for _ in range(n_rounds)]
    return [list(seconds) for seconds in zip(*rounds, strict=True)]


def measured(seconds: Sequence[float], units: int) -> dict[str, float]:
    """Median ``seconds`` for one of ``units``, and half the interquartile range beside it."""
    low, middle, high = np.percentile(seconds, [25, 50, 75])
    return {"seconds": float(middle / units), "spread": float((high - low) / (2 * middle))}


def peak_memory() -> float:
    """The largest resident memory of this process so far, in MB."""
    status = Path("/proc/self/status").read_text()
    return int(re.search(r"VmHWM:\s+(\d+) kB", status)[1]) / 1024


def compete(update: Callable[[], object]) -> None:
    """Make ready, then time ``update`` for each line of standard input."""
    answers = os.fdopen(int(sys.argv[2]), "w")

    def answer(**values: Any) -> None:
        print(json.dumps(values), file=answers, flush=True)

    for _ in range(WARM_UPS):
        update()
    answer()
    for _ in sys.stdin:
        answer(seconds=timed(update))
    answer(peak_memory=peak_memory())
