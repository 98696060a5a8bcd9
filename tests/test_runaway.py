"""Why networks run away (docs/runaway.md): the theory beside the engine."""

from __future__ import annotations

import math

import numpy as np
import pandas as pd
import pytest

import runaway
from runaway import CRITICAL, RATES, gain, mean_field, random_weights, simulated, single


@pytest.mark.parametrize("neuron", RATES)
@pytest.mark.parametrize("current", [0.2, 0.9, 1.5, 12.0])
def test_rates_of_single_neurons_are_those_of_the_engine(neuron: str, current: float) -> None:
    theory = float(RATES[neuron](np.array(current)))
    assert single(neuron, current) == pytest.approx(theory, rel=1e-9)


def test_lif_rates_diverge_at_the_critical_scale_alone() -> None:
    rates = [mean_field(RATES["lif"], scale) for scale in (0.0, 2.0, 2.7, 2.8)]
    assert np.isfinite(rates).all()
    assert rates == sorted(rates)
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


def test_the_figure_has_what_the_tables_say() -> None:
    rates = pd.DataFrame(
        [("lif", "current", 2.0, 0, 72.0, 72.0), ("lif", "scale", 2.0, 0, 105.0, 104.0),
         ("lif", "scale", 5.0, 0, math.inf, math.inf)],
        columns=["neuron", "of", "value", "seed", "rate", "theory"],
    )  # fmt: skip
    trials = pd.DataFrame(
        {
            "neuron": ["lif", "lif", "qif"],
            "outcome": ["finished", "overflow", "finished"],
            "presentations": [10, 0, 10],
            "network.init.recurrent_scale": [0.5, 5.0, 5.0],
            "validation_accuracy": [0.5, math.nan, 0.6],
        }
    )
    trained = pd.DataFrame(
        {"seed": "0", "epoch": [0, 1], "gain": [0.5, 1.2], "outcome": "overflow"}
    )
    a, b, c, d = runaway.draw(rates, trials, trained).axes
    points = [line for line in b.lines if line.get_marker() == "o"]
    assert [line.get_ydata().tolist() for line in points] == [[105.0]]  # none at infinity
    assert [line.get_marker() for line in c.lines if len(line.get_xdata()) == 1] == ["o", "o", "x"]
    assert max(d.lines[0].get_ydata()) == 1.2
    assert "current" in a.get_xlabel()
