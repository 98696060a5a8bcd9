"""Training of trials: in each rung from the start, and longer."""

from __future__ import annotations

import logging
import resource
import signal
import time
from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from spikegrad.layers import warm_up
from spikegrad.seeds import generator
from spikegrad.settings import validate
from study.config.search import Trials
from study.config.training import ModelSettings
from study.data.dataset import SpikeDataset, load
from study.machine import machine
from study.search.halving import start_records
from study.search.records import (
    FINISHED,
    MEMORY,
    RUNNING,
    TIMEOUT,
    Record,
    Trial,
)
from study.storage.provenance import digest
from study.training.loop import train
from study.training.quality import quality

log = logging.getLogger(__name__)


@dataclass(frozen=True)
class Bench:
    """What all trials of one neuron model share.

    Attributes
    ----------
    neuron
        Neuron model.
    settings
        The model before a trial changes its parameters.
    options
        Rungs and limits.
    data, validation
        To train on, and to judge by.
    states
        Folder of the checkpoints from which the trainings of a killed job go on.
    identity
        Digest of data and code; checkpoints of another one are not used.
    """

    neuron: str
    settings: ModelSettings
    options: Trials
    data: SpikeDataset
    validation: SpikeDataset
    states: Path
    identity: str

    def state_of(self, trial: Trial) -> Path:
        """The checkpoint of ``trial``."""
        return self.states / f"{trial.number}-{trial.seed}.safetensors"

    def remove_checkpoints(self, records: Iterable[Record]) -> None:
        """Remove the checkpoints of ``records``."""
        for record in records:
            self.state_of(record.trial).unlink(missing_ok=True)


def limited_trials(settings: Mapping[str, Any], limits: Any) -> Trials:
    """Settings of trials, of which the limits come as resources of a job."""
    own = {"timeout": limits.trial_seconds, "memory_mb": limits.trial_mb}
    return validate(Trials, {**settings, **own})


def open_bench(
    neuron: str,
    settings: ModelSettings,
    options: Trials,
    events: str | Path,
    seed: int,
    code: str,
    states: Path,
) -> Bench:
    """The bench of a job: the data in ``events``, of which ``seed`` draws the samples to train on.

    ``code`` is a digest of the code: another one makes checkpoints invalid.
    """
    data = load(events, "train")
    if options.samples is not None and options.samples < len(data):
        data = data.draw(options.samples, generator(seed))
    return Bench(
        neuron=neuron,
        settings=settings,
        options=options,
        data=data,
        validation=load(events, "validation"),
        states=states,
        identity=digest([events], f"{code} {seed} {options.samples}"),
    )


def run_rung(bench: Bench, record: Record, rung: int) -> Record:
    """Train a trial as long as ``rung`` has it, from its checkpoint if there is one.

    A run that diverges, takes too long or needs too much memory gives a record that says so. One
    that diverged keeps the best epoch that it had reached, in this rung or before.
    """
    options, trial = bench.options, record.trial
    settings = bench.settings.with_parameters({**trial.parameters, **options.fixed(rung)})
    identity = f"{bench.identity} {settings.model_dump_json()}"
    start = time.perf_counter()
    success = FINISHED if rung == options.rungs[-1] else RUNNING
    history: list[dict[str, float]] = []
    made = [machine()]
    warm_up([(bench.neuron, settings.network.drive)])  # compiled code may be another processor's
    try:
        with limits(options.timeout, options.memory_mb):
            run = train(
                settings,
                bench.neuron,
                trial.seed,
                bench.data,
                bench.validation,
                bench.state_of(trial),
                identity,
            )
        outcome = success if run.outcome == "finished" else run.outcome
        reason, history, made = run.reason, run.history, run.made
    except TimeoutError as error:
        outcome, reason = TIMEOUT, str(error)
    except (MemoryError, RuntimeError) as error:
        if isinstance(error, RuntimeError) and "allocate memory" not in str(error):
            raise  # OtherMachineError among them
        outcome, reason = MEMORY, f"needs more than {options.memory_mb} MB ({error})"
    if outcome != success:
        log.warning("trial %d: %s (%s)", trial.number, outcome, reason)
    # epochs that an earlier start had trained took their time as well
    spent = max(time.perf_counter() - start, sum(row["seconds"] for row in history))
    own = _best(history)
    known = [] if outcome in (TIMEOUT, MEMORY) else [best for best in (record.best, own) if best]
    return Record(
        trial,
        outcome,
        reason,
        rungs=(*record.rungs, own) if outcome == success else record.rungs,
        best=max(known, key=quality, default={}),
        epochs=record.epochs + max(len(history) - 1, 0),
        presentations=record.presentations + int(history[-1]["presentations"] if history else 0),
        seconds=record.seconds + spent,
        made=tuple(dict.fromkeys([*record.made, *made])),
    )


def final_budget(options: Trials, epochs: int) -> Trials:
    """``options`` for runs as long as the final training's ``epochs``, on all samples."""
    return options.model_copy(update={"epochs": (epochs,), "samples": None})


def run_again(bench: Bench, trial: Trial) -> Record:
    """Train a trial as long as the last rung has it."""
    (record,) = start_records([trial])
    return run_rung(bench, record, bench.options.rungs[-1])


def _best(history: list[dict[str, float]]) -> dict[str, float]:
    if not history:
        return {}
    best = max(history, key=quality)
    measures = ("validation_accuracy", "validation_loss", "spikes_per_neuron", "silent_fraction")
    return {name: best[name] for name in measures}


@contextmanager
def limits(cpu_seconds: float, memory_mb: int) -> Iterator[None]:
    """Raise TimeoutError after ``cpu_seconds``; let allocations beyond ``memory_mb`` fail.

    CPU time, of all threads: what else runs on the machine does not matter. For the main thread.
    """

    def stop(*_: object) -> None:
        raise TimeoutError(f"more than {cpu_seconds:g} s of CPU time in one rung")

    before = signal.signal(signal.SIGPROF, stop)
    memory = resource.getrlimit(resource.RLIMIT_DATA)
    resource.setrlimit(resource.RLIMIT_DATA, (memory_mb * 2**20, memory[1]))
    # And again each second: where Python ignores exceptions, as in a finaliser, one may be lost.
    signal.setitimer(signal.ITIMER_PROF, cpu_seconds, 1.0)
    try:
        yield
    finally:
        signal.setitimer(signal.ITIMER_PROF, 0)
        resource.setrlimit(resource.RLIMIT_DATA, memory)
        signal.signal(signal.SIGPROF, before)
