"""What all tests share."""

from pathlib import Path

import pytest
import torch
from hypothesis import settings

from faults import NTK, QIF, SURFACE, Project
from smoke import copy_repository, snakemake

# Small tensors gain nothing from threads, and two test runs side by side would fight for cores.
torch.set_num_threads(1)

# The same examples for everybody, so that no change fails by what it has nothing to do with. The
# weekly run draws new ones, with --hypothesis-profile=default.
settings.register_profile("same", derandomize=True)
settings.load_profile("same")


@pytest.fixture(scope="session")
def finished(tmp_path_factory) -> Path:
    """A copy of the repository in which the smoke study has run."""
    project = copy_repository(tmp_path_factory.mktemp("project"))
    run = snakemake(project)
    assert run.returncode == 0, run.stdout + run.stderr
    return project


@pytest.fixture(scope="session")
def undisturbed(tmp_path_factory) -> Project:
    """A part of the smoke study, run in peace, for the tests that disturb copies of it."""
    project = Project(copy_repository(tmp_path_factory.mktemp("undisturbed")))
    assert project.run("--cores", "2", *QIF, *NTK, *SURFACE), project.messages
    return project
