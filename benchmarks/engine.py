"""The event engine as a contestant: forward, backward and Adam update, at a set activity."""

from __future__ import annotations

from collections.abc import Callable
from typing import NamedTuple

import torch
from torch.nn.functional import cross_entropy

from contestant import Task, compete, task
from spikegrad.layers import SpikingLayer
from spikegrad.readouts import IntegratedReadout
from spikegrad.spikes import SpikeTrains
from workload import DURATION, EVENTS, N_CLASSES, N_UNITS, TAU_MEMBRANE, events, labels

SPIKES = 16.0  # spikes a neuron and sample


class Network(NamedTuple):
    """A hidden layer whose neurons make :data:`SPIKES` spikes a sample, and its readout."""

    layer: SpikingLayer
    readout: IntegratedReadout
    spikes: SpikeTrains
    activity: float
    """Spikes a neuron and sample, about :data:`SPIKES`."""


def network(t: Task, n_events: int = EVENTS) -> Network:
    samples = events(t.batch, t.step, n_events)
    times, units = zip(
        *((sample[:, 0], sample[:, 1].astype(int)) for sample in samples), strict=True
    )
    spikes = SpikeTrains.from_arrays(times, units, DURATION)
    probe = spikes.select(torch.arange(min(t.batch, 4)))
    generator = torch.Generator()
    layer = SpikingLayer(N_UNITS, t.hidden, t.neuron, TAU_MEMBRANE, t.recurrent, drive=t.drive)
    low, high = 0.01, 10.0
    for _ in range(12):  # the input scale that gives the wanted activity
        scale = (low * high) ** 0.5
        layer.initialise(probe, 0.3, scale, 0.3, generator.manual_seed(0))
        with torch.no_grad():
            activity = len(layer(probe).times) / t.hidden / len(probe)
        low, high = (scale, high) if activity < SPIKES else (low, scale)
    readout = IntegratedReadout(t.hidden, N_CLASSES, TAU_MEMBRANE, 0.3)
    readout.weight.data.normal_(generator=generator)
    return Network(layer, readout, spikes, activity)


def trainer(net: Network) -> Callable[[], None]:
    """A function that makes one update; so small that the activity stays."""
    layer, readout, spikes, _ = net
    optimizer = torch.optim.Adam([*layer.parameters(), *readout.parameters()], 1e-6, fused=True)
    targets = torch.from_numpy(labels(len(spikes)))

    def update() -> None:
        optimizer.zero_grad()
        cross_entropy(readout(layer(spikes)), targets).backward()
        optimizer.step()

    return update


if __name__ == "__main__":
    net = network(task())
    compete(trainer(net), "spikegrad", "torch", "numba", activity=net.activity)
