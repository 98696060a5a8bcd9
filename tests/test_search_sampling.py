"""Suggestions, halving, selection: functions of seed and records alone, and better than chance."""

from __future__ import annotations

import math
import random
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from spikegrad.settings import ConfigError, validate
from study.config.search import Range, Sampling, Selection, Trials, search_seed
from study.jobs import share
from study.search.figures import failure_shares
from study.search.records import (
    RecordError,
    Trial,
    TrialRecord,
    best_first,
    entrants,
    read_rungs,
    read_search,
    read_trials,
    write_record,
    write_trials,
)
from study.search.sampling import importances, suggest, to_optuna
from study.search.selection import finalist_runs, trial_table, winner
from test_training import settings as model_settings

X, Y = "network.init.mean", "network.init.scale"
SPACE = [
    {"key": X, "low": 0.0, "high": 1.0},
    {"key": Y, "low": 0.01, "high": 1.0, "log": True},
    {"key": "training.batch_size", "low": 2, "high": 9, "integer": True},
    {"key": "network.layers", "choices": [[4], [4, 4]]},
]


def sampling(kind: str = "tpe", startup: int = 8, space: list = SPACE) -> Sampling:
    sampler = {"kind": "tpe", "startup": startup} if kind == "tpe" else {"kind": "random"}
    return validate(Sampling, {"sampler": sampler, "space": space})


EPOCHS = (2,)


def record(
    trial: Trial, accuracy: float, outcome: str = "finished", epochs: int = 2
) -> TrialRecord:
    """Of a trial that ended in its first rung; one that diverged had reached ``accuracy``."""
    row = {"validation_accuracy": accuracy, "validation_loss": 1 - accuracy}
    row |= {"spikes_per_neuron": 1.0, "silent_fraction": 0.0}
    rungs = (row,) if outcome in ("running", "finished") else ()
    best = {} if outcome in ("timeout", "memory") else row
    return TrialRecord(trial, outcome, "", rungs, best, epochs, epochs * 10)


def peak(trial: Trial) -> TrialRecord:
    """Highest at (0.3, 0.1); fails where X > 0.6."""
    x, y = trial.parameters[X], trial.parameters[Y]
    if x > 0.6:
        return record(trial, 0.0, "timeout")
    return record(trial, math.exp(-10 * (x - 0.3) ** 2 - math.log10(y / 0.1) ** 2))


def searched(kind: str, seed: int, generations: int, n: int = 8, order: int | None = None):
    """Records of a search on :func:`peak`; with ``order`` they come back shuffled."""
    records: list[TrialRecord] = []
    for generation in range(generations):
        if order is not None:
            random.Random(order + generation).shuffle(records)
        records += map(peak, suggest(sampling(kind), EPOCHS, seed, n, generation, records))
    return sorted(records, key=lambda r: r.trial.number)


@pytest.mark.parametrize("kind", ["tpe", "random"])
def test_suggestions_lie_in_the_space_and_depend_on_seed_and_records_not_on_their_order(kind: str):
    first = searched(kind, seed=1, generations=4)
    assert first == searched(kind, seed=1, generations=4, order=5)
    assert first[:16] == searched(kind, seed=1, generations=2)  # extension keeps what there is
    assert first[0].trial.parameters != searched(kind, seed=2, generations=1)[0].trial.parameters
    assert [r.trial.number for r in first] == list(range(32))
    assert len({r.trial.seed for r in first}) == 32
    assert len({str(r.trial.parameters) for r in first}) == 32
    for each in first:
        values = each.trial.parameters
        assert 0 <= values[X] <= 1
        assert 0.01 <= values[Y] <= 1
        assert values["training.batch_size"] in range(2, 10)
        assert values["network.layers"] in ([4], [4, 4])
        model_settings().with_parameters(values)


def test_searches_of_one_study_share_no_seed_and_no_trial():
    seeds = [search_seed(study, search) for study in (0, 1) for search in range(5)]
    assert len(set(seeds)) == 10
    trials = [t for seed in seeds for t in suggest(sampling(), EPOCHS, seed, 8, 0, [])]
    assert len({t.seed for t in trials}) == 80
    assert len({t.parameters[X] for t in trials}) == 80


def test_the_start_covers_every_parameter_evenly():
    trials = suggest(sampling(startup=32), EPOCHS, 0, 32, 0, [])
    x = [t.parameters[X] for t in trials]
    y = [math.log10(t.parameters[Y]) / 2 + 1 for t in trials]
    for values in (x, y):
        counts, _ = np.histogram(values, bins=8, range=(0, 1))
        assert counts.min() >= 3  # 4 on average; independent draws leave gaps
    parts = [suggest(sampling(startup=32), EPOCHS, 0, 8, g, []) for g in range(4)]
    assert [t.parameters for part in parts for t in part] == [t.parameters for t in trials]


def test_tpe_learns_from_failures_and_from_success():
    late = {
        kind: [r for seed in range(5) for r in searched(kind, seed, generations=5)[8:]]
        for kind in ("tpe", "random")
    }
    failures = {kind: np.mean([r.failed for r in own]) for kind, own in late.items()}
    reached = {kind: np.mean([r.accuracy for r in own if r.best]) for kind, own in late.items()}
    assert failures["random"] == pytest.approx(0.4, abs=0.1)
    assert failures["tpe"] < 0.2
    assert reached["tpe"] > reached["random"] + 0.1


@given(
    st.lists(st.tuples(st.sampled_from([0.1, 0.5, 0.9]), st.booleans()), min_size=1, max_size=12),
    st.integers(1, 6),
    st.randoms(use_true_random=False),
)
@settings(max_examples=50, deadline=None)
def test_the_best_are_the_same_whatever_the_order(values, n, shuffler):
    records = [
        record(Trial(k, 0, {}), a, "overflow" if diverges else "finished")
        for k, (a, diverges) in enumerate(values)
    ]
    best = best_first(records, n)
    shuffled = list(records)
    shuffler.shuffle(shuffled)
    assert best_first(shuffled, n) == best
    assert [r.accuracy for r in best] == sorted((a for a, _ in values), reverse=True)[:n]


def halving(**changes: Any) -> Trials:
    values = {
        "per_generation": 9, "epochs": [1, 3, 9], "eta": 3, "per_job": 4, "samples": None,
        "timeout": 100.0, "memory_mb": 4000,
    }  # fmt: skip
    return validate(Trials, values | changes)


def test_halving_shares_all_trials_among_the_jobs():
    options = halving()
    assert [options.width(r) for r in options.rungs] == [9, 3, 1]
    assert [options.jobs(r) for r in options.rungs] == [3, 3, 1]
    assert options.epochs_allotted() == 9 * 1 + 3 * 3 + 1 * 9
    records = [TrialRecord(Trial(k, 0, {})) for k in range(9)]
    shares = [share(records, j, options.jobs(0)) for j in range(options.jobs(0))]
    assert sorted(r.trial.number for each in shares for r in each) == list(range(9))
    assert max(map(len, shares)) <= 4
    done = [record(r.trial, r.trial.number / 10, "running", 1) for r in records[:-1]]
    done.append(record(records[-1].trial, 0.99, "overflow", 1))
    assert [r.trial.number for r in entrants(done, options, 1)] == [7, 6, 5]


def test_trials_that_diverged_compete_with_what_they_had_reached():
    """And those that hit a limit, or were stopped, do not."""
    outcomes = ["finished", "overflow", "timeout", "running", "silent"]
    accuracies = [0.5, 0.7, 0.9, 0.8, 0.6]
    records = [
        record(Trial(k, k, {}), a, outcome)
        for k, (a, outcome) in enumerate(zip(accuracies, outcomes, strict=True))
    ]
    runs = finalist_runs(records, Selection(finalists=5, seeds=1), seed=0)
    assert [run.number for run in runs] == [-1, 1, 4, 0]
    table = trial_table(records, halving())
    assert table["validation_accuracy"].tolist() == [0.5, 0.7, 0.0, 0.8, 0.6]
    assert table["rung0_accuracy"].isna().tolist() == [False, True, True, False, True]
    assert table["failed"].tolist() == [False, True, True, False, True]


def test_the_sampler_is_given_what_a_trial_had_reached_in_the_rung_where_it_diverged():
    row = {"validation_accuracy": 0.3, "validation_loss": 1.0}
    reached = {**row, "validation_accuracy": 0.4}
    trials = suggest(sampling(), (1, 3), 0, 5, 0, [])
    records = [
        TrialRecord(trials[0], "overflow", best=reached),
        TrialRecord(trials[1], "overflow", rungs=(row,), best=reached),
        TrialRecord(trials[2], "timeout", rungs=(row,)),
        TrialRecord(trials[3], "silent"),
        TrialRecord(trials[4], "running", rungs=(row,), best=row),
    ]
    first, last, timeout, silent, stopped = to_optuna(sampling().space, (1, 3), records)
    assert (first.state.name, first.intermediate_values) == ("PRUNED", {1: 0.4})
    assert (last.state.name, last.value) == ("COMPLETE", 0.4)
    assert last.intermediate_values == {1: 0.3, 3: 0.4}
    for empty in (timeout, silent):
        assert (empty.state.name, empty.intermediate_values) == ("PRUNED", {})
    assert (stopped.state.name, stopped.intermediate_values) == ("PRUNED", {1: 0.3})


def test_winner_has_the_best_mean_over_fresh_seeds_and_failed_runs_count():
    trials = [Trial(k, 100 + k, {X: k / 10}) for k in range(4)]
    accuracies = [0.9, 0.8, 0.7, 0.6]
    records = [record(t, a) for t, a in zip(trials, accuracies, strict=True)]
    runs = finalist_runs(records, Selection(finalists=2, seeds=2), seed=0)
    assert [run.number for run in runs] == [-1, -1, 0, 0, 1, 1]
    assert len({run.seed for run in runs}) == 2
    assert not {run.seed for run in runs} & {t.seed for t in trials}
    again = [0.5, 0.6, 0.95, 0, 0.6, 0.7]
    results = [
        record(run, a, "finished" if a else "timeout") for run, a in zip(runs, again, strict=True)
    ]
    best = winner(records, results, 21)
    assert best["trial"] == 1
    assert best["parameters"] == {X: 0.1}
    assert best["winner"]["validation_accuracy"] == pytest.approx(0.65)
    assert best["unchanged"]["validation_accuracy"] == pytest.approx(0.55)
    assert best["presentations"] == {"allotted": 210, "used": 80, "finalists": 120}
    assert best["samples"] == {"trials": 10, "finalists": 10}
    worse = [record(r.trial, 0.9 if r.trial.number == -1 else 0.1) for r in results]
    kept = winner(records, worse, 21)
    assert (kept["trial"], kept["parameters"]) == (None, {})


WRITTEN = {"per_generation": 4, "epochs": [1, 2], "eta": 2, "per_job": 2}


@pytest.fixture
def written(tmp_path) -> tuple[list[Path], list[TrialRecord]]:
    """The files of two generations, each of four trials in two rungs, and the latest records."""
    options, files, latest = halving(**WRITTEN), [], {}
    for generation in range(2):
        trials = suggest(sampling(), options.epochs, 0, 4, generation, list(latest.values()))
        files.append(tmp_path / str(generation) / "trials.json")
        write_trials(files[-1], trials)
        assert read_trials(files[-1]) == trials
        entered = [TrialRecord(trial) for trial in trials]
        for rung, outcome in enumerate(("running", "finished")):
            for job in range(options.jobs(rung)):
                files.append(tmp_path / str(generation) / f"rung{rung}" / f"job{job}")
                for each in share(entered, job, options.jobs(rung)):
                    done = record(each.trial, each.trial.number / 10, outcome, rung + 1)
                    latest[each.trial.number] = done
                    write_record(files[-1], done)
            entered = entrants([latest[r.trial.number] for r in entered], options, 1)
    return files, [latest[number] for number in range(8)]


def test_records_survive_their_files_and_later_rungs_win(written):
    files, latest = written
    read = read_search(files, halving(**WRITTEN))
    assert read == latest
    table = trial_table(read, halving(**WRITTEN))
    assert table["outcome"].tolist() == ["stopped", "stopped", "finished", "finished"] * 2
    assert table["network.layers"].tolist() == [
        str(r.trial.parameters["network.layers"]) for r in latest
    ]
    *_, (before, entering) = read_rungs(files[:3], halving(**WRITTEN))
    assert [r.trial.number for r in before] == [0, 1, 2, 3]
    assert [r.trial.number for r in entering] == [3, 2]


def test_lost_stale_and_surplus_records_are_refused_by_name(written):
    """Else another trial would be promoted, and win, with no word."""
    files, latest = written
    paths = sorted(path for folder in files for path in folder.glob("*.json"))
    assert len(paths) == 2 * (4 + 2)
    for path in paths:
        content = path.read_text()
        path.unlink()
        with pytest.raises(RecordError, match=rf"{path}: .* is lost; delete its folder"):
            read_search(files, halving(**WRITTEN))
        path.write_text(content.replace('"network.init.mean": 0.', '"network.init.mean": 0.9'))
        with pytest.raises(RecordError, match=rf"{path}: .* other parameters"):
            read_search(files, halving(**WRITTEN))
        path.write_text(content)
        surplus = path.with_name("9-9.json")
        surplus.write_text(content)
        with pytest.raises(RecordError, match=rf"{surplus}: no trial that should be there"):
            read_search(files, halving(**WRITTEN))
        surplus.rename(path.with_name(".9.left-behind.json"))  # a file that a killed job left
    assert read_search(files, halving(**WRITTEN)) == latest


def test_importance_goes_to_the_parameter_that_matters():
    trials = suggest(sampling("random"), EPOCHS, 0, 60, 0, [])
    records = [record(t, t.parameters[X]) for t in trials]
    shares = importances(sampling().space, records, seed=0)
    assert shares[X] > 0.8
    assert sum(shares.values()) == pytest.approx(1)
    same = importances(sampling().space, [record(t, 0.5) for t in trials], seed=0)
    assert set(same.values()) == {0.0}


def test_failures_by_region():
    parameter = Range(key=Y, low=0.01, high=100.0, log=True)
    values = pd.Series([0.01, 0.05, 0.5, 5.0, 6.0, 100.0])
    failed = pd.Series([False, True, False, True, True, True])
    table = failure_shares(parameter, values, failed)
    assert table["trials"].tolist() == [2, 1, 2, 1]
    assert table["share"].tolist() == [0.5, 0.0, 1.0, 1.0]
    assert table["centre"].to_numpy() == pytest.approx([10**-1.5, 10**-0.5, 10**0.5, 10**1.5])
    assert (table["low"] <= table["share"]).all()
    assert (table["share"] <= table["high"]).all()


def test_impossible_ranges_are_refused():
    mistakes = {
        "low must be below high": {"low": 1.0},
        "must start above 0": {"log": True},
        "must be whole": {"low": 0.5, "integer": True},
    }
    for message, mistake in mistakes.items():
        with pytest.raises(ConfigError, match=message):
            validate(Range, {"key": X, "low": 0.0, "high": 1.0} | mistake)
