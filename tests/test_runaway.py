"""Why networks diverge (docs/runaway.md): the theory beside the engine."""

from __future__ import annotations

import math
from pathlib import Path

import numpy as np
import pytest

from spikegrad.saving import save_tensors
from study.training.mean_field import CRITICAL, RATES, mean_field
from study.training.run import snapshot_tensors
from study.training.runaway import gain, gains, random_weights, rates, simulated
from trainings import run


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


@pytest.mark.parametrize("seed", [0, pytest.param(1, marks=pytest.mark.weekly)])
def test_networks_diverge_if_and_only_if_they_are_lif_with_a_gain_above_1(seed: int) -> None:
    """Scaled to gains just below and above 1: the gain of this matrix, not of its ensemble."""
    weights = random_weights(60, seed)
    weights /= gain(weights)
    for found, diverges in ((0.85, False), (1.2, True)):
        assert (simulated("lif", found * weights, seed) == math.inf) == diverges
        assert simulated("qif", found * weights, seed) < 100
        assert simulated("qif_delta", found * weights, seed) < 100


@pytest.mark.parametrize(
    "neurons",
    [
        ("lif", "qif"),
        pytest.param(("lif", "lif_refractory", "qif", "qif_cut"), marks=pytest.mark.weekly),
    ],
)
def test_rates_stand_beside_their_theory(neurons: tuple[str, ...]) -> None:
    table = rates([*neurons, "adex"], 10, 1)
    alone = table[table["of"] == "current"]
    assert alone["rate"].to_numpy() == pytest.approx(alone["theory"].to_numpy(), rel=1e-9)
    networks = table[table["of"] == "scale"].set_index(["neuron", "value"])
    assert set(table["neuron"]) == set(neurons)
    assert networks.loc[("lif", 15.0), "rate"] == networks.loc[("lif", 15.0), "theory"] == math.inf
    assert np.isfinite(networks.loc["qif", "rate"]).all()


def test_gains_are_those_of_the_snapshots(tmp_path: Path) -> None:
    result = run(tmp_path, "lif", epochs=2, snapshots=2, layers=[6, 4])
    save_tensors(tmp_path / "snapshots", snapshot_tensors(result))
    history = result.table().assign(seed=3)
    table = gains([{"outcome": "finished"}], [history], [tmp_path / "snapshots"])
    assert table["epoch"].tolist() == [0, 2]
    for row in table.itertuples():
        weights = result.snapshots[row.epoch]
        known = [gain(weights[f"hidden.{k}.recurrent_weight"].double().numpy()) for k in (0, 1)]
        assert row.gain == max(known) > 0
        assert row.spikes_per_neuron == result.history[row.epoch]["spikes_per_neuron"]
        assert (row.seed, row.outcome) == (3, "finished")
