"""The event engine, or the clocked layer, as a contestant: forward, backward and Adam update, at a
set activity."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from itertools import pairwise
from typing import NamedTuple

import torch
from torch.nn.functional import cross_entropy

from contestant import Task, compete, task
from spikegrad.clocked import ClockedLayer
from spikegrad.delays import DelayLine
from spikegrad.layers import SpikingLayer
from spikegrad.readouts import IntegratedReadout
from spikegrad.spikes import SpikeTrains
from workload import COPY_STEP, DURATION, EVENTS, N_CLASSES, TAU_MEMBRANE, events, labels

SPIKES = 16.0  # spikes a neuron and sample


class Network(NamedTuple):
    """Layers whose neurons make :data:`SPIKES` spikes a sample, a readout, and what they answer."""

    model: torch.nn.Sequential
    layer: SpikingLayer
    """The first hidden layer."""
    spikes: SpikeTrains
    activity: float
    """Spikes of a neuron of the last hidden layer in a sample, about :data:`SPIKES`."""


def network(t: Task, n_events: int = EVENTS) -> Network:
    samples = events(t.batch, t.step, n_events, channels=t.channels)
    times, units = zip(
        *((sample[:, 0], sample[:, 1].astype(int)) for sample in samples), strict=True
    )
    spikes = SpikeTrains.from_arrays(times, units, DURATION)
    if t.channels < 700:
        spikes = spikes.merged()
    line = [DelayLine(t.channels, t.copies, COPY_STEP)] if t.copies > 1 else []
    kind = partial(ClockedLayer, step=t.step) if t.clocked else SpikingLayer
    if t.later:
        kind = partial(kind, delays="axonal", grid=t.step, min_delay=t.step, initial_delay=t.step)
    sizes = [t.n_inputs, *[t.hidden] * t.layers]
    layers = [
        kind(n_in, n_out, t.neuron, TAU_MEMBRANE, recurrent=t.recurrent, drive=t.drive)
        for n_in, n_out in pairwise(sizes)
    ]
    for layer in layers if t.later else []:
        layer.input_delay.requires_grad_(False)
        layer.recurrent_delay.requires_grad_(False)
    probe = torch.nn.Sequential(*line)(spikes.select(torch.arange(min(t.batch, 4))))
    for layer in layers:
        probe, activity = activated(layer, probe)
    readout = IntegratedReadout(t.hidden, N_CLASSES, TAU_MEMBRANE, 0.3)
    readout.weight.data.normal_(generator=torch.Generator().manual_seed(1))
    model = torch.nn.Sequential(*line, *layers, readout)
    return Network(model, layers[0], spikes, activity)


@torch.no_grad()
def activated(layer: SpikingLayer, probe: SpikeTrains) -> tuple[SpikeTrains, float]:
    """The spikes of a layer with weights of which it makes :data:`SPIKES` a neuron, and how many.

    What a clocked layer costs does not depend on its spikes: they are as they come.
    """
    low, high = 0.01, 10.0
    for _ in range(1 if isinstance(layer, ClockedLayer) else 12):  # the input's scale
        scale = (low * high) ** 0.5
        layer.initialise(probe, 0.3, scale, 0.3, torch.Generator().manual_seed(0))
        if isinstance(layer, SpikingLayer) and layer.input_delay is not None:
            layer.input_delay.zero_()  # recurrent spikes alone are delayed
        out = layer(probe)
        activity = float(out.sizes.sum()) / layer.n_out / len(probe)
        low, high = (scale, high) if activity < SPIKES else (low, scale)
    return out, activity


def trainer(net: Network) -> Callable[[], None]:
    """A function that makes one update; so small that the activity stays."""
    optimizer = torch.optim.Adam(net.model.parameters(), 1e-6, fused=True)
    targets = torch.from_numpy(labels(len(net.spikes)))

    def update() -> None:
        optimizer.zero_grad()
        cross_entropy(net.model(net.spikes), targets).backward()
        optimizer.step()

    return update


if __name__ == "__main__":
    net = network(task())
    compete(trainer(net), "spikegrad", "torch", "numba", activity=net.activity)
