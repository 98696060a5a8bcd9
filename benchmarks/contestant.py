"""What a contestant does: it makes ready, times an update when asked, and names its peak memory.

Each contestant is a process of its own, whose command line holds its :class:`Task` as JSON and the
file descriptor to answer on, by one JSON object a line: standard output belongs to the libraries.
Before each round it waits for a line on standard input.
"""

from __future__ import annotations

import json
import os
import re
import sys
import time
from collections.abc import Callable
from importlib.metadata import version
from pathlib import Path
from typing import Any, NamedTuple

WARM_UPS = 3  # compiles, and again for the optimiser's first real state


class Task(NamedTuple):
    """Forward, backward and update of a network with 20 classes."""

    hidden: int
    recurrent: bool
    step: float | None
    """Grid of the event times in seconds; None for full resolution."""
    batch: int
    neuron: str = "lif"
    drive: float = 0.0
    layers: int = 1
    """Hidden layers of ``hidden`` neurons each."""
    channels: int = 700
    copies: int = 1
    """Of the input, in a line of delays."""
    clocked: bool = False
    """Whether spikegrad takes its clocked layers."""
    later: bool = False
    """Whether its recurrent spikes arrive a step of the grid later, as clocked peers' do."""

    @property
    def n_inputs(self) -> int:
        """What the first hidden layer receives from."""
        return self.copies * self.channels

    @property
    def network(self) -> str:
        """As in rec128."""
        width = f"{self.layers}x{self.hidden}" if self.layers > 1 else f"{self.hidden}"
        parts = [f"{'rec' if self.recurrent else 'ff'}{width}"]
        if self.channels != 700:
            parts.append(f"{self.channels} channels")
        if self.copies > 1:
            parts.append(f"line of {self.copies}")
        return ", ".join(parts)

    @property
    def resolution(self) -> str:
        return "full" if self.step is None else f"{1000 * self.step:g} ms"


def task() -> Task:
    """The task on the command line."""
    return Task(**json.loads(sys.argv[1]))


def peak_memory() -> float:
    """The largest resident memory of this process so far, in MB."""
    status = Path("/proc/self/status").read_text()
    return int(re.search(r"VmHWM:\s+(\d+) kB", status)[1]) / 1024


def compete(update: Callable[[], object], *packages: str, **facts: Any) -> None:
    """Run ``update`` once a line of standard input; ``packages`` are named with their versions."""
    answers = os.fdopen(int(sys.argv[2]), "w")

    def answer(**values: Any) -> None:
        print(json.dumps(values), file=answers, flush=True)

    for _ in range(WARM_UPS):
        update()
    answer(versions={package: version(package) for package in packages}, **facts)
    for _ in sys.stdin:
        update()  # as in training, after another: a machine may take memory from those that wait
        start = time.perf_counter()
        update()
        answer(seconds=time.perf_counter() - start)
    answer(peak_memory=peak_memory())
