"""Training of trials: in each rung from the start, and longer."""

from __future__ import annotations

import logging
import resource
import signal
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from spikegrad.files import atomic
from spikegrad.layers import warm_up
from spikegrad.seeds import generator
from spikegrad.settings import validate
from study.config.search import Trials
from study.config.training import ModelSettings
from study.data.dataset import SpikeDataset, load
from study.machine import machine
from study.progress import with_progress
from study.search.trial_records import (
    MEASURES,
    MEMORY,
    RUNNING,
    TIMEOUT,
    TrialRecord,
    write_record,
)
from study.storage.provenance import digest
from study.training.loop import DIVERGED, check_answer, metrics_of, train
from study.training.outcomes import FINISHED
from study.training.response import respond
from study.training.run import Run

log = logging.getLogger(__name__)


@dataclass(frozen=True)
class TrialRunner:
    """Trains trials of one neuron model."""

    neuron: str
    settings: ModelSettings  # before a trial changes its parameters
    trials: Trials  # rungs and limits
    data: SpikeDataset  # to train on
    validation: SpikeDataset  # to judge by
    states: Path  # folder of the checkpoints from which the trainings of a killed job go on
    identity: str  # digest of data and code; checkpoints of another one are not used

    @classmethod
    def of_job(
        cls,
        neuron: str,
        trials: Trials,
        model: Mapping[str, Any],
        files: tuple[str | Path, str | Path],
        seed: int,
        code: str,
        states: str | Path,
        inner: int,
    ) -> TrialRunner:
        """With the data in ``files``, events and split, of which the fold ``inner`` validates.

        ``seed`` draws the samples to train on. ``code`` is a digest of the code: another one makes
        checkpoints invalid.
        """
        data = load(*files, "train", inner)
        if trials.samples is not None:
            data = data.draw(trials.samples, generator(seed))
        return cls(
            neuron=neuron,
            settings=validate(ModelSettings, model),
            trials=trials,
            data=data,
            validation=load(*files, "validation", inner),
            states=Path(states),
            identity=digest([*files], f"{code} {seed} {trials.samples} {inner}"),
        )

    def run_all(self, records: Sequence[TrialRecord], rung: int, folder: str | Path) -> list[Path]:
        """Train all trials of ``records`` through ``rung``, and write what has become of them.

        Returns their checkpoints, from which a job that is killed goes on.
        """
        for record in with_progress(records, len(records), f"{self.neuron}, rung {rung}"):
            write_record(folder, self.run(record, rung))
        return [self._state(record) for record in records]

    def run(self, record: TrialRecord, rung: int) -> TrialRecord:
        """Train a trial as long as ``rung`` has it, from its checkpoint if there is one.

        A run that diverges, takes too long or needs too much memory gives a record that says so.
        One that diverged counts with its last whole epoch. Validation samples are asked once, after
        that epoch.
        """
        trials, trial = self.trials, record.trial
        settings = self.settings.with_parameters({**trial.parameters, **trials.fixed(rung)})
        identity = f"{self.identity} {settings.model_dump_json()}"
        start = time.perf_counter()
        success = FINISHED if rung == trials.rungs[-1] else RUNNING
        history: list[dict[str, float]] = []
        last: dict[str, float] = {}
        presented = trials.epochs[rung] * len(self.data)  # if a limit ends it
        made = [machine()]
        # What is compiled may be another processor's.
        network = settings.network
        warm_up([(self.neuron, network.drive, *network.own)])
        try:
            with limits(trials.timeout, trials.memory_mb):
                run = train(
                    settings,
                    self.neuron,
                    trial.seed,
                    self.data,
                    None,
                    self._state(record),
                    identity,
                )
                scores = self._scores(run, settings.training.batch_size)
            outcome = success if run.outcome == FINISHED else run.outcome
            reason, history, made, last = run.reason, run.history, run.made, scores
            presented = run.presentations
        except TrialTimeoutError as error:
            outcome, reason = TIMEOUT, str(error)
        except (MemoryError, RuntimeError) as error:
            if isinstance(error, RuntimeError) and "allocate memory" not in str(error):
                raise  # OtherMachineError among them
            outcome, reason = MEMORY, f"needs more than {trials.memory_mb} MB ({error})"
        if outcome != success:
            log.warning("trial %d: %s (%s)", trial.number, outcome, reason)
        # Epochs that an earlier start had trained took their time as well.
        spent = max(time.perf_counter() - start, sum(row["seconds"] for row in history))
        return TrialRecord(
            trial,
            outcome,
            reason,
            rungs=(*record.rungs, last) if outcome == success else record.rungs,
            last=last,
            epochs=record.epochs + max(len(history) - 1, 0),
            presentations=record.presentations + presented,
            seconds=record.seconds + spent,
            made=tuple(dict.fromkeys([*record.made, *made])),
        )

    def _scores(self, run: Run, batch_size: int) -> dict[str, float]:
        """On the validation samples, after the last whole epoch of ``run``; {} if there was none,
        or the network has no answer to them: then ``run`` has diverged."""
        if run.epochs is None:
            return {}
        run.network.load_state_dict(run.trained)
        answer = respond(run.network, self.validation, batch_size)
        try:
            check_answer(answer, run.epochs)
        except tuple(DIVERGED) as error:
            if run.outcome == FINISHED:
                run.outcome, run.reason = DIVERGED[type(error)], str(error)
            return {}
        metrics = metrics_of(answer, validated=True)
        kept = {name: metrics[name] for name in ("validation_accuracy", *MEASURES)}
        return {"epoch": run.epochs, **kept}

    def _state(self, record: TrialRecord) -> Path:
        return self.states / f"{record.trial.number}-{record.trial.seed}.safetensors"


def run_job(
    records: Sequence[TrialRecord],
    rung: int,
    folder: str | Path,
    runner_of: Callable[[int], TrialRunner],
) -> None:
    """Train ``records`` through ``rung``, each by the runner of its inner fold; write what became
    of them. A job has no records if too many trials of the rung before failed: its folder is empty.
    """
    checkpoints = []
    with atomic(folder) as part:  # else Snakemake, killed, would take a part of a folder for all
        part.mkdir()
        for inner in sorted({record.trial.inner for record in records}):
            own = [record for record in records if record.trial.inner == inner]
            checkpoints += runner_of(inner).run_all(own, rung, part)
    for checkpoint in checkpoints:  # last: a job that is killed begins with its first record again
        checkpoint.unlink(missing_ok=True)


def limited_trials(settings: Mapping[str, Any], limits: Any) -> Trials:
    """Settings of trials, of which the limits come as resources of a job."""
    own = {"timeout": limits.trial_seconds, "memory_mb": limits.trial_mb}
    return validate(Trials, {**settings, **own})


class TrialTimeoutError(Exception):
    """A trial has had its time; no OSError, as the TimeoutError of a file system is."""


@contextmanager
def limits(cpu_seconds: float, memory_mb: int) -> Iterator[None]:
    """Raise TrialTimeoutError after ``cpu_seconds``; let allocations beyond ``memory_mb`` fail.

    CPU time, of all threads: what else runs on the machine does not matter. For the main thread.
    """

    up = TrialTimeoutError(f"more than {cpu_seconds:g} s of CPU time in one rung")
    raised = []

    def stop(*_: object) -> None:
        raised.append(up)
        raise up

    before = signal.signal(signal.SIGPROF, stop)
    memory = resource.getrlimit(resource.RLIMIT_DATA)
    resource.setrlimit(resource.RLIMIT_DATA, (memory_mb * 2**20, memory[1]))
    # And again each second: where Python ignores exceptions, as in a finaliser, one may be lost.
    signal.setitimer(signal.ITIMER_PROF, cpu_seconds, 1.0)
    try:
        try:
            yield
        except (SystemError, TypeError) as error:
            if raised:  # Numba's, if the signal came while it took arguments apart
                raise up from error
            raise
        finally:
            signal.setitimer(signal.ITIMER_PROF, 0)
    finally:  # also if time is up just then
        resource.setrlimit(resource.RLIMIT_DATA, memory)
        signal.signal(signal.SIGPROF, before)
