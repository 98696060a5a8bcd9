"""The loss along a line, nearer and nearer."""

from __future__ import annotations

import numpy as np
import pytest
import torch
from torch.nn.utils import parameters_to_vector

from smoke import ROOT
from spikegrad import SpikeTrains, load_network
from study.report.zoom import along, zoomed


def test_a_jump_keeps_its_height_and_a_slope_opens():
    def steps(loss):
        return [np.abs(np.diff(losses)).max() for _, losses in zoomed(loss)]

    assert steps(lambda x: float(x > 1.23e-3)) == [1.0] * 5
    *_, last = steps(lambda x: np.tanh((x - 1.23e-3) / 1e-5))
    assert last == pytest.approx(1e-6 / 100 / 1e-5, rel=0.01)  # the slope at its middle


def test_the_line_goes_through_the_network_by_its_own_length():
    file = ROOT / "docs/results/pairs/networks/lif_2.safetensors"
    network, word = load_network(file)[0], np.load(file.with_name("word.npz"))
    given = {"duration": float(word["duration"]), "counts": [word["counts"]]}
    sample = SpikeTrains.from_arrays([word["times"]], [word["units"]], **given)
    loss, weights = along(network, sample, 3), parameters_to_vector(network.parameters()).detach()
    with torch.no_grad():
        chances = network(sample).logits.softmax(1)
    assert loss(0.0) == pytest.approx(-float(chances[0, 3].log()))
    loss(0.1)
    moved = parameters_to_vector(network.parameters()).detach() - weights
    assert float(moved.norm() / weights.norm()) == pytest.approx(0.1)
