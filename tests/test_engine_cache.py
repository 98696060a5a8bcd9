"""Compiled kernels are shared between processes, and never outlive the formulas they came from."""

import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

import spikegrad

PACKAGE = Path(spikegrad.__file__).parent
PROBE = """
import torch
from spikegrad import SpikeTrains, SpikingLayer
from spikegrad.engine import forward
layer = SpikingLayer(1, 1, "lif", dtype=torch.float64)
with torch.no_grad():
    layer.weight.fill_(20.0)
    out = layer(SpikeTrains.from_arrays([[0.01]], [[0]], 0.1))
stats = forward.forward.stats
print(out.times[0].item().hex(), sum(stats.cache_hits.values()), sum(stats.cache_misses.values()))
"""


def run(source: Path, cache: Path) -> tuple[float, int, int]:
    env = {**os.environ, "PYTHONPATH": str(source), "NUMBA_CACHE_DIR": str(cache)}
    out = subprocess.run(
        [sys.executable, "-c", PROBE], env=env, capture_output=True, text=True, check=True
    ).stdout.split()
    return float.fromhex(out[0]), int(out[1]), int(out[2])


def copied(folder: Path) -> Path:
    """A copy of the library's source."""
    source = folder / "src"
    shutil.copytree(PACKAGE, source / "spikegrad", ignore=shutil.ignore_patterns("__pycache__"))
    return source


def edited(source: Path) -> None:
    """Make the LIF neuron's spikes come earlier."""
    lif = source / "spikegrad" / "neurons" / "lif.py"
    text = lif.read_text()
    assert text.count("max(2.0 * (theta - W)") == 1
    lif.write_text(text.replace("max(2.0 * (theta - W)", "max(1.9 * (theta - W)"))


@pytest.mark.weekly
def test_copies_share_compiled_code_and_an_edited_formula_is_compiled_anew(tmp_path):
    """Files beside the kernels, whose contents may differ, have their own."""
    source, cache = copied(tmp_path), tmp_path / "cache"
    (tmp_path / "other").mkdir()
    first, *counts = run(source, cache)
    assert counts == [0, 1]
    assert run(copied(tmp_path / "other"), cache) == (first, 1, 0)
    edited(source)
    changed, *counts = run(source, cache)
    assert counts == [0, 1]
    assert changed < first


def test_edited_formulas_and_other_processors_have_compiled_code_of_their_own(tmp_path):
    """In one folder, processors would overwrite each other's index, and compile again and again."""
    source = copied(tmp_path)

    def folder(features: str) -> str:
        probe = "from spikegrad.engine import compiler; print(compiler._CACHE_FOLDER)"
        own = {"NUMBA_CACHE_DIR": str(tmp_path), "NUMBA_CPU_FEATURES": features}
        env = {**os.environ, **own, "PYTHONPATH": str(source)}
        return subprocess.check_output([sys.executable, "-c", probe], env=env, text=True)

    folders = {folder("+avx2"), folder("+avx2,+fma")}
    assert folder("+avx2") in folders
    edited(source)
    assert len({*folders, folder("+avx2")}) == 3


@pytest.mark.parametrize("variable", ["HOME", "NUMBA_CACHE_DIR"])
def test_a_folder_that_cannot_be_written_is_one_line_with_the_remedy(variable):
    env = {name: value for name, value in os.environ.items() if name != "NUMBA_CACHE_DIR"}
    run = subprocess.run(
        [sys.executable, "-c", "import spikegrad.engine.compiler"],
        env={**env, variable: "/dev/null"},
        capture_output=True,
        text=True,
    )
    last = run.stderr.strip().splitlines()[-1]
    assert last.startswith("OSError: compiled code cannot be kept in /dev/null")
    assert "set NUMBA_CACHE_DIR to a folder that can be written" in last


KINDS = [("lif", 0.0), ("qif", 0.0), ("qif", 0.3), ("qif_delta", 0.3)]
"""Neuron models with formulas of their own, of which some have others for a drive."""
TRAINING = """
import torch
import MODULE  # whatever is imported first
from spikegrad.engine import backward, forward
from spikegrad.layers import SpikingLayer, warm_up
from spikegrad.readouts import IntegratedReadout
from spikegrad.spikes import SpikeTrains
warm_up(KINDS)
before = [len(forward.forward.signatures), len(backward.backward.signatures)]
times = torch.linspace(0.001, 0.09, 200, dtype=torch.float64).repeat(6)
spikes = SpikeTrains(times, torch.arange(1200) % 30, torch.arange(7) * 200, 0.1)
for neuron, drive in KINDS:
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
after = [len(forward.forward.signatures), len(backward.backward.signatures)]
functions = forward.forward, backward.backward
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
