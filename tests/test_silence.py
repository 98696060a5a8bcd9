"""Silent neurons: told by the history, by gradients, and by training on."""

from __future__ import annotations

from pathlib import Path

import pandas as pd
import pytest
import torch
from torch.nn.functional import cross_entropy

import study.training.loop
from spikegrad.network import Network
from spikegrad.saving import save_tensors
from study.training.response import respond
from study.training.run import Run, snapshot_tensors
from study.training.silence import has_gradient, silence, spiked
from study.training.trained import TrainedNetwork
from trainings import TRAIN, WILD, checkpoint, network, without_validation

DEAD, ASLEEP = 1, 4
"""A neuron that can never spike again, and one that the history alone calls silent."""


def history(silent: list[list[int]]) -> pd.DataFrame:
    return pd.DataFrame({"epoch": range(len(silent)), "silent_neurons": silent})


def test_a_neuron_is_silent_that_does_not_spike_in_the_last_quarter():
    ever, silent = spiked(history([[0, 1]] + [[0, 1, 2]] * 6 + [[0, 2, 3], [0, 2]]), 4)
    assert ever.tolist() == [False, True, True, True]
    assert silent.tolist() == [True, False, True, False]
    ever, silent = spiked(history([[1], [0, 1]]), 3)  # a single epoch is the last quarter of one
    assert (ever.tolist(), silent.tolist()) == ([True, False, True], [True, True, False])
    ever, silent = spiked(history([[2]]), 3)  # failed in its first epoch
    assert (ever.tolist(), silent.tolist()) == ([True, True, False], [False, False, True])


def put_to_sleep(net: Network, unit: int, weight: float) -> None:
    with torch.no_grad():
        net.hidden[0].weight[:, unit] = weight
        net.hidden[0].recurrent_weight[:, unit] = 0


def test_a_neuron_without_spikes_has_no_gradient():
    net = network("lif")
    put_to_sleep(net, DEAD, -1.0)
    found = has_gradient(net, TRAIN, 8)
    net.zero_grad()
    cross_entropy(net(TRAIN.spikes).logits, TRAIN.labels).backward()
    whole = net.hidden[0].weight.grad.abs().sum(0)
    assert found.tolist() == (whole > 0).tolist()
    assert found.tolist() == [unit != DEAD for unit in range(6)]


def test_samples_that_run_away_leave_the_others_their_gradients():
    """As training leaves them out: with one that runs away the batch is that of all others."""
    net = network("lif")
    most = respond(net, TRAIN, 8).counts.sum(1).sort(descending=True)[0]
    net.hidden[0].max_spikes = int(most[1]) / 6
    answered = respond(net, TRAIN, 8).answered
    assert 0 < int((~answered).sum()) < 4
    expected = has_gradient(net, TRAIN.select(answered.nonzero()[:, 0]), len(TRAIN))
    assert expected.any()
    assert torch.equal(has_gradient(net, TRAIN, len(TRAIN)), expected)


def left_behind(tmp_path: Path, result: Run) -> TrainedNetwork:
    """A run with its files, as rule train writes them."""
    save_tensors(tmp_path / "snapshots", snapshot_tensors(result))
    files = checkpoint(tmp_path / "best", result), tmp_path / "snapshots", result.table()
    trained = TrainedNetwork(*files, tmp_path, tmp_path, search=0)
    trained.__dict__["train"] = TRAIN
    return trained


def test_training_on_from_the_initial_weights_is_training_at_a_constant_rate(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
):
    """So it can be compared with the training loop itself; the seed is such that neurons wake."""
    shape = {"layers": [24], "init": {"mean": 0.2, "scale": 0.6, "recurrent_scale": 0.3}}
    monkeypatch.setattr(study.training.loop, "cosine", lambda options, progress: 1.0)
    whole = without_validation(tmp_path / "whole", neuron="lif", **shape)
    silent = [set(row["silent_neurons"]) for row in whole.history]
    whole.snapshots = {0: whole.snapshots[0]}
    for epochs in (1, 4):
        table = silence(left_behind(tmp_path, whole), epochs)
        woke = set(range(24)) - set.intersection(*silent[1 : epochs + 1])
        assert set(table.index[table["woke"]]) == woke
        assert (table["epochs"] == epochs).all()
    assert silent[0] - silent[1] != silent[0] - set.intersection(*silent[1:]) != set()


def test_what_can_wake_wakes_and_what_is_dead_does_not(tmp_path: Path):
    result = without_validation(tmp_path / "run", neuron="lif")
    last = result.network
    put_to_sleep(last, DEAD, -1.0)
    result.snapshots[4] = {name: value.clone() for name, value in last.state_dict().items()}
    result.history[-1]["silent_neurons"] = [DEAD, ASLEEP]
    table = silence(left_behind(tmp_path, result), 1)
    assert table.loc[DEAD, ["ever_spiked", "silent", "has_gradient", "woke"]].tolist() == [
        True, True, False, False,
    ]  # fmt: skip
    answer = respond(last, TRAIN, 8)
    assert ASLEEP not in answer.silent_neurons
    assert table.loc[ASLEEP, ["silent", "has_gradient", "woke"]].all()
    assert table["woke"].sum() < 6


def test_a_run_that_diverged_at_once_has_no_neurons(tmp_path: Path):
    trained = left_behind(tmp_path, without_validation(tmp_path / "run", neuron="lif", init=WILD))
    table = silence(trained, 1)
    assert table.empty
    assert table["silent"].dtype == bool
