"""Trials and their results, as JSON files."""

from __future__ import annotations

import json
import math
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from spikegrad.storage.files import atomic
from spikegrad.training.quality import quality

RUNNING, FINISHED, TIMEOUT, MEMORY = "running", "finished", "timeout", "memory"
UNCHANGED = -1
"""Number of the trial that leaves the configuration as it is."""


class RecordError(ValueError):
    """A file of trials is damaged; the message names it and what to do."""


@dataclass(frozen=True)
class Trial:
    """One set of hyperparameters: ``parameters`` by key, and the ``seed`` to train with."""

    number: int
    seed: int
    parameters: dict[str, Any]


@dataclass(frozen=True)
class Record:
    """What has become of a trial so far.

    Attributes
    ----------
    trial
        What was tried.
    outcome
        "running" if it can go on, "finished" after the last rung, else the name of a failure.
    reason
        The message that came with a failure.
    rungs
        For each rung passed: ``epochs`` done, and ``validation_accuracy``, ``validation_loss``,
        ``spikes_per_neuron`` and ``silent_fraction`` of the best epoch among them.
    best
        The same for all epochs done: what the trial counts with, also if it diverged. Empty if no
        epoch was validated, or a limit of the machine ended the trial.
    presentations
        Training samples presented, in all epochs completed.
    seconds
        Wall time spent.
    """

    trial: Trial
    outcome: str
    reason: str
    rungs: tuple[dict[str, float], ...]
    best: dict[str, float]
    presentations: int
    seconds: float

    @property
    def failed(self) -> bool:
        return self.outcome not in (RUNNING, FINISHED)

    @property
    def accuracy(self) -> float:
        """Validation accuracy of the best epoch; 0 without one."""
        return self.best.get("validation_accuracy", 0.0)

    @property
    def quality(self) -> tuple[float, float]:
        """See :func:`training.quality.quality`; a trial without any epoch is the worst."""
        return quality(self.best) if self.best else (0.0, -math.inf)


def best_first(records: Iterable[Record], n: int) -> list[Record]:
    """The ``n`` best records; ties are broken by the lower number."""
    ordered = sorted(records, key=lambda r: r.trial.number)
    return sorted(ordered, key=lambda r: r.quality, reverse=True)[:n]


def write_trials(path: str | Path, trials: Iterable[Trial]) -> None:
    """Write suggestions, whole or not at all."""
    _write(path, [asdict(trial) for trial in trials])


def read_trials(path: str | Path) -> list[Trial]:
    """The suggestions in a file; RecordError if it is damaged."""
    with _naming(path):
        return [Trial(**trial) for trial in json.loads(Path(path).read_text())]


def write_record(path: str | Path, record: Record) -> None:
    """Write one record, whole or not at all."""
    _write(path, asdict(record))


def read_records(folders: Iterable[str | Path]) -> list[Record]:
    """The latest record of each trial, by number; later folders hold later rungs."""
    latest = {}
    for folder in folders:
        for path in Path(folder).glob("*.json"):
            record = _read_record(path)
            latest[record.trial.number] = record
    return [latest[number] for number in sorted(latest)]


def read_runs(folders: Iterable[str | Path]) -> list[Record]:
    """All records, by trial and seed: those of trials that were trained again."""
    paths = [path for folder in folders for path in Path(folder).glob("*.json")]
    return sorted(map(_read_record, paths), key=lambda r: (r.trial.number, r.trial.seed))


def _read_record(path: Path) -> Record:
    with _naming(path):
        values = json.loads(path.read_text())
        trial, rungs = Trial(**values["trial"]), tuple(values["rungs"])
        return Record(**{**values, "trial": trial, "rungs": rungs})


@contextmanager
def _naming(path: str | Path) -> Iterator[None]:
    try:
        yield
    except (ValueError, TypeError, KeyError) as problem:  # cut short, or of another kind
        raise RecordError(
            f"{path}: no whole file of trials ({problem}); delete its folder, and it is made again"
        ) from None


def _write(path: str | Path, content: Any) -> None:
    with atomic(path) as part:
        part.write_text(json.dumps(content, indent=1) + "\n")
