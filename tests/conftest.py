"""What all tests share."""

import os
import re
import shutil
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest
import torch
from filelock import FileLock
from hypothesis import settings

from configs import settings as shipped
from faults import NTK, QIF, SURFACE, Project
from smoke import SMOKE, copy_repository, snakemake
from spikegrad.settings import validate
from study.config.study import Study
from study.parts import parts

pytest.register_assert_rewrite("oracle")  # whose assertions then say what differs

# Small tensors gain nothing from threads, and two test runs side by side would fight for cores.
torch.set_num_threads(1)

# Hundreds of processes import the same modules.
os.environ.pop("PYTHONDONTWRITEBYTECODE", None)
sys.dont_write_bytecode = False

# The same examples for everybody, so that no change fails by what it has nothing to do with. The
# weekly run draws new ones, with --hypothesis-profile=new.
settings.register_profile("same", derandomize=True, deadline=None)
settings.register_profile("new", deadline=None)
settings.load_profile("same")


@pytest.fixture(autouse=True)
def threads_as_before() -> Iterator[None]:
    """Whatever number of threads a test has set, the next one has that of all."""
    before = torch.get_num_threads()
    yield
    torch.set_num_threads(before)


LONG = ("test_workflow", "test_docs", "test_report")
"""Files that take minutes, the first of them since it runs the smoke study."""


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Long files first, else one process is left alone with them; files that wait for the smoke
    study last, so that others are tested while it runs; before them those that run layers, which
    that study compiles."""
    waiting = {item.path.stem for item in items if "finished" in getattr(item, "fixturenames", ())}
    waiting -= {LONG[0]}
    places = {name: place for place, name in enumerate(LONG)}
    texts = {path: path.read_text() for path in {item.path for item in items}}
    layers = {path for path, text in texts.items() if re.search("SpikingLayer|random_layer", text)}

    def place(item: pytest.Item) -> tuple[bool, int, bool]:
        name = item.path.stem
        return name in waiting, places.get(name, len(LONG)), item.path in layers

    items.sort(key=place)


def remove_stale(project: Path) -> None:
    """Remove results that no rule makes any more; benchmarks are no outputs, nor are files in
    folders that are."""
    folders = parts(validate(Study, shipped("smoke.yaml"))).keys()
    listed = snakemake(project, "--nolock", "--list-untracked")
    for name in (listed.stdout + listed.stderr).splitlines():
        in_part = "/".join(name.split("/")[2:-1]) in folders
        if not in_part and re.match(r"results/(?!.*/job\d+/|[^/]+/benchmarks/)", name):
            (project / name).unlink()


@pytest.fixture(scope="session")
def finished(tmp_path_factory) -> Path:
    """A copy of the repository in which the smoke study has run.

    The study stays in a folder that git ignores, where Snakemake repeats what an edit concerns;
    each process that runs tests has a copy of its own.
    """
    own = tmp_path_factory.mktemp("project")
    with FileLock(SMOKE.with_suffix(".lock")):
        run = snakemake(copy_repository(SMOKE), "--nolock", "--rerun-incomplete")
        assert run.returncode == 0, run.stdout + run.stderr
        if "Nothing to be done" not in run.stderr:
            remove_stale(SMOKE)
        return shutil.copytree(SMOKE, own, symlinks=True, dirs_exist_ok=True)


@pytest.fixture(scope="session")
def undisturbed(tmp_path_factory) -> Project:
    """A part of the smoke study, run undisturbed, for the tests that disturb copies of it."""
    project = Project(copy_repository(tmp_path_factory.mktemp("undisturbed")))
    assert project.run("--cores", "2", *QIF, *NTK, *SURFACE), project.messages
    return project
