"""A copy of the repository that runs part of the smoke study, is disturbed, and is compared."""

from __future__ import annotations

import hashlib
import io
import json
import os
import shutil
import signal
import subprocess
import sys
from pathlib import Path

import pandas as pd
import psutil

from reliability import record

ROOT = Path(__file__).parents[1]
RESULTS = Path("results/spoken-digits-smoke")
QIF = [f"{RESULTS}/training/qif/runs.parquet"]
"""Data, search and training of one neuron model."""
NTK = [f"{RESULTS}/ntk/one_hidden/networks/{job}.parquet" for job in (0, 1)]
SURFACE = [f"{RESULTS}/landscape/surfaces/qif/0/0.lines.parquet"]
"""A landscape; it needs the networks of both neuron models."""


class Project:
    """A folder with the repository, in which snakemake runs."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder

    def copy(self, folder: Path, without: tuple[str, ...] = ()) -> Project:
        """The same, modification times included, ``without`` some folders of its results."""
        shutil.copytree(self.folder, folder, symlinks=True)
        for name in without:
            shutil.rmtree(folder / RESULTS / name)
        return Project(folder)

    def start(self, *options: str) -> subprocess.Popen[str]:
        """snakemake, in a process group of its own; its messages go to snakemake.log."""
        command = [sys.executable, "-m", "snakemake", "--configfile", "config/smoke.yaml", *options]
        with open(self.folder / "snakemake.log", "a") as log:
            return subprocess.Popen(
                command,
                cwd=self.folder,
                stdout=log,
                stderr=subprocess.STDOUT,
                text=True,
                start_new_session=True,
            )

    def run(self, *options: str) -> bool:
        """Run snakemake to its end; whether it succeeded."""
        return self.start(*options).wait() == 0

    @property
    def messages(self) -> str:
        return (self.folder / "snakemake.log").read_text()

    def scripts(self) -> dict[int, str]:
        """The running processes of this folder's rules: the script's name by process id."""
        found = {}
        for process in psutil.process_iter(["cmdline"]):
            arguments = process.info["cmdline"] or []
            if len(arguments) == 2 and arguments[1].startswith(f"{self.folder}/.snakemake/scripts"):
                found[process.pid] = Path(arguments[1]).name.split(".", 1)[1]
        return found

    def fingerprint(self) -> dict[str, str]:
        """A digest of each result; durations, which no run repeats, are left out."""
        results = self.folder / RESULTS
        return {
            str(path.relative_to(results)): _digest(path)
            for path in sorted(results.rglob("*"))
            if path.is_file() and not path.is_relative_to(results / "benchmarks")
        }


def _digest(path: Path) -> str:
    content = path.read_bytes()
    if path.suffix == ".json":
        values = json.loads(content)
        if isinstance(values, dict):
            values.pop("seconds", None)
        content = json.dumps(values).encode()
    elif path.suffix == ".parquet":
        table = pd.read_parquet(io.BytesIO(content))
        content = table.drop(columns="seconds", errors="ignore").to_parquet()
    return hashlib.sha256(content).hexdigest()


def kill(pid: int) -> bool:
    """Signal 9; whether the process was still there."""
    try:
        os.kill(pid, signal.SIGKILL)
    except ProcessLookupError:
        return False
    return True


def check(
    fault: str,
    injected: int,
    survived: bool,
    project: Project,
    undisturbed: Project,
    slurm: bool = False,
) -> None:
    """Write down what happened, then judge it."""
    identical = survived and project.fingerprint() == undisturbed.fingerprint()
    record(fault, injected, injected if survived else 0, identical, slurm)
    assert survived, project.messages[-5000:]
    assert project.fingerprint() == undisturbed.fingerprint()
    assert injected > 0
