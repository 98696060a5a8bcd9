"""The training loop: learning, reproducibility, resuming, and ending badly in good order."""

from __future__ import annotations

import itertools
import math
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest
import torch
from scipy.stats import ttest_1samp

import study.training.loop
from spikegrad.activity import spike_counts
from spikegrad.network import Network, load_network, save_network
from spikegrad.saving import CheckpointError
from spikegrad.settings import ConfigError, validate
from spikegrad.spikes import SpikeTrains
from study.config.training import Augmentation, ModelSettings
from study.data.dataset import SpikeDataset
from study.training.batches import Augmenter, epoch_batches
from study.training.evaluation import evaluate, sample_table, scores
from study.training.loop import TrainingError, activity_penalty, smooth_counts, train
from study.training.optimizer import Adam
from study.training.response import respond
from study.training.run import snapshot_tensors
from study.training.summary import summary
from study.training.traces import potential, raster

N_UNITS, N_CLASSES, DURATION = 12, 2, 0.2

SETTINGS: dict[str, Any] = {
    "network": {
        "layers": [6],
        "tau": 0.02,
        "recurrent": True,
        "init": {"mean": 0.6, "scale": 1.0, "recurrent_scale": 0.3},
        "readout": {"kind": "integrated", "tau_out": 0.02, "window": 0.2},
    },
    "training": {
        "epochs": 4,
        "batch_size": 8,
        "learning_rate": 0.05,
        "readout_learning_rate": 0.1,
        "schedule": {"kind": "cosine"},
        "clip": 1.0,
        "activity": {"strength": 0.01, "target": 2.0},
        "augmentation": {"channel_shift": 1, "time_stretch": 0.05},
        "snapshots": 12,
    },
}


def settings(**changes: Any) -> ModelSettings:
    """SETTINGS with some keys of its two sections replaced."""
    return validate(
        ModelSettings,
        {
            name: {**section, **{k: v for k, v in changes.items() if k in section}}
            for name, section in SETTINGS.items()
        },
    )


def dataset(n_samples: int, seed: int, n_classes: int = N_CLASSES) -> SpikeDataset:
    """Class c fires mostly in its own half of the channels."""
    draw = np.random.default_rng(seed)
    labels = np.arange(n_samples) % n_classes
    times, units = [], []
    for label in labels:
        n = 40
        times.append(np.sort(draw.uniform(0.01, 0.15, n)))
        own, other = draw.integers(0, 6, n) + 6 * (label % 2), draw.integers(0, N_UNITS, n)
        units.append(np.where(draw.random(n) < 0.9, own, other))
    offsets = np.arange(n_samples + 1) * 40
    spikes = SpikeTrains(
        torch.from_numpy(np.concatenate(times)),
        torch.from_numpy(np.concatenate(units)),
        torch.from_numpy(offsets),
        DURATION,
    )
    return SpikeDataset(
        spikes=spikes,
        labels=torch.from_numpy(labels),
        speakers=torch.from_numpy(draw.integers(0, 3, n_samples)),
        n_units=N_UNITS,
        n_classes=n_classes,
        name="toy",
        class_names=tuple("abcdefgh"[:n_classes]),
    )


TRAIN, VALIDATION = dataset(40, seed=0), dataset(20, seed=1)


def run(path: Path, neuron: str = "qif", seed: int = 0, identity: str = "same", **changes: Any):
    return train(settings(**changes), neuron, seed, TRAIN, VALIDATION, path / "state", identity)


def same_bits(a: dict[str, torch.Tensor], b: dict[str, torch.Tensor]) -> bool:
    return a.keys() == b.keys() and all(torch.equal(a[name], b[name]) for name in a)


@pytest.mark.parametrize("neuron", ["lif", "qif"])
@pytest.mark.parametrize(
    "readout",
    [
        {"kind": "integrated", "tau_out": 0.02, "window": 0.2},
        {"kind": "maximum", "tau_out": 0.02},
        {"kind": "first_spike", "tau_out": 0.02, "time_scale": 0.01, "mean": 1.5},
    ],
    ids=lambda readout: readout["kind"],
)
def test_learns_a_separable_task_with_every_readout(
    tmp_path: Path, neuron: str, readout: dict[str, Any]
):
    network = {**SETTINGS["network"], "readout": readout, "layers": [24]}
    options = {**SETTINGS["training"], "epochs": 20}
    result = train(
        validate(ModelSettings, {"network": network, "training": options}),
        neuron,
        0,
        TRAIN,
        VALIDATION,
        tmp_path / "state",
        "",
    )
    assert result.outcome == "finished"
    history = result.table()
    assert history["epoch"].tolist() == list(range(21))
    assert history["validation_accuracy"].max() >= 0.95
    assert history["train_loss"].iloc[-1] < 0.7 * history["train_loss"].iloc[1]
    assert (history["gradient_norm_max"][1:] >= history["gradient_norm_mean"][1:]).all()
    silent = history["silent_neurons"].map(len) / sum(network["layers"])
    assert silent.to_numpy() == pytest.approx(history["silent_fraction"].to_numpy())


def test_same_seed_same_bits_and_another_seed_others(tmp_path: Path):
    a, b, c = run(tmp_path / "a"), run(tmp_path / "b"), run(tmp_path / "c", seed=1)
    assert same_bits(a.best, b.best)
    assert not same_bits(a.best, c.best)


def test_best_weights_are_those_of_the_best_validation_epoch(tmp_path: Path):
    result = run(tmp_path, epochs=6)
    table = result.table()
    assert table["validation_accuracy"][result.best_epoch] == table["validation_accuracy"].max()
    network = Network(settings().network, N_UNITS, N_CLASSES, "qif")
    network.load_state_dict(result.best)
    answer = respond(network, VALIDATION, batch_size=7)
    assert answer.accuracy == table["validation_accuracy"][result.best_epoch]
    assert answer.loss == pytest.approx(table["validation_loss"][result.best_epoch], rel=1e-6)


@contextmanager
def killed_after(epoch: int) -> Iterator[None]:
    """A training in this context is killed once the state of ``epoch`` is saved."""
    saved = itertools.count()
    save = study.training.loop.save_state

    def save_then_die(*arguments: Any) -> None:
        save(*arguments)
        if next(saved) == epoch:
            raise KeyboardInterrupt

    with pytest.MonkeyPatch.context() as patched:
        patched.setattr(study.training.loop, "save_state", save_then_die)
        with pytest.raises(KeyboardInterrupt):
            yield


@pytest.mark.parametrize("killed", [0, 1, 3])
def test_resuming_after_a_kill_gives_the_same_bits(
    tmp_path: Path, killed: int, monkeypatch: pytest.MonkeyPatch
):
    whole = run(tmp_path / "whole")
    with killed_after(killed):
        run(tmp_path / "killed")
    epochs_run = []
    train_epoch = study.training.loop._train_epoch

    def count(*arguments: Any) -> dict[str, float]:
        epochs_run.append(arguments[-1])
        return train_epoch(*arguments)

    monkeypatch.setattr(study.training.loop, "_train_epoch", count)
    resumed = run(tmp_path / "killed")
    assert epochs_run == list(range(killed + 1, 5))
    assert same_bits(whole.best, resumed.best)
    assert same_bits(whole.network.state_dict(), resumed.network.state_dict())
    assert list(whole.snapshots) == [0, 1, 2, 3, 4]
    assert list(whole.steps) == [0, 1, 2, 3]
    assert same_bits(snapshot_tensors(whole), snapshot_tensors(resumed))
    timeless = [table.drop(columns="seconds") for table in (whole.table(), resumed.table())]
    assert timeless[0].equals(timeless[1])


def test_snapshots_are_spread_evenly_from_the_initial_weights_to_the_last(tmp_path: Path):
    result = run(tmp_path, snapshots=3)
    assert list(result.snapshots) == [0, 2, 4]
    assert same_bits(result.snapshots[4], result.network.state_dict())
    untrained = Network(settings().network, N_UNITS, N_CLASSES, "qif")
    untrained.load_state_dict(result.snapshots[0])
    loss = respond(untrained, VALIDATION, batch_size=8).loss
    assert loss == pytest.approx(result.table()["validation_loss"][0], rel=1e-6)


@pytest.mark.parametrize("epoch", [0, 2])
def test_a_kept_step_is_the_update_by_the_batch_that_can_be_had_again(tmp_path: Path, epoch: int):
    """Of plain gradient descent by Adam's first update: each weight moves by its rate."""
    augmentation = {"channel_shift": 2, "time_stretch": 0.2, "blend": 0.5}
    options = settings(snapshots=3, augmentation=augmentation).training
    result = run(tmp_path, snapshots=3, augmentation=augmentation)
    assert list(result.steps) == [0, 2]
    network = Network(settings().network, N_UNITS, N_CLASSES, "qif")
    network.load_state_dict(result.snapshots[epoch])
    batch = next(epoch_batches(TRAIN, options, 0, epoch + 1))
    assert len(batch) == options.batch_size
    output = network(batch.spikes)
    penalty = options.activity.strength * activity_penalty(output.hidden[0], 6, 2.0)
    (torch.nn.functional.cross_entropy(output.logits, batch.labels) + penalty).backward()
    if epoch > 0:  # Adam's moments lead on from earlier batches: downhill, no more is known
        slope = sum(
            float((p.grad * result.steps[epoch][name]).sum())
            for name, p in network.named_parameters()
        )
        assert slope < 0
        return
    for name, weight in network.named_parameters():
        rate = 0.1 if name.startswith("readout.") else 0.05
        expected = -rate * _unit(weight) * weight.grad.sign()
        torch.testing.assert_close(result.steps[0][name], expected, rtol=1e-3, atol=1e-5)


def test_a_state_of_other_settings_or_cut_short_is_not_used(tmp_path: Path):
    fresh = run(tmp_path / "fresh", epochs=3)
    run(tmp_path / "stale", epochs=2, identity="other")
    assert same_bits(run(tmp_path / "stale", epochs=3).best, fresh.best)
    state = tmp_path / "stale" / "state"
    state.write_bytes(state.read_bytes()[:-100])
    assert same_bits(run(tmp_path / "stale", epochs=3).best, fresh.best)


def test_runaway_and_silent_networks_end_with_a_named_outcome(tmp_path: Path):
    wild = {"mean": 20.0, "scale": 1.0, "recurrent_scale": 400.0}
    result = run(tmp_path / "wild", neuron="lif", init=wild)
    assert result.outcome == "overflow"
    assert "runs away" in result.reason
    assert result.best_epoch is None
    still = {"mean": -5.0, "scale": 0.1, "recurrent_scale": 0.1}
    assert run(tmp_path / "still", neuron="lif", init=still).outcome == "silent"


def test_an_overflow_in_mid_training_keeps_the_epochs_before(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
):
    train_epoch = study.training.loop._train_epoch

    def blow_up(network: Network, *arguments: Any) -> dict[str, float]:
        if arguments[-1] == 3:
            with torch.no_grad():
                network.readout.weight.fill_(math.inf)
        return train_epoch(network, *arguments)

    monkeypatch.setattr(study.training.loop, "_train_epoch", blow_up)
    result = run(tmp_path)
    assert result.outcome == "not finite"
    assert len(result.history) == 3
    assert result.best["readout.weight"].isfinite().all()


def test_data_that_do_not_fit_are_refused(tmp_path: Path):
    with pytest.raises(TrainingError, match=r"batch_size is 64.*only 40"):
        run(tmp_path, batch_size=64)
    with pytest.raises(ConfigError, match=r"'training\.epochs' = '4'"):
        settings(epochs="4")


def test_gradient_is_clipped_in_the_units_of_the_learning_rates(tmp_path: Path):
    network = Network(settings().network, N_UNITS, N_CLASSES, "qif")
    network.initialise(TRAIN.spikes, torch.Generator().manual_seed(0))
    optimizer = Adam(network, 0.01, 0.02)
    network(TRAIN.spikes).logits.square().sum().backward()
    units = {p: float(p.detach().std()) for p in network.parameters()}
    expected = math.sqrt(sum(float((p.grad * u).square().sum()) for p, u in units.items()))
    before = {p: p.grad.clone() for p in units}
    assert optimizer.clip(expected / 4) == pytest.approx(expected)
    for p, grad in before.items():
        torch.testing.assert_close(p.grad, grad / 4)
    assert optimizer.clip(10 * expected) == pytest.approx(expected / 4)


def _unit(weight: torch.Tensor) -> float:
    return float(weight.detach().double().numpy().std(ddof=1))


def test_updates_are_those_of_torch_with_one_rate_for_each_weight():
    networks = [Network(settings().network, N_UNITS, N_CLASSES, "lif") for _ in range(2)]
    for network in networks:
        network.initialise(TRAIN.spikes, torch.Generator().manual_seed(0))
    ours = Adam(networks[0], 0.01, 0.02)
    theirs = torch.optim.Adam(
        [
            {"params": [weight], "lr": _unit(weight) * rate}
            for (name, weight) in networks[1].named_parameters()
            for rate in [0.02 if name.startswith("readout.") else 0.01]
        ],
        fused=True,
    )
    for share in (1.0, 0.5, 0.25):
        for network in networks:
            network.zero_grad()
            network(TRAIN.spikes).logits.square().sum().backward()
        ours.step(share)
        for group in theirs.param_groups:
            full = group.setdefault("full", group["lr"])
            group["lr"] = share * full
        theirs.step()
    for mine, other in zip(networks[0].parameters(), networks[1].parameters(), strict=True):
        assert torch.equal(mine, other)


def test_schedules():
    cosine = settings().training
    assert study.training.loop._schedule(cosine, 0) == 1
    assert study.training.loop._schedule(cosine, 2) == pytest.approx(0.5)
    assert study.training.loop._schedule(cosine, 4) == pytest.approx(0)
    step = settings(schedule={"kind": "step", "every": 2, "factor": 0.1}).training
    assert [study.training.loop._schedule(step, p) for p in (0, 1.9, 2)] == [1, 1, 0.1]
    assert study.training.loop._schedule(step, 3.99) == 0.1


def test_penalty_moves_spike_counts_towards_the_target(tmp_path: Path):
    counts = {}
    for target in (1.0, 6.0):
        activity = {"strength": 2.0, "target": target}
        result = run(tmp_path / str(target), activity=activity, epochs=15)
        counts[target] = result.table()["spikes_per_neuron"].iloc[-1]
    free = run(tmp_path / "free", epochs=15).table()["spikes_per_neuron"].iloc[-1]
    assert counts[1.0] < free < counts[6.0]


def test_smooth_count_is_twice_the_mean_of_the_running_count():
    spikes = TRAIN.spikes.select(torch.tensor([3]))
    grid = (np.arange(200_000) + 0.5) / 200_000 * DURATION
    for unit in (0, 7):
        own = spikes.times[spikes.units == unit].numpy()
        running = np.searchsorted(own, grid, side="right")
        value = smooth_counts(spikes, N_UNITS)[0, unit].item()
        assert value == pytest.approx(2 * running.mean(), rel=1e-4)
        assert spike_counts(spikes, N_UNITS)[0, unit].item() == len(own)


def test_augmentation_is_drawn_for_each_sample_whatever_its_batch():
    options = Augmentation(channel_shift=2, time_stretch=0.3)
    augment = Augmenter(options, 40, N_UNITS, torch.Generator().manual_seed(0))
    order = torch.randperm(40, generator=torch.Generator().manual_seed(1))
    together = augment(TRAIN.spikes.select(order), order)
    together.check(N_UNITS)
    shifts = set()
    for place, sample in enumerate(order.tolist()):
        alone = augment(TRAIN.spikes.select(order[place : place + 1]), order[place : place + 1])
        batched = together.select(torch.tensor([place]))
        assert torch.equal(alone.times, batched.times)
        assert torch.equal(alone.units, batched.units)
        original = TRAIN.spikes.select(torch.tensor([sample]))
        shift, stretch = int(augment.shifts[sample]), float(augment.stretches[sample])
        expected = {
            (t * stretch, u + shift)
            for t, u in zip(original.times.tolist(), original.units.tolist(), strict=True)
            if t * stretch <= DURATION and 0 <= u + shift < N_UNITS
        }
        assert set(zip(alone.times.tolist(), alone.units.tolist(), strict=True)) == expected
        shifts.add(shift)
    assert shifts == {-2, -1, 0, 1, 2}


def test_answers_do_not_depend_on_the_batch_size():
    network = Network(settings().network, N_UNITS, N_CLASSES, "lif", torch.float64)
    network.initialise(TRAIN.spikes, torch.Generator().manual_seed(0))
    one, all_ = (respond(network, VALIDATION, n) for n in (1, 20))
    assert torch.equal(one.counts, all_.counts)
    torch.testing.assert_close(one.logits, all_.logits, rtol=1e-12, atol=1e-14)


def test_scores_of_seen_and_unseen_speakers():
    network = Network(settings().network, N_UNITS, N_CLASSES, "qif")
    network.initialise(TRAIN.spikes, torch.Generator().manual_seed(0))
    known = TRAIN.select((TRAIN.speakers != 2).nonzero()[:, 0])
    answer = respond(network, VALIDATION, 8)
    samples = sample_table(answer, VALIDATION, known)
    assert samples["unseen_speaker"].tolist() == (VALIDATION.speakers == 2).tolist()
    given = samples["label"] == samples["prediction"], samples["unseen_speaker"]
    values = scores(*given, answer)
    right = (answer.logits.argmax(1) == VALIDATION.labels).numpy()
    unseen = (VALIDATION.speakers == 2).numpy()
    assert values["accuracy"] == right.mean()
    assert values["accuracy_unseen_speakers"] == right[unseen].mean()
    assert values["accuracy_seen_speakers"] == right[~unseen].mean()
    assert math.isnan(scores(*(own[~unseen] for own in given), None)["accuracy_unseen_speakers"])


def test_summary_is_over_searches_not_seeds():
    runs = pd.DataFrame(
        {
            "neuron": ["lif"] * 4 + ["qif"] * 4,
            "seed": [0, 1, 2, 3] * 2,
            "search": [0, 0, 1, 1] * 2,
            "accuracy": [0.5, 0.7, 0.8, 1.0, 0.9, math.nan, 0.8, 0.8],
        }
    )
    table = summary(runs, ["accuracy"]).set_index("neuron")
    assert table["mean"].to_dict() == pytest.approx({"lif": 0.75, "qif": 0.85})
    assert table["runs"].to_dict() == {"lif": 4, "qif": 3}
    assert (table["units"] == 2).all()
    expected = ttest_1samp([0.6, 0.9], 0).confidence_interval()
    assert tuple(table.loc["lif", ["low", "high"]]) == pytest.approx(tuple(expected))
    alone = summary(runs.assign(search=0), ["accuracy"]).set_index("neuron")
    assert alone["units"].to_dict() == {"lif": 4, "qif": 3}


def test_checkpoint_rebuilds_the_network(tmp_path: Path):
    network = Network(settings().network, N_UNITS, N_CLASSES, "qif")
    network.initialise(TRAIN.spikes, torch.Generator().manual_seed(0))
    path = tmp_path / "best.safetensors"
    save_network(path, network, network.state_dict(), {"seed": 3})
    again, header = load_network(path)
    assert header["seed"] == 3
    assert again.settings == network.settings
    assert torch.equal(again(VALIDATION.spikes).logits, network(VALIDATION.spikes).logits)
    path.write_bytes(path.read_bytes()[:-50])
    with pytest.raises(CheckpointError, match=r"best\.safetensors"):
        load_network(path)


def trained_checkpoint(path: Path, **weights: float) -> Path:
    """A checkpoint as the workflow writes it, of an untrained network; some weights scaled."""
    network = Network(settings().network, N_UNITS, N_CLASSES, "lif")
    network.initialise(TRAIN.spikes, torch.Generator().manual_seed(0))
    state = dict(network.state_dict())
    for name, factor in weights.items():
        key = {"recurrent": "hidden.0.recurrent_weight"}[name]
        state[key] = factor * state[key].abs()
    about = {
        "seed": 3,
        "training": SETTINGS["training"],
        "outcome": {"outcome": "finished", "best_epoch": 1},
    }
    save_network(path, network, state, about)
    return path


def test_evaluating_a_run_gives_its_scores_and_samples(tmp_path: Path):
    row, samples = evaluate(trained_checkpoint(tmp_path / "best"), VALIDATION, TRAIN)
    assert (row["neuron"], row["seed"], row["outcome"]) == ("lif", 3, "finished")
    right = samples["label"] == samples["prediction"]
    assert row["accuracy"] == right.mean()
    assert list(samples["label"].cat.categories) == list(VALIDATION.class_names)
    assert samples["label"].cat.codes.tolist() == VALIDATION.labels.tolist()


def test_a_network_that_runs_away_on_test_data_counts_with_accuracy_0(tmp_path: Path):
    path = trained_checkpoint(tmp_path / "wild", recurrent=1e4)
    row, samples = evaluate(path, VALIDATION, TRAIN)
    assert row["outcome"] == "overflow"
    assert "runs away" in row["reason"]
    assert row["accuracy"] == 0
    assert row["accuracy_seen_speakers"] == 0
    assert math.isnan(row["accuracy_unseen_speakers"])  # there are none
    assert math.isnan(row["loss"])
    assert samples.empty


def test_a_run_that_failed_before_its_first_validation_counts_with_accuracy_0(tmp_path: Path):
    wild = {"mean": 20.0, "scale": 1.0, "recurrent_scale": 400.0}
    result = run(tmp_path, neuron="lif", init=wild)
    about = {"seed": 0, "training": SETTINGS["training"], "outcome": result.result()}
    save_network(tmp_path / "best", result.network, result.best, about)
    row, samples = evaluate(tmp_path / "best", VALIDATION, TRAIN)
    assert (row["outcome"], row["accuracy"], row["best_epoch"]) == ("overflow", 0.0, None)
    assert samples.empty


@pytest.mark.parametrize("neuron", ["lif", "qif"])
def test_recorded_responses_are_those_of_the_network(neuron: str):
    network = Network(settings(layers=[6, 4]).network, N_UNITS, N_CLASSES, neuron)
    network.initialise(TRAIN.spikes, torch.Generator().manual_seed(0))
    sample = VALIDATION.spikes.select(torch.tensor([2]))
    spikes = raster(network, sample)
    trains = [sample, *network(sample).hidden]
    for layer, train_ in enumerate(trains):
        own = spikes[spikes["layer"] == layer]
        assert own["time"].tolist() == train_.times.tolist()
        assert own["unit"].tolist() == train_.units.tolist()
    trace = potential(network, sample, n_points=20_001)
    counts = np.bincount(trains[1].units, minlength=6)
    unit = trace["unit"].iloc[0]
    assert counts[unit] > 0
    # as many falls from near the top as the neuron has spikes
    drops = (trace["potential"].diff() < -0.5).sum()
    assert drops == counts[unit]
