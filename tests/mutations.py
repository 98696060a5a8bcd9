"""Forty faults made by hand, each put into a copy of the repository: which do the tests catch?

    python tests/mutations.py [name ...]      all, or those named; about half an hour

No part of the suite. A fault replaces a text that stands once in a file. The tests that should
catch it run on the copy; they do if one fails, or if they crash or never end. Whoever makes tests
fewer runs this before and after: as many must be caught.
"""

from __future__ import annotations

import os
import shlex
import shutil
import subprocess
import sys
import tempfile
from pathlib import Path
from typing import NamedTuple

from smoke import ROOT, copy_repository

SECONDS = 900  # after which tests are taken to hang


class Fault(NamedTuple):
    """A replacement of ``old`` by ``new`` in a file, and pytest's arguments that should fail."""

    file: str
    old: str
    new: str
    tests: str


NEURONS, LIBRARY = "src/spikegrad/neurons/", "src/spikegrad/"
TRAINING, SEARCH = "workflow/study/training/", "workflow/study/search/"
LANDSCAPE = "workflow/study/landscape/"

FAULTS = {
    # neurons and engine
    "lif adjoint's sign": Fault(
        NEURONS + "lif.py", "e * (d * lW + e * lI)", "e * (e * lI - d * lW)",
        "tests/test_engine.py -k 'gradients_equal and lif'",
    ),
    "lif spike's factor": Fault(
        NEURONS + "lif.py", "(g * tau / (theta - I)", "(g * tau / (theta + I)",
        "tests/test_engine.py -k 'gradients_equal and lif'",
    ),
    "lif reset": Fault(
        NEURONS + "lif.py", "type(W)(0.0 - neuron.drive), I", "type(W)(0.1 - neuron.drive), I",
        "tests/test_engine.py -k 'equal_numerical and lif'",
    ),
    "refractory time": Fault(
        NEURONS + "lif_refractory.py", "math.expm1(-1 / 5)", "math.expm1(-1 / 4)",
        "tests/test_engine.py -m weekly -k 'isolated and refractory'",
    ),
    "qif adjoint's sign": Fault(
        NEURONS + "qif.py", "m = type(d)(-0.5)", "m = type(d)(0.5)",
        "tests/test_engine.py -k 'gradients_equal and qif'",
    ),
    "qif spike's adjoint": Fault(
        NEURONS + "qif.py", "/ p - adjoint[1]", "/ p + adjoint[1]",
        "tests/test_engine.py -k 'gradients_equal and qif'",
    ),
    "qif current through a spike": Fault(
        NEURONS + "qif.py", "unmoved = type(d)(2)", "unmoved = type(d)(1)",
        "tests/test_engine.py -k 'gradients_equal and qif'",
    ),
    "order at equal times": Fault(
        LIBRARY + "engine/apart.py",
        "(time == times[f]) & (g < f)", "(time == times[f]) & (g > f)",
        "tests/test_misuse.py -k volley_of_spikes",
    ),
    "delay line a step late": Fault(
        LIBRARY + "engine/arrivals.py",
        "first = min(first, times[heads[c]] + c * step)",
        "first = min(first, times[heads[c]] + (c + 1) * step)",
        "tests/test_pairs.py -k line_by_hand",
    ),
    # library
    "end of the sample in tau's gradient": Fault(
        LIBRARY + "engine/batch.py", "* duration / neuron.tau", "* duration",
        "tests/test_delays.py -k gradients_equal",
    ),
    "sample_clip at the mean": Fault(
        LIBRARY + "autograd.py", "clip * np.median(some)", "clip * np.mean(some)",
        "tests/test_sample_clip.py",
    ),
    "readout's window": Fault(
        LIBRARY + "readouts.py", "early = width * np.exp(-t / tw)",
        "early = width * np.exp(-t / tau)",
        "tests/test_readouts.py",
    ),
    "readout's time constant": Fault(
        LIBRARY + "readouts.py", "width = 1 / (1 / tw + 1 / tau)",
        "width = 1 / (1 / tw + 2 / tau)",
        "tests/test_readouts.py",
    ),
    "slope of a clocked step": Fault(
        LIBRARY + "clocked.py", "(grad_c * s).mul_(0.5)", "(grad_c * s)",
        "tests/test_clocked.py",
    ),
    "counts that do not count": Fault(
        LIBRARY + "activity.py", "values = values * spikes.counts", "values = values * 1",
        "tests/test_counts.py",
    ),
    "milliseconds for seconds": Fault(
        LIBRARY + "spikes.py", "seconds: float = 1e-6", "seconds: float = 1e-3",
        "tests/test_spikes.py",
    ),
    "seeds shared between purposes": Fault(
        LIBRARY + "seeds.py", "(seed, spawn_key=purpose)", "(seed)",
        "tests/test_search_sampling.py",
    ),
    "written in place": Fault(
        LIBRARY + "files.py", "yield temporary\n        os.replace(temporary, path)", "yield path",
        "tests/test_saving_networks.py -k write_that_fails",
    ),
    "channels of the cochlea reversed": Fault(
        LIBRARY + "cochlea.py", "channels.append(channel + first)",
        "channels.append(first + velocity.shape[1] - 1 - channel)",
        "tests/test_data_cochlea.py",
    ),
    # kernels
    "surrogate kernel by the derivative": Fault(
        LIBRARY + "ntk/recursion.py", "pair = network.derivative, network.surrogate",
        "pair = network.derivative, network.derivative",
        "tests/test_ntk_analytic.py",
    ),
    "argument of the arcsine": Fault(
        LIBRARY + "ntk/activations.py", "np.arcsin(variance / (c + variance))",
        "np.arcsin(variance / (2 * c + variance))",
        "tests/test_ntk_moments.py tests/test_ntk_analytic.py",
    ),
    "time of kernel regression": Fault(
        LIBRARY + "ntk/regression.py", "np.atleast_1d(times) / n", "np.atleast_1d(times)",
        "tests/test_ntk_regression.py",
    ),
    # data and training
    "a test speaker in training": Fault(
        "workflow/study/data/splits.py", 'return ~parts["test"] & (', "return (",
        "tests/test_data_prepare.py",
    ),
    "penalty without a gradient": Fault(
        TRAINING + "loop.py", "(loss + penalty).backward()", "loss.backward()",
        "tests/test_training.py -k penalty",
    ),
    "clip's norm without units": Fault(
        TRAINING + "optimizer.py", "_sum_of_squares(group.gradient) * group.unit**2",
        "_sum_of_squares(group.gradient)",
        "tests/test_training.py -k clipped",
    ),
    "resumed with a fresh optimiser": Fault(
        TRAINING + "run.py", 'optimizer.load(_part(tensors, "adam."))', "pass",
        "tests/test_determinism.py -k after_a_stop",
    ),
    # search
    "trials scored on training data": Fault(
        SEARCH + "trials.py", "respond(run.network, self.validation,",
        "respond(run.network, self.data,",
        "tests/test_search_trials.py",
    ),
    "budget exceeded by one": Fault(
        "workflow/study/config/search.py", "if self.epochs_of(n) <= epochs)",
        "if self.epochs_of(n) <= epochs + 1)",
        "tests/test_search_sampling.py",
    ),
    "search for the worst": Fault(
        SEARCH + "sampling.py", 'direction="maximize", sampler=_sampler(',
        'direction="minimize", sampler=_sampler(',
        "tests/test_search_sampling.py",
    ),
    "halving keeps the worst": Fault(
        SEARCH + "trial_records.py", "key=lambda r: r.quality, reverse=True)",
        "key=lambda r: r.quality)",
        "tests/test_search_sampling.py",
    ),
    "inner folds swapped": Fault(
        SEARCH + "selection.py", "seed=s, inner=inner)", "seed=s, inner=folds - 1 - inner)",
        "tests/test_search_sampling.py",
    ),
    # landscapes
    "census' tolerance": Fault(
        LANDSCAPE + "causes.py", "SAME = 1e-9", "SAME = 1e-4",
        "tests/test_landscape_causes.py tests/test_landscape_census.py",
    ),
    "a signature without the order of spikes": Fault(
        LANDSCAPE + "signature.py", "zip(a.units[1:] + a.ranks, b.units[1:] + b.ranks,",
        "zip(a.ranks, b.ranks,",
        "tests/test_landscape_causes.py tests/test_landscape_census.py",
    ),
    "depth of minima doubled": Fault(
        LANDSCAPE + "fragmentation.py", "values.max(), deaths) - births",
        "values.max(), deaths) * 2 - 2 * births",
        "tests/test_landscape_fragmentation.py",
    ),
    "directions of any length": Fault(
        LANDSCAPE + "directions.py", "direction * (norm / direction.norm())", "direction",
        "tests/test_landscape_directions.py",
    ),
    "roughness in another unit": Fault(
        LANDSCAPE + "roughness.py", "part.fill_(own.norm())", "part.fill_(own.abs().mean())",
        "tests/test_measures.py -k roughness",
    ),
    # claims
    "t interval with n degrees": Fault(
        "workflow/study/intervals.py", "len(x) - 1) * x.std", "len(x)) * x.std",
        "tests/test_claims_statistics.py",
    ),
    "a one-sided test of signs": Fault(
        "workflow/study/claims/estimates.py", 'permutation_type="samples",',
        'permutation_type="samples", alternative="greater",',
        "tests/test_claims_statistics.py tests/test_claims.py",
    ),
    "a verdict reversed": Fault(
        "workflow/study/claims/estimates.py", 'above if self.side == ">" else below',
        'below if self.side == ">" else above',
        "tests/test_claims.py",
    ),
    "a digest without imported modules": Fault(
        "workflow/study/storage/provenance.py",
        '{node.module} | {f"{node.module}.{alias.name}" for alias in node.names}',
        "set()",
        "tests/test_provenance.py -k 'changes_a_result or loads_is_found'",
    ),
}  # fmt: skip


def caught(fault: Fault, copy: Path) -> str:
    """What the fault's tests say of it: caught, or not; or that they cannot be run."""
    path, folders = copy / fault.file, [str(copy / folder) for folder in ("src", "workflow")]
    whole = path.read_text()
    assert whole.count(fault.old) == 1, f"{fault.file} has not once: {fault.old}"
    path.write_text(whole.replace(fault.old, fault.new))
    # what is compiled of a fault is nobody else's
    own = {"PYTHONPATH": os.pathsep.join(folders), "NUMBA_CACHE_DIR": str(copy / "compiled")}
    command = [sys.executable, "-m", "pytest", "-xq", "-p", "no:cacheprovider"]
    command += shlex.split(fault.tests)
    try:
        status = subprocess.run(
            command, cwd=copy, env=os.environ | own, capture_output=True, timeout=SECONDS
        ).returncode
    except subprocess.TimeoutExpired:
        return "caught: never ends"
    finally:
        path.write_text(whole)
    return "NOT CAUGHT" if status == 0 else "caught" if status < 2 else "BROKEN"


if __name__ == "__main__":
    with tempfile.TemporaryDirectory() as folder:
        copy = copy_repository(Path(folder))
        shutil.copy(ROOT / "pyproject.toml", copy)
        shutil.copytree(ROOT / "tests", copy / "tests")
        for name in sys.argv[1:] or FAULTS:
            print(f"{name:42}{caught(FAULTS[name], copy)}", flush=True)
