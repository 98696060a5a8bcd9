"""What every script of the workflow does first and last, tried with a script of its own."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from smoke import ROOT

RULE = """
import os, time
from pathlib import Path
from study.storage.provenance import code_digest
if SEEN: os.environ["SPIKEGRAD_STARTED"] = str(time.time())
rule edit:
    output: "results/out.txt"
    log: "edit.log"
    threads: 1
    params: code=code_digest(Path("workflow/scripts/edit.py")), text=TEXT
    script: "workflow/scripts/edit.py"
"""
SCRIPT = """
from pathlib import Path
from _job import start
import spikegrad.seeds
start(snakemake)
Path(snakemake.output[0]).write_text("result")
with open(spikegrad.seeds.__file__, "a") as file:
    file.write(snakemake.params.text)
"""


@pytest.fixture
def project(tmp_path: Path) -> Path:
    scripts = tmp_path / "workflow" / "scripts"
    scripts.mkdir(parents=True)
    shutil.copy(ROOT / "workflow" / "scripts" / "_job.py", scripts)
    for code in ("src/spikegrad", "workflow/study"):
        ignored = shutil.ignore_patterns("__pycache__")
        shutil.copytree(ROOT / code, tmp_path / code, ignore=ignored)
    (scripts / "edit.py").write_text(SCRIPT)
    return tmp_path


def run(project: Path, text: str, seen: bool) -> subprocess.CompletedProcess[str]:
    """Run a job that appends ``text`` to a module of its own, and whose start was ``seen``."""
    rule = RULE.replace("TEXT", repr(text)).replace("SEEN", repr(seen))
    (project / "Snakefile").write_text(rule)
    env = {**os.environ, "PYTHONPATH": f"{project}/src:{project}/workflow"}
    env.pop("SPIKEGRAD_STARTED", None)
    command = [sys.executable, "-m", "snakemake", "--cores", "1"]
    return subprocess.run(command, cwd=project, env=env, capture_output=True, text=True)


@pytest.mark.parametrize("seen", [True, False], ids=["here", "on another machine"])
def test_code_edited_while_a_job_runs_throws_its_outputs_away(project: Path, seen: bool) -> None:
    """They would be newer than the edit, and pass for results of the edited code."""
    failed = run(project, "\nEDITED = True\n", seen)
    assert failed.returncode != 0
    assert "code that it runs was edited after snakemake started" in failed.stderr
    assert "was edited" in (project / "edit.log").read_text()
    assert not (project / "results" / "out.txt").exists()
    kept = run(project, "\n# a comment\n", seen)
    assert kept.returncode == 0, kept.stderr
    assert (project / "results" / "out.txt").read_text() == "result"
