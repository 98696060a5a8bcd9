"""How the engine's cost grows with events, neurons, delayed copies, batch and threads."""

from __future__ import annotations

import json
import sys
import time
from typing import Any, NamedTuple

import torch
from tqdm import tqdm

from contestant import Task
from engine import network, trainer
from workload import EVENTS

NEURONS = ("lif", "qif")
EVENT_COUNTS = (500, 1000, 2000, 4000, 8000, 16000, 32000, 64000)
SIZES = (32, 64, 128, 256, 512, 1024)
COPIES = (1, 2, 4, 8, 16)
BATCHES = (1, 2, 4, 8, 16, 32, 64, 128)
ROUNDS = 5


class Point(NamedTuple):
    """One setting; ``x`` is what varies along its curve."""

    curve: str
    neuron: str
    x: int
    task: Task
    n_events: int = EVENTS
    threads: int = 1


def points(quick: bool) -> list[Point]:
    """All curves; every third point if ``quick``."""
    batch = 8 if quick else 64
    result = []
    for neuron in NEURONS:
        curves = []
        for recurrent, name in ((False, "feedforward"), (True, "recurrent")):
            task = Task(128, recurrent, None, 4, neuron)
            curve = f"events, 128 {name} neurons"
            curves.append([Point(curve, neuron, n, task, n_events=n) for n in EVENT_COUNTS])
            curve = f"{name} neurons"
            curves.append([Point(curve, neuron, n, task._replace(hidden=n)) for n in SIZES])
        line = Task(128, True, 4e-3, 4, neuron, channels=140)
        lines = [Point("copies, rec128", neuron, n, line._replace(copies=n)) for n in COPIES]
        curves.append(lines)
        task = Task(128, True, None, batch, neuron)
        curves.append([Point("batch, rec128", neuron, n, task._replace(batch=n)) for n in BATCHES])
        curves.append([Point("threads, rec128", neuron, n, task, threads=n) for n in (1, 2)])
        result += [
            point for curve in curves for point in curve[:: 3 if quick and len(curve) > 2 else 1]
        ]
    return result


def measure(quick: bool) -> list[dict[str, Any]]:
    """Seconds of updates at each point; rounds of all points alternate.

    Each is timed after another: the first after a wait is slower, on a machine that takes memory
    from processes that wait.
    """
    settings = points(quick)
    updates = []
    for point in tqdm(settings, "scaling: networks", disable=None):
        torch.set_num_threads(point.threads)
        net = network(point.task, point.n_events)
        update = trainer(net)
        update()
        updates.append((update, net.activity))
    seconds: list[list[float]] = [[] for _ in settings]
    for _ in tqdm(range(2 if quick else ROUNDS), "scaling", disable=None):
        for point, (update, _), times in zip(settings, updates, seconds, strict=True):
            torch.set_num_threads(point.threads)
            update()
            start = time.perf_counter()
            update()
            times.append(time.perf_counter() - start)
    return [
        {
            "curve": point.curve,
            "neuron": point.neuron.upper(),
            "x": point.x,
            "activity": activity,
            "samples": point.task.batch,
            "seconds": times,
        }
        for point, (_, activity), times in zip(settings, updates, seconds, strict=True)
    ]


if __name__ == "__main__":
    print(json.dumps(measure("--quick" in sys.argv)))
