"""Random networks, samples and misuse: a right result or one clear error, in bounded time.

As many cases as SPIKEGRAD_CASES says (weekly: 20,000, an hour); each is a function of its number.
"""

from __future__ import annotations

import os
import signal
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import numpy as np
import torch

from networks import DAILY
from spikegrad.first_spike import FirstSpikeReadout
from spikegrad.layers import SpikingLayer
from spikegrad.readouts import IntegratedReadout, MaximumReadout
from spikegrad.spikes import SpikeTrains
from study.training.loop import activity_penalty

CASES = int(os.environ.get("SPIKEGRAD_CASES", "120"))
SECONDS = 60  # for one case, far above what any takes
ERRORS = (ValueError, TypeError, ArithmeticError, RuntimeError)


@contextmanager
def bounded(case: int) -> Iterator[None]:
    def stop(*_: object) -> None:
        raise TimeoutError(f"case {case} takes more than {SECONDS} s")

    before = signal.signal(signal.SIGALRM, stop)
    signal.alarm(SECONDS)
    try:
        yield
    finally:
        signal.alarm(0)
        signal.signal(signal.SIGALRM, before)


def batch(rng: np.random.Generator, n_units: int) -> dict[str, Any]:
    """A batch of samples: ties, events at 0 and at the end, empty samples, bursts."""
    duration = float(10 ** rng.uniform(-2, 0.3))
    counts = rng.integers(0, rng.choice([3, 40, 300]), rng.integers(1, 6))
    times = []
    for count in counts:
        own = rng.uniform(0, duration, count)
        if rng.random() < 0.4:
            own = np.round(own / 1e-3) * 1e-3
        if count and rng.random() < 0.3:
            own[0], own[-1] = 0.0, duration
        times.append(np.sort(np.minimum(own, duration)))
    return {
        "times": torch.from_numpy(np.concatenate(times)),
        "units": torch.from_numpy(rng.integers(0, n_units, counts.sum())),
        "offsets": torch.from_numpy(np.concatenate([[0], np.cumsum(counts)])),
        "duration": duration,
    }


def run(case: int, threads: int) -> list[torch.Tensor]:
    """Forward and backward pass of a random network; all that comes out."""
    rng = np.random.default_rng(case)
    generator = torch.Generator().manual_seed(case)
    torch.set_num_threads(threads)
    neuron, dtype = str(rng.choice(DAILY)), [torch.float32, torch.float64][case % 2]
    n_units, sizes = int(rng.integers(1, 30)), rng.integers(1, 40, rng.integers(1, 4))
    drive = float(rng.choice([0.0] * 8 + [0.2, 0.25, 0.5, 1.25, -3.0, 50.0, 1e6]))
    options: dict[str, Any] = {
        "neuron": neuron, "dtype": dtype, "drive": drive, "max_spikes": 200,
        "tau": float(10 ** rng.uniform(-3, 0)),
    }  # fmt: skip
    layers, n_in = [], n_units
    scale = 10 ** rng.choice([0.0, 1.0, 3.0, 8.0], p=[0.65, 0.25, 0.05, 0.05])
    for n_out in sizes.tolist():
        layer = SpikingLayer(n_in, n_out, recurrent=bool(rng.integers(2)), **options)
        layer.sample_clip = None if rng.random() < 0.5 else 1.0
        for weight in layer.parameters():
            weight.data.normal_(0.0, float(scale), generator=generator)
        layers.append(layer)
        n_in = n_out
    readout = [
        IntegratedReadout(n_in, 3, 0.02, 0.3, dtype=dtype),
        MaximumReadout(n_in, 3, 0.02, dtype=dtype),
        FirstSpikeReadout(n_in, 3, neuron, 0.02, 0.1, dtype=dtype, max_spikes=200, drive=drive),
    ][rng.integers(3)]
    for weight in readout.parameters():
        weight.data.normal_(0.0, 1.0, generator=generator)
    parts = batch(rng, n_units)
    times = parts["times"].requires_grad_()
    signal_, outputs = SpikeTrains(**parts), []
    for layer in layers:
        signal_, state = layer.run(signal_)
        signal_.check(layer.n_out)
        outputs += [signal_.times, signal_.units, *state]
    logits = readout(signal_, state)
    loss = torch.logsumexp(logits, 1).sum() + activity_penalty(signal_, n_in, 3.0)
    weights = [w for module in (*layers, readout) for w in module.parameters()]
    gradients = torch.autograd.grad(loss, [times, *weights], allow_unused=True)
    return [*outputs, logits, loss, *(g for g in gradients if g is not None)]


def outcome(case: int, threads: int) -> list[torch.Tensor] | Exception:
    """The results of a case, or its error."""
    with bounded(case):
        try:
            return run(case, threads)
        except ERRORS as error:
            return error


def test_random_use_ends_in_a_right_result_or_one_clear_error() -> None:
    before, errors = torch.get_num_threads(), 0
    try:
        for case in range(CASES):
            end = outcome(case, threads=1)
            if isinstance(end, Exception):
                errors += 1
                assert type(end).__module__.split(".")[0] in ("spikegrad", "builtins"), case
                assert 10 < len(str(end)) < 400, f"case {case}: {end!r}"
                assert "numba" not in str(end).lower(), f"case {case}: {end!r}"
                continue
            assert all(values.isfinite().all() for values in end), f"case {case}: not finite"
            again = outcome(case, threads=3)
            assert all(torch.equal(a, b) for a, b in zip(end, again, strict=True)), case
    finally:
        torch.set_num_threads(before)
    assert CASES / 20 < errors < CASES * 3 / 4
