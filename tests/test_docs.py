"""The documentation: a site without a broken link, and pages that say what is so."""

from __future__ import annotations

import contextlib
import json
import re
import subprocess
import sys
from fnmatch import fnmatchcase
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import h5py
import pandas as pd
import pyarrow.parquet
import pytest
import yaml
from playwright.sync_api import Page, Route
from snakemake.utils import update_config

import test_report
from configs import settings
from faults import PAGE, RECORDS
from faults import page as page_of
from smoke import ROOT, copy_repository, edited, snakemake
from spikegrad.settings import validate
from study.config.study import Study
from study.data.dataset import load
from study.data.prepare import prepare
from study.data.splits import ROLES, split
from study.report.dictionary import declared, dictionary
from study.storage.tables import write_table
from study.training.delays import DELAYS_TABLE

DOCS = ROOT / "docs"
offline, page = test_report.offline, test_report.page


def blocks(page: str, language: str) -> list[str]:
    return re.findall(rf"```{language}[^\n]*\n(.*?)```", (DOCS / page).read_text(), re.DOTALL)


@pytest.fixture(scope="module")
def site(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Built as `make docs` does, where a warning is an error."""
    mkdocs = pytest.importorskip("mkdocs.commands.build")
    from mkdocs.config import load_config

    target = tmp_path_factory.mktemp("site")
    config = load_config(str(ROOT / "mkdocs.yml"), strict=True, site_dir=str(target))
    config.plugins.on_startup(command="build", dirty=False)
    mkdocs.build(config)
    return target


def test_the_site_is_built_without_a_warning(site: Path):
    pages = {str(page.parent.relative_to(site)) for page in site.rglob("index.html")}
    assert {".", "settings", "api", "tables", "results", "tutorial-neuron"} <= pages
    functions = (site / "api" / "index.html").read_text()
    for name in ("SpikeTrains", "SpikingLayer", "to_nir", "sg_ntk", "load_network"):
        assert re.search(rf'id="spikegrad[.a-z_]*\.{name}"', functions), name


@pytest.mark.browser
@pytest.mark.parametrize("dated", [False, pytest.param(True, marks=pytest.mark.weekly)])
def test_every_page_opens_on_a_telephone(site: Path, page: Page, dated: bool):
    """At 400 pixels, without an error, a request elsewhere, or anything wider than the screen:
    guides, and dated notes."""

    served: set[Path] = set()

    def serve(route: Route) -> None:
        file = site / urlsplit(route.request.url).path.strip("/")
        file = file / "index.html" if file.is_dir() else file
        if file.name == "search_index.json" and file in served:  # each page would read all of it
            route.fulfill(json=json.loads(file.read_text()) | {"docs": []})
        elif file.exists():
            served.add(file)
            route.fulfill(path=file)
        else:
            route.abort()

    page.context.route("http://site.test/**", serve)
    page.set_viewport_size({"width": 400, "height": 800})
    files = [f for f in sorted(site.rglob("index.html")) if ("notes" in f.parts) == dated]
    assert files
    for file in files:
        page.goto(f"http://site.test/{file.parent.relative_to(site)}/")
        assert page.locator("h1").first.is_visible(), file
        wide = page.evaluate("document.documentElement.scrollWidth")
        assert wide <= 400, (file, wide)


def columns(file: Path) -> list[str]:
    if file.suffix == ".parquet":
        return pyarrow.parquet.read_schema(file).names
    return list(pd.read_csv(file, nrows=0))


def is_like(name: str, pattern: str) -> bool:
    """Whether all parts of the path ``name`` are like those of ``pattern``."""
    parts, patterns = name.split("/"), pattern.split("/")
    return len(parts) == len(patterns) and all(map(fnmatchcase, parts, patterns))


def test_every_column_of_every_table_is_explained(finished: Path):
    """Of the smoke study, and of kept studies' tables that it does not make."""
    smoke, kept = finished / "results" / "spoken-digits-smoke", DOCS / "results"
    files = [(smoke, file) for kind in ("csv", "parquet") for file in smoke.rglob(f"*.{kind}")]
    files += [(kept / "heidelberg-digits", kept / "heidelberg-digits/data/shd_comparison.csv")]
    tables, met = declared(), set()
    for place, file in files:
        name = str(file.relative_to(place))
        own = [t for t in tables if name in t.files] or [
            t for t in tables if any(is_like(name, file) for file in t.files)
        ]
        assert len(own) == 1, f"{len(own)} declarations of {name}"
        for column in columns(file):
            words = [key for key in own[0].columns if fnmatchcase(column, key)]
            assert len(words) == 1, f"{column} of {name} is explained by {words}"
            met.add((own[0].files[0], words[0]))
    tables.remove(DELAYS_TABLE)  # no study here learns delays: tests/test_delays_learned.py
    others = ("joining/", "estimate/")  # tests/test_joining.py, tests/test_estimate.py
    tables = [t for t in tables if not t.files[0].startswith(others)]
    explained = {(table.files[0], key) for table in tables for key in table.columns}
    assert explained - met == set(), "columns that no table has"


def test_the_page_of_tables_is_in_step():
    assert (DOCS / "tables.md").read_text() == dictionary(), "run python -m study.report.dictionary"


def test_the_guides_figure_is_drawn(finished: Path, tmp_path: Path):
    project = edited(finished, tmp_path)
    page = (DOCS / "new-figure.md").read_text()
    for name, text in re.findall(r"```\w+ title=\"(.*?)\"\n(.*?)```", page, re.DOTALL):
        with open(project / name, "a") as file:
            file.write(f"\n{text}" if name.endswith(".smk") else text)
    target = "results/spoken-digits-smoke/training/figures/effort.png"
    run = snakemake(project, "--", target)
    assert run.returncode == 0, run.stderr
    assert (project / target).stat().st_size > 5000
    assert len(re.findall("^(?:local)?rule (?!default)", run.stderr, re.MULTILINE)) == 1


@pytest.mark.weekly
def test_the_pages_commands_are_understood(tmp_path: Path):
    """Those on the demo, as dry runs."""
    project = copy_repository(tmp_path / "project")
    pages = [ROOT / "README.md", *(DOCS / f"{name}.md" for name in ("usage", "new-figure"))]
    text = "\n".join(page.read_text() for page in pages)
    files = {"mine.yaml": "training: {epochs: 40}"}
    files |= dict(re.findall(r"```yaml\n# (\w+\.yaml)\n(.*?)```", text, re.DOTALL))
    for name, content in files.items():
        (project / name).write_text(content)
    commands = re.findall(r"(?m)^(snakemake .*config/demo\.yaml.*?)(?:  +#.*)?$", text)
    assert len(commands) >= 8
    for command in commands:
        words = [sys.executable, "-m", "snakemake", "--dry-run", *command.split()[1:]]
        run = subprocess.run(words, cwd=project, capture_output=True, text=True)
        assert run.returncode == 0, (command, run.stderr)


def test_the_page_of_faults_shows_the_records_in_which_nothing_is_wrong():
    rows = json.loads(RECORDS.read_text())
    assert PAGE.read_text() == page_of(rows), "run: make test-faults test-slurm"
    assert len(rows) >= 6
    for fault, row in rows.items():
        assert row["injected"] == row["survived"] > 0, fault
        assert row["identical"] is not False, fault


def test_every_note_is_listed():
    index = (DOCS / "notes" / "index.md").read_text()
    assert re.findall(r"\((2.*?\.md)\)", index) == sorted(
        note.name for note in (DOCS / "notes").glob("2*.md")
    )


def test_the_librarys_guide_runs(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    pytest.importorskip("nir")
    monkeypatch.chdir(tmp_path)  # it saves a network
    names: dict[str, Any] = {}
    for code in blocks("library.md", "python"):
        exec(compile(code, "library.md", "exec"), names)
    assert len(names["graph"].nodes) == 4


def test_ten_tasks_of_other_simulators_run(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.chdir(tmp_path)
    (code,) = blocks("coming-from.md", "python")
    names: dict[str, Any] = {}
    exec(compile(code, "coming-from.md", "exec"), names)
    assert "SpikeTrains" in names


def test_the_guide_to_delays_runs():
    names: dict[str, Any] = {}
    for code in blocks("tutorial-delays.md", "python"):
        exec(compile(code, "tutorial-delays.md", "exec"), names)
    assert names["accuracy"] > 0.95


def test_the_guides_files_become_data(tmp_path: Path):
    """Written as the page says, named as the page says, without speakers."""
    (code,), (own,) = blocks("own-spikes.md", "python"), blocks("own-spikes.md", "yaml")
    config = settings("demo.yaml")
    update_config(config, yaml.safe_load(own))
    study = validate(Study, config)
    assert (study.data.time_step, study.training.augmentation.channel_shift) == (None, 0)
    with contextlib.chdir(tmp_path):
        exec(compile(code, "make_files.py", "exec"), {})
        files = {"train": "train.h5", "test": "test.h5"}
        prepare(study.dataset, study.data, files, "events.h5")
        with h5py.File("events.h5") as file:
            labels, speakers, origins = (file[n][()] for n in ("labels", "speakers", "origin"))
        table = split(labels, speakers, origins, origins == 2, study.data.validation)
        write_table(table, "split.parquet")
        sizes = [len(load("events.h5", "split.parquet", role, inner=0)) for role in ROLES]
    assert sizes == [108, 12, 40]
