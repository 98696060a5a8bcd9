"""Exported networks make our spikes in snnTorch, which steps through time."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
import torch

from configs import changed
from networks import random_spikes
from spikegrad import (
    ClockedLayer,
    DelayLine,
    IntegratedReadout,
    Network,
    NetworkSettings,
    SpikeTrains,
    SpikingLayer,
)
from spikegrad.export import ExportError, from_nir, to_nir
from spikegrad.settings import validate

nir = pytest.importorskip("nir")
nirtorch = pytest.importorskip("nirtorch")
imports = pytest.importorskip("snntorch.import_nir")
snn = pytest.importorskip("snntorch")
exports = pytest.importorskip("snntorch.export_nir")

STEP = 1e-4
"""What snnTorch assumes."""


class Voltage(torch.nn.Module):
    """NIR's leaky integrator by Euler's method, which snnTorch does not read."""

    def __init__(self, node: nir.LI) -> None:
        super().__init__()
        self.decay = torch.from_numpy(STEP / node.tau)
        self.r = torch.from_numpy(node.r)
        self.v = torch.zeros(())

    def forward(self, current: torch.Tensor) -> torch.Tensor:
        self.v = self.v + self.decay * (self.r * current - self.v)
        return self.v


class Late(torch.nn.Module):
    """NIR's delay of each channel, by a ring of past steps."""

    def __init__(self, node: nir.Delay) -> None:
        super().__init__()
        self.steps = torch.from_numpy(np.round(node.delay / STEP)).long()
        self.ring = torch.zeros(int(self.steps.max()) + 1, len(self.steps))
        self.now = 0

    def forward(self, pulse: torch.Tensor) -> torch.Tensor:
        self.ring[self.now % len(self.ring)] = pulse[0]
        place = (self.now - self.steps) % len(self.ring)
        self.now += 1
        return self.ring[place, torch.arange(len(place))][None]


def stepped(graph: nir.NIRGraph, spikes: SpikeTrains, n_units: int) -> torch.Tensor:
    """The outputs of the graph for one sample, run by snnTorch's neurons, [n_steps, n_out]."""

    def neurons(node: nir.NIRNode) -> torch.nn.Module:
        return imports._nir_to_snntorch_module(node, init_hidden=True)

    network = nirtorch.nir_to_torch(
        graph,
        dict.fromkeys((nir.Linear, nir.Affine, nir.CubaLIF), neurons)
        | {nir.LI: Voltage, nir.Delay: Late},
    )
    steps = round(spikes.duration / STEP)
    pulses = torch.zeros(steps, 1, n_units)
    when = (spikes.times / STEP).long().clamp(max=steps - 1)
    pulses.index_put_((when, torch.zeros_like(when), spikes.units), torch.ones(1), accumulate=True)
    outputs, state = [], None
    with torch.no_grad():
        for pulse in pulses:
            output, state = network(pulse, state)
            outputs.append(output[0])
    return torch.stack(outputs)


DELAYS = {"delays": "axonal", "copies": 2, "max_delay": 0.3}


@pytest.mark.parametrize(
    ("recurrent", "slower", "options"),
    [(False, 1, {}), (True, 1, {}), (False, 10, {}), (False, 10, DELAYS), (True, 10, DELAYS)],
)
def test_a_layer_spikes_when_snntorch_says(recurrent: bool, slower: int, options: dict):
    """To a few steps; so too where all else is ten times slower: steps are the difference."""
    spikes = random_spikes(2, 1, 40, duration=0.1 * slower)
    layer = SpikingLayer(20, 8, "lif", 0.02 * slower, recurrent, **options)
    layer.initialise(spikes, 0.6, 1.5, 0.5, torch.Generator().manual_seed(1))
    ours = layer(spikes)
    theirs = stepped(to_nir(layer, STEP), spikes, 20)
    assert len(ours.times) > 15
    for neuron in range(8):
        own = ours.times[ours.units == neuron].detach()
        steps = theirs[:, neuron].nonzero()[:, 0]
        assert len(own) == len(steps)
        assert ((steps * STEP - own).abs() < 5 * STEP).all()


def network(readout: dict, **changes: object) -> Network:
    settings = changed("network.readout", readout)["network"] | {"layers": [16, 8], **changes}
    return Network(validate(NetworkSettings, settings), 20, 3, "lif")


def test_a_network_reaches_the_voltages_that_snntorch_does(tmp_path: Path):
    """Its logits are the largest of them; written to a file and read again."""
    spikes = random_spikes(2, 1, 40, duration=0.15)
    classifier = network({"kind": "maximum", "tau_out": 0.02})
    classifier.initialise(spikes, torch.Generator().manual_seed(2))
    nir.write(tmp_path / "network.nir", to_nir(classifier, STEP))
    voltages = stepped(nir.read(tmp_path / "network.nir"), spikes, 20)
    logits = classifier(spikes).logits[0].detach().double()
    assert logits.abs().max() > 0.1
    assert torch.allclose(voltages.max(0).values, logits, rtol=0.02, atol=0.02)


def test_every_part_of_a_network_is_there():
    spiking = network({"kind": "first_spike", "tau_out": 0.01, "time_scale": 0.01}, drive=0.3)
    graph = to_nir(spiking, STEP)
    neurons = [node for node in graph.nodes.values() if isinstance(node, nir.CubaLIF)]
    assert [len(node.v_threshold) for node in neurons] == [16, 8, 3]
    assert [node.tau_mem[0] for node in neurons] == [0.02, 0.02, 0.01]
    assert all((node.v_leak == 0.3).all() for node in neurons)
    assert sum(len(edge) for edge in graph.edges) == 2 * (1 + 2 * 3 + 2 * 2)
    integrated = to_nir(network({"kind": "integrated", "tau_out": 0.02, "window": 0.3}), STEP)
    assert isinstance(integrated.nodes["readout.voltage"], nir.LI)


@pytest.mark.parametrize(
    ("layer", "step", "message"),
    [
        (SpikingLayer(3, 2, "qif"), STEP, "NIR has no QIF neuron, only LIF"),
        (SpikingLayer(3, 2, "lif", delays="synaptic", grid=0.01), STEP, "no grid of times"),
        (torch.nn.Sequential(ClockedLayer(5, 2, "lif")), STEP, "a ClockedLayer has no place"),
        (SpikingLayer(3, 2, "lif"), 0.5, "step must be positive and below tau / 2 = 0.01 s"),
    ],
)
def test_what_nir_cannot_say_is_refused(layer: SpikingLayer, step: float, message: str):
    with pytest.raises(ExportError, match=message):
        to_nir(layer, step)


def test_a_sequence_is_the_network_of_its_parts():
    parts = [
        DelayLine(5, 2, 0.01),
        SpikingLayer(10, 4, "lif", recurrent=True),
        SpikingLayer(4, 3, "lif"),
        IntegratedReadout(3, 2, 0.02, 0.1),
    ]
    graph = to_nir(torch.nn.Sequential(*parts), STEP)
    sizes = [len(n.v_threshold) for n in graph.nodes.values() if isinstance(n, nir.CubaLIF)]
    assert sizes == [4, 3]
    assert len(graph.nodes["readout.voltage"].tau) == 2
    assert sum(isinstance(node, nir.Delay) for node in graph.nodes.values()) == 2
    weights = graph.nodes["layer1_in.weight"].weight
    assert np.allclose(weights, parts[2].weight.detach().numpy().T)


def made_by_snntorch(recurrent: bool, decays: list[float], bias: float = 0.0) -> nir.NIRGraph:
    """Two layers, of 8 neurons and as many as ``decays``, their membranes' factors in a step."""

    def neurons(beta: torch.Tensor, recurrent: bool = False) -> torch.nn.Module:
        options = {"alpha": 2 * beta - 1, "beta": beta, "threshold": torch.full_like(beta, 30.0)}
        options |= {"init_hidden": True, "reset_mechanism": "zero"}
        if not recurrent:
            return snn.Synaptic(**options)
        made = snn.RSynaptic(**options, linear_features=len(beta))
        with torch.no_grad():
            made.recurrent.weight.mul_(0.1)
            made.recurrent.bias.fill_(bias)
        return made

    torch.manual_seed(3)
    last = torch.tensor(decays)
    weights = [torch.nn.Linear(*n, bias=False) for n in ((20, 8), (8, len(last)))]
    with torch.no_grad():
        weights[0].weight.add_(0.05)
        weights[1].weight.add_(0.1)
    first = neurons(torch.full((8,), 0.995), recurrent)
    parts = torch.nn.Sequential(weights[0], first, weights[1], neurons(last))
    return exports.export_to_nir(parts, torch.zeros(20))


@pytest.mark.parametrize(
    ("recurrent", "decays"), [(False, [0.995] * 3), (True, [0.995, 0.99, 0.992])]
)
def test_what_snntorch_made_spikes_at_its_times_here(recurrent: bool, decays: list[float]):
    """And as a graph again; thresholds are 30 there, and time constants may differ."""
    spikes, graph = random_spikes(2, 1, 80, duration=0.2), made_by_snntorch(recurrent, decays)
    network = from_nir(graph, STEP)
    ours, theirs = network(spikes), stepped(graph, spikes, 20)
    assert len(ours.times) > 15
    for neuron in range(len(decays)):
        own = ours.times[ours.units == neuron].detach()
        steps = theirs[:, neuron].nonzero()[:, 0]
        assert len(own) == len(steps)
        errors = (steps * STEP - own).abs()  # the largest where a potential only just arrives
        assert errors.median() < 6 * STEP
        assert errors.max() < 25 * STEP
    again = from_nir(to_nir(network, STEP), STEP)(spikes)
    assert torch.allclose(again.times, ours.times, rtol=0, atol=1e-9)


def test_what_is_not_here_is_refused():
    graph = made_by_snntorch(True, [0.995], bias=0.1)
    with pytest.raises(ExportError, match=r"'1\.w_rec' has a bias"):
        from_nir(graph, STEP)
    graph.nodes["3"].tau_syn = graph.nodes["3"].tau_mem
    with pytest.raises(ExportError, match="tau_syn of '3' must be half of tau_mem"):
        from_nir(graph, STEP)
    graph.nodes["3"] = nir.LIF(*np.ones((4, 1)))
    with pytest.raises(
        ExportError, match=r"one CubaLIF must lead to 'output', not \['3 \(LIF\)'\]"
    ):
        from_nir(graph, STEP)
