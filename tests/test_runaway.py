"""Why networks run away (docs/runaway.md): the theory beside the engine."""

from __future__ import annotations

import math
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from spikegrad.saving import load_tensors
from study.training.runaway import (
    CRITICAL,
    RATES,
    gain,
    mean_field,
    random_weights,
    rates,
    simulated,
    single,
)


@pytest.mark.parametrize("neuron", RATES)
@pytest.mark.parametrize("current", [0.2, 0.9, 1.5, 12.0])
def test_rates_of_single_neurons_are_those_of_the_engine(neuron: str, current: float) -> None:
    theory = float(RATES[neuron](np.array(current)))
    assert single(neuron, current) == pytest.approx(theory, rel=1e-9)


def test_lif_rates_diverge_at_the_critical_scale_alone() -> None:
    found = [mean_field(RATES["lif"], scale) for scale in (0.0, 2.0, 2.7, 2.8)]
    assert np.isfinite(found).all()
    assert found == sorted(found)
    assert mean_field(RATES["lif"], 1.03 * CRITICAL) == math.inf
    assert mean_field(RATES["qif"], 10 * CRITICAL) < 2 * mean_field(RATES["qif"], 0.0)


def test_the_gain_of_matrices_whose_growth_is_known() -> None:
    ones = np.ones((20, 20)) / 20
    for total in (0.5, 2.0, 3.0):  # each spike moves its targets by total/2 thresholds
        assert gain(total * ones) == pytest.approx(total / 2, rel=1e-6)
    assert gain(-3.0 * ones) == pytest.approx(0.0, abs=1e-6)
    ring = 4.0 * np.roll(np.eye(3), 1, axis=1)  # eigenvalues 2, and 2 (-1 ± i √3)/2
    assert gain(ring) == pytest.approx(2.0, rel=1e-3)


@pytest.mark.parametrize("seed", [0, 1])
def test_networks_run_away_if_and_only_if_they_are_lif_with_a_gain_above_1(seed: int) -> None:
    """Scaled to gains just below and above 1: the gain of this matrix, not of its ensemble."""
    weights = random_weights(60, seed)
    weights /= gain(weights)
    for found, runs_away in ((0.85, False), (1.2, True)):
        assert (simulated("lif", found * weights, seed) == math.inf) == runs_away
        assert simulated("qif", found * weights, seed) < 100
        assert simulated("qif_delta", found * weights, seed) < 100


def test_rates_stand_beside_their_theory() -> None:
    table = rates(["lif", "qif", "adex"], 10, 1)
    alone = table[table["of"] == "current"]
    assert alone["rate"].to_numpy() == pytest.approx(alone["theory"].to_numpy(), rel=1e-9)
    networks = table[table["of"] == "scale"].set_index(["neuron", "value"])
    assert set(table["neuron"]) == {"lif", "qif"}
    assert networks.loc[("lif", 15.0), "rate"] == networks.loc[("lif", 15.0), "theory"] == math.inf
    assert np.isfinite(networks.loc["qif", "rate"]).all()


def test_gains_are_those_of_the_snapshots(finished: Path) -> None:
    folder = finished / "results/spoken-digits-smoke/training"
    table = pd.read_csv(folder / "runaway_gains.csv")
    for seed, own in table.groupby("seed"):
        run = folder / f"lif/{seed}"
        tensors, _ = load_tensors(run / "snapshots.safetensors")
        for epoch, found in zip(own["epoch"], own["gain"], strict=True):
            weights = tensors.get(f"epoch.{epoch}.hidden.0.recurrent_weight")
            known = 0.0 if weights is None else gain(weights.double().numpy())
            assert found == pytest.approx(known, rel=1e-5)
        spikes = pd.read_parquet(run / "history.parquet").set_index("epoch")["spikes_per_neuron"]
        known = spikes[own["epoch"]].to_numpy()
        assert own["spikes_per_neuron"].to_numpy() == pytest.approx(known, rel=1e-5)
