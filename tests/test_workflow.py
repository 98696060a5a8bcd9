"""The workflow, really run on smoke.yaml in a copy of the repository."""

from __future__ import annotations

import json
import os
import re
import shutil
import subprocess
import sys
from collections import Counter
from pathlib import Path

import pandas as pd
import pytest
import yaml

from configs import settings
from smoke import ROOT, copy_repository, edited, planned, replanned, snakemake
from spikegrad.settings import validate
from study.config.study import Study
from study.parts import LANDSCAPE_MEASURES, parts

SMOKE = validate(Study, settings("smoke.yaml"))


def test_the_study_is_complete(finished):
    results = finished / "results" / "spoken-digits-smoke"
    runs = pd.read_csv(results / "training/scores/runs.csv")
    assert set(runs["neuron"]) == {"lif", "qif"}
    assert runs.groupby("neuron")["seed"].agg(list).tolist() == [[0, 1, 2, 3]] * 2
    assert (runs["search"] == runs["seed"] // 2).all()
    assert runs["accuracy"].notna().all()
    for neuron in ("lif", "qif"):
        outcome = json.loads((results / "training" / neuron / "0" / "outcome.json").read_text())
        assert outcome["outcome"] == "finished"
    figures = list(results.rglob("figures/*.png"))
    assert all(figure.stat().st_size > 5000 for figure in figures)
    assert len(figures) >= 15


def test_a_config_value_reruns_the_jobs_that_use_it(finished, tmp_path):
    """Longer trainings of QIF repeat none of LIF, and no trial but the finalists, who are trained
    as long as the final networks are: one job for each of two searches."""
    longer = {"training": {"epochs": 3, "snapshots": 4}}
    jobs = replanned(finished, tmp_path, neurons={"qif": longer})
    assert (jobs["train"], jobs["search_trials"]) == (6, 2)
    assert {"networks/jobs/qif/0", "training/scores", "training/figures/learning_curves"} <= set(
        jobs
    )
    others = {"prepare", "encode", "compile_engine", "data/statistics", "networks/jobs/lif/0"}
    assert not (others | {"search_suggest"}) & set(jobs)
    assert not [job for job in jobs if job.startswith("ntk/")]


def test_who_deletes_a_neurons_trainings_repeats_no_search(finished, tmp_path):
    project = edited(finished, tmp_path)
    shutil.rmtree(project / "results/spoken-digits-smoke/training/qif")
    jobs = planned(project)
    assert jobs["train"] == 4
    assert not {job for job in jobs if job.startswith(("search", "compile"))}


def test_limits_and_settings_of_the_machine_rerun_nothing(finished, tmp_path):
    """But for the page, which shows the whole configuration."""
    jobs = replanned(
        finished,
        tmp_path,
        search={"trials": {"timeout": 500.0, "memory_mb": 4000}},
        machines={"job_minutes": 90},
        data={"path": "elsewhere"},
    )
    assert set(jobs) == {"study_page"}


@pytest.mark.parametrize(
    ("files", "rerun", "kept"),
    [
        (
            ("src/spikegrad/neurons/qif.py",),
            {"compile_engine", "train", "networks/jobs/lif/0"},
            {"prepare", "encode"},
        ),
        (
            ("src/spikegrad/cochlea.py",),
            {"encode", "prepare", "train", "networks/jobs/lif/0"},
            {"compile_engine"},
        ),
        (
            (
                "workflow/study/figures/confusion.py",
                "src/spikegrad/ntk/analytic.py",
                "workflow/study/landscape/census.py",
            ),
            {"training/figures/confusion", "ntk/comparison/one_hidden", "landscape/census"},
            {"train", "networks/jobs/lif/0", "prepare", "training/figures/learning_curves"}
            | {"landscape/surfaces", "landscape/closeups", "landscape/gradients"},
        ),
    ],
)
def test_an_edit_reruns_what_depends_on_it(finished, tmp_path, files, rerun, kept):
    project = edited(finished, tmp_path)
    for file in files:
        path = project / file
        path.write_text(path.read_text() + "\nEDITED = True\n")
    jobs = set(planned(project))
    assert rerun <= jobs
    assert not kept & jobs


def test_comments_and_docstrings_rerun_nothing(finished, tmp_path):
    project = edited(finished, tmp_path)
    for folder in ("src/spikegrad", "workflow/study", "workflow/scripts"):
        for path in (project / folder).rglob("*.py"):
            path.write_text(path.read_text().replace('"""', '"""In other words. ', 1) + "\n# So.\n")
    assert planned(project) == Counter()


LANDSCAPES = {f"landscape/{name}" for name in (*LANDSCAPE_MEASURES, "examples")}
HEAVY = {*LANDSCAPES, "landscape_directions", "train", "search_trials", "networks/jobs/lif/0"}


@pytest.mark.parametrize(
    ("edit", "rerun"),
    [
        ({"example_points": 23, "steps": {"points": 9}, "closeups": {"points": 7}},
         {"landscape/examples", "landscape/gradients", "landscape/closeups"}),
        ({"planes": {"points": 7}, "profiles": {"max_points": 31}},
         {"landscape/surfaces", "landscape/profiles", "networks/jobs/lif/0"}),
        # examples are chosen among the census's changes
        ({"lines": {"max_points": 17}, "census": {"samples": 2}},
         {"landscape/surfaces", "landscape/census", "landscape/examples"}),
    ],
)  # fmt: skip
def test_a_landscape_setting_reruns_what_uses_it(finished, tmp_path, edit, rerun):
    jobs = set(replanned(finished, tmp_path, landscape=edit))
    assert jobs & HEAVY == rerun
    assert "study_page" in jobs  # it shows the whole configuration


def test_a_mistake_in_the_configuration_stops_before_any_job(finished, tmp_path):
    (tmp_path / "mistake.yaml").write_text("training: {epoch: 2}")
    run = snakemake(finished, str(tmp_path / "mistake.yaml"), "--dry-run")
    assert run.returncode != 0
    assert "'training.epoch' is not a known key; did you mean 'epochs'?" in run.stdout + run.stderr
    assert "Traceback" not in run.stdout + run.stderr


def rule_blocks() -> dict[str, str]:
    """The source of each rule that may become a job of its own on a cluster."""
    files = [*(ROOT / "workflow" / "rules").glob("*.smk")]
    source = "\n".join(file.read_text() for file in files)
    blocks = re.split(r"(?m)^ *rule ?(\w*):$", source)[1:]
    named = zip(blocks[::2], blocks[1::2], strict=True)
    rules = {name or text.split('"')[1]: text for name, text in named}  # those of loops say name:
    assert {"train", "measure"} <= set(rules)
    remote = {name: text for name, text in rules.items() if "localrule: True" not in text}
    return {name: text for name, text in remote.items() if "script:" in text}


def test_a_locale_that_would_misread_files_is_refused():
    """Python takes UTF-8 in place of C by itself, unless it is told not to."""
    locale = {"LC_ALL": "C", "PYTHONCOERCECLOCALE": "0", "PYTHONUTF8": "0"}
    command = [sys.executable, "-m", "snakemake", "--dry-run", "--cores", "1", "--nolock"]
    run = subprocess.run(
        [*command, "--configfile", "config/smoke.yaml"],
        cwd=ROOT, capture_output=True, env={**os.environ, **locale},
    )  # fmt: skip
    assert run.returncode != 0
    assert b"export PYTHONUTF8=1" in run.stdout + run.stderr


def test_rules_of_the_cluster_name_their_memory_and_time():
    for name, text in rule_blocks().items():
        assert re.search(r"(?m)^ *\*\*needs\(", text), name
    assert all(p.limits for p in parts(SMOKE).values() if "/jobs/" in p.folder)


@pytest.fixture(scope="module")
def every_job(finished: Path, tmp_path_factory) -> str:
    """What a dry run says of each job, where the machines allow 31 minutes, and trainings are asked
    to take 29."""
    edit = tmp_path_factory.mktemp("limit") / "edit.yaml"
    edit.write_text("machines: {job_minutes: 31}")
    files = ("--configfile", "config/smoke.yaml", str(edit))
    own = ("--set-resources", "train:runtime=29")
    run = snakemake(finished, "--dry-run", "--forceall", *files, *own)
    return run.stdout + run.stderr


def test_no_job_asks_for_more_time_than_the_machines_allow(every_job):
    minutes = [int(m) for m in re.findall(r"runtime=(\d+)", every_job)]
    assert max(minutes) == 31
    assert minutes.count(29) == len(re.findall(r"^rule train:", every_job, re.MULTILINE)) > 0
    assert min(set(minutes) - {29}) == 30  # what asks for less keeps to that


def test_slurm_groups_are_of_rules_that_exist():
    profile = yaml.safe_load((ROOT / "workflow/profiles/slurm/config.yaml").read_text())
    grouped = dict(entry.split("=") for entry in profile["groups"])
    assert set(grouped) <= set(rule_blocks())
    assert {entry.split("=")[0] for entry in profile["group-components"]} <= set(grouped.values())


JOBSTEP_MB = 300
"""What snakemake needs beside the script in each job of a cluster."""


def test_measured_peaks_stay_within_the_memory_asked_for(finished, every_job):
    jobs = re.findall(
        r"\nrule (\w+):\n(?:    .*\n)*?    benchmark: (\S+)\n(?:    .*\n)*?"
        r"    resources: .*?mem_mb=(\d+)",
        every_job,
    )
    tables = set((finished / "results").rglob("benchmarks/**/*.tsv"))
    assert {finished / path for _, path, _ in jobs} <= tables
    peaks = {}
    for rule, path, allowed in jobs:
        peak = pd.read_csv(finished / path, sep="\t", na_values="-")["max_rss"].max()
        peaks[path] = peak  # not measured if the job took less than the sampling interval
        assert not peak + JOBSTEP_MB > int(allowed), (rule, path)
    assert sum(peak > 50 for peak in peaks.values()) > len(peaks) / 2


ALONE = {"neurons": {"lif": None}, "variants": {"slower": None}}


def test_a_study_of_one_neuron_keeps_its_networks(finished, tmp_path):
    jobs = replanned(finished, tmp_path, **ALONE)
    assert not {"compile_engine", "search_trials", "train"} & set(jobs)
    assert {"judge_claims", "study_page"} <= set(jobs)


def test_a_study_without_landscapes_is_judged_and_has_its_page(finished, tmp_path):
    jobs = replanned(finished, tmp_path, landscape={"seeds": []}, roughness=False)
    assert {"judge_claims", "study_page"} <= set(jobs)
    assert not [job for job in jobs if job == "train" or "landscape" in job]


def test_a_table_that_was_deleted_is_noticed(finished, tmp_path):
    """Its folder is what Snakemake knows: who deletes that has it made again."""
    project = edited(finished, tmp_path)
    folder = project / "results" / "spoken-digits-smoke" / "training" / "scores"
    (folder / "runs.csv").unlink()
    run = snakemake(project, "--dry-run", "--", "training")
    assert (
        f"{folder.relative_to(project)} lacks runs.csv; delete the folder"
        in run.stdout + run.stderr
    )
    shutil.rmtree(folder)
    jobs = planned(project, targets=["training"])
    assert jobs["training/scores"] == 1
    assert "train" not in jobs


def test_a_study_moves_by_tar(finished, tmp_path):
    """As docs/usage.md says: nothing is made again there, and changed settings are noticed."""
    pack, unpack = re.findall("(?m)^tar -.*", (ROOT / "docs" / "usage.md").read_text())
    pack = pack.replace("study.tar.gz", f"{tmp_path}/study.tar.gz")
    subprocess.run(pack.replace("shd", "spoken-digits-smoke").split(), cwd=finished, check=True)
    there = copy_repository(tmp_path / "there")
    subprocess.run(unpack.replace("study", "../study").split(), cwd=there, check=True)
    assert not planned(there)
    assert replanned(there, tmp_path, training={"epochs": 3})["train"] == 13


@pytest.mark.weekly
def test_a_study_of_one_neuron_goes_through(finished, tmp_path):
    """QIF alone: its networks are there, and all that compares has one model."""
    project = edited(finished, tmp_path)
    (project / "config" / "alone.yaml").write_text(yaml.safe_dump(ALONE))
    run = snakemake(project, "config/alone.yaml")
    assert run.returncode == 0, run.stdout + run.stderr
    results = project / "results" / "spoken-digits-smoke"
    assert set(pd.read_csv(results / "training/scores/runs.csv")["neuron"]) == {"qif"}
    claims = pd.read_csv(results / "claims.csv").set_index("id")
    assert (claims.loc[["qif-continuous", "qif-stay-active"], "verdict"] != "not measurable").all()
    comparisons = claims.loc[["qif-outperforms-lif", "lif-fragmented-lines", "lif-discontinuous"]]
    assert (comparisons["verdict"] == "not measurable").all()
    page = (results / "index.html").read_text()
    assert "QIF networks trained" in page
    assert "<td>QIF</td>" in page
    assert "<td>LIF</td>" not in page
    verdicts = re.findall(r'class="verdict ([a-z ]+)">', page.split("2405.15539")[0])
    assert verdicts == ["not measurable"] * 8  # each is about both
