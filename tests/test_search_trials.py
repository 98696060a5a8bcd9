"""Trials: rung by rung as at once, failures as outcomes, and no test data."""

from __future__ import annotations

import dataclasses
import time
from pathlib import Path
from typing import Any

import h5py
import numpy as np
import pytest
import torch

import study.search.trials
from spikefiles import shd_file
from spikegrad.layers import SpikeOverflowError
from spikegrad.settings import validate
from study.config.data import DataConfig
from study.data.dataset import SpikeDataset, load
from study.data.prepare import prepare
from study.search.halving import start_records
from study.search.records import Record, Trial
from study.search.trials import (
    Bench,
    final_budget,
    limits,
    open_bench,
    run_again,
    run_rung,
)
from study.training.response import Response
from test_search_sampling import halving
from test_training import TRAIN, VALIDATION, killed_after
from test_training import settings as model_settings

TRIAL = Trial(3, 42, {"network.init.scale": 1.5, "training.learning_rate": 0.02})


def bench(path: Path, neuron: str = "qif", **options: Any) -> Bench:
    trials = halving(**{"epochs": [1, 3, 5]} | options)
    return Bench(neuron, model_settings(), trials, TRAIN, VALIDATION, path, "same")


def timeless(record: Record) -> Record:
    return dataclasses.replace(record, seconds=0.0)


def through_all_rungs(on: Bench, trial: Trial = TRIAL) -> list[Record]:
    (record,) = start_records([trial])
    records = []
    for rung in on.options.rungs:
        record = run_rung(on, record, rung)
        records.append(record)
    return records


@pytest.mark.parametrize("neuron", ["lif", "qif"])
def test_each_rung_is_a_whole_training_from_the_start(tmp_path: Path, neuron: str):
    on = bench(tmp_path, neuron)
    records = through_all_rungs(on)
    assert [r.outcome for r in records] == ["running", "running", "finished"]
    assert [r.epochs for r in records] == [1, 4, 9]
    assert [r.presentations for r in records] == [40, 160, 360]
    for rung, epochs in enumerate(on.options.epochs):
        length = {"training.epochs": epochs, "training.snapshots": 2}
        model = model_settings().with_parameters({**TRIAL.parameters, **length})
        run = study.training.loop.train(
            model, neuron, TRIAL.seed, TRAIN, VALIDATION, tmp_path / f"alone{rung}", ""
        )
        own = records[-1].rungs[rung]
        assert own["validation_accuracy"] == run.result()["validation_accuracy"]
        assert own["validation_loss"] == run.history[run.best_epoch]["validation_loss"]
    best = max(row["validation_accuracy"] for row in records[-1].rungs)
    assert records[-1].accuracy == best
    assert timeless(run_again(bench(tmp_path / "b", neuron), TRIAL)).rungs == records[-1].rungs[2:]
    on.remove_checkpoints(records)
    assert not list(tmp_path.glob("3-42*"))


def test_a_killed_rung_does_not_train_its_epochs_again(tmp_path: Path, monkeypatch):
    epochs = []
    train_epoch = study.training.loop._train_epoch

    def count(*arguments: Any) -> dict[str, float]:
        epochs.append(arguments[-1])
        return train_epoch(*arguments)

    monkeypatch.setattr(study.training.loop, "_train_epoch", count)
    on = bench(tmp_path / "a")
    (start,) = start_records([TRIAL])
    first = run_rung(on, start, 0)
    with killed_after(1):
        run_rung(on, first, 1)
    second = run_rung(on, first, 1)
    assert epochs == [1, 1, 2, 3]
    whole = through_all_rungs(bench(tmp_path / "b"))
    assert timeless(second) == timeless(whole[1])


def test_a_start_that_finds_all_done_tells_the_time_that_it_took(tmp_path: Path, monkeypatch):
    on = bench(tmp_path)
    (start,) = start_records([TRIAL])
    with monkeypatch.context() as patch:
        clock = iter(range(10**6))
        patch.setattr(time, "perf_counter", lambda: float(next(clock)))
        run_rung(on, start, 1)  # each epoch takes a second or more
    again = run_rung(on, start, 1)
    assert again.epochs == 3
    assert again.seconds >= 3


def test_runaway_and_silent_trials_are_outcomes(tmp_path: Path):
    wild = {"network.init.mean": 20.0, "network.init.recurrent_scale": 400.0}
    silent = {"network.init.mean": -5.0, "network.init.scale": 0.1}
    for parameters, outcome in ((wild, "overflow"), (silent, "silent")):
        (start,) = start_records([Trial(0, 1, parameters)])
        result = run_rung(bench(tmp_path, "lif"), start, 0)
        assert (result.outcome, result.rungs, result.presentations) == (outcome, (), 0)
        assert (result.best, result.accuracy) == ({}, 0.0)
        assert result.failed
        assert result.reason


@pytest.mark.parametrize("stepwise", [True, False], ids=["by rungs", "at once"])
def test_a_trial_that_diverges_keeps_the_best_epoch_before(
    tmp_path: Path, monkeypatch, stepwise: bool
):
    accuracies = []
    train_epoch, respond = study.training.loop._train_epoch, study.training.loop.respond

    def blow_up(*arguments: Any) -> Any:
        if arguments[-1] == 3:
            raise SpikeOverflowError("runs away")
        return train_epoch(*arguments)

    def watch(*arguments: Any) -> Response:
        answer = respond(*arguments)
        accuracies.append(answer.accuracy)
        return answer

    monkeypatch.setattr(study.training.loop, "_train_epoch", blow_up)
    monkeypatch.setattr(study.training.loop, "respond", watch)
    on = bench(tmp_path, epochs=[1, 4])
    result = through_all_rungs(on)[-1] if stepwise else run_again(on, TRIAL)
    assert result.outcome == "overflow"
    # before training, and after two epochs; with an earlier rung, before and after its one
    assert len(accuracies) == 3 + 2 * stepwise
    assert result.accuracy == max(accuracies)
    assert len(result.rungs) == stepwise
    assert (result.epochs, result.presentations) == ((3, 120) if stepwise else (2, 80))


def test_finalists_train_as_long_as_the_final_networks_on_all_samples(tmp_path: Path):
    options = final_budget(halving(samples=10), model_settings().training.epochs)
    on = Bench("qif", model_settings(), options, TRAIN, VALIDATION, tmp_path / "a", "same")
    result = run_again(on, Trial(0, 5, {}))
    assert options.samples is None
    final = study.training.loop.train(
        model_settings(), "qif", 5, TRAIN, VALIDATION, tmp_path / "state", ""
    )
    assert result.accuracy == final.result()["validation_accuracy"]
    assert result.presentations == final.history[-1]["presentations"]


def test_a_slow_trial_is_an_outcome(tmp_path: Path):
    (start,) = start_records([TRIAL])
    result = run_rung(bench(tmp_path, timeout=0.05, epochs=[5000]), start, 0)
    assert result.outcome == "timeout"
    assert result.accuracy == 0.0
    assert "CPU" in result.reason
    again = through_all_rungs(bench(tmp_path))  # and no timer or limit stays behind
    assert again[-1].outcome == "finished"


def test_compilation_takes_nothing_of_a_trials_limit(tmp_path: Path, monkeypatch):
    """As on a second type of processor, or with a new HOME: the first trial would be a timeout."""

    def compile_slowly(kinds: list[tuple[str, float]]) -> None:
        assert kinds == [("qif", 0.0)]
        end = time.process_time() + 2.0
        while time.process_time() < end:
            pass

    monkeypatch.setattr(study.search.trials, "warm_up", compile_slowly)
    (start,) = start_records([TRIAL])
    assert run_rung(bench(tmp_path, timeout=1.5), start, 0).outcome == "running"


@pytest.mark.parametrize("allocate", [np.ones, torch.ones], ids=["numpy", "torch"])
def test_a_trial_that_needs_too_much_memory_is_an_outcome(tmp_path: Path, monkeypatch, allocate):
    def hungry(*_: Any, **__: Any) -> None:
        allocate(4 * 10**9)

    monkeypatch.setattr(study.search.trials, "train", hungry)
    (start,) = start_records([TRIAL])
    result = run_rung(bench(tmp_path), start, 0)
    assert result.outcome == "memory"
    assert "4000 MB" in result.reason


def test_other_errors_are_not_swallowed(tmp_path: Path, monkeypatch):
    def broken(*_: Any, **__: Any) -> None:
        raise RuntimeError("a mistake in the code")

    monkeypatch.setattr(study.search.trials, "train", broken)
    with pytest.raises(RuntimeError, match="mistake"):
        run_rung(bench(tmp_path), start_records([TRIAL])[0], 0)


def test_limits_count_cpu_time():
    def work_for_ever() -> None:
        with limits(0.05, 4000):
            while True:
                pass

    with pytest.raises(TimeoutError, match=r"0\.05 s"):
        work_for_ever()


def test_samples_are_drawn_by_seed(tmp_path: Path):
    train = shd_file(tmp_path / "train.h5")
    values = {"source": "shd", "n_units": 30, "duration": 1.0, "validation": {"speakers": 1}}
    events = tmp_path / "events.h5"
    prepare("search", validate(DataConfig, values), train, None, events)
    whole = load(events, "train")

    def drawn(n_samples: int | None, seed: int) -> SpikeDataset:
        options = halving(samples=n_samples)
        return open_bench("qif", model_settings(), options, events, seed, "", tmp_path).data

    for n_samples in (None, 1000):
        assert torch.equal(drawn(n_samples, 0).spikes.times, whole.spikes.times)
    a, b, c = (drawn(10, seed) for seed in (0, 0, 1))
    assert torch.equal(a.spikes.times, b.spikes.times)
    assert not torch.equal(a.spikes.times, c.spikes.times)
    assert len(a) == 10


def test_the_data_of_the_search_are_those_of_training_without_the_test_set(tmp_path: Path):
    train, test = shd_file(tmp_path / "train.h5"), shd_file(tmp_path / "test.h5", seed=1)
    values = {"source": "shd", "n_units": 30, "duration": 1.0, "validation": {"speakers": 1}}
    options = validate(DataConfig, values)
    prepare("whole", options, train, test, tmp_path / "whole.h5")
    prepare("search", options, train, None, tmp_path / "search.h5")
    assert len(load(tmp_path / "search.h5", "test")) == 0
    assert len(load(tmp_path / "whole.h5", "test")) > 0
    for split in ("train", "validation"):
        ours, theirs = (load(tmp_path / f"{name}.h5", split) for name in ("search", "whole"))
        assert torch.equal(ours.spikes.times, theirs.spikes.times)
        assert torch.equal(ours.labels, theirs.labels)
    with h5py.File(tmp_path / "search.h5") as file:
        assert set(file["split"][()]) == {0, 1}
