"""Single jobs of a finished study, run again in forks."""

from __future__ import annotations

import ast
import os
import pickle
import platform
import re
import resource
import shutil
import signal
import sys
import time
from collections.abc import Callable, Iterable
from multiprocessing.context import ForkServerProcess
from pathlib import Path
from typing import Any

import psutil

from faults import Project, digest
from forks import KEPT, fork, run_script

LONGEST = 60.0
"""Seconds after which a process hangs: libraries may, where no thread can be started."""


def die_at_rename(number: int) -> None:
    """SIGKILL just before the process gives a file its name, for the ``number``-th time."""
    rename, left = os.replace, iter(range(number, 0, -1))

    def replace(*arguments: Any, **options: Any) -> None:
        if next(left, 0) == 1:
            os.kill(os.getpid(), signal.SIGKILL)
        rename(*arguments, **options)

    os.replace = replace  # type: ignore[assignment]


def limit_files(size: int) -> None:
    """No file can grow beyond ``size`` bytes, as on a disk that is full then."""
    signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
    resource.setrlimit(resource.RLIMIT_FSIZE, (size, size))


def limit_memory(size: int) -> None:
    """The process can have ``size`` bytes more than it has now."""
    limit = psutil.Process().memory_info().vms + size
    resource.setrlimit(resource.RLIMIT_AS, (limit, limit))


def not_wait() -> None:
    """Do not wait for a sum that another machine might have written."""
    sys.path[:0] = [f"{os.getcwd()}/src", f"{os.getcwd()}/workflow"]
    from study.storage import sums  # the study's own, as all that its jobs import

    sums.verify.__defaults__ = (0.0,)


Prepare = Callable[[], None]
"""What is done to a process before its job begins."""


class Job:
    """One job of a finished study."""

    def __init__(self, project: Project, script: Path) -> None:
        self.project, self.script = project, script
        line = script.read_text().splitlines()[1]
        values = re.search(r"pickle\.loads\((b.*?)\);from snakemake", line)
        assert values is not None, line
        self.given = pickle.loads(ast.literal_eval(values[1]))  # noqa: S301 (written just now)
        self.rule: str = self.given.rule
        self.outputs = [Path(name) for name in self.given.output]
        self.inputs = [Path(name) for name in self.given.input]
        self.seconds = float("nan")

    def start(self, prepare: Prepare | None = None) -> ForkServerProcess:
        self.messages.unlink(missing_ok=True)
        folder, said = self.project.folder, self.messages
        return fork(run_script, self.script, folder, said, said, dict(os.environ), prepare)

    def run(self, prepare: Prepare | None = None) -> int:
        """Run to the end; the exit status, negative if a signal ended it.

        A process that hangs is killed, as by its rule's ``runtime`` on a cluster.
        """
        start = time.monotonic()
        process = self.start(prepare)
        process.join(LONGEST)
        if process.exitcode is None:
            process.kill()
            process.join()
        self.seconds = time.monotonic() - start
        return int(process.exitcode)

    @property
    def messages(self) -> Path:
        return self.project.folder / "job.log"

    def files(self) -> dict[Path, str]:
        """The digests of all files among the outputs."""
        return {file: digest(file) for file in self._files(self.outputs)}

    def read(self) -> list[Path]:
        """The files among the inputs that other jobs have written."""
        return self._files([name for name in self.inputs if name.parts[0] == "results"])

    def _files(self, names: Iterable[Path]) -> list[Path]:
        found = []
        for name in (self.project.folder / name for name in names):
            inside = sorted(name.rglob("*")) if name.is_dir() else [name]
            found += [f for f in inside if f.is_file() and not f.name.startswith(".snakemake")]
        return found

    def left_behind(self) -> list[Path]:
        """Temporary files beside the outputs."""
        folders = {(self.project.folder / output).parent for output in self.outputs}
        return [left for folder in folders for left in folder.glob(f".{platform.node()}.*")]

    def remove_outputs(self) -> None:
        """As Snakemake does with those of a job that has failed."""
        for output in (self.project.folder / output for output in self.outputs):
            shutil.rmtree(output) if output.is_dir() else output.unlink(missing_ok=True)


def kept_jobs(project: Project) -> list[Job]:
    """The jobs whose scripts were kept and whose inputs are there, in an order that stays."""
    jobs = [Job(project, script) for script in (project.folder / KEPT).glob("*.py")]
    whole = [job for job in jobs if all((project.folder / name).exists() for name in job.inputs)]
    return sorted(whole, key=lambda job: (job.rule, [str(output) for output in job.outputs]))
