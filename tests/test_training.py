"""The training loop: learning, reproducibility, resuming, and ending badly in good order."""

from __future__ import annotations

import copy
import math
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest
import torch
from scipy.stats import ttest_1samp

import study.training.loop
from spikegrad.activity import spike_counts
from spikegrad.network import Network, NetworkOutput, load_network
from spikegrad.spikes import SpikeTrains
from study.config.training import Augmentation
from study.data.dataset import SpikeDataset
from study.training.batches import Augmenter, epoch_batches
from study.training.evaluation import evaluate
from study.training.loop import (
    RunawayError,
    activity_penalty,
    smooth_counts,
)
from study.training.optimizer import Adam
from study.training.response import respond
from study.training.run import Run, copy_weights
from study.training.scores import accuracy_by_speaker, summary
from trainings import (
    DURATION,
    INTEGRATED,
    LEARNED,
    N_CLASSES,
    N_UNITS,
    TRAIN,
    VALIDATION,
    WILD,
    checkpoint,
    dataset,
    network,
    run,
    same_bits,
    settings,
    without_validation,
)


def with_weights(weights: dict[str, torch.Tensor], **changes: Any) -> Network:
    made = Network(settings(**changes).network, N_UNITS, N_CLASSES, "qif")
    made.load_state_dict(weights)
    return made


MAXIMUM = {"kind": "maximum", "tau_out": 0.02}
FIRST_SPIKE = {"kind": "first_spike", "tau_out": 0.02, "time_scale": 0.01, "mean": 1.5}


@pytest.mark.parametrize(
    ("neuron", "readout"),
    [("lif", INTEGRATED), ("qif", FIRST_SPIKE), ("qif", MAXIMUM)],
)
def test_learns_a_separable_task_with_every_readout(
    tmp_path: Path, neuron: str, readout: dict[str, Any]
):
    result = run(tmp_path, neuron, readout=readout, layers=[24], epochs=12)
    assert result.outcome == "finished"
    history = result.table()
    assert history["epoch"].tolist() == list(range(13))
    assert history["validation_accuracy"].max() >= 0.95
    assert history["train_loss"].iloc[-1] < 0.7 * history["train_loss"].iloc[1]
    silent = history["silent_neurons"].map(len) / 24
    assert silent.to_numpy() == pytest.approx(history["silent_fraction"].to_numpy())


KEPT = {"snapshots": 3, "augmentation": {"channel_shift": 2, "time_stretch": 0.2, "blend": 0.5}}


@pytest.fixture(scope="module")
def kept(tmp_path_factory: pytest.TempPathFactory) -> Run:
    return run(tmp_path_factory.mktemp("kept"), **KEPT)


def test_a_kept_step_is_the_update_by_the_batch_that_can_be_had_again(kept: Run):
    """Adam's first update moves each weight by its rate; later ones go downhill."""
    options = settings(**KEPT).training
    assert list(kept.steps) == [0, 2]
    for epoch, steps in kept.steps.items():
        net = with_weights(kept.snapshots[epoch])
        batch = next(epoch_batches(TRAIN, options, 0, epoch + 1))
        assert len(batch) == options.batch_size
        output = net(batch.spikes)
        penalty = options.activity.strength * activity_penalty(output.hidden[0], 6, 2.0)
        (torch.nn.functional.cross_entropy(output.logits, batch.labels) + penalty).backward()
        weights = dict(net.named_parameters())
        assert sum(float((w.grad * steps[name]).sum()) for name, w in weights.items()) < 0
        for name, weight in weights.items() if epoch == 0 else ():
            rate = 0.1 if name.startswith("readout.") else 0.05
            expected = -rate * _unit(weight) * weight.grad.sign()
            torch.testing.assert_close(steps[name], expected, rtol=1e-3, atol=1e-5)


def test_what_is_averaged_is_evaluated_and_rates_are_eased_in(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
):
    """Five updates an epoch: twelve ease in, the last eight are averaged."""
    step, shares, path = Adam.step, list[float](), list[dict[str, torch.Tensor]]()

    def recorded(optimizer: Adam, share: float) -> None:
        step(optimizer, share)
        shares.append(share)
        path.append(copy_weights(optimizer._network))

    monkeypatch.setattr(Adam, "step", recorded)
    result = run(tmp_path, average=0.4, ease_in=2.4, **LEARNED)
    expected = [min(1, (k + 1) / 12) * (1 + math.cos(math.pi * k / 20)) / 2 for k in range(20)]
    assert shares == pytest.approx(expected)
    assert same_bits(path[-1], result.snapshots[4])
    for name, value in result.trained.items():
        mean = torch.stack([weights[name] for weights in path[12:]]).double().mean(0)
        torch.testing.assert_close(value, mean.to(value.dtype))
    judged = copy.deepcopy(result.network)
    judged.load_state_dict(result.trained)
    assert result.history[-1]["validation_loss"] == respond(judged, VALIDATION, 8).loss
    whole = run(tmp_path / "whole", ease_in=2.4, **LEARNED)
    assert result.history[2]["validation_loss"] == whole.history[2]["validation_loss"]
    assert same_bits(result.network.state_dict(), whole.trained)


@pytest.mark.parametrize("drive", [0.0, 1.2])  # at the second all phases are drawn
def test_what_neurons_have_of_their_own_is_learned_and_kept(tmp_path: Path, drive: float):
    result = run(tmp_path, drive=drive, **LEARNED)
    first, last = result.snapshots[0], result.trained
    own = ("input_delay", "recurrent_delay", "log_tau", "drive", "phase")
    for name in (*(f"hidden.0.{k}" for k in own), "readout.log_window", "readout.log_tau_out"):
        before, after = first[name], last[name]
        assert (before != after).double().mean() > 0.5
    kept, _ = load_network(checkpoint(tmp_path / "best", result))
    judged = with_weights(last, drive=drive, **LEARNED)
    assert torch.equal(kept(VALIDATION.spikes).logits, judged(VALIDATION.spikes).logits)
    for name, least in (("input_delay", 0.0), ("recurrent_delay", 0.001)):
        delays = last[f"hidden.0.{name}"]
        assert ((delays >= least) & (delays <= 0.06)).all()


def test_a_state_of_other_settings_or_cut_short_is_not_used(tmp_path: Path):
    fresh = run(tmp_path / "fresh", epochs=3)
    run(tmp_path / "stale", epochs=2, identity="other")
    assert same_bits(run(tmp_path / "stale", epochs=3).trained, fresh.trained)
    state = tmp_path / "stale" / "state"
    state.write_bytes(state.read_bytes()[:-100])
    assert same_bits(run(tmp_path / "stale", epochs=3).trained, fresh.trained)


def test_a_diverged_network_ends_with_a_named_outcome(tmp_path: Path):
    result = run(tmp_path / "wild", neuron="lif", init=WILD)
    assert result.outcome == "overflow"
    assert "runs away" in result.reason
    assert result.epochs is None
    row, samples = evaluate(checkpoint(tmp_path / "best", result), VALIDATION, TRAIN)
    assert (row["outcome"], row["accuracy"], row["epochs"]) == ("overflow", 0.0, None)
    assert len(samples) == row["runaways"] == len(VALIDATION)
    assert samples["prediction"].isna().all()
    by_speaker = accuracy_by_speaker(samples, ["speaker"])
    assert by_speaker["accuracy"].eq(0).all()
    assert by_speaker["answers"].sum() == len(VALIDATION)


def blow_up_in(epoch: int, monkeypatch: pytest.MonkeyPatch) -> None:
    train_epoch = study.training.loop.train_epoch

    def blow_up(run: Run, *arguments: Any) -> dict[str, float]:
        if arguments[-1] == epoch:
            with torch.no_grad():
                run.network.readout.weight.fill_(math.inf)
        return train_epoch(run, *arguments)

    monkeypatch.setattr(study.training.loop, "train_epoch", blow_up)


def test_a_run_that_diverges_keeps_the_last_whole_epoch(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
):
    blow_up_in(3, monkeypatch)
    for result in (run(tmp_path / "validated"), without_validation(tmp_path / "not")):
        assert (result.outcome, len(result.history)) == ("not finite", 3)
        assert same_bits(result.trained, result.snapshots[2])
    assert result.epochs == 2
    assert result.presentations == 80 + 8  # within the first batch of epoch 3


class Infinite(torch.autograd.Function):
    """Logits as they are, with infinite gradients of the samples ``where``."""

    @staticmethod
    def forward(ctx: Any, logits: torch.Tensor, where: torch.Tensor) -> torch.Tensor:
        ctx.where = where
        return logits.clone()

    @staticmethod
    def backward(ctx: Any, gradient: torch.Tensor) -> tuple[torch.Tensor, None]:
        return gradient.masked_fill(ctx.where[:, None], math.inf), None


@pytest.mark.parametrize("sample_clip", [None, 1.0])
def test_a_sample_without_a_finite_gradient_is_left_out(
    sample_clip: float | None, monkeypatch: pytest.MonkeyPatch
):
    """An epoch of one batch ends where that of the other samples ends."""
    few = dataset(8, seed=4)
    forward, marked = Network.forward, few.spikes.times[few.spikes.offsets[3]]

    def with_one(learner: Network, spikes: SpikeTrains) -> NetworkOutput:
        output = forward(learner, spikes)
        where = spikes.times[spikes.offsets[:-1]] == marked
        return replace(output, logits=Infinite.apply(output.logits, where))

    def epoch_of(
        data: SpikeDataset, runaways: float
    ) -> tuple[dict[str, Any], dict[str, torch.Tensor]]:
        still = {"channel_shift": 0, "time_stretch": 0.0}
        options = settings(batch_size=len(data), augmentation=still, runaways=runaways).training
        learner = network("lif", torch.float64)
        for layer in learner.spiking_layers:
            layer.sample_clip = sample_clip
        result = Run(learner, copy_weights(learner))
        optimizer = Adam(learner, options.learning_rate, options.readout_learning_rate)
        row, _ = study.training.loop.train_epoch(result, optimizer, data, options, 0, 1)
        return row, copy_weights(learner)

    others, expected = epoch_of(few.select(torch.tensor([0, 1, 2, 4, 5, 6, 7])), 0.0)
    monkeypatch.setattr(Network, "forward", with_one)
    with pytest.raises(RunawayError):
        epoch_of(few, 0.1)
    row, weights = epoch_of(few, 0.2)
    assert (row["runaways"], others["runaways"]) == (1, 0)
    assert row["train_loss"] == pytest.approx(others["train_loss"])
    for name, weight in weights.items():
        torch.testing.assert_close(weight, expected[name])


def test_without_validation_the_last_weights_are_kept(tmp_path: Path):
    """They are those of the same training with validation, whose activity alone is another's."""
    result = without_validation(tmp_path / "without")
    judged = run(tmp_path / "with")
    assert same_bits(result.trained, result.network.state_dict())
    assert same_bits(result.trained, judged.network.state_dict())
    own, table = result.result(), result.table()
    assert (own["outcome"], own["epochs"], own["validation_accuracy"]) == ("finished", 4, None)
    assert table["validation_loss"].isna().all()
    assert table["train_loss"].equals(judged.table()["train_loss"])
    watched = respond(with_weights(result.trained), TRAIN, batch_size=40)
    assert table["spikes_per_neuron"].iloc[-1] == pytest.approx(watched.spikes_per_neuron)
    assert table["silent_neurons"].iloc[-1] == watched.silent_neurons


def test_gradient_is_clipped_in_the_units_of_the_learning_rates():
    net = network("qif")
    optimizer = Adam(net, 0.01, 0.02)
    net(TRAIN.spikes).logits.square().sum().backward()
    units = {p: float(p.detach().std()) for p in net.parameters()}
    expected = math.sqrt(sum(float((p.grad * u).square().sum()) for p, u in units.items()))
    before = {p: p.grad.clone() for p in units}
    assert optimizer.clip(expected / 4) == pytest.approx(expected)
    for p, grad in before.items():
        torch.testing.assert_close(p.grad, grad / 4)
    for largest in (10 * expected, None):  # which leave it as it is
        assert optimizer.clip(largest) == pytest.approx(expected / 4)


def _unit(weight: torch.Tensor) -> float:
    return float(weight.detach().double().numpy().std(ddof=1))


def test_a_bound_at_spikes_changes_what_is_learned(tmp_path: Path):
    plain, wide, narrow = (
        run(tmp_path / str(bound), epochs=1, spike_bound=bound).trained
        for bound in (None, 1e9, 0.1)
    )
    assert same_bits(plain, wide)
    assert not same_bits(plain, narrow)


def test_updates_are_those_of_torch_with_one_rate_for_each_weight():
    networks = [network("lif") for _ in range(2)]
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
        for net in networks:
            net.zero_grad()
            net(TRAIN.spikes).logits.square().sum().backward()
        ours.step(share)
        for group in theirs.param_groups:
            full = group.setdefault("full", group["lr"])
            group["lr"] = share * full
        theirs.step()
    for mine, other in zip(networks[0].parameters(), networks[1].parameters(), strict=True):
        assert torch.equal(mine, other)


def test_penalty_moves_spike_counts_towards_the_target(tmp_path: Path):
    def spikes(strength: float, target: float) -> float:
        activity = {"strength": strength, "target": target}
        result = run(tmp_path / f"{strength} {target}", activity=activity, epochs=6)
        return result.table()["spikes_per_neuron"].iloc[-1]

    assert spikes(2.0, 1.0) < spikes(0.0, 1.0) < spikes(2.0, 6.0)


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
    assert tuple(table.loc["lif", ["low", "high"]]) == (0.0, 1.0)  # where a share ends
    losses = summary(runs.assign(loss=runs["accuracy"]), ["loss"]).set_index("neuron")
    assert tuple(losses.loc["lif", ["low", "high"]]) == pytest.approx(tuple(expected))


def test_a_checkpoint_gives_the_networks_scores_by_speaker(tmp_path: Path):
    known = TRAIN.select((TRAIN.speakers != 2).nonzero()[:, 0])
    result = run(tmp_path, epochs=1)
    path = checkpoint(tmp_path / "best", result)
    row, samples = evaluate(path, VALIDATION, known)
    assert (row["neuron"], row["seed"], row["outcome"]) == ("qif", 0, "finished")
    answer = respond(with_weights(result.trained), VALIDATION, 8)
    right = (answer.logits.argmax(1) == VALIDATION.labels).numpy()
    unseen = (VALIDATION.speakers == 2).numpy()
    assert (samples["label"] == samples["prediction"]).tolist() == right.tolist()
    assert list(samples["label"].cat.categories) == list(VALIDATION.class_names)
    assert samples["unseen_speaker"].tolist() == unseen.tolist()
    assert row["accuracy"] == right.mean()
    assert row["accuracy_unseen_speakers"] == right[unseen].mean()
    assert row["accuracy_seen_speakers"] == right[~unseen].mean()
    assert row["loss"] == pytest.approx(answer.loss, rel=1e-5)
