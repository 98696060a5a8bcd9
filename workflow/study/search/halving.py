"""From rung to rung of a generation, and its records read back: each that must be there."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from itertools import islice
from pathlib import Path

from study.config.search import Halving
from study.search.records import (
    RUNNING,
    Record,
    Trial,
    best_first,
    read_records,
    read_trials,
)


def start_records(trials: Sequence[Trial]) -> list[Record]:
    """Records of trials before their first rung."""
    return [Record(trial, RUNNING, "", (), {}, 0, 0, 0.0) for trial in trials]


def entrants(records: Sequence[Record], options: Halving, rung: int) -> list[Record]:
    """Those of all the previous rung's ``records`` of one generation that enter ``rung``."""
    return best_first([r for r in records if r.outcome == RUNNING], options.width(rung))


def read_rungs(
    files: Sequence[str | Path], options: Halving
) -> Iterator[tuple[list[Record], list[Record]]]:
    """Of each rung of a generation: its records, and those that enter the next rung.

    ``files`` are the generation's suggestions, and the folders of the jobs of all rungs done, in
    order. First come no records, and all trials, which enter the first rung.

    Raises
    ------
    RecordError
        If the records are not those of the trials that must be there.
    """
    entering = start_records(read_trials(files[0]))
    yield [], entering
    folders = iter(files[1:])
    for rung in options.rungs:
        own = list(islice(folders, options.jobs(rung)))
        if not own:
            return
        done = read_records(own, [record.trial for record in entering])
        entering = entrants(done, options, rung + 1)
        yield done, entering


def read_search(files: Sequence[str | Path], options: Halving) -> list[Record]:
    """The latest record of each trial of whole generations, by number.

    ``files`` are those of all generations in order, each as :func:`read_rungs` is given them.

    Raises
    ------
    RecordError
        As :func:`read_rungs`.
    """
    size = 1 + sum(options.jobs(rung) for rung in options.rungs)
    latest = {
        record.trial.number: record
        for first in range(0, len(files), size)
        for done, _ in read_rungs(files[first : first + size], options)
        for record in done
    }
    return [latest[number] for number in sorted(latest)]
