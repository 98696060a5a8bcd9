"""Measures of a study's own networks: each against what defines it."""

from __future__ import annotations

from pathlib import Path

import pandas as pd
import pytest
import torch

from configs import settings
from landscapes import random_objective
from spikegrad.network import Network
from spikegrad.settings import validate
from study.config.study import Study
from study.landscape.objective import held, matrices, weights_of
from study.landscape.roughness import around, scales
from study.report.study_tables import StudyTables
from trainings import settings as model_settings


@pytest.fixture
def results(finished: Path) -> Path:
    return finished / "results/spoken-digits-smoke"


def test_roughness_tells_lif_jumps_from_what_is_smooth():
    options = validate(Study, settings("heidelberg.yaml")).landscape
    few = options.profiles.model_copy(update={"samples": 3, "points": 17})
    options = options.model_copy(update={"profiles": few, "samples": 3})
    found = {}
    for neuron in ("lif", "qif"):
        objective, weights, _ = random_objective(neuron, 1, n_samples=3)
        objective.set_weights(weights)
        net = objective.network
        step, clipped = around(net, objective.data, options, seed=0, lengths=(0.002,))
        found[neuron] = step
        assert torch.equal(weights_of(net), weights)
        assert -1 <= clipped["turned"] <= 1
        before, gradient = objective.gradient(weights)
        pairs = zip(matrices(weights, net), matrices(gradient, net), strict=True)
        parts = [w.norm() * g for w, g in pairs]
        slope = torch.cat([part.flatten() for part in parts]).norm()
        assert step["predicted"] == pytest.approx(-0.002 * float(slope), rel=1e-6)
        moved = [
            w - 0.002 * w.norm() * part / slope
            for w, part in zip(matrices(weights, net), parts, strict=True)
        ]
        after = objective.evaluate(torch.cat([part.flatten() for part in moved]))
        assert step["changed"] == pytest.approx(float(after.loss - before.loss), rel=1e-6)
        assert clipped["predicted"] != pytest.approx(step["predicted"], rel=1e-3)
        net.hidden[0].max_spikes = 0
        assert around(net, objective.data, options, seed=0, lengths=(0.002,)) == []
    assert found["lif"]["word_in_jumps"] > 0
    assert found["qif"]["word_in_jumps"] == 0
    assert found["lif"]["word_minima"] >= found["qif"]["word_minima"]


def test_time_constants_stay_where_roughness_is_measured():
    network = Network(model_settings().network.model_copy(update={"train_tau": True}), 6, 3, "lif")
    weights = weights_of(network)
    fixed = held(network)
    assert fixed.any()
    assert not scales(weights, network)[fixed].any()
    assert scales(weights, network)[~fixed].all()


def test_of_each_search_the_first_network_is_measured(results: Path):
    runs = pd.read_csv(results / "training/scores/runs.csv")
    first = {
        f"networks/{neuron}_{search}.safetensors": f"training/{neuron}/{seed}/trained.safetensors"
        for (neuron, search), seed in runs.groupby(["neuron", "search"])["seed"].min().items()
    }
    assert StudyTables(results).networks == first
    measured = pd.read_csv(results / "networks/measures/roughness.csv")
    assert set(measured["network"]) == {
        f"{n}_{s}.safetensors" for n, s in runs[["neuron", "search"]].to_numpy()
    }


def test_landscape_measures_are_means_over_lines(results: Path):
    profiles = pd.read_parquet(results / "landscape/profiles/profiles.parquet")
    table = pd.read_csv(results / "landscape/summary/measures.csv").set_index(
        ["neuron", "seed", "state"]
    )
    own = profiles[(profiles["neuron"] == "lif") & (profiles["state"] == "trained")]
    for seed, lines in own.groupby("seed"):
        row = table.loc[("lif", seed, "trained")]
        assert row["word_jumps"] == pytest.approx(lines["n_jumps"].mean(), rel=1e-5)
        assert row["word_variation"] == pytest.approx(lines["variation"].mean(), rel=1e-5)
    updates = pd.read_csv(results / "landscape/gradients/updates.csv").groupby(["neuron", "seed"])
    met = table.xs("along training", level="state")["met"]
    assert met.to_numpy() == pytest.approx(
        updates["breaks_per_update"].mean()[met.index].to_numpy(), rel=1e-5
    )


def test_mean_errors_are_those_of_the_networks(results: Path):
    errors = pd.read_parquet(results / "ntk/kernels/gradient/errors.parquet")
    row = pd.read_csv(results / "ntk/kernels/gradient/mean_errors.csv").iloc[-1]
    own = errors[(errors["width"] == row["width"]) & (errors["step"] == row["step"])]
    assert row["squared_error"] == pytest.approx(own["squared_error"].mean(), rel=1e-5)
