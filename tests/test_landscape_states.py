"""States: which snapshot of which run a landscape is looked at around."""

from __future__ import annotations

import numpy as np
import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st

from spikegrad.network import save_network
from spikegrad.saving import CheckpointError, save_tensors
from study.landscape.constants import STATES
from study.landscape.objective import Objective
from study.landscape.states import equal_loss, load_run, snapshot_at, snapshot_losses, states
from test_landscape_directions import DATA, training_run

LOSSES = st.lists(st.floats(0.01, 5), min_size=1, max_size=12).map(np.array)


@given(LOSSES, LOSSES)
def test_of_the_first_below_the_level_and_the_one_before_the_nearer_is_taken(one, other):
    level = equal_loss([one, other])
    assert level == max(one.min(), other.min())
    for losses in (one, other):
        first = next(k for k, loss in enumerate(losses) if loss <= level)
        chosen = snapshot_at(losses, level)
        assert chosen in (first, first - 1)
        assert abs(losses[chosen] - level) <= abs(losses[first] - level)


def test_a_run_that_stays_above_the_level_gives_its_lowest():
    assert snapshot_at(np.array([3.0, 1.5, 2.0]), 1.0) == 1
    assert snapshot_at(np.array([np.inf, 1.5, 1.0]), 1.4) == 1


def test_states_lie_on_their_runs():
    run, active = training_run("qif", 0), training_run("qif", 1)
    losses = snapshot_losses(run, Objective(run.network, DATA))
    assert len(losses) == len(run.trajectory)
    found = states(run, losses, losses[3], active)
    assert tuple(found) == STATES
    assert torch.equal(found["untrained"].weights, run.trajectory[0])
    assert torch.equal(found["trained"].weights, run.trained)
    assert torch.equal(found["equal activity"].weights, active.trained)
    equal = found["equal loss"]
    assert torch.equal(equal.weights, run.trajectory[equal.epoch])
    objective = Objective(run.network, DATA)
    assert float(objective.evaluate(equal.weights).loss) == losses[equal.epoch]


def test_a_snapshot_at_which_the_network_diverges_has_no_loss():
    run = training_run("lif", 0)
    run.trajectory[2, : 20 * 10] += 50.0
    assert snapshot_losses(run, Objective(run.network, DATA))[2] == np.inf


def test_a_run_that_failed_before_its_first_epoch_is_named(tmp_path):
    run = training_run("lif", 4)
    about = {"seed": 4, "outcome": {"reason": "it was silent"}}
    save_network(tmp_path / "trained.safetensors", run.network, about, run.network.state_dict())
    save_tensors(tmp_path / "snapshots.safetensors", {})
    with pytest.raises(CheckpointError, match=r"it was silent.*leave seed 4 out"):
        load_run(tmp_path / "trained.safetensors", tmp_path / "snapshots.safetensors")
