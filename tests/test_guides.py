"""What pages tell a stranger to write works: fenced blocks without a title are run, laid over the
demo or planned, those with a title are files, or lines of files, of the repository."""

from __future__ import annotations

import contextlib
import os
import re
import shutil
import subprocess
import sys
from collections import Counter
from pathlib import Path
from typing import Any

import h5py
import numpy as np
import pytest
import yaml
from snakemake.utils import update_config

import study.landscape
from configs import settings
from smoke import ROOT, copy_repository, edited, planned, snakemake
from spikefiles import original_file
from spikegrad.engine.compiler import _CACHE_FOLDER
from spikegrad.settings import validate
from study.calls import Given, named
from study.config.study import Study
from study.data.dataset import load
from study.data.prepare import prepare
from study.data.splits import ROLES, split
from study.landscape.constants import STATES
from study.landscape.directions import save_centres
from study.storage.tables import write_table
from test_landscape_job import DATA, FOUND, OWN, options

PAGES = {
    file.stem: file.read_text()
    for file in [ROOT / "CONTRIBUTING.md", *(ROOT / "docs").glob("*.md")]
}
FENCE = re.compile(r"^```(\w+)(?: title=\"(.*?)\")?\n(.*?)^```", re.MULTILINE | re.DOTALL)
ALIF = "src/spikegrad/neurons/alif.py"
SMOKE = "results/spoken-digits-smoke"


def untitled(page: str, language: str) -> list[str]:
    return [text for kind, title, text in FENCE.findall(page) if kind == language and not title]


def titled(page: str) -> list[tuple[str, str]]:
    return [(title, text) for _, title, text in FENCE.findall(page) if title]


def insert(file: Path, place: str, line: str) -> None:
    """Write ``line`` before the only ``place`` in the file."""
    text = file.read_text()
    assert text.count(place) == 1
    file.write_text(text.replace(place, line + place))


def follow(project: Path, page: str) -> set[str]:
    """Write the files of a page, or add to those that there are: "FILE: NAME" adds to the
    dictionary NAME in FILE, "FILE: def NAME" to the end of a function. The files, by name."""
    files = set()
    for title, text in titled(page):
        name, _, place = title.partition(": ")
        files.add(name)
        file = project / name
        if place.startswith("def "):
            before, begin, after = file.read_text().partition(f"\n{place}(")
            body, end, rest = after.partition("\n\n\n")
            assert begin, title
            file.write_text(f"{before}{begin}{body}\n{text}{end}{rest}")
        elif place:
            dictionary = place
            code, begin = file.read_text(), f"\n{dictionary} = {{\n"
            assert code.count(begin) == 1, title
            file.write_text(code.replace(begin, begin + text))
        else:
            file.parent.mkdir(exist_ok=True)
            before = file.read_text() + "\n\n" if file.exists() else ""
            file.write_text(before + text)
    return files


def section(name: str) -> str:
    """A section of CONTRIBUTING.md."""
    return PAGES["CONTRIBUTING"].split(f"## {name}\n")[1].split("\n## ")[0]


@pytest.mark.parametrize("name", ["library", "coming-from", "tutorial-delays", "ntk"])
def test_the_code_of_a_page_runs(name: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    pytest.importorskip("snntorch.export_nir")
    monkeypatch.chdir(tmp_path)  # some save a network
    names: dict[str, Any] = {}
    for code in untitled(PAGES[name], "python"):
        exec(compile(code, name, "exec"), names)


def test_tonics_classes_read_a_downloaded_file(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    pytest.importorskip("tonic")
    monkeypatch.chdir(tmp_path)
    folder = tmp_path / "downloads" / "SHD"
    folder.mkdir(parents=True)
    file = original_file(folder / "shd_test.h5", 9, 4)
    (folder / "shd_test.h5.zip").touch()
    names: dict[str, Any] = {}
    (code,) = untitled(PAGES["data"], "python")
    exec(compile(code, "data", "exec"), names)
    with h5py.File(file) as published:
        times, units = (np.concatenate(published[f"spikes/{n}"][:8]) for n in ("times", "units"))
    np.testing.assert_allclose(names["spikes"].times, times, rtol=0, atol=1e-6)
    assert names["spikes"].units.tolist() == units.tolist()
    assert list(names["labels"]) == [0, 1, 2, 3, 0, 1, 2, 3]


def test_no_pages_code_is_left_out():
    pages = {name for name, page in PAGES.items() if untitled(page, "python")}
    assert pages == {"library", "coming-from", "tutorial-delays", "ntk", "tutorial-neuron", "data"}


def test_the_code_of_a_new_neuron_runs(tmp_path: Path):
    """In a process of its own, which the new neuron's compiled code and name do not outlive."""
    ((title, code),) = titled(PAGES["tutorial-neuron"])
    assert title == ALIF
    steps = untitled(PAGES["tutorial-neuron"], "python")
    assert sum("assert" in step for step in steps) == 3
    (tmp_path / "alif.py").write_text(code)
    package = "import spikegrad.neurons\nspikegrad.neurons.__path__.append('.')\n"
    (tmp_path / "steps.py").write_text("\n\n".join([package, *steps]))
    shutil.copytree(_CACHE_FOLDER, tmp_path / "cache" / Path(_CACHE_FOLDER).name)
    environment = {**os.environ, "NUMBA_CACHE_DIR": str(tmp_path / "cache")}
    run = subprocess.run(
        [sys.executable, "steps.py"], cwd=tmp_path, env=environment, capture_output=True, text=True
    )
    assert run.returncode == 0, run.stdout + run.stderr


def test_a_neuron_is_one_file_and_an_entry(tmp_path: Path):
    project = copy_repository(tmp_path)
    names = project / "src/spikegrad/neurons/__init__.py"
    assert follow(project, PAGES["tutorial-neuron"]) == {ALIF}
    line = "from spikegrad.neurons.alif import ALIF\n"
    insert(names, "from spikegrad.neurons.lif import LIF\n", line)
    insert(names, '"lif": LIF', '"alif": ALIF, ')
    (project / "alif.yaml").write_text("neurons: {alif: {}}\n")
    plan = snakemake(project, "alif.yaml", "--dry-run")
    assert plan.returncode == 0, plan.stdout + plan.stderr
    # as many networks as of each other neuron model
    trained = re.findall(r"wildcards: network=training/(\w+)/", plan.stdout + plan.stderr)
    assert Counter(trained)["alif"] == Counter(trained)["lif"] > 0
    code = "from spikegrad.neurons import NEURONS; NEURONS['alif']"
    environment = {"PYTHONPATH": f"{project}/src", "NUMBA_CACHE_DIR": str(tmp_path / "cache")}
    subprocess.run([sys.executable, "-c", code], env=environment, check=True)


def test_a_source_of_data_touches_three_files(tmp_path: Path):
    project = copy_repository(tmp_path)
    files = follow(project, section("A new source of data"))
    assert files == {"workflow/rules/data.smk", "workflow/scripts/clicks.py", "clicks.yaml"}
    events = "results/files-clicks/data/events.h5"
    run = snakemake(project, "clicks.yaml", "--", events)
    assert run.returncode == 0, run.stdout + run.stderr
    with h5py.File(project / events) as file:
        assert file.attrs["n_units"] == 2
        assert len(file["labels"]) == 80


def test_a_figure_is_drawn(finished: Path, tmp_path: Path):
    project = edited(finished, tmp_path)
    assert len(follow(project, PAGES["new-figure"])) == 2
    target = f"{SMOKE}/training/figures/effort.png"
    run = snakemake(project, "--", target)
    assert run.returncode == 0, run.stderr
    assert (project / target).stat().st_size > 5000
    assert len(re.findall("^(?:local)?rule (?!default)", run.stderr, re.MULTILINE)) == 1


@pytest.fixture(scope="module")
def measured(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The repository with the files of the page on a measure."""
    project = copy_repository(tmp_path_factory.mktemp("project"))
    assert len(follow(project, PAGES["new-measure"])) == 3  # with its figure
    return project


def test_a_measure_is_planned_for_every_network(measured: Path):
    jobs = planned(measured, targets=[f"{SMOKE}/landscape/figures/curvature.png"])
    assert len([job for job in jobs if job.startswith("landscape/jobs/curvature/")]) == 4
    assert jobs["landscape/curvature"] == jobs["landscape/figures/curvature"] == 1


def test_a_measure_makes_its_table_and_its_figure(
    measured: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
):
    """Its functions, given the files of one small network."""
    place = [*study.landscape.__path__, str(measured / "workflow/study/landscape")]
    monkeypatch.setattr(study.landscape, "__path__", place)
    monkeypatch.setattr("study.landscape.job.load", lambda events, split, role: DATA)
    centres, table = tmp_path / "0.safetensors", tmp_path / "curvature.parquet"
    save_centres(centres, OWN, FOUND)
    names = ("events", "split", "checkpoint", "snapshots")
    files = {name: [""] for name in names} | {"directions": [str(centres)]}
    settings = {"landscape": options().model_dump(mode="json"), "number": 0}
    made = Given(files, settings).tables("study.landscape.curvature:curvature")["curvature"]
    explained = dict(titled(PAGES["new-measure"]))["docs/tables.md"]
    assert set(made) == set(re.findall(r"`(\w+)`", explained))
    assert len(made) == len(STATES)
    write_table(made, table)
    draw = named("study.landscape.curvature:draw")
    figure = Given({"curvature": [str(table)]}, {}).call(draw)
    assert figure.axes[0].get_ylabel().startswith("curvature")


def laid_over(text: str, name: str = "demo.yaml") -> Study:
    """A shipped study with what a page shows laid over it."""
    config = settings(name)
    update_config(config, yaml.safe_load(text))
    return validate(Study, config)


@pytest.mark.parametrize(
    "text", [t for n in ("usage", "own-data") for t in untitled(PAGES[n], "yaml")]
)
def test_settings_that_a_page_shows_are_valid(text: str):
    assert laid_over(text).dataset == yaml.safe_load(text).get("dataset", "spoken-digits")


def test_own_spikes_become_data(tmp_path: Path):
    """Written as the page says, named as the page says, without speakers."""
    page = PAGES["own-data"]
    code = dict(titled(page))["make_files.py"]
    own = laid_over(untitled(page, "yaml")[1])
    assert (own.data.time_step, own.training.augmentation.channel_shift) == (None, 0)
    with contextlib.chdir(tmp_path):
        exec(compile(code, "make_files.py", "exec"), {})
        files = {"train": "train.h5", "test": "test.h5"}
        prepare(own.dataset, own.data, files, "events.h5")
        with h5py.File("events.h5") as file:
            labels, speakers, origins = (file[n][()] for n in ("labels", "speakers", "origin"))
        table = split(labels, speakers, origins, origins == 2, own.data.validation)
        write_table(table, "split.parquet")
        sizes = [len(load("events.h5", "split.parquet", role, inner=0)) for role in ROLES]
    assert sizes == [108, 12, 40]


def run_module(folder: Path, *options: str) -> str:
    """What Snakemake says to the workflow in ``folder``, a GitHub of its own."""
    environment = {k: v for k, v in os.environ.items() if k != "PYTHONPATH"} | {
        "XDG_CACHE_HOME": str(folder / "cache"),
        "GIT_CONFIG_COUNT": "1",
        "GIT_CONFIG_KEY_0": f"url.file://{folder}/.insteadOf",
        "GIT_CONFIG_VALUE_0": "https://github.com/me/",
    }
    command = [sys.executable, "-m", "snakemake", "--cores", "2", *options]
    run = subprocess.run(command, cwd=folder, env=environment, capture_output=True, text=True)
    assert run.returncode == 0, run.stdout + run.stderr
    return run.stdout + run.stderr


def committed(folder: Path) -> Path:
    """A packed copy of the repository, as a repository of one commit."""
    copy_repository(folder)
    git = ["git", "-C", str(folder), "-c", "user.name=a", "-c", "user.email=a@b"]
    for command in ("init --quiet -b main", "add .", "commit --quiet --message=packed"):
        subprocess.run([*git, *command.split()], check=True)
    return folder


GITHUB = 'github("me/spikegrad", path="workflow/Snakefile", branch="main")'


@pytest.mark.parametrize("snakefile", ['"spikegrad/workflow/Snakefile"', GITHUB])
def test_a_workflow_uses_this_one_as_a_module(tmp_path: Path, snakefile: str):
    """The one that a page shows, on a packed copy beside it or from GitHub."""
    committed(tmp_path / "spikegrad")
    assert follow(tmp_path, PAGES["usage"]) == {"Snakefile", "mine.yaml"}
    (tmp_path / "mine.py").touch()
    file = tmp_path / "Snakefile"
    file.write_text(file.read_text().replace('"spikegrad/workflow/Snakefile"', snakefile))
    assert "rule spikegrad_encode" in run_module(tmp_path, "--dry-run", "--", "mine")


def test_the_action_of_the_catalogue_finds_its_folder(tmp_path: Path):
    copy_repository(tmp_path)
    shutil.copytree(ROOT / ".test/config", tmp_path / ".test/config")
    configuration = [".test", "--configfile", ".test/config/config.yaml"]
    plan = snakemake(tmp_path, "--dry-run", "--directory", *configuration, "--", "data")
    assert "results/spoken-digits-smoke/data/events.h5" in plan.stdout + plan.stderr


@pytest.mark.weekly
def test_snakedeploy_deploys_it(tmp_path: Path):
    """As the catalogue tells everybody: the demo is planned, data are made."""
    repository = committed(tmp_path / "spikegrad")
    tool = tmp_path / "tool" / "bin"
    subprocess.run([sys.executable, "-m", "venv", tool.parent], check=True)
    subprocess.run([tool / "pip", "install", "--quiet", "snakedeploy"], check=True)
    command = ["deploy-workflow", repository, tmp_path, "--branch", "main", "--name", "spikegrad"]
    subprocess.run([tool / "snakedeploy", *command], check=True)
    file = tmp_path / "workflow" / "Snakefile"
    text = file.read_text()  # of a clone's address snakedeploy writes the end alone
    assert text.count('"workflow/Snakefile"') == 1
    file.write_text(text.replace('"workflow/Snakefile"', GITHUB))
    demo = run_module(tmp_path, "--dry-run", "--configfile", "config/demo.yaml")
    assert "rule study_page" in demo
    run_module(tmp_path, "--configfile", "config/smoke.yaml", "--", "data")
    assert (tmp_path / "results/spoken-digits-smoke/data/events.h5").stat().st_size > 1000


def test_commands_name_what_exists():
    pages = "\n".join(PAGES.values())
    listed = snakemake(ROOT, "--list").stdout
    rules = {line.split(" (")[0] for line in listed.splitlines()}
    found = re.findall(r"--forcerun (\w+)", pages) + re.findall(r" -- ([a-z]+)\b(?!/)", pages)
    assert {"figure", "training"} <= set(found)
    assert set(found) <= rules
