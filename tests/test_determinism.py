"""The same bits always: whatever was compiled before, on any threads, after any stop."""

from __future__ import annotations

import os
import subprocess
import sys

import llvmlite.binding

from spikegrad.neurons import NEURONS

ALL = sorted(NEURONS)

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
for neuron in ["qif"]:  # one, since this is compiled for a processor of its own
    times = torch.rand(4, 200, generator=draw, dtype=torch.float64).sort(1).values * 0.2
    times = times.flatten().requires_grad_()
    units = torch.randint(0, 30, (800,), generator=draw)
    spikes = SpikeTrains(times, units, torch.arange(5) * 200, 0.2)
    layer = SpikingLayer(30, 50, neuron, 0.02, recurrent=True)
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


def test_what_numba_compiled_before_changes_no_bit_and_its_settings_stay():
    # A processor for which LLVM would keep to half registers, where this one can stand in for it.
    wide = llvmlite.binding.get_host_cpu_features().get("avx512vl", False)
    processor = "skylake-avx512" if wide else ""
    first, second = (gradients(before, processor) for before in (False, True))
    assert len(first) == 2
    assert first == second
    assert first[-1] == "settings unchanged"
