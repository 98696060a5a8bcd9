"""The search for unstable data, networks there, and what importing the package costs."""

from __future__ import annotations

import ast
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
import torch

import spikegrad.ntk
from spikegrad.ntk.activations import Sign
from spikegrad.ntk.analytic import sg_ntk
from spikegrad.ntk.surrogates import HardTanhDerivative, IdentityDerivative
from spikegrad.settings import ConfigError, validate
from study.config.ntk import NTKProblem, StabilityConfig
from study.ntk.instability import drift, search
from study.ntk.subnormal import flush_subnormal, flushed
from study.storage.provenance import imported_files

ROOT = Path(__file__).parents[1]
PROBLEM = {
    "seed": 3,
    "n_test": 40,
    "n_train": 6,
    "weight_std": 1.0,
    "bias_std": 0.1,
    "learning_rate": 0.1,
}
WINDOW = {"name": "hard_tanh", "half_width": 1.0}
SETUP = {
    "surrogates": [WINDOW, {"name": "identity"}],
    "depths": [2],
    "n_inputs": [2],
    "n_points": 4,
    "largest_norm": 10.0,
    "n_draws": 200,
    "n_refined": 2,
    "evaluations": 300,
    "drift": {"surrogate": WINDOW, "widths": [30, 3000], "n_networks": 6, "steps": 40},
}


@pytest.fixture(scope="module")
def found():
    problem, setup = validate(NTKProblem, PROBLEM), validate(StabilityConfig, SETUP)
    return problem, setup, *search(problem, setup)


def test_the_search_finds_what_eigenvalues_confirm(found) -> None:
    _, _, cases, points = found
    window, identity = (cases[cases.surrogate == s].iloc[0] for s in ("hard_tanh 1.0", "identity"))
    assert 0 < window.share < 0.2
    assert window.found <= window.drawn < 0
    assert window.found < -0.005
    assert identity.share == 0
    assert identity.found > -1e-9
    for case, psi in ((window, HardTanhDerivative(1.0)), (identity, IdentityDerivative())):
        x = points[points.surrogate == case.surrogate][["x0", "x1"]].to_numpy()
        assert np.linalg.norm(x, axis=1).max() < 10
        kernel = sg_ntk(x, None, 2, Sign(), psi, get="ntk")
        least = np.linalg.eigvals(kernel).real.min() / np.linalg.norm(kernel, 2)
        assert least == pytest.approx(case.found, rel=1e-6, abs=1e-12)


def test_wide_networks_drift_away_as_the_eigenvalue_says(found) -> None:
    problem, setup, cases, points = found
    table = drift(problem, setup, cases, points)
    assert set(table.columns) >= {"error", "loss", "predicted", "eigenvalue", "norm", "surrogate"}
    mean = table.groupby(["width", "step"]).error.mean()
    # nothing has moved at first; the mean error is that of f = 0
    assert mean[3000, 0] == pytest.approx(1, abs=0.3)
    grown, expected = mean[3000, 15] / mean[3000, 0], table[table.step == 15].predicted.iloc[0]
    assert expected > 1.1
    assert grown > 1 + 0.5 * (expected - 1)
    assert mean[3000, 40] > 1.15 * mean[3000, 0]
    first = table.iloc[0]
    rate = 4 / first.norm
    step = table[table.step == 40].predicted.iloc[0]
    assert step == pytest.approx(np.exp(-first.eigenvalue * rate * 40 / 4))


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"depths": [3]}, "depths must have 2"),
        ({"surrogates": [{"name": "identity"}]}, "drift.surrogate must be one of"),
        ({"surrogates": [{"name": "true_derivative"}]}, "surrogates"),
    ],
)
def test_bad_settings_are_named(change, message) -> None:
    with pytest.raises(ConfigError, match=message):
        validate(StabilityConfig, {**SETUP, **change})


def test_the_front_door_has_every_name_and_costs_nothing_until_used() -> None:
    assert {
        "sg_ntk",
        "empirical_sg_ntk",
        "kernel_regression",
        "Sign",
        "Erf",
        "Relu",
        "Tanh",
        "Step",
    } <= {*spikegrad.ntk.__all__}
    for name in spikegrad.ntk.__all__:
        assert getattr(spikegrad.ntk, name).__module__.startswith("spikegrad.ntk.")
        assert name in dir(spikegrad.ntk)
    with pytest.raises(AttributeError, match="nonsense"):
        _ = spikegrad.ntk.nonsense
    code = "import sys, spikegrad.ntk; sys.exit('torch' in sys.modules or 'numpy' in sys.modules)"
    assert subprocess.run([sys.executable, "-c", code], check=False).returncode == 0


def test_scripts_depend_on_the_modules_they_use_alone(tmp_path) -> None:
    script = tmp_path / "script.py"
    script.write_text("from spikegrad.ntk.analytic import sg_ntk\n")
    files = {Path(f).name for f in imported_files(script)}
    assert {"analytic.py", "activations.py", "moments.py", "quadrature.py"} <= files
    assert not {"regression.py", "modules.py", "network.py", "ensemble.py"} & files
    # the lazy names are for users: through them the workflow would not see what a script depends on
    for file in (*(ROOT / "src").rglob("*.py"), *(ROOT / "workflow").rglob("*.py")):
        for node in ast.walk(ast.parse(file.read_text())):
            if isinstance(node, ast.ImportFrom) and node.module == "spikegrad.ntk":
                assert not {alias.name for alias in node.names} & {*spikegrad.ntk.__all__}, file


@pytest.mark.parametrize("before", [False, True])
def test_subnormal_numbers_are_as_before_afterwards(before):
    torch.set_flush_denormal(before)
    try:
        with flush_subnormal():
            assert flushed()
        assert flushed() == before
    finally:
        torch.set_flush_denormal(False)
