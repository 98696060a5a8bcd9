"""Trials and their results as JSON files, and which of them go on from rung to rung."""

from __future__ import annotations

import json
import math
from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import asdict, dataclass, field
from itertools import islice, pairwise
from pathlib import Path
from typing import Any

from spikegrad.files import atomic
from study.config.search import Halving
from study.progress import share
from study.training.outcomes import FINISHED

RUNNING, TIMEOUT, MEMORY = "running", "timeout", "memory"
UNCHANGED = -1
"""Number of what stands in for finalists where there are none: the configuration as it is."""
MEASURES = ("validation_loss", "spikes_per_neuron", "silent_fraction")
REMEDY = "; delete its folder, and snakemake makes it again"


class RecordError(ValueError):
    """A file of trials is damaged, lost or too many; the message names it and what to do."""


@dataclass(frozen=True)
class Trial:
    """One set of hyperparameters: ``parameters`` by key, and the ``seed`` to train with."""

    number: int
    seed: int
    parameters: dict[str, Any]
    generation: int = 0  # of trials that were suggested together
    inner: int = 0  # the inner fold of speakers whose samples it is validated on


@dataclass(frozen=True)
class TrialRecord:
    """What has become of a trial so far; before its first rung, nothing but the trial is known."""

    trial: Trial
    outcome: str = RUNNING  # if it can go on; finished after the last rung, else a failure's name
    reason: str = ""  # the message that came with a failure
    rungs: tuple[dict[str, float], ...] = ()
    """For each rung passed: ``epoch``, ``validation_accuracy`` and :data:`MEASURES` after the last
    epoch of its training."""
    last: dict[str, float] = field(default_factory=dict)
    """The same after the last whole epoch of the last training: what the trial counts with, also if
    it diverged. Empty if there was no such epoch, every validation sample runs away after it, or a
    limit of the machine ended the trial."""
    epochs: int = 0  # completed, in the trainings of all rungs
    presentations: int = 0
    """Training samples presented in these. A rung that a limit of the machine ended counts as a
    whole one: what it had presented is not known."""
    seconds: float = 0.0  # wall time, in all starts
    made: tuple[str, ...] = ()  # the machines that had a part in it, see study.machine.machine

    @property
    def failed(self) -> bool:
        return self.outcome not in (RUNNING, FINISHED)

    @property
    def accuracy(self) -> float:
        """Validation accuracy after the last whole epoch; 0 without one."""
        return self.last.get("validation_accuracy", 0.0)

    @property
    def quality(self) -> tuple[float, float]:
        """Larger is better: validation accuracy, then the lower loss; no epoch is the worst."""
        return self.accuracy, -self.last.get("validation_loss", math.inf)


def best_first(records: Iterable[TrialRecord], n: int) -> list[TrialRecord]:
    """The ``n`` best records; ties are broken by the lower number."""
    ordered = sorted(records, key=lambda r: r.trial.number)
    return sorted(ordered, key=lambda r: r.quality, reverse=True)[:n]


def entrants(records: Sequence[TrialRecord], width: int) -> list[TrialRecord]:
    """Those of all ``records`` of a generation's rung that enter the next, ``width`` at most."""
    return best_first([r for r in records if r.outcome == RUNNING], width)


@dataclass(frozen=True)
class Generation:
    """What is trained next: ``trials`` that were suggested together, or, of the ``final``
    generation, the search's trials that may become finalists, best first."""

    trials: tuple[Trial, ...]
    final: bool = False


def write_generation(path: str | Path, generation: Generation) -> None:
    _write(path, asdict(generation))


def read_generation(path: str | Path) -> Generation:
    """The generation in a file; RecordError if it is damaged."""
    with _naming(path):
        values = json.loads(Path(path).read_text())
        return Generation(tuple(Trial(**trial) for trial in values["trials"]), values["final"])


def write_record(folder: str | Path, record: TrialRecord) -> None:
    _write(_file(folder, record.trial), asdict(record))


def read_records(folders: Sequence[str | Path], trials: Sequence[Trial]) -> list[TrialRecord]:
    """The records of ``trials``, which the jobs with these folders have shared out, in order;
    RecordError if one is absent, damaged or of another trial, or there is one more."""
    found: dict[tuple[int, int], TrialRecord] = {}
    for job, folder in enumerate(folders):
        expected = {_file(folder, trial): trial for trial in share(trials, job, len(folders))}
        for path in Path(folder).glob("[!.]*.json"):
            if path not in expected:
                raise RecordError(f"{path}: no trial that should be there" + REMEDY)
        for path, trial in expected.items():
            if not path.exists():
                raise RecordError(f"{path}: this trial's record is lost" + REMEDY)
            record = _read_record(path)
            if record.trial != trial:
                raise RecordError(f"{path}: a record of other parameters than suggested" + REMEDY)
            found[trial.number, trial.seed] = record
    return [found[trial.number, trial.seed] for trial in trials]


def read_rungs(
    files: Sequence[str | Path], halving: Halving
) -> Iterator[tuple[list[TrialRecord], list[TrialRecord]]]:
    """Of each rung of a generation: its records, and those that enter the next rung.

    ``files`` are the generation's suggestions, and the folders of the jobs of all rungs done, in
    order. First come no records, and all trials, which enter the first rung. Raises RecordError if
    the records are not those of the trials that must be there.
    """
    entering = [TrialRecord(trial) for trial in read_generation(files[0]).trials]
    trials = len(entering)
    yield [], entering
    folders = iter(files[1:])
    for rung in halving.rungs:
        own = list(islice(folders, halving.jobs(rung, trials)))
        if not own:
            return
        done = read_records(own, [record.trial for record in entering])
        last = rung == halving.rungs[-1]
        if any(record.outcome == (RUNNING if last else FINISHED) for record in done):
            raise RecordError(
                f"{Path(own[0]).parent}: its trials are of other search.trials.epochs" + REMEDY
            )
        entering = entrants(done, halving.width(rung + 1, trials))
        yield done, entering


def read_search(files: Sequence[str | Path], halving: Halving) -> list[TrialRecord]:
    """The latest record of each trial of whole generations, by number.

    ``files`` are those of all generations in order, each as :func:`read_rungs` is given them.
    """
    starts = [place for place, file in enumerate(files) if Path(file).suffix == ".json"]
    latest = {
        record.trial.number: record
        for first, end in pairwise([*starts, len(files)])
        for done, _ in read_rungs(files[first:end], halving)
        for record in done
    }
    return [latest[number] for number in sorted(latest)]


def _file(folder: str | Path, trial: Trial) -> Path:
    return Path(folder) / f"{trial.number}-{trial.seed}.json"


def _read_record(path: Path) -> TrialRecord:
    with _naming(path):
        values = json.loads(path.read_text())
        lists = {name: tuple(values[name]) for name in ("rungs", "made")}
        return TrialRecord(**{**values, **lists, "trial": Trial(**values["trial"])})


@contextmanager
def _naming(path: str | Path) -> Iterator[None]:
    try:
        yield
    except (ValueError, TypeError, KeyError) as problem:  # cut short, or of another kind
        raise RecordError(f"{path}: no whole file of trials ({problem})" + REMEDY) from None


def _write(path: str | Path, content: Any) -> None:
    with atomic(path) as part:
        part.write_text(json.dumps(content, indent=1) + "\n")
