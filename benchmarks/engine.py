"""spikegrad as a contestant: the event engine at a set activity, or its clocked layer."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial

import torch
from torch.nn.functional import cross_entropy

from contestant import (
    COPY_STEP,
    DURATION,
    N_CLASSES,
    N_UNITS,
    TAU_MEMBRANE,
    Task,
    compete,
    events,
    labels,
    task,
)
from spikegrad.clocked import ClockedLayer
from spikegrad.delay_line import DelayLine
from spikegrad.layers import SpikingLayer
from spikegrad.readouts import IntegratedReadout
from spikegrad.spikes import SpikeTrains

SPIKES = 16.0  # spikes a neuron and sample


def inputs(t: Task) -> SpikeTrains:
    """The task's events; in merged channels those of one time and channel are one with a count."""
    times, units = zip(*(sample.T for sample in events(t)), strict=True)
    spikes = SpikeTrains.from_arrays(times, [u.astype(int) for u in units], DURATION)
    return spikes.merged() if t.channels < N_UNITS else spikes


def hidden(t: Task) -> SpikingLayer | ClockedLayer:
    """The hidden layer; its weights are drawn by :func:`activate`."""
    kind = SpikingLayer
    if t.variant == "clocked":
        kind = partial(ClockedLayer, step=t.step)
    elif t.variant == "a step later":
        kind = partial(SpikingLayer, grid=t.step)
    return kind(t.n_inputs, t.hidden, t.neuron, TAU_MEMBRANE, recurrent=t.recurrent)


@torch.no_grad()
def activate(layer: SpikingLayer | ClockedLayer, probe: SpikeTrains) -> None:
    """Draw weights with which a neuron makes about :data:`SPIKES` spikes a sample."""
    low, high = 0.01, 10.0  # the input's scale
    for _ in range(12):
        scale = (low * high) ** 0.5
        layer.initialise(probe, 0.3, scale, 0.3, torch.Generator().manual_seed(0))
        activity = float(layer(probe).sizes.sum()) / layer.n_out / len(probe)
        low, high = (scale, high) if activity < SPIKES else (low, scale)


def trainer(t: Task) -> Callable[[], None]:
    """A function that makes one update; so small that the activity stays."""
    spikes, targets, layer = inputs(t), torch.from_numpy(labels(t)), hidden(t)
    line = torch.nn.Sequential(*[DelayLine(t.channels, t.copies, COPY_STEP)] * (t.copies > 1))
    activate(layer, line(spikes.select(torch.arange(min(t.batch, 4)))))
    readout = IntegratedReadout(t.hidden, N_CLASSES, TAU_MEMBRANE, 0.3)
    readout.weight.data.normal_(generator=torch.Generator().manual_seed(1))
    model = torch.nn.Sequential(line, layer, readout)
    optimizer = torch.optim.Adam(model.parameters(), 1e-6, fused=True)

    def update() -> None:
        optimizer.zero_grad()
        cross_entropy(model(spikes), targets).backward()
        optimizer.step()

    return update


if __name__ == "__main__":
    compete(trainer(task()))
