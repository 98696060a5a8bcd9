"""Which files a generation of a search consists of."""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path

from study.config.search import SearchConfig
from study.search.trial_records import read_generation


def record_files(
    file: str | Path, search: SearchConfig, folds: int, rungs: Iterable[int] | None = None
) -> list[str]:
    """A generation's own ``file``, and the folders with the records of all jobs of its ``rungs``.

    Without ``rungs`` these are all. Finalists have one, with runs on each of the inner ``folds``.
    """
    generation, trials = read_generation(file), search.trials
    n = len(generation.trials)
    if generation.final:
        trials, n = trials.of_finalists(1), min(n, search.selection.finalists) * folds
    jobs = [
        f"{Path(file).parent}/rung{rung}/job{job}"
        for rung in (trials.rungs if rungs is None else rungs)
        for job in range(trials.jobs(rung, n))
    ]
    return [str(file), *jobs]
