"""Checkpoints of another machine are refused; a pinned instruction set gives the same bits.

Other processors are emulated by the settings of Numba, torch and MKL.
"""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

import study.machine
from study.config.machines import Machines
from study.machine import OtherMachineError
from study.training.loop import train
from trainings import TRAIN, VALIDATION, killed_after, settings

NEHALEM = {
    "NUMBA_CPU_NAME": "nehalem",
    "NUMBA_CPU_FEATURES": "",
    "ATEN_CPU_CAPABILITY": "default",
    "MKL_CBWR": "COMPATIBLE",
}
HASWELL = {
    "NUMBA_CPU_NAME": "haswell",
    "NUMBA_CPU_FEATURES": "+avx,+avx2,+fma",
    "ATEN_CPU_CAPABILITY": "avx2",
    "MKL_CBWR": "AVX2",
}
PINS = Machines(instruction_set="avx2").variables()
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


@pytest.mark.weekly
def test_a_pinned_instruction_set_gives_the_same_bits_on_each_processor(tmp_path: Path) -> None:
    """Of what a process computes on an emulated processor, and what it is made with."""

    def start(environment: dict[str, str]) -> subprocess.Popen[str]:
        env = {**os.environ, **environment, "NUMBA_CACHE_DIR": str(tmp_path)}
        return subprocess.Popen(
            [sys.executable, "-c", BITS], env=env, stdout=subprocess.PIPE, text=True
        )

    running = [start(environment) for environment in (NEHALEM | PINS, HASWELL | PINS, NEHALEM)]
    first, second, free = (process.communicate()[0].split() for process in running)
    assert len(first) > 1
    assert first == second
    assert free[0] != first[0]  # else nothing was tried
    assert free[1:] != first[1:]


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
    with killed_after(1):
        run(tmp_path)
    elsewhere()
    with pytest.raises(OtherMachineError) as refused:
        run(tmp_path)
    message = str(refused.value)
    assert message.startswith(f"{tmp_path / 'state'}: made with")
    for part in ("numba ", "here 0.1", "here haswell", "delete it"):
        assert part in message
