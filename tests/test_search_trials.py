"""Trials: rung by rung as at once, failures as outcomes, and no test data."""

from __future__ import annotations

import dataclasses
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch

import study.search.trials
from spikefiles import prepared_file
from spikegrad.layers import SpikeOverflowError
from study.data.dataset import load
from study.search.budget import epoch_samples
from study.search.selection import candidates, finalist_runs
from study.search.trial_records import Trial, TrialRecord, read_records
from study.search.trials import TrialRunner, run_job
from test_search_sampling import halving
from trainings import LIMIT, TRAIN, VALIDATION, with_loud
from trainings import settings as model_settings

TRIAL = Trial(3, 42, {"network.init.scale": 1.5, "training.learning_rate": 0.02})
START = TrialRecord(TRIAL)


def runner(path: Path, neuron: str = "qif", **options: Any) -> TrialRunner:
    trials = halving(**{"epochs": [1, 3, 5]} | options)
    return TrialRunner(neuron, model_settings(), trials, TRAIN, VALIDATION, path, "same")


def timeless(record: TrialRecord) -> TrialRecord:
    return dataclasses.replace(record, seconds=0.0)


def through_all_rungs(by: TrialRunner) -> list[TrialRecord]:
    records = [START]
    for rung in by.trials.rungs:
        records.append(by.run(records[-1], rung))
    return records[1:]


def test_each_rung_is_a_whole_training_from_the_start(tmp_path: Path):
    by = runner(tmp_path)
    records = through_all_rungs(by)
    assert [r.outcome for r in records] == ["running", "running", "finished"]
    assert [r.epochs for r in records] == [1, 4, 9]
    assert [r.presentations for r in records] == [40, 160, 360]
    for rung, epochs in enumerate(by.trials.epochs):
        length = {"training.epochs": epochs, "training.snapshots": 2}
        model = model_settings().with_parameters({**TRIAL.parameters, **length})
        run = study.training.loop.train(
            model, "qif", TRIAL.seed, TRAIN, VALIDATION, tmp_path / f"alone{rung}", ""
        )
        own = records[-1].rungs[rung]
        assert own["validation_accuracy"] == run.result()["validation_accuracy"]
        assert own["validation_loss"] == run.history[-1]["validation_loss"]
    assert records[-1].accuracy == records[-1].rungs[-1]["validation_accuracy"]


def test_diverging_and_silent_trials_are_outcomes(tmp_path: Path):
    wild = {"network.init.mean": 20.0, "network.init.recurrent_scale": 400.0}
    silent = {"network.init.mean": -5.0, "network.init.scale": 0.1}
    for parameters, outcome in ((wild, "overflow"), (silent, "silent")):
        result = runner(tmp_path, "lif").run(TrialRecord(Trial(0, 1, parameters)), 0)
        assert (result.outcome, result.rungs, result.presentations) == (outcome, (), 0)
        assert (result.failed, result.accuracy) == (True, 0.0)


def test_a_trial_that_diverges_counts_with_its_last_whole_epoch(tmp_path: Path, monkeypatch):
    train_epoch = study.training.loop.train_epoch

    def blow_up(*arguments: Any) -> Any:
        if arguments[-1] == 3:
            raise SpikeOverflowError("too many spikes")
        return train_epoch(*arguments)

    monkeypatch.setattr(study.training.loop, "train_epoch", blow_up)
    *_, result = through_all_rungs(runner(tmp_path, epochs=[1, 4]))
    assert (result.outcome, len(result.rungs)) == ("overflow", 1)
    assert (result.last["epoch"], result.accuracy) == (2, result.last["validation_accuracy"])
    assert (result.epochs, result.presentations) == (3, 120)


def test_a_finalists_run_is_validated_on_its_inner_fold(files: tuple[Path, Path], tmp_path: Path):
    model = model_settings(batch_size=4).model_dump(mode="json")
    of = partial(
        TrialRunner.of_job, "qif", halving(epochs=[1]), model, files, 0, "", tmp_path / "states"
    )
    runs = finalist_runs(candidates([]), 2, seed=0, folds=2)
    run_job([TrialRecord(run) for run in runs], 0, tmp_path / "job0", of)
    records = read_records([tmp_path / "job0"], runs)
    for inner, found in enumerate(records):
        by = of(inner)
        validation = load(*files, "validation", inner)
        assert torch.equal(by.validation.spikes.times, validation.spikes.times)
        assert not set(by.data.speakers.tolist()) & set(validation.speakers.tolist())
        assert timeless(by.run(TrialRecord(runs[inner]), 0)) == timeless(found)
    assert records[0].rungs != records[1].rungs


def test_a_job_that_is_killed_leaves_no_part_of_its_folder(tmp_path: Path, monkeypatch: Any):
    by = runner(tmp_path / "states", epochs=[1])
    records = [TrialRecord(Trial(number, number, {})) for number in range(2)]
    run, folder = TrialRunner.run, tmp_path / "job0"

    def killed(self: TrialRunner, record: TrialRecord, rung: int) -> TrialRecord:
        assert not folder.exists()
        if record.trial.number == 1:
            raise KeyboardInterrupt
        return run(self, record, rung)

    with monkeypatch.context() as patch:
        patch.setattr(TrialRunner, "run", killed)
        with pytest.raises(KeyboardInterrupt):
            run_job(records, 0, folder, lambda inner: by)
    assert [file.name for file in tmp_path.iterdir()] == ["states"]
    run_job(records, 0, folder, lambda inner: by)
    assert len(list(folder.iterdir())) == 2


def test_finalists_train_as_long_as_the_final_networks_on_all_samples(tmp_path: Path):
    trials = halving(samples=10).of_finalists(model_settings().training.epochs)
    by = TrialRunner("qif", model_settings(), trials, TRAIN, VALIDATION, tmp_path, "same")
    result = by.run(TrialRecord(Trial(0, 5, {})), 0)
    assert (result.outcome, trials.samples) == ("finished", None)
    final = study.training.loop.train(
        model_settings(), "qif", 5, TRAIN, VALIDATION, tmp_path / "state", ""
    )
    assert result.accuracy == final.result()["validation_accuracy"]
    assert result.presentations == final.history[-1]["presentations"]


def test_a_slow_trial_is_an_outcome(tmp_path: Path):
    result = runner(tmp_path, timeout=0.05, epochs=[5000]).run(START, 0)
    assert (result.outcome, result.accuracy) == ("timeout", 0.0)
    assert "0.05 s of CPU" in result.reason
    assert result.presentations == 5000 * len(TRAIN)  # counts as a whole rung
    again = runner(tmp_path).run(START, 2)  # and no timer or limit stays behind
    assert again.outcome == "finished"


def test_a_trial_that_runs_away_in_every_validation_sample_has_failed(tmp_path: Path):
    own = runner(tmp_path, neuron="lif", epochs=[1])
    loud = with_loud(VALIDATION, list(range(len(VALIDATION))))
    limit = model_settings(max_spikes=LIMIT)
    result = dataclasses.replace(own, settings=limit, validation=loud).run(START, 0)
    assert (result.outcome, result.last, result.accuracy) == ("overflow", {}, 0)
    assert result.presentations == len(TRAIN)


@pytest.mark.parametrize("allocate", [np.ones, torch.ones], ids=["numpy", "torch"])
def test_a_trial_that_needs_too_much_memory_is_an_outcome(tmp_path: Path, monkeypatch, allocate):
    monkeypatch.setattr(study.search.trials, "train", lambda *_: allocate(4 * 10**9))
    assert runner(tmp_path).run(START, 0).outcome == "memory"


@pytest.fixture(scope="module")
def files(tmp_path_factory) -> tuple[Path, Path]:
    """Events, and the parts of their samples."""
    events = prepared_file(tmp_path_factory.mktemp("events"))
    return events, events.with_name("split.parquet")


def test_samples_are_drawn_by_seed(files: tuple[Path, Path], tmp_path: Path):
    def times(n_samples: int | None, seed: int) -> torch.Tensor:
        model = model_settings().model_dump(mode="json")
        options = halving(samples=n_samples)
        by = TrialRunner.of_job("qif", options, model, files, seed, "", tmp_path, 0)
        assert len(by.data) == epoch_samples(files[1], n_samples, 0)
        assert len(by.data) == min(n_samples or len(whole), len(whole))
        return by.data.spikes.times

    whole = load(*files, "train", inner=0)
    assert torch.equal(times(1000, 0), whole.spikes.times)
    assert torch.equal(times(10, 0), times(10, 0))
    assert not torch.equal(times(10, 0), times(10, 1))


def test_trials_never_see_what_is_for_testing(files: tuple[Path, Path], tmp_path: Path):
    model = model_settings().model_dump(mode="json")
    by = TrialRunner.of_job("qif", halving(), model, files, 0, "", tmp_path, 0)
    test = load(*files, "test").spikes.times
    for data in (by.data, by.validation):
        assert not torch.isin(data.spikes.times, test).any()
