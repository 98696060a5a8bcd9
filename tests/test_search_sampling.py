"""Suggestions, halving, selection: functions of seed and records alone, and better than chance."""

from __future__ import annotations

import math
import random
from dataclasses import replace
from itertools import product
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from spikegrad.settings import ConfigError, validate
from study.config.search import (
    Sampling,
    SearchConfig,
    Trials,
)
from study.progress import share
from study.search.budget import next_trials
from study.search.sampling import suggest
from study.search.selection import candidates, finalist_runs, finalists_of, trial_table, winner
from study.search.trial_records import (
    Generation,
    RecordError,
    Trial,
    TrialRecord,
    entrants,
    read_search,
    write_generation,
    write_record,
)
from trainings import settings as model_settings

X, Y = "network.init.mean", "network.init.scale"
SPACE = [
    {"key": X, "low": 0.0, "high": 1.0},
    {"key": Y, "low": 0.01, "high": 1.0, "log": True},
    {"key": "training.batch_size", "low": 2, "high": 9, "integer": True},
    {"key": "network.layers", "choices": [[4], [4, 4]]},
]


def sampling(startup: int = 8, space: list = SPACE) -> Sampling:
    return validate(Sampling, {"startup": startup, "space": space})


EPOCHS = (2,)


def record(
    trial: Trial, accuracy: float, outcome: str = "finished", epochs: int = 2
) -> TrialRecord:
    """Of a trial that ended in its first rung; one that diverged had reached ``accuracy``."""
    row = {"epoch": 0, "validation_accuracy": accuracy, "validation_loss": 1 - accuracy}
    row |= {"spikes_per_neuron": 1.0, "silent_fraction": 0.0}
    rungs = (row,) if outcome in ("running", "finished") else ()
    last = {} if outcome in ("timeout", "memory") else row
    return TrialRecord(trial, outcome, "", rungs, last, epochs, epochs * 10)


def peak(trial: Trial) -> TrialRecord:
    """Highest at (0.3, 0.1); fails where X > 0.6."""
    x, y = trial.parameters[X], trial.parameters[Y]
    if x > 0.6:
        return record(trial, 0.0, "timeout")
    return record(trial, math.exp(-10 * (x - 0.3) ** 2 - math.log10(y / 0.1) ** 2))


def searched(
    seed: int, generations: int, n: int = 8, startup: int = 8, order: int | None = None
) -> list[TrialRecord]:
    """Records of a search on :func:`peak`; with ``order`` they come back shuffled."""
    records: list[TrialRecord] = []
    for generation in range(generations):
        if order is not None:
            random.Random(order + generation).shuffle(records)
        records += map(peak, suggest(sampling(startup), EPOCHS, seed, n, generation, records))
    return sorted(records, key=lambda r: r.trial.number)


def test_suggestions_lie_in_the_space_and_depend_on_seed_and_records_not_on_their_order():
    first = searched(seed=1, generations=4)
    assert first == searched(seed=1, generations=4, order=5)
    assert first[:16] == searched(seed=1, generations=2)  # extension keeps what there is
    assert first[0].trial.parameters != searched(seed=2, generations=1)[0].trial.parameters
    assert [r.trial.number for r in first] == list(range(32))
    assert len({r.trial.seed for r in first}) == 32
    assert len({str(r.trial.parameters) for r in first}) == 32
    for each in first:
        values = each.trial.parameters
        assert 0 <= values[X] <= 1
        assert 0.01 <= values[Y] <= 1
        assert values["training.batch_size"] in range(2, 10)
        model_settings().with_parameters(values)


def test_the_start_covers_every_parameter_evenly():
    trials = suggest(sampling(startup=32), EPOCHS, 0, 32, 0, [])
    x = [t.parameters[X] for t in trials]
    y = [math.log10(t.parameters[Y]) / 2 + 1 for t in trials]
    for values in (x, y):
        counts, _ = np.histogram(values, bins=8, range=(0, 1))
        assert counts.min() >= 3  # 4 on average; independent draws leave gaps
    parts: list[Trial] = []
    for g, n in enumerate((8, 20, 0, 4)):
        parts += suggest(sampling(startup=32), EPOCHS, 0, n, g, [record(t, 0.5) for t in parts])
    assert [t.parameters for t in parts] == [t.parameters for t in trials]


def test_tpe_learns_from_failures_and_from_success():
    """Beside a quasi-random start that lasts for the whole search."""
    late = {
        kind: [r for seed in range(5) for r in searched(seed, 5, startup=startup)[8:]]
        for kind, startup in (("tpe", 8), ("start", 40))
    }
    failures = {kind: np.mean([r.failed for r in own]) for kind, own in late.items()}
    reached = {kind: np.mean([r.accuracy for r in own if r.last]) for kind, own in late.items()}
    assert failures["start"] == pytest.approx(0.4, abs=0.1)
    assert failures["tpe"] < 0.2
    assert reached["tpe"] > reached["start"] + 0.1


def halving(**changes: Any) -> Trials:
    values = {
        "per_generation": 9, "epochs": [1, 3, 9], "eta": 3, "per_job": 4, "samples": None,
        "timeout": 100.0, "memory_mb": 4000,
    }  # fmt: skip
    return validate(Trials, values | changes)


def test_halving_shares_all_trials_among_the_jobs():
    options = halving()
    assert [options.width(r, 9) for r in options.rungs] == [9, 3, 1]
    assert [options.width(r, 2) for r in options.rungs] == [2, 1, 1]
    assert [options.jobs(r, 9) for r in options.rungs] == [3, 3, 1]
    records = [TrialRecord(Trial(k, 0, {})) for k in range(9)]
    shares = [share(records, j, 3) for j in range(3)]
    assert sorted(r.trial.number for each in shares for r in each) == list(range(9))
    assert max(map(len, shares)) <= 4
    done = [record(r.trial, r.trial.number / 10, "running", 1) for r in records[:-1]]
    done.append(record(records[-1].trial, 0.99, "overflow", 1))
    assert [r.trial.number for r in entrants(done, options.width(1, 9))] == [7, 6, 5]
    ties = [record(r.trial, 0.5, "running", 1) for r in records]
    assert entrants(ties[::-1], 3) == entrants(ties, 3)  # whatever the order


def test_trials_that_diverged_compete_with_what_they_had_reached():
    """And those that hit a limit, or were stopped, do not."""
    outcomes = ["finished", "overflow", "timeout", "running", "silent"]
    accuracies = [0.5, 0.7, 0.9, 0.8, 0.6]
    records = [
        record(Trial(k, k, {}), a, outcome)
        for k, (a, outcome) in enumerate(zip(accuracies, outcomes, strict=True))
    ]
    assert [trial.number for trial in candidates(records)] == [1, 4, 0]
    assert [(t.number, t.parameters) for t in candidates(records[2:4])] == [(-1, {})]
    table = trial_table(records, halving())
    assert table["validation_accuracy"].tolist() == [0.5, 0.7, 0.0, 0.8, 0.6]
    assert table["rung0_accuracy"].isna().tolist() == [False, True, True, False, True]
    assert table["failed"].tolist() == [False, True, True, False, True]


def test_the_winner_has_the_best_mean_over_inner_folds_and_failed_runs_count():
    trials = [Trial(k, 100 + k, {X: k / 10}) for k in range(4)]
    accuracies = [0.9, 0.8, 0.7, 0.6]
    records = [record(t, a) for t, a in zip(trials, accuracies, strict=True)]
    runs = finalist_runs(candidates(records), 2, seed=0, folds=2)
    assert [(run.number, run.inner) for run in runs] == [*product((0, 1), (0, 1))]
    # one fresh seed for each inner fold, the same for each finalist
    assert len({(run.inner, run.seed) for run in runs}) == 2
    assert len({run.seed for run in runs} | {t.seed for t in trials}) == 2 + 4
    again = [0.95, 0, 0.6, 0.7]
    results = [
        record(run, a, "finished" if a else "timeout") for run, a in zip(runs, again, strict=True)
    ]
    best = winner(records, results, budget=100, whole_trial=30)
    assert best["trial"] == 1
    assert best["parameters"] == {X: 0.1}
    assert best["winner"]["validation_accuracy"] == pytest.approx(0.65)
    assert best["winner"]["validation_accuracies"] == [0.6, 0.7]
    costs = {"allotted": 100, "used": 80, "whole_trial": 30, "budget_spent": True}
    assert best["presentations"] == {**costs, "finalists": 80}
    assert not winner(records, results, budget=110, whole_trial=30)["presentations"]["budget_spent"]
    assert best["finalists"] == [{X: 0.1}, {X: 0.0}]


def test_finalists_that_are_not_trained_again_stand_as_their_trials_do():
    trials = [Trial(k, 100 + k, {X: k / 10}, inner=2) for k in range(4)]
    records = [record(t, a) for t, a in zip(trials, [0.6, 0.9, 0.7, 0.8], strict=True)]
    runs = finalists_of(records, candidates(records)[:3])
    best = winner(records, runs, budget=100, whole_trial=30)
    assert (best["trial"], best["winner"]["validation_accuracy"]) == (1, 0.9)
    assert best["finalists"] == [{X: 0.1}, {X: 0.3}, {X: 0.2}]
    assert best["presentations"]["finalists"] == 0
    none = finalists_of([], candidates([]))
    assert winner([], none, budget=100, whole_trial=30)["finalists"] == [{}]


SMALL = {"per_generation": 4, "epochs": [1, 2], "eta": 2, "per_job": 2}


@pytest.mark.parametrize("budget", [80, 95, 170, 239])
def test_whoever_dies_at_once_has_more_trials_and_no_more_budget(budget: int):
    """An epoch has 10 samples: a whole trial presents 30, a generation of four 80."""
    options, trials = halving(**SMALL), {}
    for cost in (10, 3, 0):  # of a trial that enters the first rung alone
        sizes, records = [], []
        for _ in range(40):
            sizes.append(n := next_trials(options, budget, 10, records))
            lasting = options.width(1, n) if cost == 10 else 0  # others all die
            for k in range(n):
                own = record(Trial(len(records), k, {}), 0.5)
                records.append(replace(own, presentations=30 if k < lasting else cost))
        used = sum(r.presentations for r in records)
        assert 0 <= budget - used < 30 or cost == 0
        trials[cost] = len(records)
        if cost == 10:
            assert [n for n in sizes if n] == planned(budget, options)
    assert trials[10] < trials[3] < trials[0] == 160


def planned(budget: int, trials: Trials) -> list[int]:
    config = {
        "repeats": 1, "budget": budget, "generations": 20, "trials": trials,
        "sampling": sampling(), "finalists": 1,
    }  # fmt: skip
    return SearchConfig(**config).planned(10)


def test_a_budget_that_pays_no_trial_is_refused():
    with pytest.raises(ConfigError, match=r"search\.budget = 29 .* 30 in all; raise it"):
        next_trials(halving(**SMALL), 29, 10, [])


@pytest.fixture
def written(tmp_path: Path) -> tuple[list[Path], list[TrialRecord]]:
    """The files of a generation of four trials in two rungs, and the latest records."""
    options, files, latest = halving(**SMALL), [tmp_path / "trials.json"], {}
    trials = suggest(sampling(), options.epochs, 0, 4, 0, [])
    write_generation(files[0], Generation(tuple(trials)))
    entered = [TrialRecord(trial) for trial in trials]
    for rung, outcome in enumerate(("running", "finished")):
        for job in range(jobs := options.jobs(rung, 4)):
            files.append(tmp_path / f"rung{rung}" / f"job{job}")
            files[-1].mkdir(parents=True)
            for each in share(entered, job, jobs):
                done = record(each.trial, each.trial.number / 10, outcome, rung + 1)
                latest[each.trial.number] = done
                write_record(files[-1], done)
        entered = entrants([latest[r.trial.number] for r in entered], options.width(1, 4))
    return files, [latest[number] for number in range(4)]


def test_records_survive_their_files_and_later_rungs_win(written):
    files, latest = written
    read = read_search(files, halving(**SMALL))
    assert read == latest
    table = trial_table(read, halving(**SMALL))
    assert (table["outcome"] == "finished").tolist() == [False, False, True, True]


def test_lost_stale_and_surplus_records_are_refused_by_name(written):
    """Else another trial would be promoted, and win, with no word."""
    path = next(written[0][1].glob("*.json"))
    content = path.read_text()
    surplus = path.with_name("9-9.json")
    for file, text, message in (
        (path, content.replace('"network.init.mean": 0.', '"network.init.mean": 0.9'), "other par"),
        (path, content[:-20], "no whole file"),
        (path, None, "is lost; delete its folder"),
        (surplus, content, "no trial that should be there"),
    ):
        path.write_text(content)
        file.unlink() if text is None else file.write_text(text)
        with pytest.raises(RecordError, match=rf"{file}: .*{message}"):
            read_search(written[0], halving(**SMALL))
