"""A copy of the repository that runs a part of the smoke study, is disturbed, and is compared."""

from __future__ import annotations

import hashlib
import io
import json
import shutil
import subprocess
import sys
import time
from pathlib import Path

import pandas as pd
import psutil

RESULTS = Path("results/spoken-digits-smoke")
QIF = [f"{RESULTS}/networks/jobs/qif/{seed}" for seed in range(4)]
"""Data, search and training of one neuron model."""
NTK = [f"{RESULTS}/ntk/comparison/one_hidden"]
"""Networks, and what they are compared with."""
SURFACE = [f"{RESULTS}/landscape/jobs/surfaces/qif/0/0"]
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

    def wait_for(self, process: subprocess.Popen[str], *scripts: str) -> int:
        """The process of one of these ``scripts``, once snakemake's ``process`` has started one."""
        while process.poll() is None:
            for pid, script in self.scripts().items():
                if script in scripts:
                    return pid
            time.sleep(0.1)
        raise AssertionError(f"none of {scripts} ever ran:\n{self.messages[-5000:]}")

    def fingerprint(self) -> dict[str, str]:
        """A digest of each result, without durations, which no run repeats, and without files that
        Snakemake removes when they were read, which a run that is killed leaves behind."""
        results = self.folder / RESULTS
        passing = {"benchmarks", "encoded", "basilar_membrane.npz"}
        files = [path for path in sorted(results.rglob("*")) if path.is_file()]
        return {
            str(path.relative_to(results)): digest(path)
            for path in files
            if not passing & {*path.relative_to(results).parts}
        }


def digest(path: Path) -> str:
    """Of a file without durations, or of all files in a folder."""
    if path.is_dir():
        return " ".join(map(digest, sorted(path.iterdir())))
    content = path.read_bytes()
    if path.suffix == ".json":
        values = json.loads(content)
        if isinstance(values, dict):
            values.pop("seconds", None)
        content = json.dumps(values).encode()
    elif path.suffix in (".parquet", ".csv"):
        read = pd.read_parquet if path.suffix == ".parquet" else pd.read_csv
        table = read(io.BytesIO(content)).drop(columns=["seconds", "minutes"], errors="ignore")
        content = table.to_parquet()
    return hashlib.sha256(content).hexdigest()
