"""The two passes of one sample: processor time of one thread, as active as in the contest."""

from __future__ import annotations

import json
import sys
from time import thread_time
from timeit import Timer
from typing import Any

import numpy as np
import torch

from contestant import Task
from engine import network
from spikegrad.engine import backward, forward
from spikegrad.parallel import events_of_samples, padded_weights

ROUNDS = 15


def measure_passes(t: Task) -> dict[str, Any]:
    """Seconds of both passes, medians of some rounds after one that compiles, and counts."""
    net = network(t._replace(batch=4))
    neuron, weights = net.layer.neuron, padded_weights(*net.layer._weights())
    events = events_of_samples(net.spikes, weights.input.dtype)[0]
    run = neuron, events, net.spikes.duration, weights, 1000 * t.hidden
    record = forward.forward(*run)
    zeros = np.zeros((len(neuron.variables()), weights.input.shape[1]), np.float32)
    grad_times = np.random.default_rng(0).normal(size=len(record.times))
    sums = np.zeros_like(weights.input), np.zeros_like(weights.recurrent)
    back = neuron, events, weights, record, zeros, (grad_times, *sums, np.empty(0))
    passes = {
        "forward": lambda: forward.forward(*run),
        "backward": lambda: backward.backward(*back),
    }
    return {
        "network": t.network,
        "neuron": t.neuron.upper(),
        "resolution": t.resolution,
        "events": len(events.units),
        "steps": len(record.steps),
        "spikes": len(record.times),
        **{
            name: float(np.median(Timer(call, timer=thread_time).repeat(ROUNDS + 1, 1)[1:]))
            for name, call in passes.items()
        },
    }


def measure(quick: bool) -> list[dict[str, Any]]:
    torch.set_num_threads(1)
    torch.set_flush_denormal(True)  # as the engine's threads do
    tasks = [
        Task(hidden, recurrent, step, 1, neuron)
        for hidden, recurrent in ((128, True), (256, False))
        for step in (None, 1e-3)
        for neuron in ("lif", "qif")
    ]
    return [measure_passes(t) for t in (tasks[:1] if quick else tasks)]


if __name__ == "__main__":
    print(json.dumps(measure("--quick" in sys.argv)))
