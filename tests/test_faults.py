"""Studies that are killed, or find the disk full, against one that nobody touched.

Not in the default run: ``make test-faults``. docs/reliability.md says what else was tried.
"""

from __future__ import annotations

import os
import random
import shutil
import signal
import subprocess
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from faults import NTK, QIF, RESULTS, SURFACE, Project
from spikegrad.saving import load_tensors

pytestmark = pytest.mark.faults

CORES = ("--cores", "2")
PARTS = ("search/qif", "training/qif", "networks/jobs/qif", "landscape", "ntk")


def assert_same(project: Project, undisturbed: Project, *targets: str) -> None:
    """Started once more, it comes to its end with the bits of the study that nobody touched."""
    assert project.run(*CORES, *targets), project.messages[-5000:]
    assert project.fingerprint() == undisturbed.fingerprint()


def test_a_study_that_is_killed_three_times_ends_in_the_same_bits(
    undisturbed: Project, tmp_path: Path
) -> None:
    """snakemake and all its jobs, as by a power failure, at a random moment of each stage."""
    parts = ("data", "search/qif", "training/qif", "networks/jobs/qif", "ntk")
    project = undisturbed.copy(tmp_path / "project", without=parts)
    for stage in (["encode.py"], ["search_trials.py"], ["train.py", "make_tables.py"]):
        process = project.start(*CORES, *QIF, *NTK)
        project.wait_for(process, *stage)
        time.sleep(random.uniform(0, 5))
        assert process.poll() is None
        os.killpg(process.pid, signal.SIGKILL)
        process.wait()
        assert project.run("--unlock")
    assert_same(project, undisturbed, *QIF, *NTK)


@pytest.fixture
def small_disk(undisturbed: Project, tmp_path: Path) -> Iterator[Project]:
    """A study whose results, without search and networks, have a filesystem of their own."""
    project = undisturbed.copy(tmp_path / "project", without=PARTS)
    results, kept = project.folder / "results", tmp_path / "kept"
    results.rename(kept)
    results.mkdir()
    mount = ["mount", "-t", "tmpfs", "-o", "size=64m", "spikegrad", str(results)]
    if os.geteuid() != 0 or subprocess.run(mount, capture_output=True).returncode != 0:
        pytest.skip("mounting a small filesystem needs root")
    try:
        shutil.copytree(kept, results, dirs_exist_ok=True)
        yield project
    finally:
        subprocess.run(["umount", str(results)], check=True)


def test_the_disk_is_full(undisturbed: Project, small_disk: Project) -> None:
    """What lies under its name then is whole, and so is a state from which work goes on."""
    targets = (*QIF, *NTK, *SURFACE)
    ballast = small_disk.folder / "results" / "ballast"
    ballast.write_bytes(bytes(shutil.disk_usage(ballast.parent).free - 60_000))
    assert not small_disk.run(*CORES, "--keep-going", *targets)
    assert "No space left on device" in small_disk.messages
    ballast.unlink()
    whole, found = undisturbed.fingerprint(), small_disk.fingerprint()
    assert not [name for name in set(found) & set(whole) if found[name] != whole[name]]
    for name in set(found) - set(whole):
        load_tensors(small_disk.folder / RESULTS / name)
    assert_same(small_disk, undisturbed, *targets)
