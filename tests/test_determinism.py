"""The same bits always: whatever was compiled before, on any threads, after any stop."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import llvmlite.binding
import pytest
import torch
from torch.nn.functional import cross_entropy

from networks import DAILY, SINGLE, random_spikes
from spikegrad.first_spike import _in_parts
from spikegrad.network import Network
from spikegrad.network_settings import NetworkSettings
from spikegrad.neurons import NEURONS
from spikegrad.settings import validate
from study.config.training import ModelSettings
from study.training.loop import activity_penalty, train
from study.training.optimizer import Adam
from study.training.run import Run, snapshot_tensors
from trainings import SETTINGS, dataset, killed_after

READOUTS = [
    {"kind": "integrated", "tau_out": 0.02, "window": 0.2},
    {"kind": "maximum", "tau_out": 0.02},
    {"kind": "first_spike", "tau_out": 0.02, "time_scale": 0.02},
]

GRADIENTS = """
import hashlib
import numba
settings = {name: getattr(numba.config, name) for name in dir(numba.config) if name.isupper()}
if COMPILED_BEFORE:
    numba.njit(lambda x: x + 1)(1)
import torch
from spikegrad.layers import SpikingLayer
from spikegrad.spikes import SpikeTrains
draw = torch.Generator().manual_seed(0)
times = torch.rand(4, 200, generator=draw, dtype=torch.float64).sort(1).values * 0.2
times = times.flatten().requires_grad_()
units = torch.randint(0, 30, (800,), generator=draw)
spikes = SpikeTrains(times, units, torch.arange(5) * 200, 0.2)
layer = SpikingLayer(30, 50, "qif", 0.02, recurrent=True)
layer.initialise(spikes, 0.8, 3.0, 0.5, draw)
out = layer(spikes)
out.times.square().sum().backward()
bits = [out.times.detach(), times.grad, *(weight.grad for weight in layer.parameters())]
print(hashlib.sha256(b"".join(b.numpy().tobytes() for b in bits)).hexdigest())
same = all(getattr(numba.config, name) == value for name, value in settings.items())
print("settings unchanged" if same else "settings changed")
"""


def gradients(compiled_before: bool, processor: str) -> list[str]:
    """A hash of a layer's spikes and gradients, and whether Numba's settings are as before."""
    code = GRADIENTS.replace("COMPILED_BEFORE", str(compiled_before))
    env = {**os.environ, "NUMBA_CPU_NAME": processor}
    out = subprocess.run([sys.executable, "-c", code], env=env, capture_output=True, text=True)
    assert out.returncode == 0, out.stderr
    return out.stdout.split("\n")[:-1]


@pytest.mark.weekly
def test_what_numba_compiled_before_changes_no_bit_and_its_settings_stay():
    # A processor for which LLVM would keep to half registers, where this one can stand in for it.
    wide = llvmlite.binding.get_host_cpu_features().get("avx512vl", False)
    processor = "skylake-avx512" if wide else ""
    first, second = (gradients(before, processor) for before in (False, True))
    assert len(first) == 2
    assert first == second
    assert first[-1] == "settings unchanged"


def assert_same_on_any_threads(compute: Callable[[int], list[torch.Tensor]]) -> None:
    expected = compute(1)
    for threads in (2, 3, 8):
        assert all(map(torch.equal, compute(threads), expected))


def bits(run: Run) -> bytes:
    """Everything that a training leaves, but for how long it took."""
    assert run.outcome == "finished"
    weights = [
        w for state in (run.network.state_dict(), run.trained) for _, w in sorted(state.items())
    ]
    numbers = [{k: v for k, v in row.items() if k != "seconds"} for row in run.history]
    weights += [w for _, w in sorted(snapshot_tensors(run).items())]
    return b"".join(w.numpy().tobytes() for w in weights) + repr(numbers).encode()


@pytest.mark.parametrize(
    ("neuron", "readout", "clip"),
    [  # each pair of values is there; the weekly tests have all combinations
        pytest.param(
            *(neuron, readout, clip),
            marks=() if c == (n + r) % 2 and neuron in SINGLE else pytest.mark.weekly,
            id=f"{neuron}-{readout['kind']}-{clip}",
        )
        for n, neuron in enumerate([*DAILY, *sorted({*NEURONS} - {*DAILY})])
        for r, readout in enumerate(READOUTS)
        for c, clip in enumerate((None, 1.0))
    ],
)
def test_a_training_is_the_same_on_any_threads_and_after_a_stop(
    neuron: str, readout: dict[str, Any], clip: float | None, tmp_path: Path
) -> None:
    """With a last batch of one, 128 neurons for BLAS to share out, and a resume on other cores."""
    network = {**SETTINGS["network"], "layers": [128], "readout": readout}
    network["drive"] = 0.3 if neuron == "qif_delta" else 0.0
    training = {**SETTINGS["training"], "epochs": 2, "sample_clip": clip, "snapshots": 2}
    if clip:
        training |= {"dropout": {"neurons": 0.3, "events": 0.2}, "average": 0.6, "ease_in": 0.5}
    model = validate(ModelSettings, {"network": network, "training": training})
    data, validation = dataset(17, seed=0), dataset(9, seed=1)

    def trained(name: str, threads: int) -> bytes:
        torch.set_num_threads(threads)
        return bits(train(model, neuron, 0, data, validation, tmp_path / name, "same"))

    expected = trained("one", 1)
    assert trained("two", 2) == expected
    assert trained("eight", 8) == expected
    with killed_after(1):
        trained("stopped", 2)
    assert trained("stopped", 8) == expected


CLOCKED = {"layers": [128, 100], "surrogate": {"width": 1.0, "step": 0.002}}
DELAYED = {"layers": [50, 50], "train_tau": True}
UPDATES = [  # each neuron, readout, and kind of layer is there
    *(
        (neuron, {"layers": [333], "readout": own})
        for neuron, own in zip(("lif", "qif", "qif"), READOUTS, strict=True)
    ),
    ("lif", CLOCKED),
    ("qif", CLOCKED),
    ("lif", DELAYED | {"delays": {"kind": "axonal", "copies": 2}}),
    ("lif", DELAYED | {"delays": {"kind": "axonal", "copies": 2, "grid": 0.004}}),
    ("lif", DELAYED | {"delays": {"kind": "synaptic", "grid": 0.004}}),
]


@pytest.mark.parametrize(("neuron", "changes"), UPDATES)
def test_an_update_is_the_same_on_any_threads(neuron: str, changes: dict[str, Any]) -> None:
    """Torch itself shares out from 32,768 numbers on: of a weight matrix, of a batch's states."""
    settings = validate(NetworkSettings, {**SETTINGS["network"], **changes})
    spikes = random_spikes(0, n_samples=101, n_events=20, n_units=120, duration=0.1)

    def updated(threads: int) -> list[torch.Tensor]:
        torch.set_num_threads(threads)
        net = Network(settings, 120, 20, neuron)
        net.initialise(spikes, torch.Generator().manual_seed(0))
        optimizer = Adam(net, 0.01, 0.01)
        output = net(spikes)
        loss = cross_entropy(output.logits, torch.arange(101) % 20)
        (loss + activity_penalty(output.hidden[0], settings.layers[0], 1.0)).backward()
        assert all(weight.grad.any() for weight in net.parameters())
        norm = optimizer.clip(1e-3)
        optimizer.step(1.0)
        return [loss.detach(), torch.tensor(norm), *(w.detach() for w in net.parameters())]

    assert_same_on_any_threads(updated)


@pytest.mark.parametrize("neuron", ["qif", "qif_delta"])
def test_pseudospikes_of_a_large_batch_are_the_same_on_any_threads(neuron: str) -> None:
    """Their phases and delays are torch's functions, which it computes in shares."""
    draw = torch.Generator().manual_seed(0)
    model = NEURONS[neuron](tau=0.02)
    state = [torch.randn(333, 333, generator=draw) for _ in model.variables()]
    feed = torch.randn(333, 333, generator=draw)

    def values(threads: int) -> list[torch.Tensor]:
        torch.set_num_threads(threads)
        inputs = [each.clone().requires_grad_() for each in (*state, feed)]
        delays, phases = _in_parts(model.pseudospikes, tuple(inputs[:-1]), inputs[-1])
        loss = (delays * feed + phases * state[0]).sum(1).sum()
        return [delays.detach(), phases.detach(), *torch.autograd.grad(loss, inputs)]

    assert_same_on_any_threads(values)
