"""Processes forked from one that has imported what Snakemake and the study's scripts need.

A process that starts anew spends seconds on imports; these take what their work takes.
"""

from __future__ import annotations

import atexit
import multiprocessing
import os
import runpy
import subprocess
import sys
from collections.abc import Callable, Mapping
from contextlib import nullcontext
from multiprocessing.connection import wait
from multiprocessing.context import ForkServerProcess
from pathlib import Path
from threading import Lock
from typing import Any

# Libraries only: each copy of the repository has modules of its own.
IMPORTED = ["snakemake.cli", "snakemake_executor_plugin_slurm"]
IMPORTED += ["torch", "numba", "pandas", "pyarrow.parquet", "h5py", "optuna", "jinja2"]
IMPORTED += ["matplotlib.pyplot", "seaborn", "scipy.stats", "scipy.optimize"]

_forks = multiprocessing.get_context("forkserver")
_forks.set_forkserver_preload(IMPORTED)

_ASKING = Lock()
"""Whoever starts a process asks all others whether they have ended. A status can be read once only:
two threads that read the same get an end of file, which counts as exit status 255."""


def fork(target: Callable[..., None], *arguments: Any) -> ForkServerProcess:
    """Start ``target(*arguments)`` in a fork."""
    process = _forks.Process(target=target, args=arguments)
    with _ASKING:
        process.start()
    return process


def join(process: ForkServerProcess) -> int:
    """Wait for a fork, in any thread; its exit status."""
    wait([process.sentinel])
    with _ASKING:
        process.join()
    return int(process.exitcode)


def _say_in(out: Path, err: Path) -> None:
    """Append what this process prints to two files."""
    for number, file in enumerate((out, err), start=1):
        os.dup2(os.open(file, os.O_WRONLY | os.O_CREAT | os.O_APPEND), number)


def run_script(
    script: Path,
    folder: Path,
    out: Path,
    err: Path,
    environment: Mapping[str, str],
) -> None:
    """What ``python script`` does in ``folder``; the process ends with it."""
    os.chdir(folder)
    os.environ.clear()
    os.environ.update(environment)
    _say_in(out, err)
    sys.argv = [str(script)]
    status = 0
    try:
        runpy.run_path(str(script), run_name="__main__")
    except SystemExit as end:
        status = int(bool(end.code))
    except BaseException:
        sys.excepthook(*sys.exc_info())
        status = 1
    finally:
        atexit._run_exitfuncs()
        sys.stdout.flush()
        sys.stderr.flush()
    os._exit(status)


def run_snakemake(project: Path, arguments: list[str], out: Path, err: Path) -> None:
    """What ``python -m snakemake`` does in ``project``, with forks for its jobs' processes."""
    _say_in(out, err)
    os.chdir(project)
    # Here: forks have it, who imports this file does not wait.
    from snakemake.benchmark import benchmarked
    from snakemake.cli import main
    from snakemake.script import PythonScript

    def execute_script(self: Any, name: str, edit: bool = False) -> None:
        process = fork(run_script, Path(name), Path.cwd(), out, err, dict(os.environ))
        record = self.bench_record
        with benchmarked(process.pid, record) if record is not None else nullcontext():
            status = join(process)
        if status:
            raise subprocess.CalledProcessError(status, name)

    PythonScript.execute_script = execute_script
    main(arguments)
