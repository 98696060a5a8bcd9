"""What keeps networks from learning is found, on cases made for it."""

from __future__ import annotations

import re
from collections.abc import Callable
from functools import partial

import pytest
import torch
from torch import nn

from networks import random_layer, random_spikes
from spikegrad import (
    ClockedLayer,
    IntegratedReadout,
    SpikingLayer,
    SuperSpike,
    diagnose,
)

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


def half_silent() -> nn.Sequential:
    own = stack(healthy())
    own[0].weight.data[:, :6] = -1.0
    return own


def runaway() -> nn.Sequential:
    """Recurrence in the second layer."""
    below = healthy()
    above = random_layer("lif", below(SPIKES), 10, 10, max_spikes=20)
    nn.init.constant_(above.recurrent_weight, 5.0)
    return stack(below, above)


def scaled(part: int, factor: float) -> nn.Sequential:
    own = stack(healthy())
    own[part].weight.data *= factor
    return own


def endless() -> nn.Sequential:
    """Surrogate gradients through strong recurrence, of which layers on a grid say nothing."""
    torch.manual_seed(0)
    layer = ClockedLayer(20, 30, "qif", surrogate=SuperSpike(1.0), recurrent=True)
    layer.recurrent_weight.data *= 1e6
    return nn.Sequential(layer, IntegratedReadout(30, 3, 0.02, 0.3))


FINDINGS = {
    half_silent: ["0: 60 % of the neurons are silent in all samples"],
    runaway: ["1: 8 of 8 samples run away.*lower the scale of the recurrent weights"],
    endless: ["the gradients of . of 8 samples are not finite"],
    partial(scaled, 0, 0.0): [
        "0: no neuron spikes", "1.weight: its gradient is 0 in every sample",
    ],
    partial(scaled, 1, 1e305): ["the gradients of . of 8 samples are not finite"],
    lambda: stack(random_layer("lif", SPIKES, recurrent=False, drive=50.0)): [
        "0: 100 % of the neurons spike more than 2 times within tau"
    ],
}  # fmt: skip


@pytest.mark.parametrize("make", FINDINGS)
def test_what_is_wrong_is_found(make: Callable[[], nn.Sequential]) -> None:
    found = diagnose(make(), SPIKES, LABELS)
    for text in FINDINGS[make]:
        assert any(re.match(text, finding) for finding in found.findings)
    assert make is not half_silent or len(found.findings) == 1
    assert not any(gradient.isnan().any() for gradient in found.gradients.values())


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
    with pytest.raises(TypeError, match="gives SpikeTrains, not logits"):
        diagnose(stack(healthy())[0], SPIKES)
