"""How the engine's cost grows with events, neurons, batch and threads."""

from __future__ import annotations

import json
import sys
import time
from collections.abc import Iterator
from statistics import median
from typing import Any, NamedTuple

import numpy as np
import torch
from tqdm import tqdm

from contestant import Task
from engine import network, trainer
from workload import EVENTS

NEURONS = ("lif", "qif")
EVENT_COUNTS = (500, 1000, 2000, 4000, 8000, 16000, 32000, 64000)
SIZES = (32, 64, 128, 256, 512, 1024)
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
    """All curves, at full resolution; the first points of each if ``quick``."""
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
        task = Task(128, True, None, batch, neuron)
        curves.append([Point("batch, rec128", neuron, n, task._replace(batch=n)) for n in BATCHES])
        curves.append([Point("threads, rec128", neuron, n, task, threads=n) for n in (1, 2)])
        result += [point for curve in curves for point in (curve[:3] if quick else curve)]
    return result


def measure(quick: bool) -> list[dict[str, Any]]:
    """Median seconds of an update at each point; rounds of all points alternate."""
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


# Beyond these x a curve is shown and not fitted.
LIMITS = {"feedforward neurons": 512, "recurrent neurons": 512}


def fitted(
    points: list[dict[str, Any]], limits: dict[str, int] = LIMITS
) -> Iterator[tuple[str, str, np.ndarray, np.ndarray]]:
    """Curve, neuron, x and median seconds (of a sample; of a batch where that or threads vary)."""
    names = dict.fromkeys((point["curve"], point["neuron"]) for point in points)
    for curve, neuron in names:
        chosen = [
            point
            for point in points
            if (point["curve"], point["neuron"]) == (curve, neuron)
            and point["x"] <= limits.get(curve, point["x"])
        ]
        whole = curve.startswith(("batch", "threads"))
        seconds = [median(p["seconds"]) / (1 if whole else p["samples"]) for p in chosen]
        yield curve, neuron, np.array([float(p["x"]) for p in chosen]), np.array(seconds)


def exponent(x: np.ndarray, y: np.ndarray) -> float:
    """Slope of log y over log x by least squares."""
    return float(np.polyfit(np.log(x), np.log(y), 1)[0])


def departure(x: np.ndarray, y: np.ndarray) -> float:
    """Largest relative distance of y from the straight line a + b x that fits it best.

    The line minimises relative errors, so that small and large x count alike.
    """
    design = np.column_stack([1 / y, x / y])
    a, b = np.linalg.lstsq(design, np.ones(len(x)), rcond=None)[0]
    return float(np.abs((a + b * x) / y - 1).max())


if __name__ == "__main__":
    print(json.dumps(measure("--quick" in sys.argv)))
