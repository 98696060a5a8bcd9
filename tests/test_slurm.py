"""The study on a real Slurm, whose jobs and controller are disturbed; ``make test-slurm``."""

from __future__ import annotations

import os
import random
import re
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from functools import partial
from pathlib import Path

import pytest

import faults
from faults import NTK, QIF, RESULTS, Project, kill
from slurm_cluster import Cluster, running

pytestmark = pytest.mark.slurm
check = partial(faults.check, slurm=True)

TARGETS = (*QIF, *NTK)
TRAINING = ("train.py", "ntk_train.py")
SLURM = (
    "--profile",
    "workflow/profiles/slurm",
    "--slurm-status-command",
    "squeue",  # this cluster keeps no accounts
    "--slurm-init-seconds-before-status-checks",
    "2",
    "--latency-wait",
    "10",
    "--cores",
    str(os.cpu_count()),
)


@pytest.fixture(scope="module")
def cluster(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Cluster]:
    with running(tmp_path_factory.mktemp("slurm")) as cluster:
        yield cluster


@pytest.fixture
def three_nodes(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Cluster]:
    with running(tmp_path_factory.mktemp("slurm"), n_nodes=3) as cluster:
        yield cluster


def wait_for_script(process: subprocess.Popen[str], project: Project, *names: str) -> list[int]:
    """The processes of the scripts ``names``, once there are any."""
    while process.poll() is None:
        found = [pid for pid, script in project.scripts().items() if script in names]
        if found:
            return found
        time.sleep(0.1)
    raise AssertionError(f"none of {names} ever ran:\n{project.messages[-5000:]}")


def test_results_are_those_of_one_machine(
    cluster: Cluster, undisturbed: Project, tmp_path: Path
) -> None:
    project = undisturbed.copy(tmp_path / "project", without=("data", "ntk"))
    splits = [f"{RESULTS}/data/fold{fold}/split.parquet" for fold in (0, 1)]
    survived = project.run(*SLURM, *splits, *NTK)
    jobs = project.messages.count("has been submitted with SLURM jobid")
    check("jobs on Slurm instead of here", jobs, survived, project, undisturbed)
    assert "Group job voices" in project.messages


def test_jobs_are_cancelled(cluster: Cluster, undisturbed: Project, tmp_path: Path) -> None:
    project = undisturbed.copy(tmp_path / "project", without=("training/qif", "ntk"))
    process, draw, victims = project.start(*SLURM, *TARGETS), random.Random(1), set[str]()
    while process.poll() is None:
        waiting = sorted(set(cluster.jobs(project.folder)) - victims)
        if waiting and len(victims) < 4:
            time.sleep(draw.uniform(0, 4))
            victims.add(waiting[0])
            subprocess.run(["scancel", waiting[0]], check=True)
        time.sleep(0.2)
    cancelled = project.messages.count("SLURM status is: 'CANCELLED'")
    survived = process.returncode == 0
    check("scancel of a Slurm job", cancelled, survived, project, undisturbed, seed=1)


def test_jobs_need_more_memory(cluster: Cluster, undisturbed: Project, tmp_path: Path) -> None:
    """150 MB are not enough; the next attempt gets four times as much."""
    project = undisturbed.copy(tmp_path / "project", without=("ntk",))
    little = ("--set-resources", "ntk_train:mem_mb=150 * 4 ** (attempt - 1)")
    survived = project.run(*SLURM, *little, "--", *TARGETS)
    stopped = len(
        re.findall(r"SLURM status is: '(?:OUT_OF_MEMORY|FAILED|CANCELLED)'", project.messages)
    )
    check("over memory on Slurm", stopped, survived, project, undisturbed)


def test_a_job_takes_too_long(cluster: Cluster, undisturbed: Project, tmp_path: Path) -> None:
    """A process that hangs until Slurm ends it, after a minute."""
    project = undisturbed.copy(tmp_path / "project", without=("training/qif",))
    process = project.start(*SLURM, "--set-resources", "train:runtime=attempt", "--", *TARGETS)
    os.kill(wait_for_script(process, project, "train.py")[0], signal.SIGSTOP)
    survived = process.wait() == 0
    stopped = project.messages.count("SLURM status is: 'TIMEOUT'")
    check("over time on Slurm", stopped, survived, project, undisturbed)


def test_the_controller_restarts(cluster: Cluster, undisturbed: Project, tmp_path: Path) -> None:
    """What it had not saved it has forgotten: jobs are launched twice, or seem to run for ever."""
    project = undisturbed.copy(tmp_path / "project", without=("training/qif", "ntk"))
    process, injected = project.start(*SLURM, *TARGETS), 0
    for scripts in (TRAINING, TRAINING, ("evaluate.py",)):
        wait_for_script(process, project, *scripts)
        cluster.kill_controller()
        time.sleep(3)
        injected += process.poll() is None
        cluster.start_controller()
    while process.poll() is None:
        cluster.repair()
    survived = process.returncode == 0
    check("SIGKILL and restart of slurmctld", injected, survived, project, undisturbed)


def test_snakemake_is_killed(cluster: Cluster, undisturbed: Project, tmp_path: Path) -> None:
    """Its jobs stay in the queue; clean-restart takes them out."""
    project = undisturbed.copy(tmp_path / "project", without=("training/qif", "ntk"))
    restart = project.folder / "workflow" / "profiles" / "slurm" / "clean-restart"
    path = f"{Path(sys.executable).parent}:{os.environ['PATH']}"
    injected = 0
    for _ in range(2):
        process = project.start(*SLURM, *TARGETS)
        wait_for_script(process, project, *TRAINING)
        injected += kill(process.pid)
        process.wait()
        assert cluster.jobs(project.folder)
        environment = {**os.environ, "PATH": path}
        subprocess.run([restart], cwd=project.folder, env=environment, check=True)
        assert not cluster.jobs(project.folder)
    survived = project.run(*SLURM, *TARGETS)
    check("SIGKILL of snakemake on Slurm", injected, survived, project, undisturbed)
    assert (project.folder / RESULTS / "training").is_dir()


def test_nodes_die_are_drained_and_lose_their_jobs_to_others(
    three_nodes: Cluster, undisturbed: Project, tmp_path: Path
) -> None:
    """One of three dies in mid-job and comes back, one is drained, one is wanted by others."""
    project = undisturbed.copy(tmp_path / "project", without=("training/qif", "ntk"))
    process = project.start(*SLURM, "--jobs", "3", *TARGETS)
    wait_for_script(process, project, *TRAINING)

    dead = three_nodes.node_of(project.folder)
    three_nodes.kill_node(dead)
    injected = process.poll() is None
    time.sleep(15)  # longer than the controller waits for a node
    three_nodes.start_node(dead)

    wait_for_script(process, project, *TRAINING)
    drained = three_nodes.node_of(project.folder)
    three_nodes.update(drained, "state=drain", "reason=test")
    injected += process.poll() is None

    wanted = three_nodes.node_of(project.folder, but=(drained,))
    urgent = ["sbatch", "--partition=urgent", "--exclusive", "--wrap=sleep 5"]
    subprocess.run([*urgent, f"--nodelist={wanted}"], cwd=tmp_path, check=True)
    injected += process.poll() is None
    time.sleep(10)
    three_nodes.update(drained, "state=resume")

    survived = process.wait() == 0
    name = "a node of three dies and comes back, one is drained, one preempted"
    check(name, injected, survived, project, undisturbed)
    assert three_nodes.states().keys() == {*three_nodes.nodes}


def test_the_shared_folder_is_seen_late(
    undisturbed: Project, tmp_path: Path, tmp_path_factory: pytest.TempPathFactory
) -> None:
    """Nodes believe for five seconds that a file is not there, or as it was."""
    project = undisturbed.copy(tmp_path / "project", without=("data", "training/qif", "ntk"))
    with running(tmp_path_factory.mktemp("slurm"), n_nodes=3, shared=tmp_path):
        survived = project.run(*SLURM, *TARGETS)
    jobs = project.messages.count("has been submitted with SLURM jobid")
    check("jobs on three nodes that see files late", jobs, survived, project, undisturbed)
