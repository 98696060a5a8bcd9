"""Samples that run away: told apart from the rest of a batch, and wrong answers of a network."""

from __future__ import annotations

import copy
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from torch.nn.functional import cross_entropy

import study.training.loop
from networks import random_layer, random_spikes
from spikegrad.layers import SpikeOverflowError, SpikingLayer
from spikegrad.network import Network
from spikegrad.runaways import without_runaways
from spikegrad.spikes import SpikeTrains
from study.data.dataset import SpikeDataset
from study.training.batches import epoch_batches
from study.training.evaluation import evaluate
from study.training.loop import activity_penalty, train
from study.training.optimizer import Adam
from study.training.response import respond
from study.training.run import Run, copy_weights
from trainings import (
    INTEGRATED,
    LIMIT,
    N_CLASSES,
    N_UNITS,
    TRAIN,
    VALIDATION,
    checkpoint,
    dataset,
    same_bits,
    with_loud,
)
from trainings import settings as model_settings


def alone(layer: SpikingLayer, spikes: SpikeTrains) -> list[int]:
    """The samples that run away when each is run by itself."""
    found = []
    for k in range(len(spikes)):
        try:
            layer(spikes[k])
        except SpikeOverflowError:
            found.append(k)
    return found


@pytest.mark.parametrize("threads", [1, 3])
@pytest.mark.parametrize("neuron", ["lif", "qif"])
@pytest.mark.parametrize("clip", [None, 1.0])
def test_a_batch_is_run_as_if_it_had_no_sample_that_runs_away(neuron, clip, threads):
    torch.set_num_threads(threads)
    draw = np.random.default_rng(0)
    sizes = (50, 400, 80, 10, 600, 90, 700, 70, 60)
    times = [draw.uniform(0, 0.19, n) for n in sizes]
    spikes = SpikeTrains.from_arrays(times, [draw.integers(0, 20, n) for n in sizes], 0.2)
    layer = random_layer(neuron, random_spikes(0))
    layer.sample_clip = clip
    counts = [len(layer(spikes[k]).times) for k in range(9)]
    layer.max_spikes = (sorted(counts)[5] + sorted(counts)[6]) // 20
    wanted = alone(layer, spikes)
    assert len(wanted) == 3
    with pytest.raises(SpikeOverflowError, match=f"sample {wanted[0]}: more than") as raised:
        layer(spikes)
    assert raised.value.sample == wanted[0]
    out, kept = without_runaways(layer, spikes)
    assert kept.tolist() == [k for k in range(9) if k not in wanted]
    parts = []
    for answer in (out, layer(spikes.select(kept))):
        parts.append(
            [answer.times, *torch.autograd.grad(answer.times.sin().sum(), layer.parameters())]
        )
    assert all(torch.equal(*pair) for pair in zip(*parts, strict=True))


def test_samples_are_left_out_whatever_the_cause():
    """Too many spikes, too many steps, and states beyond float32."""
    times, units = [[0.01]] * 5, [[0], [1], [2], [3], [0, 1]]
    times[4] = [0.01, 0.02]
    spikes = SpikeTrains.from_arrays(times, units, 0.2)
    layer = SpikingLayer(4, 2, "qif", max_spikes=50)
    with torch.no_grad():
        layer.weight.copy_(torch.tensor([[1.0, 1.0], [1e6, 1e6], [-1e15, 0.0], [-3e38, 0.0]]))
    found, kept = without_runaways(layer, spikes)
    assert kept.tolist() == [0]
    assert len(found) == 1


@settings(max_examples=20)
@given(loud=st.sets(st.integers(0, 5)), readout=st.sampled_from(["integrated", "first_spike"]))
def test_networks_of_several_layers_answer_the_others_alone(loud, readout):
    kinds = {
        "integrated": INTEGRATED,
        "first_spike": {"kind": "first_spike", "tau_out": 0.02, "time_scale": 0.01, "mean": 1.5},
    }
    options = model_settings(layers=[6, 5], readout=kinds[readout], max_spikes=LIMIT)
    network = Network(options.network, N_UNITS, N_CLASSES, "lif")
    network.initialise(TRAIN.spikes, torch.Generator().manual_seed(0))
    data = with_loud(dataset(6, seed=3), sorted(loud))
    quiet = torch.tensor([k for k in range(6) if k not in loud], dtype=torch.int64)
    output, kept = without_runaways(network, data.spikes)
    assert torch.equal(kept, quiet)
    answer = respond(network, data, 4)
    assert answer.answered.nonzero()[:, 0].tolist() == quiet.tolist()
    assert answer.runaways == len(loud)
    assert answer.logits[quiet].isfinite().all()
    assert (answer.predictions[~answer.answered] == -1).all()
    if len(quiet):
        expected = network(data.spikes.select(quiet)).logits
        assert torch.equal(output.logits, expected)
        own = data.select(quiet)
        right = int((expected.argmax(1) == own.labels).sum())
        assert answer.accuracy == right / 6
        only = respond(network, own, 4)
        assert (answer.loss, answer.silent_neurons) == (only.loss, only.silent_neurons)
        assert answer.spikes_per_neuron == only.spikes_per_neuron


def test_initial_weights_behind_a_layer_are_those_of_the_samples_that_answer():
    quiet = torch.tensor([k for k in range(40) if k not in (3, 8)])
    options = model_settings(layers=[6, 5], max_spikes=LIMIT).network
    loud = with_loud(TRAIN, [3, 8]).spikes
    network = Network(options, N_UNITS, N_CLASSES, "lif")
    network.initialise(loud, torch.Generator().manual_seed(0))
    first = network.hidden[0]
    (spikes, _), kept = without_runaways(first.run, loud)
    assert torch.equal(kept, quiet)
    again = copy.deepcopy(network)
    draw = torch.Generator().manual_seed(0)
    again.hidden[0].initialise(loud, 0.6, 1.0, 0.3, draw)
    again.hidden[1].initialise(spikes, 0.6, 1.0, 0.3, draw)
    assert torch.equal(again.hidden[1].weight, network.hidden[1].weight)


LOUD = [5, 17]
DATA = with_loud(TRAIN, LOUD)
"""Two samples of forty, one in twenty, run away."""
OPTIONS: dict[str, Any] = {
    "max_spikes": LIMIT, "runaways": 0.05, "epochs": 2, "learning_rate": 1e-3,
}  # fmt: skip


def run(folder: Path, data: SpikeDataset = DATA, **changes: Any) -> Run:
    options = model_settings(**{**OPTIONS, **changes})
    return train(options, "lif", 0, data, with_loud(VALIDATION, [2]), folder / "state", "same")


def test_a_sample_that_runs_away_is_a_wrong_answer_without_a_gradient(tmp_path: Path):
    """Two epochs, against updates by the other samples of each batch."""
    result = run(tmp_path)
    assert result.outcome == "finished"
    options = model_settings(**OPTIONS).training
    net = Network(model_settings(**OPTIONS).network, N_UNITS, N_CLASSES, "lif")
    net.load_state_dict(result.snapshots[0])
    optimizer = Adam(net, options.learning_rate, options.readout_learning_rate)
    for epoch in (1, 2):
        right = n_quiet = 0
        for number, batch in enumerate(epoch_batches(DATA, options, 0, epoch)):
            quiet = (batch.spikes.offsets.diff() < 600).nonzero()[:, 0]
            n_quiet += len(quiet)
            output = net(batch.spikes.select(quiet))
            loss = cross_entropy(output.logits, batch.labels[quiet])
            penalty = options.activity.strength * activity_penalty(output.hidden[0], 6, 2.0)
            optimizer.zero_grad()
            (loss + penalty).backward()
            optimizer.clip(options.clip)
            optimizer.step(study.training.loop.cosine(options, epoch - 1 + number / 5))
            right += int((output.logits.argmax(1) == batch.labels[quiet]).sum())
        assert n_quiet == 38
        row = result.history[epoch]
        assert (row["runaways"], row["validation_runaways"]) == (2, 1)
        assert row["train_accuracy"] == right / 40
        assert row["presentations"] == 40 * epoch
    assert same_bits(copy_weights(net), result.network.state_dict())
    row, samples = evaluate(
        checkpoint(tmp_path / "best", result), with_loud(VALIDATION, [2]), TRAIN
    )
    assert row["runaways"] == samples["prediction"].isna().sum() == 1
    assert row["accuracy"] == row["validation_accuracy"]
    assert samples["spikes_per_neuron"].isna().tolist() == [k == 2 for k in range(20)]


def test_training_ends_as_soon_as_too_many_samples_have_run_away(tmp_path: Path):
    options = model_settings(**OPTIONS).training
    order = torch.cat([b.spikes.offsets.diff() for b in epoch_batches(DATA, options, 0, 1)])
    places = (order >= 600).nonzero()[:, 0]
    for runaways, place in ((0.0, places[0]), (0.049, places[1])):
        result = run(tmp_path / f"{runaways}", runaways=runaways)
        assert (result.outcome, result.epochs) == ("overflow", 0)
        whole = 8 * (int(place) // 8 + 1)  # the batch that it came in
        assert result.result()["presentations"] == whole
