"""The examples of profiles, as far as they can be tried without their clusters."""

from __future__ import annotations

import os
import re
import subprocess
import sys
from pathlib import Path

import pytest
import yaml

from smoke import ROOT, copy_repository

PROFILES = ROOT / "workflow" / "profiles"


@pytest.fixture(scope="module")
def listed() -> subprocess.CompletedProcess[str]:
    """What plain ``snakemake --list`` says."""
    command = [sys.executable, "-m", "snakemake", "--configfile", "config/smoke.yaml", "--list"]
    return subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=True)


def test_the_default_profile_is_taken_by_itself(listed) -> None:
    """Without it, plain ``snakemake`` refuses to go on where a job was killed."""
    assert "Using workflow specific profile profiles/default" in listed.stderr
    assert yaml.safe_load((ROOT / "profiles/default/config.yaml").read_text())["rerun-incomplete"]


def test_stages_are_explained(listed) -> None:
    for stage in ("data", "search", "training", "landscapes", "ntk", "figures", "claims", "all"):
        assert re.search(rf"(?m)^{stage} \([A-Z].*\.\)$", listed.stdout), stage


def test_limits_are_set_by_what_a_job_makes(tmp_path: Path) -> None:
    """By the profile that docs/cluster.md shows."""
    page = (ROOT / "docs" / "cluster.md").read_text()
    (profile,) = re.findall(r'```yaml title="profile"\n(.*?)```', page, re.DOTALL)
    (tmp_path / "config.yaml").write_text(profile)
    command = [sys.executable, "-m", "snakemake", "--dry-run", "--forceall", "--cores", "1"]
    command += ["--configfile", "config/smoke.yaml", "--profile", str(tmp_path)]
    run = subprocess.run([*command, "--", "landscapes"], cwd=ROOT, capture_output=True, text=True)
    found = re.findall(r"wildcards: part=(landscape/jobs/\S+)\n    resources: (.*)", run.stdout)
    assert len(found) > 10, run.stdout + run.stderr
    for name, resources in found:
        assert ("mem_mb=16000" in resources) == ("/census/" in name), name
        assert ("mem_mb=4000" in resources) == ("/census/" not in name), name


def executable(path: Path, text: str) -> None:
    path.write_text(f"#!/bin/sh\n{text}\n")
    path.chmod(0o755)


@pytest.mark.parametrize(
    ("answer", "state"),
    [
        ("    job_state = R\n", "running"),
        ("    job_state = F\n    Exit_status = 0\n", "success"),
        ("    job_state = F\n    Exit_status = 1\n", "failed"),
        ("    job_state = F\n", "failed"),
    ],
)
def test_the_state_of_a_pbs_job_is_understood(tmp_path: Path, answer: str, state: str) -> None:
    executable(tmp_path / "qstat", f"[ \"$*\" = '-xf 12.server' ] && cat <<'END'\n{answer}END")
    run = subprocess.run(
        [PROFILES / "generic-cluster" / "status", "12.server"],
        env={"PATH": f"{tmp_path}:{os.environ['PATH']}"},
        capture_output=True,
        text=True,
        check=True,
    )
    assert run.stdout == f"{state}\n"


APPTAINER = """# As apptainer, without its walls: what comes after the image is run.
if [ "$1" = --version ]; then echo apptainer version 1.3.0; exit; fi
echo "$*" >> "$(dirname "$0")/called"
while [ "$1" != spikegrad.sif ]; do shift; done
shift
exec "$@"
"""


def test_jobs_run_in_the_container_that_is_set(tmp_path: Path) -> None:
    project = tmp_path / "project"
    copy_repository(project)
    (project / "mine.yaml").write_text("machines: {container: spikegrad.sif}")
    executable(tmp_path / "apptainer", APPTAINER)
    image = Path(sys.executable).parent  # whose Python stands for the image's
    env = {**os.environ, "PATH": f"{tmp_path}:{image}:{os.environ['PATH']}"}
    output = "results/spoken-digits-smoke/ntk/limits"
    command = [
        sys.executable, "-m", "snakemake", "--cores", "1", "--configfile", "config/smoke.yaml",
        "mine.yaml", "--software-deployment-method", "apptainer", "--", output,
    ]  # fmt: skip
    run = subprocess.run(command, cwd=project, env=env, capture_output=True, text=True)
    assert run.returncode == 0, run.stdout + run.stderr
    assert "spikegrad.sif" in (tmp_path / "called").read_text()
    assert (project / output).exists()


UUID = "0b5f5c0a-3c7e-4d0e-9a51-6a1f0f3c2b7d"


def clean_restart(folder: Path, squeue: str) -> int:
    """Run clean-restart in ``folder`` beside commands that write down what they were asked; its
    exit code. ``squeue`` is what that command does."""
    commands = {
        "squeue": squeue,
        "scancel": 'echo "$@" > cancelled; for j; do sed -i "/^$j|/d" queue; done',
        "snakemake": 'echo "$@" > asked',
    }
    for name, text in commands.items():
        executable(folder / name, text)
    env = {**os.environ, "PATH": f"{folder}:{os.environ['PATH']}", "SLURM_JOB_ID": "16"}
    return subprocess.run([PROFILES / "slurm" / "clean-restart"], cwd=folder, env=env).returncode


def test_clean_restart_cancels_the_jobs_that_snakemake_left_and_no_other(tmp_path: Path) -> None:
    """Not the one it runs in, nor others that were submitted from the same folder."""
    queue = [
        ("11", "my-login-job", tmp_path),
        ("12", UUID, tmp_path),
        ("13", f"prefix_{UUID}", tmp_path),
        ("14", "another analysis", tmp_path),
        ("15", UUID, tmp_path / "elsewhere"),
        ("16", UUID, tmp_path),  # this one
    ]
    (tmp_path / "queue").write_text("".join(f"{'|'.join(map(str, row))}\n" for row in queue))
    assert clean_restart(tmp_path, "cat queue") == 0
    assert (tmp_path / "cancelled").read_text().split() == ["12", "13"]
    assert (tmp_path / "asked").read_text() == "--unlock\n"


def test_clean_restart_unlocks_nothing_while_slurm_does_not_answer(tmp_path: Path) -> None:
    """Neither at once nor while it waits for cancelled jobs to end."""
    (tmp_path / "queue").write_text(f"12|{UUID}|{tmp_path}\n")
    for squeue in ("exit 1", "[ ! -e cancelled ] && cat queue"):
        assert clean_restart(tmp_path, squeue) != 0
        assert not (tmp_path / "asked").exists()
