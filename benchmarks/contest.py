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
from typing import Any, NamedTuple

from tqdm import tqdm

from contestant import Task
from environments import InstallationError, python_of

HERE = Path(__file__).parent
# For peers, which loop in torch all the time; `import spikegrad` makes its idle threads sleep.
SPINNING = {name: value for name, value in os.environ.items() if name != "OMP_WAIT_POLICY"}
PAUSE = 0.05  # seconds before a round, in which the threads of the one before come to rest
START_LIMIT, ROUND_LIMIT = 120.0, 60.0  # seconds
# A contestant that took longer than this for its first rounds sits out the rest.
PATIENCE, FEWEST_ROUNDS = 15.0, 3


class Entry(NamedTuple):
    """One row of the table: who does what."""

    name: str
    script: str
    task: Task
    peer: str | None = None
    """Whose environment it runs in; None for the present one."""


class ContestantError(RuntimeError):
    """A contestant does not answer; the message is the last line that it printed."""


class Contestant:
    """A running process of the protocol of contestant.py."""

    def __init__(self, entry: Entry) -> None:
        python = python_of(entry.peer) if entry.peer else Path(sys.executable)
        self.seconds: list[float] = []
        self.errors = tempfile.TemporaryFile("w+")  # noqa: SIM115  closed by stop
        reader, writer = os.pipe()
        self.answers = os.fdopen(reader)
        self.process = subprocess.Popen(
            [python, HERE / entry.script, json.dumps(entry.task._asdict()), str(writer)],
            stdin=subprocess.PIPE,
            stdout=self.errors,
            stderr=self.errors,
            pass_fds=[writer],
            text=True,
            env=os.environ if entry.script == "engine.py" else SPINNING,
        )
        os.close(writer)

    def answer(self, limit: float) -> dict[str, Any]:
        """The next answer, which has to come within ``limit`` seconds."""
        timer = threading.Timer(limit, self.process.kill)
        timer.start()
        line = self.answers.readline()
        timer.cancel()
        if line:
            return json.loads(line)
        code = self.process.wait()
        if code == -9:
            raise ContestantError(f"killed, perhaps for taking longer than {limit:g} s")
        self.errors.seek(0)
        lines = self.errors.read().strip().splitlines()
        raise ContestantError(lines[-1] if lines else f"exit code {code}")

    def run_round(self) -> None:
        if len(self.seconds) >= FEWEST_ROUNDS and sum(self.seconds) > PATIENCE:
            return
        time.sleep(PAUSE)
        self.process.stdin.write("\n")
        self.process.stdin.flush()
        self.seconds.append(self.answer(ROUND_LIMIT)["seconds"])

    def finish(self) -> float:
        """Its peak memory in MB."""
        self.process.stdin.close()
        peak = self.answer(ROUND_LIMIT)["peak_memory"]
        self.process.wait()
        return peak

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
    except (ContestantError, InstallationError, BrokenPipeError) as error:
        row["problem"] = str(error)


def compete(entries: Iterable[Entry], n_rounds: int) -> list[dict[str, Any]]:
    """One row for each entry; one that fails has the reason in its column ``problem``."""
    rows: list[dict[str, Any]] = []
    running: list[tuple[dict[str, Any], Contestant]] = []
    try:
        for entry in entries:
            task = entry.task
            row = {"network": task.network, "contestant": entry.name, "resolution": task.resolution}
            rows.append({**row, "batch": task.batch, "problem": "", "seconds": []})
            with noting(rows[-1]):
                running.append((rows[-1], Contestant(entry)))
        for row, contestant in running:
            with noting(row):
                row.update(contestant.answer(START_LIMIT))
        for _ in tqdm(range(n_rounds), f"contest: {rows[0]['network']}", disable=None):
            for row, contestant in running:
                if not row["problem"]:
                    with noting(row):
                        contestant.run_round()
        for row, contestant in running:
            row["seconds"] = contestant.seconds
            if not row["problem"]:
                with noting(row):
                    row["peak_memory"] = contestant.finish()
    finally:
        for _, contestant in running:
            contestant.stop()
    return rows


OURS = {
    "LIF": ("lif", 0.0),
    "QIF": ("qif", 0.0),
    "driven QIF": ("qif", 0.5),
    "δ-QIF": ("qif_delta", 0.5),
}
PLAIN = ("LIF", "QIF")
GRIDS = (1e-3, 4e-3)
CLOCKED = {
    "Spyx": "spyx",
    "jaxpike": "jaxpike",
    "plain torch loop": None,
    "snnTorch": "snntorch",
    "Norse": "norse",
    "SpikingJelly": "spikingjelly",
}
# All peers run these networks; the others are run by the fastest, on the finer grid.
MAIN = ("rec128", "ff256")
FASTEST = ("Spyx", "jaxpike", "plain torch loop")
# As the field's best networks have them: fewer channels, a line of delays, two layers.
COARSE = (
    Task(128, True, 4e-3, 32, channels=140),
    Task(128, True, 1e-2, 32, channels=140),
    Task(256, True, 4e-3, 32, channels=140, copies=10),
    Task(512, False, 1e-3, 32, layers=2),
    Task(128, True, 4e-3, 256, channels=140),
)


def ours(kind: str, task: Task) -> Entry:
    neuron, drive = OURS[kind]
    own = task._replace(neuron=neuron, drive=drive)
    return Entry(f"spikegrad {kind}", "engine.py", own)


def own_clocked(kind: str, task: Task) -> Entry:
    return ours(kind, task._replace(clocked=True))._replace(name=f"spikegrad clocked {kind}")


def ours_later(kind: str, task: Task) -> Entry:
    return ours(kind, task._replace(later=True))._replace(name=f"spikegrad {kind}, a step later")


def clocked(name: str, task: Task) -> Entry:
    return Entry(name, f"peer_{CLOCKED[name] or 'torch'}.py", task, CLOCKED[name])


def entries(
    hidden: int, recurrent: bool, batch: int, grids: tuple[float, ...] = GRIDS
) -> list[Entry]:
    """All contestants of one network, ours first."""
    full = Task(hidden, recurrent, None, batch)
    on_grids = [full._replace(step=step) for step in grids]
    main = full.network in MAIN
    mine = [ours(kind, task) for kind in (OURS if main else PLAIN) for task in (full, *on_grids)]
    if recurrent:
        mine += [ours_later(kind, on_grids[0]) for kind in PLAIN]
    if not main:
        return [*mine, *(clocked(name, on_grids[0]) for name in FASTEST)]
    peers = [own_clocked(kind, task) for kind in PLAIN for task in on_grids]
    peers += [clocked(name, task) for task in on_grids for name in CLOCKED]
    # A sample takes jaxsnn about a second, so a batch is two.
    return [*mine, *peers, Entry("jaxsnn", "peer_jaxsnn.py", full._replace(batch=2), "jaxsnn")]


def coarse(task: Task) -> list[Entry]:
    """Both neuron models, the clocked layer, and the fastest peers on the same grid."""
    mine = [ours(kind, task) for kind in PLAIN]
    return [*mine, own_clocked("LIF", task), *(clocked(name, task) for name in FASTEST)]


def full_resolution(batch: int) -> list[Entry]:
    """For what a larger batch gains and takes in memory, beside the clocked peer of the bars."""
    full = Task(128, True, None, batch)
    mine = [ours(kind, full) for kind in PLAIN]
    return [*mine, clocked("Spyx", full._replace(step=GRIDS[0]))]
