"""Studies that are killed, starved and started twice, against one that nobody touched.

Not in the default run: ``make test-faults``. Moments are drawn by a seed; what they meet there
depends on the machine, which is the point.
"""

from __future__ import annotations

import os
import random
import re
import shutil
import signal
import subprocess
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from faults import NTK, QIF, RESULTS, ROOT, SURFACE, Project, check, kill
from spikegrad.saving import load_tensors

pytestmark = pytest.mark.faults

CORES = ("--cores", "2")
PARTS = ("search/qif", "training/qif", "landscape", "ntk")
TRAINING = ("train.py", "search_trials.py", "search_finalists.py", "ntk_train.py")


def assert_whole(project: Project, undisturbed: Project) -> None:
    """After a run that failed, results are whole, and so are states from which work goes on."""
    whole, found = undisturbed.fingerprint(), project.fingerprint()
    assert {name for name in found if found[name] != whole.get(name, found[name])} == set()
    for name in set(found) - set(whole):
        load_tensors(project.folder / RESULTS / name)


def test_everything_is_killed(undisturbed: Project, tmp_path: Path) -> None:
    """snakemake and all its jobs, as by a power failure, from raw data to trained networks."""
    parts = ("data", "search/qif", "training/qif", "ntk")
    project = undisturbed.copy(tmp_path / "project", without=parts)
    draw, injected = random.Random(1), 0
    for _ in range(8):
        process = project.start(*CORES, *QIF, *NTK)
        time.sleep(draw.uniform(3, 25))
        if process.poll() is None:
            os.killpg(process.pid, signal.SIGKILL)
            injected += 1
        process.wait()
        assert project.run("--unlock")
    survived = project.run(*CORES, *QIF, *NTK)
    check("SIGKILL of snakemake and all its jobs", injected, survived, project, undisturbed, seed=1)


def test_snakemake_alone_is_killed(undisturbed: Project, tmp_path: Path) -> None:
    """Its jobs live on, and write what those of the next snakemake write."""
    project = undisturbed.copy(tmp_path / "project", without=PARTS)
    draw, injected = random.Random(2), 0
    for _ in range(6):
        process = project.start(*CORES, *QIF, *NTK)
        while process.poll() is None and not set(project.scripts().values()) & set(TRAINING):
            time.sleep(0.1)
        time.sleep(draw.uniform(0, 8))
        injected += process.poll() is None
        kill(process.pid)
        process.wait()
        assert project.run("--unlock")
    survived = project.run(*CORES, *QIF, *NTK, *SURFACE)
    while project.scripts():
        time.sleep(0.1)
    check(
        "SIGKILL of snakemake, its jobs live on", injected, survived, project, undisturbed, seed=2
    )


def test_training_processes_are_killed(undisturbed: Project, tmp_path: Path) -> None:
    project = undisturbed.copy(tmp_path / "project", without=PARTS)
    draw, injected = random.Random(3), 0
    process = project.start(*CORES, "--retries", "9", *QIF, *NTK, *SURFACE)
    while process.poll() is None:
        time.sleep(draw.uniform(0, 12))
        victims = [pid for pid, script in project.scripts().items() if script in TRAINING]
        if victims and injected < 9:
            injected += kill(draw.choice(victims))
    check(
        "SIGKILL of a training process",
        injected,
        process.returncode == 0,
        project,
        undisturbed,
        seed=3,
    )


def test_half_of_the_jobs_are_killed(undisturbed: Project, tmp_path: Path) -> None:
    """Each process of any rule: with a chance of one half, within three seconds."""
    parts = ("data", "search/qif", "training/qif", "ntk")
    project = undisturbed.copy(tmp_path / "project", without=parts)
    draw, injected = random.Random(4), 0
    process = project.start(*CORES, "--retries", "9", *QIF, *NTK)
    deadlines: dict[int, float] = {}
    while process.poll() is None:
        for pid in project.scripts():
            if pid not in deadlines:
                doomed = draw.random() < 0.5
                deadlines[pid] = time.monotonic() + draw.uniform(0, 3) if doomed else float("inf")
            elif time.monotonic() > deadlines[pid]:
                injected += kill(pid)
        time.sleep(0.05)
    check(
        "SIGKILL of half of all jobs",
        injected,
        process.returncode == 0,
        project,
        undisturbed,
        seed=4,
    )


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
    injected, targets = 0, (*CORES, "--keep-going", *QIF, *NTK, *SURFACE)
    ballast = small_disk.folder / "results" / "ballast"
    for free in (8_192, 20_000, 60_000, 200_000, 600_000):
        space = shutil.disk_usage(ballast.parent).free
        ballast.write_bytes(bytes(space - free))
        injected += not small_disk.run(*targets)
        ballast.unlink()
        assert_whole(small_disk, undisturbed)
    assert "No space left on device" in small_disk.messages
    survived = small_disk.run(*targets)
    check("full disk", injected, survived, small_disk, undisturbed)


def test_the_results_are_read_only(undisturbed: Project, small_disk: Project) -> None:
    targets = (*CORES, *QIF, *NTK, *SURFACE)
    results = str(small_disk.folder / "results")
    before = small_disk.fingerprint()
    subprocess.run(["mount", "-o", "remount,ro", results], check=True)
    injected = int(not small_disk.run(*targets))
    subprocess.run(["mount", "-o", "remount,rw", results], check=True)
    assert "Read-only file system" in small_disk.messages
    assert small_disk.fingerprint() == before
    check("read-only results", injected, small_disk.run(*targets), small_disk, undisturbed)


def test_the_clock_goes_backwards(undisturbed: Project, tmp_path: Path) -> None:
    """What is there was made tomorrow: snakemake says so, and docs/cluster.md what to do."""
    project = undisturbed.copy(tmp_path / "project", without=("training/qif", "landscape"))
    for path in (project.folder / RESULTS).rglob("*"):
        tomorrow = path.stat().st_mtime + 86_400
        os.utime(path, (tomorrow, tomorrow))
    targets = (*CORES, *QIF, *NTK, *SURFACE)
    injected = int(not project.run(*targets))
    assert "clock skew" in project.messages
    assert_whole(project, undisturbed)
    command = re.findall(
        "(?m)^    (now=.*find results .*)$", (ROOT / "docs/cluster.md").read_text()
    )
    subprocess.run(["bash", "-c", *command], cwd=project.folder, check=True)
    survived = project.run(*targets)
    check("clock set back by a day between two jobs", injected, survived, project, undisturbed)


def test_two_are_started_at_once(undisturbed: Project, tmp_path: Path) -> None:
    project = undisturbed.copy(tmp_path / "project", without=("training/qif", "landscape"))
    first = project.start(*CORES, *QIF, *SURFACE)
    while not project.scripts():
        time.sleep(0.1)
    refused = [project.start(*CORES, *QIF, *SURFACE) for _ in range(2)]
    assert all(process.wait() != 0 for process in refused)
    assert project.messages.count("Directory cannot be locked") == len(refused)
    survived = first.wait() == 0
    check("another snakemake in the same folder", len(refused), survived, project, undisturbed)
