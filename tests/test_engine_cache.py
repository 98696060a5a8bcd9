"""Compiled kernels are shared between processes, and never outlive the formulas they came from."""

import os
import shutil
import subprocess
import sys
from pathlib import Path

import spikegrad

PACKAGE = Path(spikegrad.__file__).parent


def test_edited_formulas_and_other_processors_have_compiled_code_of_their_own(tmp_path):
    """In one folder, processors would overwrite each other's index, and compile again and again."""
    source = tmp_path / "src"
    shutil.copytree(PACKAGE, source / "spikegrad", ignore=shutil.ignore_patterns("__pycache__"))

    def folder(features: str) -> str:
        probe = "from spikegrad.engine import compiler; print(compiler._CACHE_FOLDER)"
        own = {"NUMBA_CACHE_DIR": str(tmp_path), "NUMBA_CPU_FEATURES": features}
        env = {**os.environ, **own, "PYTHONPATH": str(source)}
        return subprocess.check_output([sys.executable, "-c", probe], env=env, text=True)

    folders = {folder("+avx2"), folder("+avx2,+fma")}
    assert folder("+avx2") in folders
    with open(source / "spikegrad" / "neurons" / "lif.py", "a") as lif:
        lif.write("MORE = 1")
    assert len({*folders, folder("+avx2")}) == 3


KINDS = [(*kind, False, False) for kind in (("lif", 0.0), ("qif", 0.0), ("qif", 0.3))]
"""Neuron models with formulas of their own, of which some have others for a drive."""
TRAINING = """
import torch
import MODULE  # whatever is imported first
from spikegrad.engine.batch import backward_batch, forward_batch
from spikegrad.layers import SpikingLayer, warm_up
from spikegrad.readouts import IntegratedReadout
from spikegrad.spikes import SpikeTrains
warm_up(KINDS)
functions = forward_batch, backward_batch
before = [len(function.signatures) for function in functions]
times = torch.linspace(0.001, 0.09, 200, dtype=torch.float64).repeat(6)
spikes = SpikeTrains(times, torch.arange(1200) % 30, torch.arange(7) * 200, 0.1)
for neuron, drive, *_ in KINDS:
    for dtype in (torch.float32, torch.float64):
        for recurrent in (False, True):
            hidden = SpikingLayer(30, 8, neuron, 0.02, recurrent, dtype, drive=drive)
            out = SpikingLayer(8, 8, neuron, 0.02, recurrent, dtype, drive=drive)
            hidden.initialise(spikes, 0.8, 3.0, 0.5, torch.Generator().manual_seed(0))
            between, _ = hidden.run(spikes)
            out.initialise(between, 0.8, 3.0, 0.5, torch.Generator().manual_seed(0))
            readout = IntegratedReadout(8, 2, 0.02, 0.3, dtype=dtype)
            readout.weight.data.fill_(1.0)
            readout(out(between)).sum().backward()
            hidden.sample_clip = 1.0
            readout(out(hidden(spikes))).sum().backward()
after = [len(function.signatures) for function in functions]
print(before == after, sum(sum(f.stats.cache_misses.values()) for f in functions), *before)
"""


def test_training_runs_what_another_process_has_compiled():
    """No new type, and no other compiler settings, whichever module comes first."""
    of_both_types = str(2 * len(KINDS))
    compiling = f"from spikegrad.layers import warm_up; warm_up({KINDS!r})"
    subprocess.run([sys.executable, "-c", compiling], check=True)
    for module in ("spikegrad.layers", "study.data.dataset"):
        code = TRAINING.replace("MODULE", module).replace("KINDS", repr(KINDS))
        out = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True)
        assert out.returncode == 0, out.stderr
        assert out.stdout.split() == ["True", "0", of_both_types, of_both_types]
