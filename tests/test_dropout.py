"""Networks and batches of which dropout leaves a part."""

from __future__ import annotations

from typing import Any

import pytest
import torch
from torch.nn.functional import cross_entropy

from networks import random_counts
from spikegrad.network import Network
from spikegrad.spikes import SpikeTrains
from study.config.training import Dropout
from study.training.dropout import Thinned, without_events
from study.training.loop import _gradients, activity_penalty
from study.training.optimizer import Adam
from trainings import INTEGRATED, N_CLASSES, N_UNITS, TRAIN, network, settings

WIDTHS = [6, 5]
CHANGES: dict[str, Any] = {
    "layers": WIDTHS,
    "init": {"mean": 0.8, "scale": 2.0, "recurrent_scale": 0.8},
    "delays": {"copies": 2, "max_delay": 0.06},
    "dropout": {"neurons": 0.4, "events": 0.2},
}
FIRST_SPIKE = {"kind": "first_spike", "tau_out": 0.02, "time_scale": 0.01, "mean": 1.5}


@torch.no_grad()
def of_those_left(net: Network, left: list[torch.Tensor], changes: dict[str, Any]) -> Network:
    """A network of the neurons ``left`` in each layer alone; what is sent is scaled by hand."""
    widths = [len(own) for own in left]
    own = settings(**{**changes, "layers": widths}).network
    small = Network(own, N_UNITS, N_CLASSES, net.neuron, torch.float64)
    sent = [1 / (1 - 0.2), *(n / m for n, m in zip(WIDTHS, widths, strict=True))]
    senders = [torch.arange(N_UNITS), *left]
    for k, (big, layer) in enumerate(zip(net.hidden, small.hidden, strict=True)):
        for name, j in (("weight", k), ("recurrent_weight", k + 1)):
            copies = getattr(big, name).view(2, -1, WIDTHS[k])[:, senders[j]]
            getattr(layer, name).copy_(sent[j] * copies[:, :, left[k]].flatten(0, 1))
        layer.input_delay.copy_(big.input_delay[:, senders[k]])
        layer.recurrent_delay.copy_(big.recurrent_delay[:, left[k]])
    for weight, own in zip(small.readout.parameters(), net.readout.parameters(), strict=True):
        weight.copy_(sent[-1] * own[left[-1]])
    return small


@pytest.mark.parametrize(("neuron", "readout"), [("lif", INTEGRATED), ("qif", FIRST_SPIKE)])
def test_dropped_neurons_might_as_well_not_exist(neuron: str, readout: dict[str, Any]):
    """Central differences are those of a network without them, with its loss and its penalty."""
    changes = {**CHANGES, "readout": readout}
    options, batch = settings(**changes).training, TRAIN.select(torch.arange(8))
    net = network(neuron, torch.float64, **changes)
    thinned = Thinned(net, options.dropout, torch.Generator().manual_seed(0))
    _gradients(thinned, Adam(net, 0.1, 0.1), thinned(batch.spikes), batch.labels, options)
    left = [factors.nonzero()[:, 0] for factors in thinned.factors]
    assert [len(own) for own in left] == [4, 3]

    parameters = list(net.parameters())
    draw = torch.Generator().manual_seed(1)
    ways = [torch.randn(p.shape, generator=draw).double() * p.detach().std() for p in parameters]

    @torch.no_grad()
    def loss_at(place: float) -> float:
        for parameter, way in zip(parameters, ways, strict=True):
            parameter += place * way
        output = of_those_left(net, left, changes)(batch.spikes)
        for parameter, way in zip(parameters, ways, strict=True):
            parameter -= place * way
        sizes = zip(output.hidden, left, strict=True)
        penalty = sum(activity_penalty(s, len(own), 2.0) for s, own in sizes)
        return float(cross_entropy(output.logits, batch.labels) + 0.01 * penalty)

    slope = sum(float((p.grad * way).sum()) for p, way in zip(parameters, ways, strict=True))
    assert slope == pytest.approx((loss_at(1e-7) - loss_at(-1e-7)) / 2e-7, rel=1e-6)
    for k, (layer, own) in enumerate(zip(net.hidden, left, strict=True)):
        dropped = torch.ones(WIDTHS[k], dtype=torch.bool).index_fill(0, own, False)
        assert not layer.weight.grad[:, dropped].any()
        assert not layer.recurrent_weight.grad.view(2, WIDTHS[k], -1)[:, dropped].any()
        assert layer.weight.grad[:, own].any(0).all()


def test_events_are_dropped_whole_and_anew():
    def events(spikes: SpikeTrains) -> set[tuple[float, ...]]:
        columns = spikes.samples, spikes.times, spikes.units, spikes.multiplicities
        return set(zip(*(column.tolist() for column in columns), strict=True))

    spikes = random_counts(0, n_samples=40)
    draw = torch.Generator().manual_seed(0)
    first, second = (events(without_events(spikes, 0.3, draw)) for _ in range(2))
    assert first != second
    for left in (first, second):
        assert left < events(spikes)
        assert len(left) / len(spikes.times) == pytest.approx(0.7, abs=0.05)


def test_a_neuron_of_each_layer_is_always_left():
    thinned = Thinned(network("lif"), Dropout(neurons=0.99), torch.Generator())
    assert thinned.factors[0].sort().values.tolist() == [0, 0, 0, 0, 0, 6]
