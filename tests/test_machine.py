"""Checkpoints of another machine are refused; a pinned instruction set gives the same bits.

Other processors are emulated by the settings of Numba, torch and MKL.
"""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest
import torch

import study.machine
from study.config.machines import PINS, Machines
from study.machine import OtherMachineError, machine, made_with
from study.ntk.ensemble import train as train_block
from study.training.loop import train
from test_ntk_descent import DESCENT, start
from test_training import TRAIN, VALIDATION, killed_after, settings

EMULATED = [
    {"NUMBA_CPU_NAME": "nehalem", "ATEN_CPU_CAPABILITY": "default", "MKL_CBWR": "COMPATIBLE"},
    {"NUMBA_CPU_NAME": "haswell", "ATEN_CPU_CAPABILITY": "avx2", "MKL_CBWR": "AVX2"},
]
BITS = """
import hashlib
import numpy as np
import torch
from spikegrad.engine.sums import square_sum
from study.machine import made_with
draw = torch.Generator().manual_seed(0)
a, b = torch.randn(217, 333, generator=draw), torch.randn(333, 101, generator=draw)
numbers = [a @ b, torch.exp(a), torch.logsumexp(a, 1), a.sum()]
content = b"".join(n.numpy().tobytes() for n in numbers)
content += np.float64(square_sum(a.numpy())).tobytes()
print(hashlib.sha256(content).hexdigest(), sorted(made_with().items()))
"""


def bits(processor: dict[str, str], cache: Path, pins: dict[str, str]) -> str:
    """What a process computes on an emulated processor, and what it says it is made with."""
    features = "" if processor["NUMBA_CPU_NAME"] == "nehalem" else "+avx,+avx2,+fma"
    env = {**os.environ, "NUMBA_CPU_FEATURES": features, **processor, **pins}
    env["NUMBA_CACHE_DIR"] = str(cache)
    run = subprocess.run([sys.executable, "-c", BITS], env=env, capture_output=True, text=True)
    assert run.returncode == 0, run.stderr
    return run.stdout


def test_a_pinned_instruction_set_gives_the_same_bits_on_each_processor(tmp_path: Path) -> None:
    pins = Machines(instruction_set="avx2").variables()
    first, second = (bits(processor, tmp_path, pins) for processor in EMULATED)
    assert first == second
    free = [bits(processor, tmp_path, {}).split() for processor in EMULATED]
    assert free[0][0] != free[1][0]  # else nothing was tried
    assert free[0][1:] != free[1][1:]


@pytest.fixture
def elsewhere(monkeypatch):
    """Makes this machine another one."""

    def move() -> None:
        monkeypatch.setenv("NUMBA_CPU_NAME", "haswell")
        monkeypatch.setattr(study.machine, "version", lambda package: "0.1")

    return move


def run(folder: Path):
    return train(settings(), "qif", 0, TRAIN, VALIDATION, folder / "state", "same")


def test_a_training_does_not_go_on_from_another_machines_state(
    tmp_path: Path, elsewhere, monkeypatch
) -> None:
    here = machine()
    with killed_after(1):
        run(tmp_path)
    elsewhere()
    with pytest.raises(OtherMachineError) as refused:
        run(tmp_path)
    message = str(refused.value)
    assert message.startswith(f"{tmp_path / 'state'}: made with")
    for part in ("numba ", "here 0.1", "here haswell", "machines.mixed", "delete it"):
        assert part in message
    for name, value in Machines(mixed=True).variables().items():
        monkeypatch.setenv(name, value)
    assert run(tmp_path).made == [here, machine()]


def test_networks_of_a_kernel_do_not_go_on_from_another_machines_state(
    tmp_path: Path, elsewhere
) -> None:
    for step, _ in train_block(DESCENT, start(), (0, 7), tmp_path, 20, "same"):
        assert step in (0, 7)
    elsewhere()
    with pytest.raises(OtherMachineError, match=f"{tmp_path}: made with .*delete it"):
        list(train_block(DESCENT, start(), (0, 7), tmp_path, 20, "same"))


def test_what_a_result_is_made_with_names_torch_and_the_processor(monkeypatch) -> None:
    monkeypatch.setenv("NUMBA_CPU_NAME", "znver9")
    monkeypatch.setenv("NUMBA_CPU_FEATURES", "+avx2,-avx512f,+fma,+sse")
    assert made_with()["torch"] == torch.__version__
    assert made_with()["Numba's processor"] == "znver9 avx2 fma"
    assert "NUMBA_CPU_FEATURES" in PINS["avx2"]  # else those of the processor at hand come on top
