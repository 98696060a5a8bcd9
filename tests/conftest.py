"""What all tests share."""

from pathlib import Path

import pytest
import torch

from smoke import copy_repository, snakemake

# Small tensors gain nothing from threads, and two test runs side by side would fight for cores.
torch.set_num_threads(1)


@pytest.fixture(scope="session")
def finished(tmp_path_factory) -> Path:
    """A copy of the repository in which the smoke study has run."""
    project = copy_repository(tmp_path_factory.mktemp("project"))
    run = snakemake(project)
    assert run.returncode == 0, run.stdout + run.stderr
    return project
