"""The two passes of a layer: processor time of one thread, as active as in the contest."""

from __future__ import annotations

import json
import sys
from statistics import median
from typing import Any

import torch

from coarse import timed
from contestant import Task
from engine import network

BATCH, ROUNDS = 16, 15


def measure_passes(t: Task) -> dict[str, Any]:
    """Seconds of both passes a sample, medians of some rounds after one that compiles, and counts
    of the first sample."""
    _, layer, spikes, _ = network(t)
    rounds = [timed(layer, spikes) for _ in range(ROUNDS + 1)][1:]
    out = layer(spikes)  # which keeps the log
    record = out.times.grad_fn.log().records[0]
    return {
        "network": t.network,
        "neuron": t.neuron.upper(),
        "resolution": t.resolution,
        "events": int(spikes.sizes[0]),
        "steps": len(record.steps),
        "spikes": len(record.times),
        **{
            name: median(passes) / len(spikes)
            for name, passes in zip(("forward", "backward"), zip(*rounds, strict=True), strict=True)
        },
    }


def measure(quick: bool) -> list[dict[str, Any]]:
    torch.set_num_threads(1)
    tasks = [
        Task(hidden, recurrent, step, BATCH, neuron)
        for hidden, recurrent in ((128, True), (256, False))
        for step in (None, 1e-3)
        for neuron in ("lif", "qif")
    ]
    return [measure_passes(t) for t in (tasks[:1] if quick else tasks)]


if __name__ == "__main__":
    print(json.dumps(measure("--quick" in sys.argv)))
