"""What a study will cost, beside what kept studies took."""

from __future__ import annotations

from pathlib import Path

import pandas as pd
import pytest

from configs import settings
from smoke import ROOT, snakemake
from spikegrad.settings import validate
from study.config.study import Study
from study.costs import Work, cost_table, job_seconds, search_rungs, text


@pytest.mark.parametrize(
    ("name", "kept"),
    [
        ("heidelberg", "pairs"),
        ("heidelberg-best", "field"),
        ("delay-line", "delays"),
        ("own-split", "words"),
        ("controls", "controls"),
        ("config", "sg-ntk"),
    ],
)
def test_kept_studies_took_what_is_estimated_within_a_factor_of_two(name: str, kept: str):
    study = validate(Study, settings(f"{name}.yaml"))
    around = len(study.neurons) * len(study.landscape.seeds or ())
    runs = len(study.neurons) * len(study.seeds)
    measures = ("surfaces", "closeups", "census", "profiles", "gradients")
    jobs = {"train training": runs, "networks": runs, "train landscape": around}
    seconds = job_seconds(study, jobs | dict.fromkeys((*measures, "dense_networks"), 1))
    searches = study.n_searches * len(study.neurons)
    estimated = {
        "training": runs * (seconds["train training"] + seconds["networks"]),
        "landscape": around * seconds["train landscape"]
        + sum(seconds[measure] for measure in measures),
        "search": searches * sum(jobs * one for jobs, one in search_rungs(study)),
        "ntk": seconds["dense_networks"],
    }
    hours = pd.read_csv(ROOT / "docs" / "results" / kept / "hours.csv").set_index("family")
    took = hours["core_hours"].to_dict()
    took["training"] = took.get("training", 0.0) + took.get("networks", 0.0)
    met = [part for part in estimated if took.get(part, 0.0) > 0.3]
    assert met
    for part in met:
        assert 0.5 < estimated[part] / 3600 / took[part] < 2, part


def test_the_table_adds_up_and_finds_the_longest_chain():
    works = [
        Work("data", "prepare", 1, 60.0, 2000, ()),
        Work("search", "search_trials", 4, 600.0, 3000, (0,)),
        Work("train", "train", 1, 1200.0, 4000, (1,)),
        Work("train", "train", 1, 900.0, 4000, (1,)),
        Work("figures", "plot", 1, 3.0, 0, (3,)),
    ]
    table = cost_table(works).set_index("rule")
    assert table["jobs"].to_dict() == {"prepare": 1, "search_trials": 4, "train": 2, "plot": 1}
    assert 3600 * table["core_hours"].sum() == pytest.approx(60 + 4 * 600 + 1200 + 900 + 3)
    assert (3600 * table["chain_hours"]).tolist() == pytest.approx([60, 600, 1200, 0])
    assert table["memory_mb"].tolist() == [2000, 3000, 4000, 0]
    shown = text(table.reset_index(), 2)
    assert "At least 0.63 hours on 2 cores" in shown


def test_the_target_counts_the_jobs_of_the_whole_study(tmp_path: Path):
    run = snakemake(ROOT, "--directory", str(tmp_path), "--", "estimate")
    assert run.returncode == 0, run.stdout + run.stderr
    file = tmp_path / "results" / "spoken-digits-smoke" / "estimate.csv"
    table = pd.read_csv(file).set_index("rule")
    jobs = table["jobs"]
    assert jobs[["train training", "search_trials", "search_best"]].tolist() == [8, 12, 4]
    study = validate(Study, settings("smoke.yaml"))
    train = job_seconds(study, {"train training": 8})["train training"]
    assert table["core_hours"]["train training"] == pytest.approx(8 * train / 3600, rel=1e-3)
    assert 0 < table["chain_hours"].sum() < table["core_hours"].sum()
    assert table["memory_mb"]["train training"] == 4000
    assert "At least" in run.stdout
