"""Networks of one's own in files: any stack of parts comes back, and foreign files are told so."""

from __future__ import annotations

from contextlib import suppress
from pathlib import Path

import numpy as np
import pytest
import torch
from safetensors.torch import save_file
from torch import nn

from networks import random_spikes
from spikegrad import (
    Arctan,
    CheckpointError,
    ClockedLayer,
    DelayLine,
    FirstSpikeReadout,
    IntegratedReadout,
    MaximumReadout,
    SpikingLayer,
    load_network,
    save_network,
)
from spikegrad.files import atomic
from spikegrad.network import Network
from spikegrad.network_settings import NetworkSettings
from spikegrad.saving import load_tensors, save_tensors
from spikegrad.settings import validate
from trainings import N_CLASSES, N_UNITS, SETTINGS, TRAIN, VALIDATION, settings

SPIKES = random_spikes(0, n_units=6, n_events=40)
STACKS = {
    "two layers": lambda: [
        SpikingLayer(6, 5, "lif", recurrent=True, train_tau=True, dtype=torch.float64),
        SpikingLayer(5, 4, "qif_delta", 0.03, drive=0.3, dtype=torch.float64),
        IntegratedReadout(4, 3, 0.02, 0.1, scale=2.0, dtype=torch.float64, train_times=True),
    ],
    "delays": lambda: [
        DelayLine(6, 2, 0.01),
        SpikingLayer(12, 5, "qif", recurrent=True, delays="axonal", copies=2, max_delay=0.05),
        SpikingLayer(
            5, 4, "qif", delays="synaptic", grid=0.005, max_delay=0.05, train_tau="neuron"
        ),
        MaximumReadout(4, 3, 0.02),
    ],
    "first spikes": lambda: [
        SpikingLayer(6, 5, "qif", max_spikes=50),
        FirstSpikeReadout(5, 3, "qif", 0.03, 0.01, mean=0.8, scale=0.5),
    ],
    "clocked": lambda: [
        ClockedLayer(6, 5, "lif", step=0.002, surrogate=Arctan(0.3), recurrent=True),
        IntegratedReadout(5, 3, 0.02, 0.1),
    ],
}


@pytest.mark.parametrize("name", STACKS)
def test_a_stack_comes_back_with_its_bits(tmp_path: Path, name: str) -> None:
    torch.manual_seed(1)
    stack = nn.Sequential(*STACKS[name]())
    for part in stack:
        if getattr(part, "log_tau", None) is not None:
            part.log_tau.data += 0.2
    save_network(tmp_path / "net", stack, {"words": ["yes", "no"]})
    loaded, about = load_network(tmp_path / "net")
    assert about["words"] == ["yes", "no"]
    assert [type(part) for part in loaded] == [type(part) for part in stack]
    assert [part.arguments() for part in loaded] == [part.arguments() for part in stack]
    assert torch.equal(stack(SPIKES), loaded(SPIKES))


@pytest.mark.parametrize("neuron", ["lif", "qif"])
def test_a_network_of_surrogate_gradients_comes_back(tmp_path: Path, neuron: str) -> None:
    """Its file has the settings, its spikes are on the grid, traces reach the threshold there."""
    clocked = {"surrogate": {"width": 0.5, "step": 0.002}, "layers": [6, 5]}
    own = validate(NetworkSettings, {**SETTINGS["network"], **clocked})
    network = Network(own, N_UNITS, N_CLASSES, neuron)
    network.initialise(TRAIN.spikes, torch.Generator().manual_seed(0))
    save_network(tmp_path / "net", network)
    loaded, _ = load_network(tmp_path / "net")
    assert loaded.settings == own
    sample = VALIDATION.spikes[0]
    output = loaded(sample)
    assert torch.equal(output.logits, network(sample).logits)
    spikes = output.hidden[0].trains()
    steps = spikes.times / 0.002
    assert len(steps) > 0
    torch.testing.assert_close(steps, steps.round(), rtol=0, atol=1e-4)
    unit = int(spikes.units.mode().values)
    at_spikes = loaded.hidden[0].trace(sample, 0, unit, spikes.times[spikes.units == unit].numpy())
    assert ((at_spikes > 1) if neuron == "lif" else (at_spikes < 0)).all()  # beyond infinity


def test_trained_times_at_their_bounds_come_back(tmp_path: Path) -> None:
    """A logarithm's exponential may lie a bit beyond the bound."""
    layer = SpikingLayer(6, 5, train_tau=True)
    readout = IntegratedReadout(5, 2, 0.02, 0.1, train_times=True)
    for own, value in (
        (layer.log_tau, -9.0),
        (readout.log_window, 9.0),
        (readout.log_tau_out, -99),
    ):
        own.data.fill_(value)
    layer.bound()
    readout.bound()
    save_network(tmp_path / "x.safetensors", nn.Sequential(layer, readout))
    (of_layer, of_readout), _ = load_network(tmp_path / "x.safetensors")
    assert of_layer.neuron.tau == layer.neuron.tau
    assert (of_readout.window, of_readout.tau_out) == (readout.window, readout.tau_out)


def test_a_write_that_fails_leaves_the_file_as_it_was(tmp_path: Path) -> None:
    (tmp_path / "net").write_text("whole")
    with suppress(RuntimeError), atomic(tmp_path / "net") as part:
        part.write_text("ha")
        raise RuntimeError
    assert [path.read_text() for path in tmp_path.iterdir()] == ["whole"]


LAYER = SpikingLayer(6, 6)


@pytest.mark.parametrize(
    ("network", "about", "message"),
    [
        (nn.Sequential(nn.Linear(2, 2)), {}, "a Linear cannot be kept in a file: it can have Dela"),
        (nn.Sequential(ClockedLayer(2, 2, surrogate=torch.exp)), {}, "cannot be kept in a file"),
        (LAYER, {}, r"must be a Network, or torch\.nn\.Sequential"),
        (nn.Sequential(LAYER), {"n": np.int64(3)}, r"must be plain values .*int64"),
        (nn.Sequential(LAYER), {"neuron": "lif"}, "about: neuron describes the network"),
    ],
)  # fmt: skip
def test_what_cannot_be_kept_is_told(tmp_path: Path, network, about, message) -> None:
    with pytest.raises(ValueError, match=message):
        save_network(tmp_path / "net", network, about)
    assert not [*tmp_path.iterdir()]


def test_what_is_no_network_is_told_with_its_file(tmp_path: Path) -> None:
    """Other errors of the header of a :class:`Network` are those of its settings."""
    own = Network(settings().network, 6, 3, "lif")
    for name, saved in (("stack", nn.Sequential(LAYER)), ("net", own)):
        save_network(tmp_path / name, saved)
    tensors, header = load_tensors(tmp_path / "stack")
    header["stack"][0]["dtype"] = "float33"
    save_tensors(tmp_path / "type", tensors, header)
    tensors, header = load_tensors(tmp_path / "net")
    save_tensors(tmp_path / "neuron", tensors, header | {"neuron": "lief"})
    torch.save({"a": torch.ones(2)}, tmp_path / "torch")
    save_file({"a": torch.ones(2)}, tmp_path / "own")
    for name, message in (
        ("absent", "no such file"),
        ("torch", "not a whole file of tensors"),
        ("own", "spikegrad has not written"),
        ("type", "not a network .*float33"),
        ("neuron", "lief"),
    ):
        with pytest.raises(CheckpointError, match=f"{name}: .*{message}"):
            load_network(tmp_path / name)
