"""The contest: contestants in processes and environments of their own run their rounds by turns.

All contestants of a network make ready together; then, round by round, each runs updates for some
tenths of a second while the others wait, so that whatever slows the machine slows all of them.
"""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
import tempfile
import time
import tomllib
from collections.abc import Iterable
from contextlib import suppress
from pathlib import Path
from typing import Any

from tqdm import tqdm

from contestant import N_UNITS, Task, measured

HERE = Path(__file__).parent
PEERS: dict[str, dict[str, Any]] = tomllib.loads((HERE / "peers.toml").read_text())
# For peers, which loop in torch all the time; `import spikegrad` makes its idle threads sleep.
SPINNING = {name: value for name, value in os.environ.items() if name != "OMP_WAIT_POLICY"}
PAUSE = 0.05  # seconds before a round, in which the threads of the one before come to rest

FASTEST = ("spyx", "jaxpike", "torch")
CLOCKED = (*FASTEST, "snntorch", "norse", "spikingjelly")
# Networks, on the grid of the clocked peers that run them beside spikegrad.
NETWORKS = (
    (Task(128, True, 1e-3), (*CLOCKED, "jaxsnn", "eventax")),
    (Task(256, False, 1e-3), CLOCKED),
    (Task(512, True, 1e-3), FASTEST),
    (Task(128, True, 4e-3, channels=140), FASTEST),
    (Task(256, True, 4e-3, channels=140, copies=10), FASTEST),
    (Task(128, True, 1e-3, batch=128), ("spyx",)),
)
SMALL = (Task(16, True, 4e-3, batch=2, channels=140), CLOCKED)
# They know no grid, and a sample takes them seconds.
ONLY = {"jaxsnn": {"step": None, "batch": 2}, "eventax": {"step": None, "batch": 1}}


def python_of(peer: str) -> Path | None:
    """The interpreter that runs a peer; None if its environment is not there as pinned."""
    folder, pins = HERE / ".venvs" / peer, PEERS[peer]["pins"]
    if not pins:
        return Path(sys.executable)
    ready = folder / "pins.txt"
    built = ready.exists() and ready.read_text().split() == pins
    return folder / "bin" / "python" if built else None


def install(peer: str) -> None:
    """Build a peer's environment unless it is there. Where pip fails, it says why, and none is."""
    if python_of(peer):
        return
    folder, pins = HERE / ".venvs" / peer, PEERS[peer]["pins"]
    shutil.rmtree(folder, ignore_errors=True)
    subprocess.run([sys.executable, "-m", "venv", folder], check=True)
    command = [folder / "bin" / "python", "-m", "pip", "install", "--quiet", *pins]
    if subprocess.run(command).returncode == 0:
        (folder / "pins.txt").write_text("\n".join(pins))


def contestants(task: Task, peers: Iterable[str]) -> list[Task]:
    """What each of a network's contestants does, spikegrad's first."""
    variants = [task._replace(step=None)] if task.channels == N_UNITS else []
    variants.append(task)
    if task.recurrent:
        variants.append(task._replace(variant="a step later"))
    own = [t._replace(neuron=neuron) for t in variants for neuron in ("lif", "qif")]
    own.append(task._replace(variant="clocked"))
    return own + [task._replace(peer=peer, **ONLY.get(peer, {})) for peer in peers]


class Contestant:
    """A running process of the protocol of contestant.py, and its row of the table."""

    def __init__(self, task: Task) -> None:
        own = f"spikegrad {task.neuron.upper()} {task.variant}".rstrip()
        self.row: dict[str, Any] = {
            "job": task.network,
            "events": f"{1000 * task.step:g} ms" if task.step else "full",
            "batch": task.batch,
            "contestant": PEERS[task.peer]["name"] if task.peer else own,
        }
        self.seconds: list[float] = []
        python = python_of(task.peer) if task.peer else Path(sys.executable)
        if python is None:
            self.row["problem"] = "not installed"
            return
        script = f"peer_{task.peer}.py" if task.peer else "engine.py"
        self.errors = tempfile.TemporaryFile("w+")  # noqa: SIM115  lives as long as the process
        reader, writer = os.pipe()
        self.answers = os.fdopen(reader)
        self.process = subprocess.Popen(
            [python, HERE / script, json.dumps(task._asdict()), str(writer)],
            stdin=subprocess.PIPE,
            stdout=self.errors,
            stderr=self.errors,
            pass_fds=[writer],
            env=SPINNING if task.peer else os.environ,
        )
        os.close(writer)

    def answer(self) -> dict[str, Any]:
        """The next answer; of a process that ends instead, the last line becomes its problem."""
        if "problem" in self.row:
            return {}
        if line := self.answers.readline():
            return json.loads(line)
        code = self.process.wait()
        self.errors.seek(0)
        self.row["problem"] = [f"exit code {code}", *self.errors.read().strip().splitlines()][-1]
        return {}

    def run_round(self) -> None:
        if "problem" not in self.row:
            time.sleep(PAUSE)
            with suppress(BrokenPipeError):  # of a process that died, whose answer says so
                os.write(self.process.stdin.fileno(), b"\n")
            self.seconds += self.answer().values()

    def finish(self) -> dict[str, Any]:
        """Its row, with what was measured."""
        if "problem" not in self.row:
            self.process.stdin.close()
            if memory := self.answer():
                self.row |= memory | measured(self.seconds, self.row["batch"])
            self.process.wait()
        return self.row


def compete(tasks: Iterable[Task], n_rounds: int) -> list[dict[str, Any]]:
    """A row of the table for each contestant; one that fails has the reason as ``problem``."""
    running = [Contestant(task) for task in tasks]
    for contestant in running:
        contestant.answer()
    for _ in tqdm(range(n_rounds), running[0].row["job"], disable=None):
        for contestant in running:
            contestant.run_round()
    return [contestant.finish() for contestant in running]
