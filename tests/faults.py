"""A copy of the repository that runs part of the smoke study, is disturbed, and is compared.

What happened is counted in docs/reliability.json, of which docs/reliability.md is made.
"""

from __future__ import annotations

import hashlib
import io
import json
import os
import platform
import shutil
import signal
import subprocess
import sys
import tempfile
from datetime import UTC, datetime
from importlib.metadata import version
from pathlib import Path
from typing import Any

import pandas as pd
import psutil
from filelock import FileLock

from smoke import ROOT

RECORDS, PAGE = ROOT / "docs" / "reliability.json", ROOT / "docs" / "reliability.md"
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
        """A digest of each result, without durations, which no run repeats, and their sums."""
        results = self.folder / RESULTS
        return {
            str(path.relative_to(results)): digest(path)
            for path in sorted(results.rglob("*"))
            if path.is_file() and path.relative_to(results).parts[0] not in ("benchmarks", ".sums")
        }


def digest(path: Path) -> str:
    """Of a file without durations."""
    content = path.read_bytes()
    if path.suffix == ".json":
        values = json.loads(content)
        if isinstance(values, dict):
            values.pop("seconds", None)
        content = json.dumps(values).encode()
    elif path.suffix == ".parquet":
        content = _timeless(pd.read_parquet(io.BytesIO(content))).to_parquet()
    elif path.suffix == ".csv" and content.strip():
        content = _timeless(pd.read_csv(io.BytesIO(content), dtype=str)).to_csv().encode()
    return hashlib.sha256(content).hexdigest()


def _timeless(table: pd.DataFrame) -> pd.DataFrame:
    return table.drop(columns=["seconds", "minutes"], errors="ignore")


def kill(pid: int) -> bool:
    """Signal 9; whether the process was still there."""
    try:
        os.kill(pid, signal.SIGKILL)
    except ProcessLookupError:
        return False
    return True


HEAD = """\
# Reliability

What was done to running studies, and what became of them. `make test-faults` and `make test-slurm`
write this page from what they count. A row's test repeats it, with the moments, places and sizes
that its seed draws: `.venv/bin/python -m pytest -m "faults or slurm" tests/FILE -k NAME`.

Rows with a number of rules are about single jobs, one of each rule of the smoke study. The others
are about runs of some of its parts (data, search, training, a landscape, NTK networks). Survived
means that the run or the job, or the one that followed it, came to its end; of damaged files, that
the job named the file, or made what it makes of the whole one; of bad inputs, that each was refused
with one error, or read, in two seconds. Results are identical if every file equals that of an
undisturbed run, but for logs, benchmark tables and durations.

| fault | injected | rules | survived | identical | test | seed | date | with |
|---|---|---|---|---|---|---|---|---|
"""

FOOT = """
{injected} injections in all. [On a cluster](cluster.md#when-something-dies) says how to start
again.
"""


def record(
    fault: str,
    injected: int,
    survived: bool,
    identical: bool | None,
    seed: int | None = None,
    rules: int | None = None,
    slurm: bool = False,
) -> None:
    """Write down what the present test has done, and the page anew; ``identical`` is None where
    nothing is there to compare."""
    versions = f"Python {platform.python_version()}, Snakemake {version('snakemake')}"
    if slurm:
        tool = subprocess.run(["sinfo", "--version"], capture_output=True, text=True, check=True)
        versions += f", {tool.stdout.strip().replace('slurm-wlm', 'Slurm')}"
    test = os.environ["PYTEST_CURRENT_TEST"].removeprefix("tests/").removesuffix(" (call)")
    with FileLock(Path(tempfile.gettempdir()) / "spikegrad-reliability.lock"):
        rows = json.loads(RECORDS.read_text()) if RECORDS.exists() else {}
        rows[fault] = {
            "injected": injected,
            "rules": rules,
            "survived": injected if survived else 0,
            "identical": identical,
            "test": test,
            "seed": seed,
            "date": datetime.now(UTC).date().isoformat(),
            "versions": versions,
        }
        RECORDS.write_text(json.dumps(rows, indent=1) + "\n")
        PAGE.write_text(page(rows))


def check(
    fault: str,
    injected: int,
    survived: bool,
    project: Project,
    undisturbed: Project,
    seed: int | None = None,
    slurm: bool = False,
) -> None:
    """Write down what happened to a run; then judge it."""
    identical = survived and project.fingerprint() == undisturbed.fingerprint()
    record(fault, injected, survived, identical, seed, slurm=slurm)
    assert survived, project.messages[-5000:]
    assert identical
    assert injected > 0


def page(rows: dict[str, dict[str, Any]]) -> str:
    """docs/reliability.md, from the latest test of each fault."""
    lines = [
        f"| {fault} | {row['injected']} | {_or_dash(row['rules'])} | {row['survived']} |"
        f" {IDENTICAL[row['identical']]} | {row['test'].replace('::', ' ')} |"
        f" {_or_dash(row['seed'])} | {row['date']} | {row['versions']} |\n"
        for fault, row in rows.items()
    ]
    return (
        HEAD + "".join(lines) + FOOT.format(injected=sum(row["injected"] for row in rows.values()))
    )


IDENTICAL = {True: "yes", False: "**no**", None: "–"}


def _or_dash(number: int | None) -> str:
    return "–" if number is None else str(number)
