"""The examples of profiles, as far as they can be tried without their clusters."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest
import yaml

from smoke import ROOT

PROFILES = ROOT / "workflow" / "profiles"


def test_the_default_profile_is_taken_by_itself() -> None:
    """Without it, plain ``snakemake`` refuses to go on where a job was killed."""
    command = [sys.executable, "-m", "snakemake", "--configfile", "config/smoke.yaml", "--list"]
    run = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=True)
    assert "Using workflow specific profile profiles/default" in run.stderr
    assert yaml.safe_load((ROOT / "profiles/default/config.yaml").read_text())["rerun-incomplete"]


@pytest.mark.parametrize(
    ("answer", "state"),
    [
        ("    job_state = R\n", "running"),
        ("    job_state = Q\n", "running"),
        ("    job_state = F\n    Exit_status = 0\n", "success"),
        ("    job_state = F\n    Exit_status = 1\n", "failed"),
        ("    job_state = F\n    Exit_status = 271\n", "failed"),
        ("    job_state = F\n", "failed"),
    ],
)
def test_the_state_of_a_pbs_job_is_understood(tmp_path: Path, answer: str, state: str) -> None:
    qstat = tmp_path / "qstat"
    qstat.write_text(f"#!/bin/sh\n[ \"$*\" = '-xf 12.server' ] && cat <<'END'\n{answer}END\n")
    qstat.chmod(0o755)
    run = subprocess.run(
        [PROFILES / "generic-cluster" / "status", "12.server"],
        env={"PATH": f"{tmp_path}:{os.environ['PATH']}"},
        capture_output=True,
        text=True,
        check=True,
    )
    assert run.stdout == f"{state}\n"
