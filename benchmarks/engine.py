"""Speed of the event engine beside a clock-driven peer, on the same events in the same run.

python benchmarks/engine.py [--spyx PYTHON]: forward, backward and Adam update of 700 channels,
128 recurrent neurons, 20 classes. Rounds of all contestants alternate and medians are compared,
so that ratios hold on a busy machine. PYTHON is an interpreter with spyx installed.
"""

from __future__ import annotations

import argparse
import os
import resource
import subprocess
import time
from collections.abc import Callable
from pathlib import Path
from statistics import median

import numpy as np
import torch
from torch.nn.functional import cross_entropy

from spikegrad.layers import SpikingLayer
from spikegrad.readouts import IntegratedReadout
from spikegrad.spikes import SpikeTrains
from workload import DURATION, N_CLASSES, N_UNITS, events

HERE = Path(__file__).parent
TAU, HIDDEN = 0.02, 128


def spike_trains(batch: int, time_step: float | None) -> SpikeTrains:
    samples = events(batch, time_step)
    flat = np.concatenate(samples)
    offsets = np.cumsum([0, *(len(sample) for sample in samples)])
    return SpikeTrains(
        torch.from_numpy(flat[:, 0].copy()),
        torch.from_numpy(flat[:, 1].astype(np.int64)),
        torch.from_numpy(offsets),
        DURATION,
    )


def trainer(neuron: str, spikes: SpikeTrains, spikes_per_neuron: float) -> Callable[[], float]:
    """A function that makes one update and returns the spikes per neuron and sample in it."""
    generator = torch.Generator().manual_seed(0)
    layer = SpikingLayer(N_UNITS, HIDDEN, neuron, TAU, recurrent=True)
    low, high = 0.1, 10.0
    for _ in range(12):  # the input scale that gives the wanted activity
        scale = (low * high) ** 0.5
        layer.initialise(spikes, 0.3, scale, 0.3, generator.manual_seed(0))
        with torch.no_grad():
            activity = len(layer(spikes).times) / HIDDEN / len(spikes)
        low, high = (scale, high) if activity < spikes_per_neuron else (low, scale)
    readout = IntegratedReadout(HIDDEN, N_CLASSES, 0.02, 0.3)
    readout.weight.data.normal_(generator=generator)
    optimizer = torch.optim.Adam([*layer.parameters(), *readout.parameters()], 1e-6)
    labels = torch.arange(len(spikes)) % N_CLASSES

    def update() -> float:
        out = layer(spikes)
        optimizer.zero_grad()
        cross_entropy(readout(out), labels).backward()
        optimizer.step()
        return len(out.times) / HIDDEN / len(spikes)

    return update


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--spyx", help="Python interpreter with spyx installed")
    parser.add_argument("--batch", type=int, default=64)
    parser.add_argument("--rounds", type=int, default=7)
    parser.add_argument("--spikes", type=float, default=16.0, help="spikes per neuron and sample")
    options = parser.parse_args()

    contestants: dict[str, Callable[[], float]] = {}
    activity = {}
    for neuron in ("qif", "lif"):
        for name, step in {"full resolution": None, "1 ms": 1e-3, "4 ms": 4e-3}.items():
            label = f"spikegrad {neuron}, {name}"
            update = trainer(neuron, spike_trains(options.batch, step), options.spikes)
            activity[label] = update()
            contestants[label] = update
    seconds: dict[str, list[float]] = {label: [] for label in contestants}
    for _ in range(options.rounds):
        for label, update in contestants.items():
            start = time.perf_counter()
            update()
            seconds[label].append((time.perf_counter() - start) / options.batch)
        if options.spyx:
            for name, step in {"1 ms": "1e-3", "4 ms": "4e-3"}.items():
                command = [options.spyx, HERE / "peer_spyx.py", step, "32", "1"]
                out = subprocess.run(command, check=True, capture_output=True, text=True).stdout
                seconds.setdefault(f"Spyx, {name}", []).append(float(out) / 32)

    base = median(seconds["Spyx, 1 ms"]) if options.spyx else None
    print(f"\n{os.cpu_count()} cores, batch {options.batch}, {torch.get_num_threads()} threads\n")
    print("| contestant | spikes per neuron | samples/s | times Spyx at 1 ms |")
    print("|---|---|---|---|")
    for label, values in seconds.items():
        ratio = f"{base / median(values):.2f}" if base else ""
        spikes = f"{activity[label]:.1f}" if label in activity else ""
        print(f"| {label} | {spikes} | {1 / median(values):.0f} | {ratio} |")
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
    print(f"\npeak memory of all spikegrad contestants together: {peak:.0f} MB")


if __name__ == "__main__":
    main()
