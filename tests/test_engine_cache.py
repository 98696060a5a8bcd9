"""Compiled kernels are shared between processes, and never outlive the formulas they came from."""

import os
import shutil
import subprocess
import sys
from pathlib import Path

import spikegrad

PACKAGE = Path(spikegrad.__file__).parent
PROBE = """
import numpy as np
from spikegrad.engine import kernels
from spikegrad.engine.kernels import Events, Weights
from spikegrad.neurons import LIF
weight = np.full((1, 16), 20.0)
weights = Weights(weight, np.zeros((0, 16)), np.full(1, 20.0), np.zeros(0))
events = Events(np.array([0.01]), np.array([0]))
out = kernels.forward(LIF(0.02), events, 0.1, weights, 1000)
stats = kernels.forward.stats
print(out.times[0].hex(), sum(stats.cache_hits.values()), sum(stats.cache_misses.values()))
"""


def run(source: Path, cache: Path) -> tuple[float, int, int]:
    env = {**os.environ, "PYTHONPATH": str(source), "NUMBA_CACHE_DIR": str(cache)}
    out = subprocess.run(
        [sys.executable, "-c", PROBE], env=env, capture_output=True, text=True, check=True
    ).stdout.split()
    return float.fromhex(out[0]), int(out[1]), int(out[2])


def test_an_edited_formula_is_compiled_anew(tmp_path):
    source = tmp_path / "src"
    shutil.copytree(PACKAGE, source / "spikegrad", ignore=shutil.ignore_patterns("__pycache__"))
    first, hits, misses = run(source, tmp_path / "cache")
    assert (hits, misses) == (0, 1)
    again, hits, misses = run(source, tmp_path / "cache")
    assert (again, hits, misses) == (first, 1, 0)

    lif = source / "spikegrad" / "neurons" / "lif.py"
    text = lif.read_text()
    edited = text.replace("return e * (V + d * I), e * e * I", "return e * (V + d * I), e * I")
    assert edited != text  # a slower synapse
    lif.write_text(edited)
    changed, hits, misses = run(source, tmp_path / "cache")
    assert (hits, misses) == (0, 1)
    assert changed != first or hits == 0
