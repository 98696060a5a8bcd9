"""Where the time of one sample goes: the engine's kernels timed in isolation, times their number.

On one thread, for one sample of SHD's size at the contest's activity. The parts of the forward and
of the backward pass are compared with the passes themselves; what is left over is the work on
single spikes, the control of the loops, and what parts cost more when they follow each other.
"""

from __future__ import annotations

import json
import math
import sys
import time
from collections.abc import Callable
from statistics import median
from typing import Any

import numpy as np
import torch
from numba import njit

from contestant import Task
from engine import network
from spikegrad.engine import backward, forward, rows
from spikegrad.engine.formulas import (
    flow,
    load,
    propagator,
    root,
    store,
    through_spike,
    through_spike_adjoint,
)
from spikegrad.engine.records import SEGMENT, SPIKE
from spikegrad.parallel import events_of_samples, padded_weights

ROUNDS = 15
UNCACHED = {**rows.OPTIONS, "cache": False}


# Each loop runs one kernel on the slots of a replayed segment, [SEGMENT + 1, n_state, n].


@njit(**UNCACHED)
def run_flow(n, neuron, d, buffer):
    for i in range(n):
        rows.flow_all(neuron, d, buffer, i % SEGMENT, i % SEGMENT + 1)


@njit(**UNCACHED)
def run_near(n, neuron, d, buffer):
    found = 0
    for i in range(n):
        k = i % SEGMENT
        found += rows.any_near(neuron, d, buffer, k, k + 1)
    return found


@njit(**UNCACHED)
def run_find(n, neuron, d, buffer, found):
    for i in range(n):
        rows.find_crossed(neuron, d, buffer, i % SEGMENT, i % SEGMENT + 1, found)


@njit(**UNCACHED)
def run_row(n, neuron, weight, units, size, buffer):
    """``n`` rows, ``size`` at a time."""
    for i in range(n // size):
        first = i * size % (units.shape[0] - size + 1)
        rows.receive_all(neuron, weight, units, first, first + size, buffer, i % SEGMENT)


@njit(**UNCACHED)
def run_gradient(n, neuron, gradient, units, buffer, adjoint):
    for i in range(n):
        rows.add_weight_gradient(
            neuron, units[i % units.shape[0]], buffer, i % SEGMENT, adjoint, gradient
        )


@njit(**UNCACHED)
def run_adjoint(n, neuron, d, buffer, adjoint):
    for i in range(n):
        rows.adjoint_all(neuron, d, buffer, i % SEGMENT, adjoint)


@njit(**UNCACHED)
def run_arrival(n, neuron, weight, buffer, adjoint):
    total = 0.0
    for i in range(n):
        unit = i % weight.shape[0]
        total += rows.arrival_gradient_sum(neuron, weight, unit, buffer, i % SEGMENT, adjoint)
    return total


@njit(**UNCACHED)
def run_copy(n, buffer, checkpoints):
    for i in range(n):
        rows.copy_slot(buffer, 0, checkpoints, i % checkpoints.shape[0])


@njit(**UNCACHED)
def run_length(n, d):
    total = 0.0
    for i in range(n):
        total -= math.expm1(-d * i / n)
    return total


@njit(**UNCACHED)
def run_spike(n, neuron, d, buffer, k, unit, out):
    for i in range(n):
        step = d - d * type(d)(1e-7) * type(d)(i % 8)
        start = load(neuron, buffer, k, unit)
        first = root(neuron, step, start)
        plain = flow(neuron, propagator(neuron, step), start)
        end = through_spike(neuron, step, type(d)(first), start, plain)
        store(neuron, out, 0, i % out.shape[2], end)
        out[1, 0, 0] += type(d)(math.log1p(-first))


@njit(**UNCACHED)
def run_spike_adjoint(n, neuron, d, first, buffer, k, unit, adjoint, out):
    for i in range(n):
        after = load(neuron, adjoint, 0, i % adjoint.shape[2])
        start = load(neuron, buffer, k, unit)
        before = through_spike_adjoint(neuron, d, first, start, after, after, type(d)(1))
        store(neuron, out, 0, i % out.shape[2], before)


@njit(**UNCACHED)
def replay_all(neuron, events, weights, record, buffer, factors, near):
    """Replay the sample and mark the steps in which a neuron comes near its threshold, if asked."""
    m = 0
    for segment in range(record.checkpoints.shape[0]):
        m = backward.replay(neuron, events, weights, record, segment, m, buffer, factors)
        for step in range(segment * SEGMENT, min((segment + 1) * SEGMENT, near.shape[0])):
            k = step % SEGMENT
            near[step] = rows.any_near(neuron, record.steps[step], buffer, k, k + 1)


def seconds(job: Callable[[], object]) -> float:
    """Median processor time of several runs, after one that compiles."""
    job()
    times = []
    for _ in range(ROUNDS):
        start = time.thread_time()
        job()
        times.append(time.thread_time() - start)
    return median(times)


def per_call(run: Callable[..., object], *arguments: Any, n: int = 4000) -> float:
    return seconds(lambda: run(n, *arguments)) / n


def breakdown(t: Task) -> dict[str, Any]:
    """Counts, times of the kernels, and of both passes, for one sample."""
    net = network(t._replace(batch=4))
    layer, neuron = net.layer, net.layer.neuron
    events = events_of_samples(net.spikes)[0]
    weights = padded_weights(*layer._weights())
    duration, limit = net.spikes.duration, 1000 * t.hidden

    record = forward.forward(neuron, events, duration, weights, limit)
    n = weights.input.shape[1]
    n_state = len(neuron.variables())
    zeros = np.zeros((n_state, n), np.float32)
    grad_times = np.random.default_rng(0).normal(size=len(record.times))
    sums = np.zeros_like(weights.input), np.zeros_like(weights.recurrent)
    gradients = (grad_times, *sums, np.empty(0))

    n_segments = len(record.checkpoints)
    buffer = np.empty((SEGMENT + 1, n_state, n), np.float32)
    factors, adjoint = np.empty(n, np.float32), np.ones((2, n_state, n), np.float32)
    segment = n_segments // 2
    first = int((record.spike_steps < segment * SEGMENT).sum())
    backward.replay(neuron, events, weights, record, segment, first, buffer, factors)
    d, tiny = np.float32(np.median(record.steps)), np.float32(1e-6)
    marks, units = np.empty(n, np.uint8), events.units
    found = rows.Found(np.empty(n, np.int64), marks, marks.view(np.uint64), t.hidden)
    volley = round(len(units) / len(np.unique(events.times)))  # events that come together
    at, unit = int(record.spike_steps[first]), int(record.units[first])
    spiking = (neuron, record.steps[at]), (buffer, at - segment * SEGMENT, unit)
    out = np.empty_like(adjoint)

    def replay(near: np.ndarray) -> None:
        replay_all(neuron, events, weights, record, buffer.copy(), factors, near)

    n_steps, n_spikes = len(record.steps), len(record.times)
    coupled = len(weights.recurrent) > 0
    # neurons are searched in steps with a spike, and in those where one only came near
    searched = np.zeros(n_steps, bool)
    replay(searched)
    searched[record.spike_steps] = True
    arrivals = n_spikes if coupled else 0  # of rows of recurrent weights
    # where a spike ends a step early, all neurons flow once more
    flows = n_steps + int((record.sources == SPIKE).sum())
    calls = {
        "flow": per_call(run_flow, neuron, d, buffer),
        "near": per_call(run_near, neuron, d, buffer),
        "find": per_call(run_find, neuron, d, buffer, found),
        "row": per_call(run_row, neuron, weights.input, units, 1, buffer.copy()),
        "row of several": per_call(run_row, neuron, weights.input, units, volley, buffer.copy()),
        "gradient": per_call(run_gradient, neuron, sums[0], units, buffer, adjoint),
        "adjoint": per_call(run_adjoint, neuron, tiny, buffer, adjoint),
        "arrival": per_call(run_arrival, neuron, weights.recurrent, buffer, adjoint)
        if coupled
        else 0.0,
        "copy": per_call(run_copy, buffer, record.checkpoints.copy()),
        "length": per_call(run_length, float(d)),
        "spike": per_call(run_spike, *spiking[0], *spiking[1], out),
        "spike_adjoint": per_call(
            run_spike_adjoint, *spiking[0], record.delays[first], *spiking[1], adjoint, out
        ),
    }
    n_rows = len(units) + arrivals
    row_time = len(units) * calls["row of several"] + arrivals * calls["row"]
    parts = {
        "forward": {
            "lengths of steps": n_steps * calls["length"],
            "flows": flows * calls["flow"],
            "tests for spikes": n_steps * calls["near"],
            "search of the spiking neurons": searched.sum() * calls["find"],
            "spikes": n_spikes * calls["spike"],
            "rows of weights": row_time,
            "checkpoints": n_segments * calls["copy"],
        },
        "backward": {
            "replayed flows": n_steps * calls["flow"],
            "replayed spikes": n_spikes * calls["spike"],
            "replayed rows of weights": row_time,
            "adjoint of flows": n_steps * calls["adjoint"],
            "adjoint of spikes": n_spikes * calls["spike_adjoint"],
            "rows of gradients": n_rows * calls["gradient"],
            "feedback of spikes": arrivals * calls["arrival"],
        },
    }
    slot, row = 4 * n_state * n, 4 * n
    traffic = {
        # forward flows and tests touch two slots, as replayed flows do, adjoints three
        "states": slot * (2 * flows + 2 * n_steps + 2 * n_steps + 3 * n_steps),
        # a row, and the row of currents that it is added to, forward, replayed, and adjoint
        "weights and gradients": row * n_rows * 9,
        "checkpoints": 2 * record.checkpoints.nbytes,
    }
    return {
        "network": t.network,
        "neuron": t.neuron.upper(),
        "resolution": t.resolution,
        "events": len(units),
        "steps": n_steps,
        "flows": flows,
        "searched": int(searched.sum()),
        "spikes": n_spikes,
        "nanoseconds": {name: 1e9 * value for name, value in calls.items()},
        "parts": parts,
        "forward": seconds(lambda: forward.forward(neuron, events, duration, weights, limit)),
        "replay": seconds(lambda: replay(searched[:0])),
        "backward": seconds(
            lambda: backward.backward(neuron, events, weights, record, zeros, gradients)
        ),
        "traffic": traffic,
        "working_set": {
            "segment": buffer.nbytes,
            "weights": weights.input.nbytes + weights.recurrent.nbytes,
            "gradients": sum(s.nbytes for s in sums),
            "checkpoints": record.checkpoints.nbytes,
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
    return [breakdown(t) for t in (tasks[:1] if quick else tasks)]


if __name__ == "__main__":
    print(json.dumps(measure("--quick" in sys.argv)))
