"""What a study will cost: operations counted against a finished study, schedules, limits."""

from __future__ import annotations

import itertools
import json
import re
from collections import Counter
from itertools import pairwise, product
from pathlib import Path

import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st
from snakemake.utils import update_config

from smoke import ROOT, listed_rules, snakemake
from spikegrad.network import load_network
from spikegrad.settings import validate
from study.config.study import Study
from study.estimate.limits import DAY, LEAST, MARGIN, limit, update_seconds
from study.estimate.networks import active_network, random_data
from study.estimate.report import wall_table
from study.estimate.schedule import Job, longest_chain, wall_seconds
from study.estimate.size import ACTIVITY, IN_TRAINING, n_weights, size_of, variants
from study.estimate.work import WORK, work_of
from study.training.response import respond
from test_config import settings

SMOKE = "spoken-digits-smoke"
TARGETS = {
    "all", "data", "search", "training", "landscapes", "variants", "ntk", "figures", "claims"
}  # fmt: skip
NONE = dict.fromkeys(settings("smoke.yaml")["variants"])


def study(name: str, **changes) -> Study:
    """A configuration with ``changes`` of its sections."""
    config = settings(f"{name}.yaml")
    update_config(config, changes)
    return validate(Study, config)


@pytest.fixture(scope="module")
def smoke() -> Study:
    return study("smoke")


@pytest.fixture
def results(finished) -> Path:
    return finished / "results" / SMOKE


def test_the_work_of_every_rule_is_known():
    rules = set(re.findall(r"(?m)^(?!plot_|default)\w+", listed_rules()))  # of the smoke study
    for file in (ROOT / "workflow").rglob("*.smk"):
        named = r"(?m)^ *(?:use rule \w+ as|rule) (\w+)"
        rules |= set(re.findall(named, file.read_text()))
    made_on_demand = {"estimate", "publish", "publish_ntk"}
    # a new measure of landscapes counts as surfaces
    rules = {rule for rule in rules if rule in WORK or not rule.startswith("landscape_")}
    assert rules - made_on_demand - TARGETS == set(WORK) - {"all"}


def test_the_data_have_the_size_that_is_foretold(smoke, results):
    size = size_of(smoke.data)
    table = pd.read_csv(results / "data" / "summary.csv").set_index("group")["samples"]
    assert (size.train, size.validation) == (table["train"], table["validation"])
    assert size.test == table[["test, known speakers", "test, new speakers"]].sum()
    measured = pd.read_csv(results / "data" / "summary.csv")["spikes_mean"]
    assert measured.between(size.events / 1.5, size.events * 1.5).all()


def test_heidelberg_digits_have_the_size_that_is_foretold():
    table = pd.read_csv(ROOT / "docs" / "results" / "heidelberg-digits" / "data" / "summary.csv")
    samples = table.set_index("group")["samples"]
    size = size_of(study("heidelberg").data)
    assert size.samples == samples.sum()
    assert size.train == pytest.approx(samples["train"], rel=0.02)


def test_training_takes_the_updates_that_are_foretold(smoke, results):
    for neuron, seed in (("lif", "0"), ("qif_delta", "3")):
        history = pd.read_parquet(results / "training" / neuron / seed / "history.parquet")
        work = work_of(smoke, "train", {"neuron": neuron, "seed": seed})
        assert work["update", neuron] == history["presentations"].max()
        assert work["response", neuron] == len(history) * size_of(smoke.data).validation


def test_trials_take_the_updates_that_are_foretold(smoke, results):
    """Unless a trial fails, which has fewer."""
    presentations = most = 0
    for neuron in smoke.neurons:
        folder = results / "search" / neuron / "0" / "generations" / "0"
        before: dict[int, int] = {}
        for rung in smoke.search.trials.rungs:
            for job in range(smoke.search.trials.jobs(rung)):
                wildcards = {"neuron": neuron, "rung": str(rung), "job": str(job)}
                most += work_of(smoke, "search_trials", wildcards)["update", neuron]
                for file in (folder / f"rung{rung}" / f"job{job}").glob("*.json"):
                    record = json.loads(file.read_text())
                    number = record["trial"]["number"]
                    presentations += record["presentations"] - before.get(number, 0)
                    before[number] = record["presentations"]
    assert 0.8 * most <= presentations <= most


def test_landscapes_take_the_evaluations_that_are_foretold(smoke, results):
    options, folder = smoke.landscape, results / "landscape"
    planes = pd.read_parquet(folder / "planes.parquet")
    steps = pd.read_parquet(folder / "steps.parquet")
    # before and after each step the gradient is taken once more, clipped
    losses = pd.concat([pd.read_parquet(folder / "step_losses.parquet"), steps, steps])
    gradients = pd.read_parquet(folder / "sample_gradients.parquet")
    lines = pd.read_parquet(folder / "lines.parquet")
    for neuron, seed in itertools.product(smoke.neurons, options.seeds):

        def of_run(table, neuron=neuron, seed=seed):
            return table[(table["neuron"] == neuron) & (table["seed"] == seed)]

        where = {"neuron": neuron, "seed": str(seed), "job": "0"}
        work = work_of(smoke, "landscape_surfaces", where)
        own = of_run(planes)
        assert work["gradient", neuron] == options.samples * own["slope_x"].notna().sum()
        points = own["slope_x"].isna().sum() + len(of_run(lines))
        assert work["loss", neuron] == pytest.approx(options.samples * points, rel=0.3)
        work = work_of(smoke, "landscape_gradients", where)
        samples = of_run(losses)["batch"].map(
            {"own": smoke.model(neuron).training.batch_size, "fixed": options.samples}
        )
        assert work["gradient", neuron] == samples.sum()
        assert work["line gradient", neuron] == len(of_run(gradients))


def test_adaptive_searches_take_about_the_runs_that_are_foretold(smoke, results):
    census = pd.read_parquet(results / "landscape" / "census_lines.parquet")
    profiles = pd.read_parquet(results / "landscape" / "profiles.parquet")
    runs = census.groupby("neuron")["runs"].sum()
    points = profiles.groupby("neuron")["evaluations"].sum()
    runs_told = points_told = 0.0
    for neuron in smoke.neurons:
        where = {"neuron": neuron, "job": "0"}
        census_work = work_of(smoke, "landscape_census", where)
        profile_work = work_of(smoke, "landscape_profiles", where)
        runs_told += len(smoke.landscape.seeds) * census_work["census run", neuron]
        points_told += len(smoke.landscape.seeds) * profile_work["line loss", neuron]
    assert runs.sum() / 2 <= runs_told <= 2 * runs.sum()
    assert points.sum() / 2 <= points_told <= 2 * points.sum()


def test_kernels_take_the_steps_that_are_foretold(smoke):
    for experiment in smoke.ntk.experiments():
        works = [
            work_of(smoke, "ntk_train", {"experiment": experiment.name, "job": str(job)})
            for job in range(len(experiment.jobs()))
        ]
        trained = sum(
            n * operation[-1]
            for work in works
            for operation, n in work.items()
            if operation[0] == "step"
        )
        networks = len(experiment.activations) * len(experiment.widths) * experiment.n_networks
        assert trained == networks * experiment.record_steps[-1]


def test_jobs_share_the_work():
    whole, shared = study("demo"), study("demo", landscape={"jobs": 4})
    for rule, operation in (("landscape_surfaces", "loss"), ("landscape_census", "census run")):
        one = work_of(whole, rule, {"neuron": "qif", "job": "0"})[operation, "qif"]
        four = [work_of(shared, rule, {"neuron": "qif", "job": str(k)}) for k in range(4)]
        assert sum(work[operation, "qif"] for work in four) == pytest.approx(one)


def test_networks_have_the_weights_that_are_foretold(smoke, results):
    network, _ = load_network(results / "training" / "qif" / "0" / "best.safetensors")
    told = n_weights(network.settings, smoke.data.n_units, size_of(smoke.data).classes)
    assert told == sum(p.numel() for p in network.parameters())


def test_what_a_search_chooses_from_is_timed():
    chosen = variants(study("config"), "qif")
    assert len(chosen) == 2 * 2 * 4
    assert {(n.layers, n.recurrent) for n in chosen} == {
        ((128,), True), ((128,), False), ((128, 128), True), ((128, 128), False)
    }  # fmt: skip
    assert variants(study("smoke", search=None, variants=NONE), "lif") == [
        study("smoke").model("lif").network
    ]


@pytest.mark.parametrize("neuron", ["lif", "qif"])
def test_networks_are_timed_at_the_activity_that_is_assumed(smoke, neuron):
    data = random_data(smoke, 16)
    for activity in (IN_TRAINING[neuron], ACTIVITY[neuron]):
        network = active_network(variants(smoke, neuron)[0], neuron, data, activity)
        found = respond(network, data, 16).spikes_per_neuron
        assert found == pytest.approx(activity, rel=0.1)


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


@given(st.lists(st.integers(1, 9), min_size=1, max_size=7))
def test_independent_jobs_go_longest_first(seconds):
    halves = [
        sum(s for s, a in zip(seconds, own, strict=True) if a)
        for own in product((True, False), repeat=len(seconds))
    ]
    best = min(max(half, sum(seconds) - half) for half in halves)
    wall = wall_seconds(made([()] * len(seconds)), seconds, 2)
    assert wall <= 7 / 6 * best  # Graham 1969


def test_cores_are_doubled_as_long_as_that_helps():
    jobs = made([()] * 8)
    table = wall_table(jobs, [3600.0] * 8, 100.0, cores=3)
    assert table["cores"].tolist() == [1, 2, 3, 4, 8]
    assert table["hours"].tolist() == [8, 4, 3, 2, 1]
    assert table["memory_mb"].tolist() == [100, 200, 300, 400, 800]


def test_limits_follow_the_work():
    where = {"neuron": "lif", "seed": "0"}
    assert limit(study("smoke"), "train", where) == LEAST
    one, ten = (study("demo", training={"epochs": n}) for n in (1000, 10_000))
    assert limit(ten, "train", where) == pytest.approx(10 * limit(one, "train", where), rel=0.01)
    network = one.model("lif").network
    updates = 1000 * (size_of(one.data).train + size_of(one.data).validation / 2)
    seconds = updates * update_seconds(one, "lif", network)
    assert limit(one, "train", where) == pytest.approx(MARGIN * seconds / 60, rel=0.02)


def test_data_of_unknown_size_are_granted_a_day():
    own = {"source": "files", "files": {"train": "a.h5", "test": "b.h5"}}
    mine = study("smoke", dataset="files-mine", data=own)
    assert limit(mine, "train", {"neuron": "lif", "seed": "0"}) == DAY
    assert limit(mine, "ntk_train", {"experiment": "gradient", "job": "0"}) == LEAST


def test_the_target_tells_what_the_study_costs(finished, results):
    run = snakemake(finished, "--", "estimate")  # where the engine is compiled
    assert run.returncode == 0, run.stdout + run.stderr
    rules = pd.read_csv(results / "estimate" / "rules.csv")
    plan = snakemake(finished, "--dry-run", "--forceall")
    jobs = re.findall(r"^(?:local)?rule (\w+):$", plan.stdout + plan.stderr, re.MULTILINE)
    assert rules.set_index("rule")["jobs"].to_dict() == {
        rule: n for rule, n in Counter(jobs).items() if rule not in ("all", "default")
    }
    assert (rules["core_hours"] > 0).all()
    cores = pd.read_csv(results / "estimate" / "cores.csv")
    assert cores["hours"].is_monotonic_decreasing
    assert cores["hours"][0] == pytest.approx(rules["core_hours"].sum(), rel=0.01)
    for words in ("search", "landscapes", "longest chain", "Assumed: 22 samples"):
        assert words in run.stdout
