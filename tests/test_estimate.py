"""What a study will cost: operations counted against a finished study, schedules, limits."""

from __future__ import annotations

import itertools
import json
import re
from itertools import pairwise, product
from pathlib import Path

import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st
from snakemake.utils import update_config

from configs import settings
from smoke import ROOT, snakemake
from spikegrad.network import Network
from spikegrad.settings import validate
from study.config.study import Study
from study.estimate import work
from study.estimate.memory import granted
from study.estimate.report import rule_table, text, wall_table
from study.estimate.seconds import (
    DAY,
    LEAST,
    MARGIN,
    SECONDS,
    Job,
    job_seconds,
    limit,
    longest_chain,
    wall_seconds,
)
from study.estimate.size import (
    ACTIVITY,
    IN_TRAINING,
    candidates,
    effort,
    leaves_grid,
    n_weights,
    size_of,
)
from study.estimate.timing import active_network, network_seconds, random_data
from study.estimate.work import BY_EVENT, COMPARED, FIXED, HANDED, ROBUSTNESS, Rules, work_of
from study.landscape.roughness import DRAWS, LENGTHS
from study.training.response import respond
from study.training.robustness import CHANGES

MEASURES = ("surfaces", "closeups", "census", "profiles", "gradients")
SMOKE = "spoken-digits-smoke"
NONE = dict.fromkeys(settings("smoke.yaml")["variants"])


def study(name: str, **changes) -> Study:
    """A configuration with ``changes`` of its sections."""
    config = settings(f"{name}.yaml")
    update_config(config, changes)
    return validate(Study, config)


KEPT = {
    "data": {"folds": None, "channels": None, "time_step": 0.001, "validation": {"folds": 1}},
    "seeds": list(range(15)),
    "training": {"epochs": 30},
    "neurons": {"qif_delta": {"network": {"drive": 0.5}}},
    "search": {
        "repeats": 5,
        "generations": 4,
        "budget": 4 * 3000 * (16 * 4 + 5 * 12),
        "trials": {"epochs": [4, 12]},
    },
    "landscape": {"seeds": [0, 3, 6, 9, 12]},
    "variants": dict.fromkeys(settings("heidelberg.yaml")["variants"]),
}
"""What the kept study on the Heidelberg Digits had in place of what config/heidelberg.yaml has."""


@pytest.fixture(scope="module")
def smoke() -> Study:
    return study("smoke")


@pytest.fixture
def results(finished) -> Path:
    return finished / "results" / SMOKE


def counts(study: Study, rule: str, **wildcards) -> dict[str, float]:
    """What a job does, by kind; in samples, not units of effort."""
    neuron, found = wildcards["neuron"], {}
    networks = candidates(study, neuron)
    for (kind, *_), amount in work_of(study, rule, wildcards).items():
        activity = (IN_TRAINING if kind in ("update", "response") else ACTIVITY)[neuron]
        own = kind in ("update", "response", "loss", "gradient")
        found[kind] = amount / effort(study, networks, activity) if own else amount
    return found


def test_rules_that_are_counted_exist():
    text = "".join(file.read_text() for file in (ROOT / "workflow").rglob("*.smk"))
    rules = {name for names in re.findall(r"rule (\w+)(?: as (\w+))?", text) for name in names}
    rules |= {f"landscape_{measure}" for measure in MEASURES}
    counted = {name for name in vars(Rules) if not name.startswith("_")} | {*BY_EVENT, *FIXED}
    assert counted <= rules | {"all"}
    assert set(re.findall(r'minutes\("(\w+)"\)', text)) <= vars(Rules).keys()


def test_the_data_have_the_size_that_is_predicted(smoke, results):
    size = size_of(smoke.data)
    folds = pd.read_csv(results / "data" / "folds.csv")
    parts = folds.groupby("part")["samples"].mean()
    assert size.test == parts["test"]
    assert size.validation == parts["inner fold 0"]
    assert size.train == parts.filter(like="fold").sum() + parts.get("others", 0)
    measured = pd.read_csv(results / "data" / "summary.csv")["spikes_mean"]
    assert measured.between(size.events / 1.5, size.events * 1.5).all()


def test_heidelberg_digits_have_the_size_that_is_predicted():
    table = pd.read_csv(ROOT / "docs" / "results" / "heidelberg-digits" / "data" / "summary.csv")
    samples = table.set_index("group")["samples"]
    size = size_of(study("heidelberg", **KEPT).data)
    assert size.samples == samples.sum()
    assert size.train == samples[["train", "validation"]].sum()
    folds = size_of(study("heidelberg").data)
    assert folds.samples == samples.sum()
    assert (folds.test, folds.validation) == pytest.approx((10420 / 6, 10420 / 6), abs=1)


def test_training_takes_the_updates_that_are_predicted(smoke, results):
    for neuron, seed in (("lif", "0"), ("qif", "3")):
        history = pd.read_parquet(results / "training" / neuron / seed / "history.parquet")
        work = counts(smoke, "train", neuron=neuron, seed=seed)
        assert work["update"] == pytest.approx(history["presentations"].max())
        responses = len(history) * size_of(smoke.data).train  # all are watched
        assert work["response"] == pytest.approx(responses)


def test_trials_take_the_updates_that_are_predicted(smoke, results):
    """Unless a trial fails, which has fewer."""
    presentations = most = 0
    for neuron in smoke.neurons:
        folder = results / "search" / neuron / "0" / "generations" / "0"
        before: dict[int, int] = {}
        for rung in smoke.search.trials.rungs:
            for job in range(smoke.search.trials.jobs(rung)):
                where = {"neuron": neuron, "generation": "0", "rung": str(rung), "job": str(job)}
                most += counts(smoke, "search_trials", **where)["update"]
                for file in (folder / f"rung{rung}" / f"job{job}").glob("*.json"):
                    record = json.loads(file.read_text())
                    number = record["trial"]["number"]
                    presentations += record["presentations"] - before.get(number, 0)
                    before[number] = record["presentations"]
    assert 0.8 * most <= presentations <= most * (1 + 1e-9)


def test_landscapes_take_the_evaluations_that_are_predicted(smoke, results):
    names = ("planes", "lines", "closeups", "steps", "step_losses", "sample_gradients")
    tables = [pd.read_parquet(results / "landscape" / f"{name}.parquet") for name in names]
    n_samples = smoke.landscape.samples
    for neuron, seed in itertools.product(smoke.neurons, smoke.landscape.seeds):
        planes, lines, closeups, steps, losses, gradients = (
            table[(table["neuron"] == neuron) & (table["seed"] == seed)] for table in tables
        )
        where = {"neuron": neuron, "seed": str(seed), "job": "0"}
        work = counts(smoke, "landscape_surfaces", **where)
        assert work["gradient"] == pytest.approx(n_samples * planes["slope_x"].notna().sum())
        points = planes["slope_x"].isna().sum() + len(lines)
        assert work["loss"] == pytest.approx(n_samples * points, rel=0.1)
        work = counts(smoke, "landscape_closeups", **where)
        options, points = smoke.landscape.closeups, (closeups["of"] == "mean").sum()
        assert work["gradient"] == options.samples * points
        calls = (options.singles + 1) * points  # the other samples together
        assert work["call"] == pytest.approx(calls * (1 + n_weights(smoke, neuron) / HANDED))
        work = counts(smoke, "landscape_gradients", **where)
        # before and after each step the gradient is taken once more, clipped
        batches = pd.concat([losses["batch"], steps["batch"], steps["batch"]])
        size = {"own": smoke.model(neuron).training.batch_size, "fixed": n_samples}
        assert work["gradient"] == pytest.approx(batches.map(size).sum() + len(gradients))


def test_adaptive_searches_take_about_the_runs_that_are_predicted(smoke, results):
    census = pd.read_parquet(results / "landscape" / "census_lines.parquet")
    profiles = pd.read_parquet(results / "landscape" / "profiles.parquet")
    runs = census.groupby("neuron")["runs"].sum()
    points = profiles.groupby("neuron")["evaluations"].sum()
    predicted_runs = predicted_points = 0.0
    for neuron in smoke.neurons:
        where = {"neuron": neuron, "job": "0"}
        n = len(smoke.landscape.seeds)
        predicted_runs += n * counts(smoke, "landscape_census", **where)["loss"] / COMPARED
        predicted_points += n * counts(smoke, "landscape_profiles", **where)["loss"]
    assert runs.sum() / 2 <= predicted_runs <= 2 * runs.sum()
    assert points.sum() / 2 <= predicted_points <= 2 * points.sum()


def test_what_is_estimated_is_what_is_measured() -> None:
    assert 1 + sum(map(len, CHANGES.values())) == ROBUSTNESS
    assert (DRAWS, len(LENGTHS)) == (work.DRAWS, work.STEPS)


def each(**axes) -> list[dict[str, str]]:
    return [dict(zip(axes, map(str, values), strict=True)) for values in product(*axes.values())]


def costly(study: Study) -> dict[str, dict[str, list[dict[str, str]]]]:
    """Wildcards of almost all jobs that take minutes, by rule and family of the kept hours."""
    runs = each(neuron=study.neurons, seed=study.seeds)
    around = each(neuron=study.neurons, seed=study.landscape.seeds, job=range(study.landscape.jobs))
    trials, searches = study.search.trials, {"neuron": study.neurons, "n": range(5)}
    generations = searches | {"generation": range(study.search.generations)}
    finalists = each(**searches, job=range(study.search.finalist_jobs(study.data.inner_folds)))
    measures = [m for m in MEASURES if m != "closeups"]  # which the kept study did not have
    landscapes = ("train_equal_activity", *(f"landscape_{measure}" for measure in measures))
    return {
        "search": {
            "search_finalists": finalists,
            "search_trials": [
                where
                for rung in trials.rungs
                for where in each(**generations, rung=[rung], job=range(trials.jobs(rung)))
            ],
        },
        "training": {"train": runs, "silence": runs},
        "landscape": dict.fromkeys(landscapes, around),
        "ntk": {
            "ntk_train": [
                where
                for experiment in study.ntk.experiments()
                for where in each(experiment=[experiment.name], job=range(len(experiment.jobs())))
            ]
        },
    }


@pytest.mark.parametrize(
    ("kept", "own", "families"),
    [
        ("heidelberg-digits", study("heidelberg", **KEPT), ["search", "training", "landscape"]),
        ("sg-ntk", study("config"), ["ntk"]),
    ],
    ids=["heidelberg-digits", "sg-ntk"],
)
def test_kept_studies_took_what_is_predicted(kept, own, families):
    """By the constants of a machine like theirs, so that nothing is timed."""
    hours = pd.read_csv(ROOT / "docs" / "results" / kept / "hours.csv").groupby("family").sum()
    predicted = sum(
        job_seconds(work_of(own, rule, where)) / 3600
        for family in families
        for rule, jobs in costly(own)[family].items()
        for where in jobs
    )
    assert 1 / 1.5 < predicted / hours["core_hours"][families].sum() < 1.5


@pytest.mark.parametrize("activity", [5.0, 1000.0])
def test_a_network_is_as_active_as_it_should_and_can_be(activity: float) -> None:
    """With so many spikes that it would run away, it is as active as it can be."""
    study = validate(Study, settings("smoke.yaml"))
    data = random_data(study, 8)
    network = active_network(study.model("lif").network, "lif", data, activity)
    answer = respond(network, data, 8)
    assert answer.runaways == 0
    if activity == 5.0:
        assert answer.spikes_per_neuron == pytest.approx(activity, rel=0.1)
    else:
        assert answer.spikes_per_neuron > 5.0


def test_jobs_share_the_work():
    whole, shared = study("demo"), study("demo", landscape={"jobs": 4})
    for rule in ("landscape_surfaces", "landscape_census"):
        one = counts(whole, rule, neuron="qif", job="0")["loss"]
        four = [counts(shared, rule, neuron="qif", job=str(k))["loss"] for k in range(4)]
        assert sum(four) == pytest.approx(one)


@pytest.mark.parametrize(
    "changes",
    [
        {"recurrent": False},
        {"layers": (9, 7), "delay_line": {"copies": 3, "step": 0.01}},
        {"delays": {"kind": "synaptic", "grid": 0.01}},
    ],
)
def test_networks_have_the_weights_that_are_predicted(changes):
    plain = {"search": None, "variants": NONE, "landscape": {"seeds": []}}
    own = study("smoke", network=changes, **plain)
    model = own.model("qif").network
    network = Network(model, own.data.n_inputs, size_of(own.data).classes, "qif")
    assert n_weights(own, "qif") == sum(p.numel() for p in network.parameters())


def test_copies_that_leave_the_grid_cost_more():
    space = study("heidelberg").search.sampling.space
    none = dict.fromkeys(settings("heidelberg.yaml")["variants"])
    lines = {"at 8 steps": 0.032, "between": 0.03}
    found = {}
    for name, step in lines.items():
        network = {"delay_line": {"copies": 10, "step": step}}
        own = study("heidelberg", network=network, variants=none)
        found[name] = [
            effort(own, [own.model("lif").network], 8.0, off_grid) for off_grid in (False, True)
        ]
    assert found["at 8 steps"][0] < found["between"][0] == found["between"][1]
    assert found["at 8 steps"][1] == pytest.approx(found["between"][1], rel=0.01)
    assert leaves_grid(study("heidelberg"), "lif")
    still = {"augmentation": {"time_stretch": 0.0}}
    assert not leaves_grid(study("heidelberg", training=still), "lif")
    searched = [
        *(p.model_dump() for p in space),
        {"key": "training.augmentation.time_stretch", "low": 0.0, "high": 0.2},
    ]
    found = study("heidelberg", training=still, search={"sampling": {"space": searched}})
    assert leaves_grid(found, "lif")


def test_a_search_chooses_from_these_networks():
    chosen = candidates(study("config"), "qif")
    assert len(chosen) == 2 * 2 * 4
    assert {(n.layers, n.recurrent) for n in chosen} == {
        ((128,), True), ((128,), False), ((128, 128), True), ((128, 128), False)
    }  # fmt: skip
    assert candidates(study("smoke", search=None, variants=NONE), "lif") == [
        study("smoke").model("lif").network
    ]


graphs = st.integers(1, 7).flatmap(
    lambda n: st.tuples(
        st.lists(st.integers(1, 9), min_size=n, max_size=n),
        st.tuples(*(st.sets(st.integers(0, k - 1)) if k else st.just(set()) for k in range(n))),
    )
)


def made(before) -> list[Job]:
    return [Job(f"job{k}", {}, "data", tuple(sorted(b))) for k, b in enumerate(before)]


@given(graphs, st.integers(1, 4))
def test_schedules_keep_all_orders(graph, cores):
    seconds, before = graph
    jobs = made(before)
    chain = longest_chain(jobs, seconds)
    assert all(a in jobs[b].before for a, b in pairwise(chain))
    longest = sum(seconds[k] for k in chain)
    paths = [[k] for k in range(len(jobs))]
    for path in paths:  # all of them, by brute force
        paths += [[k, *path] for k in jobs[path[0]].before]
    assert longest == max(sum(seconds[k] for k in path) for path in paths)
    assert wall_seconds(jobs, seconds, 1) == sum(seconds)
    assert wall_seconds(jobs, seconds, len(jobs)) == longest
    least = max(longest, sum(seconds) / cores)
    # Graham's bound on list scheduling
    assert least <= wall_seconds(jobs, seconds, cores) <= sum(seconds) / cores + longest


def test_cores_are_doubled_as_long_as_that_helps():
    jobs = made([()] * 8)
    table = wall_table(jobs, [3600.0] * 8, 100.0, cores=3)
    assert table["cores"].tolist() == [1, 2, 3, 4, 8]
    assert table["hours"].tolist() == [8, 4, 3, 2, 1]
    assert table["memory_mb"].tolist() == [100, 200, 300, 400, 800]


def test_limits_follow_the_work():
    where = {"neuron": "lif", "seed": "0"}
    assert limit(study("smoke"), "train", where) == LEAST
    one, ten = (study("demo", training={"epochs": n}) for n in (2000, 20_000))
    assert limit(ten, "train", where) == pytest.approx(10 * limit(one, "train", where), rel=0.01)
    seconds = job_seconds(work_of(one, "train", where))
    assert limit(one, "train", where) == pytest.approx(MARGIN * seconds / 60, abs=1)


def test_data_of_unknown_size_are_granted_a_day():
    own = {"source": "files", "files": {"train": "a.h5", "test": "b.h5"}, "folds": None}
    mine = study("smoke", dataset="files-mine", data=own)
    assert limit(mine, "train", {"neuron": "lif", "seed": "0"}) == DAY
    assert limit(mine, "ntk_train", {"experiment": "gradient", "job": "0"}) == LEAST


def test_what_is_measured_has_a_constant(smoke):
    rates = network_seconds(smoke, "lif")
    kinds = ("update", "response", "loss", "gradient")
    assert rates.keys() == {("call",), *((kind, "lif") for kind in kinds)} <= SECONDS.keys()


def test_large_data_are_granted_their_memory():
    """Of all events in memory: 16 bytes each of the training data, 28 of all while counted."""
    own = study("config", dataset="ssc", data={"source": "ssc", "folds": None})
    size = size_of(own.data)
    assert granted(own, "train") > 1.2 * 16e-6 * size.train * size.events > 4000
    assert granted(own, "data_statistics") > 1.2 * 28e-6 * size.samples * size.events > 6000
    assert granted(own, "ntk_train") < 1000


def test_the_report_adds_up(smoke):
    where = {"neuron": "lif", "seed": "0"}
    jobs = [Job("prepare", {}, "data", ()), Job("train", where, "training", (0,))]
    jobs.append(Job("all", {}, "figures", (1,)))
    seconds = [job_seconds(work_of(smoke, job.rule, job.wildcards)) for job in jobs]
    rules = rule_table(smoke, jobs, seconds, start=400.0)
    assert rules["rule"].tolist() == ["prepare", "train"]
    assert rules["core_hours"].sum() == pytest.approx(sum(seconds) / 3600)
    assert (rules["memory_mb"] >= 400).all()
    assert (rules["disk_mb"] > 0).all()
    shown = text(smoke, rules, wall_table(jobs, seconds, 400.0, cores=1), jobs, seconds, False)
    for words in ("training", "longest chain", "train lif 0", "Assumed: 28 samples"):
        assert words in shown


@pytest.mark.weekly
def test_the_target_reports_what_the_study_costs(tmp_path):
    run = snakemake(ROOT, "--directory", str(tmp_path), "--", "estimate")
    assert run.returncode == 0, run.stdout + run.stderr
    tables = tmp_path / "results" / SMOKE / "estimate"
    rules = pd.read_csv(tables / "rules.csv").set_index("rule")
    assert rules["jobs"][["train", "search_trials", "search_suggest"]].tolist() == [8, 8, 4]
    assert (rules["core_hours"] > 0).all()
    cores = pd.read_csv(tables / "cores.csv")
    assert cores["hours"].is_monotonic_decreasing
    assert cores["hours"][0] == pytest.approx(rules["core_hours"].sum(), rel=0.01)
    assert "longest chain" in run.stdout
    overlay = tmp_path / "overlay.yaml"  # the first estimate was too dear
    overlay.write_text("neurons: {lif: null}\n")
    files = ("--configfile", "config/smoke.yaml", str(overlay))
    run = snakemake(ROOT, "--directory", str(tmp_path), *files, "--", "estimate")
    assert run.returncode == 0, run.stdout + run.stderr
    rules = pd.read_csv(tables / "rules.csv").set_index("rule")
    assert rules["jobs"][["train", "search_trials", "search_suggest"]].tolist() == [4, 4, 2]
