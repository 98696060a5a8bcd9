"""The contest: contestants in processes of their own run their rounds by turns.

All contestants of a network make ready together; then, round by round, each runs two updates while
the others wait, of which the second counts, so that whatever slows the machine slows all of them.
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from tqdm import tqdm

from contestant import N_UNITS, Task, measured
from environments import PEERS, python_of

HERE = Path(__file__).parent
# For peers, which loop in torch all the time; `import spikegrad` makes its idle threads sleep.
SPINNING = {name: value for name, value in os.environ.items() if name != "OMP_WAIT_POLICY"}
PAUSE = 0.05  # seconds before a round, in which the threads of the one before come to rest
LIMIT = 300.0  # seconds for an answer; the first one may have to wait for a compiler
# A contestant that took longer than this for its first rounds sits out the rest.
PATIENCE, FEWEST_ROUNDS = 15.0, 3

FASTEST = ("spyx", "jaxpike", "torch")
CLOCKED = (*FASTEST, "snntorch", "norse", "spikingjelly")
# Networks, on the grid of the clocked peers that run them beside spikegrad.
NETWORKS = (
    (Task(128, True, 1e-3), (*CLOCKED, "jaxsnn")),
    (Task(256, False, 1e-3), CLOCKED),
    (Task(512, True, 1e-3), FASTEST),
    (Task(128, True, 4e-3, channels=140), FASTEST),
    (Task(256, True, 4e-3, channels=140, copies=10), FASTEST),
    (Task(128, True, 1e-3, batch=128), ("spyx",)),
)
SMALL = (Task(16, True, 4e-3, batch=2, channels=140), CLOCKED)
# It knows no grid, and a sample takes it about a second.
ONLY = {"jaxsnn": {"step": None, "batch": 2}}


def contestants(task: Task, peers: Iterable[str]) -> list[Task]:
    """What each of a network's contestants does, spikegrad's first."""
    variants = [task._replace(step=None)] if task.channels == N_UNITS else []
    variants.append(task)
    if task.recurrent:
        variants.append(task._replace(variant="a step later"))
    own = [t._replace(neuron=neuron) for t in variants for neuron in ("lif", "qif")]
    own.append(task._replace(variant="clocked"))
    return own + [task._replace(peer=peer, **ONLY.get(peer, {})) for peer in peers]


class ContestantError(RuntimeError):
    """A contestant is absent or does not answer; the message says which, or its last line."""


class Contestant:
    """A running process of the protocol of contestant.py."""

    def __init__(self, task: Task) -> None:
        python = python_of(task.peer) if task.peer else sys.executable
        if python is None:
            raise ContestantError("not installed")
        script = f"peer_{task.peer}.py" if task.peer else "engine.py"
        self.seconds: list[float] = []
        self.errors = tempfile.TemporaryFile("w+")  # noqa: SIM115  closed by stop
        reader, writer = os.pipe()
        self.answers = os.fdopen(reader)
        self.process = subprocess.Popen(
            [python, HERE / script, json.dumps(task._asdict()), str(writer)],
            stdin=subprocess.PIPE,
            stdout=self.errors,
            stderr=self.errors,
            pass_fds=[writer],
            text=True,
            env=SPINNING if task.peer else os.environ,
        )
        os.close(writer)

    def answer(self) -> dict[str, Any]:
        """The next answer, which has to come within :data:`LIMIT`."""
        timer = threading.Timer(LIMIT, self.process.kill)
        timer.start()
        line = self.answers.readline()
        timer.cancel()
        if line:
            return json.loads(line)
        code = self.process.wait()
        if code == -9:
            raise ContestantError(f"killed, perhaps for taking longer than {LIMIT:g} s")
        self.errors.seek(0)
        lines = self.errors.read().strip().splitlines()
        raise ContestantError(lines[-1] if lines else f"exit code {code}")

    def run_round(self) -> None:
        if len(self.seconds) >= FEWEST_ROUNDS and sum(self.seconds) > PATIENCE:
            return
        time.sleep(PAUSE)
        self.process.stdin.write("\n")
        self.process.stdin.flush()
        self.seconds.append(self.answer()["seconds"])

    def stop(self) -> None:
        self.process.kill()
        self.process.wait()
        self.answers.close()
        self.errors.close()


@contextmanager
def noting(row: dict[str, Any]) -> Iterator[None]:
    """Put why a contestant fails into its row, instead of ending the contest."""
    try:
        yield
    except (ContestantError, BrokenPipeError) as error:
        row["problem"] = str(error)


def compete(tasks: Iterable[Task], n_rounds: int) -> list[dict[str, Any]]:
    """A row of the table for each contestant; one that fails has the reason as ``problem``."""
    rows: list[dict[str, Any]] = []
    running: list[tuple[dict[str, Any], Contestant]] = []
    try:
        for task in tasks:
            own = f"spikegrad {task.neuron.upper()} {task.variant}".rstrip()
            row = {
                "job": task.network,
                "events": f"{1000 * task.step:g} ms" if task.step else "full",
                "batch": task.batch,
                "contestant": PEERS[task.peer]["name"] if task.peer else own,
            }
            rows.append(row)
            with noting(row):
                running.append((row, Contestant(task)))
        for row, contestant in running:
            with noting(row):
                contestant.answer()
        for _ in tqdm(range(n_rounds), rows[0]["job"], disable=None):
            for row, contestant in running:
                if "problem" not in row:
                    with noting(row):
                        contestant.run_round()
        for row, contestant in running:
            if "problem" not in row:
                with noting(row):
                    contestant.process.stdin.close()
                    row["peak_memory"] = contestant.answer()["peak_memory"]
                    row.update(measured(contestant.seconds, row["batch"]))
    finally:
        for _, contestant in running:
            contestant.stop()
    return rows
