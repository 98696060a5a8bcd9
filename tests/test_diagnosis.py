"""What keeps networks from learning is found, on cases made for it."""

from __future__ import annotations

import pytest
import torch
from torch import nn

from networks import random_layer, random_spikes
from spikegrad import (
    ClockedLayer,
    IntegratedReadout,
    Network,
    SpikingLayer,
    SuperSpike,
    diagnose,
)
from trainings import TRAIN, settings

SPIKES = random_spikes(0, n_samples=8)
LABELS = torch.arange(8) % 3


def stack(*layers: SpikingLayer) -> nn.Sequential:
    readout = IntegratedReadout(layers[-1].n_out, 3, 0.02, 0.1, dtype=torch.float64)
    readout.weight.data.normal_(generator=torch.Generator().manual_seed(1))
    return nn.Sequential(*layers, readout)


def healthy() -> SpikingLayer:
    return random_layer("qif", SPIKES, scale=1.0, recurrent=False)


def test_nothing_is_said_of_a_healthy_network() -> None:
    own = stack(healthy())
    found = diagnose(own, SPIKES, LABELS)
    assert found.findings == []
    assert "Nothing stands out." in str(found)
    counts = own[0](SPIKES)
    assert found.layers[0].spikes == pytest.approx(len(counts.times) / 80)
    assert set(found.gradients) == {"0.weight", "1.weight"}
    assert all(p.grad is None for p in own.parameters())
    single = own(SPIKES[3])
    nn.functional.cross_entropy(single, LABELS[3:4]).backward()
    assert found.gradients["0.weight"][3] == pytest.approx(float(own[0].weight.grad.norm()))
    assert "run" not in vars(own[0])


def test_a_dead_layer_and_what_it_leaves_without_a_gradient() -> None:
    dead = healthy()
    with torch.no_grad():
        dead.weight.mul_(0.0)
    found = diagnose(stack(dead), SPIKES, LABELS)
    assert found.layers[0].silent == 1
    assert any(f.startswith("0: no neuron spikes") for f in found.findings)
    assert any(f.startswith("1.weight: its gradient is 0 in every sample") for f in found.findings)


def test_gradients_without_an_end_are_named() -> None:
    own = stack(healthy())
    with torch.no_grad():
        own[1].weight.mul_(1e305)
    found = diagnose(own, SPIKES, LABELS)
    endless = found.gradients["0.weight"].isinf()
    assert endless.any()
    text = f"the gradients of {int(endless.sum())} of 8 samples are not finite"
    assert found.findings[0].startswith(text)


def test_half_of_a_layer_is_silent() -> None:
    own = healthy()
    with torch.no_grad():
        own.weight[:, :6] = -1.0
    (finding,) = diagnose(stack(own), SPIKES, LABELS).findings
    assert finding.startswith("0: 60 % of the neurons are silent in all samples")


def test_a_saturated_layer() -> None:
    own = random_layer("lif", SPIKES, recurrent=False, drive=50.0)
    found = diagnose(stack(own), SPIKES, LABELS)
    assert found.layers[0].saturated == 1
    assert any(
        "0: 100 % of the neurons spike more than 2 times within tau" in f for f in found.findings
    )


def test_runaway_recurrence_in_the_second_layer() -> None:
    below = healthy()
    above = random_layer("lif", below(SPIKES), 10, 10, max_spikes=20)
    with torch.no_grad():
        above.recurrent_weight.fill_(5.0)
    found = diagnose(stack(below, above), SPIKES, LABELS)
    assert found.runaways.tolist() == list(range(8))
    assert found.findings[0].startswith("1: 8 of 8 samples run away")
    assert "lower the scale of the recurrent weights" in found.findings[0]


class Shouting(nn.Module):
    """A layer and its readout; one sample's logits count a thousand times."""

    def __init__(self, layer: SpikingLayer) -> None:
        super().__init__()
        self.own = stack(layer)

    def forward(self, spikes):
        loud = torch.isclose(spikes.times[:1].detach(), SPIKES.times[SPIKES.offsets[5]])
        return self.own(spikes) * torch.where(loud, 300.0, 0.1)


def test_one_sample_that_drowns_the_others() -> None:
    found = diagnose(Shouting(healthy()), SPIKES, LABELS)
    about = [f for f in found.findings if "sample 5 has" in f]
    assert {f.split(":")[0] for f in about} == {"own.0.weight", "own.1.weight"}
    assert [f for f in about if "set own.0.sample_clip = 1.0" in f] == about[:1]
    few = torch.tensor([1, 3, 5])  # of which one often has the most
    assert not diagnose(Shouting(healthy()), SPIKES.select(few), LABELS[few]).findings
    with pytest.raises(TypeError, match="gives SpikeTrains, not logits"):
        diagnose(stack(healthy())[0], SPIKES)


def test_a_readout_without_gradient() -> None:
    own = stack(healthy())

    def cut(module, given, out):
        return out.detach() + own[0].weight.sum() * 0

    own[1].register_forward_hook(cut)
    findings = diagnose(own, SPIKES, LABELS).findings
    assert any(f.startswith("1.weight: its gradient is 0") for f in findings)


def test_networks_of_studies_and_clocked_layers_are_looked_at() -> None:
    network = Network(settings().network, TRAIN.n_units, TRAIN.n_classes, "lif")
    network.initialise(TRAIN.spikes, torch.Generator().manual_seed(0))
    found = diagnose(network, TRAIN.spikes, TRAIN.labels)
    assert [own.name for own in found.layers] == ["hidden.0"]
    clocked = ClockedLayer(20, 10, "lif", step=0.001, dtype=torch.float64)
    clocked.initialise(SPIKES, 0.8, 2.0, 0.1, torch.Generator().manual_seed(0))
    assert diagnose(stack(clocked), SPIKES).layers[0].spikes > 0


def test_clocked_layers_are_not_told_to_clip() -> None:
    clocked = ClockedLayer(20, 10, "lif", step=0.001, dtype=torch.float64)
    clocked.initialise(SPIKES, 0.8, 2.0, 0.1, torch.Generator().manual_seed(0))
    findings = diagnose(Shouting(clocked), SPIKES, LABELS).findings
    about = [f for f in findings if f.startswith("own.0.weight: sample 5 has")]
    assert len(about) == 1
    assert about[0].endswith("look at it")


def test_a_frozen_network_has_no_gradients() -> None:
    found = diagnose(stack(healthy()).requires_grad_(False), SPIKES, LABELS)
    assert found.gradients == {}


def test_gradients_that_are_no_numbers_are_named() -> None:
    """Surrogate gradients through strong recurrence, of which layers on a grid say nothing."""
    torch.manual_seed(0)
    layer = ClockedLayer(20, 30, "qif", surrogate=SuperSpike(1.0), recurrent=True)
    with torch.no_grad():
        layer.recurrent_weight.mul_(1e6)
    found = diagnose(nn.Sequential(layer, IntegratedReadout(30, 3, 0.02, 0.3)), SPIKES, LABELS)
    assert found.gradients["0.weight"].isinf().any()
    assert not found.gradients["0.weight"].isnan().any()
    assert "are not finite" in found.findings[-1]


def test_long_gradients_of_single_precision_are_finite() -> None:
    """Whose squares are not."""
    own = stack(healthy()).float()
    with torch.no_grad():
        own[1].weight.mul_(1e25)
    norms = diagnose(own, SPIKES, LABELS).gradients["0.weight"]
    assert norms.max() > 1e20
    assert norms.isfinite().all()
