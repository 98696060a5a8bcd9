"""Which files a search's jobs read: what its rules are given by wildcards."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from itertools import count
from pathlib import Path
from typing import Any

from study.config.search import SearchConfig
from study.config.study import Study
from study.search.trial_records import read_generation

Wildcards = Any
"""Of Snakemake: neuron, repeat, generation, rung, job."""


class SearchFiles:
    """The files of all searches of a ``study``, as ``search`` sets them.

    ``made`` gives the file of a generation, by its wildcards; where that is not made yet, it raises
    what makes Snakemake make it and ask again.
    """

    def __init__(self, study: Study, search: SearchConfig, made: Callable[..., str]) -> None:
        self._study = study
        self._search = search
        self._made = made

    def _suggestions(self, wildcards: Wildcards, generation: int | str) -> str:
        where = {"neuron": wildcards.neuron, "repeat": wildcards.repeat}
        return self._made(**where, generation=generation)

    def _files(
        self, wildcards: Wildcards, generation: int | str, rungs: Iterable[int] | None = None
    ) -> list[str]:
        """The file of a generation and the folders with the records of all jobs of its ``rungs``.

        Without ``rungs`` these are all. Finalists that are trained again have one.
        """
        file = self._suggestions(wildcards, generation)
        found, search, trials = read_generation(file), self._search, self._search.trials
        n = len(found.trials)
        if found.final:
            n = min(n, search.finalists) * self._study.n_reruns
            trials = trials.of_finalists(1)
        jobs = [
            f"{Path(file).parent}/rung{rung}/job{job}"
            for rung in (trials.rungs if rungs is None else rungs)
            for job in range(trials.jobs(rung, n))
        ]
        return [file, *jobs]

    def _final_generation(self, wildcards: Wildcards) -> int:
        """The number of the generation in which the finalists are trained."""
        every = ((g, self._suggestions(wildcards, g)) for g in count())
        return next(g for g, file in every if read_generation(file).final)

    def entering(self, wildcards: Wildcards) -> list[str]:
        """From which files a rung's jobs read which trials to train."""
        return self._files(wildcards, wildcards.generation, range(int(wildcards.rung)))

    def earlier_records(self, wildcards: Wildcards) -> list[str]:
        """Files of all generations before the wildcards', in order."""
        earlier = range(int(wildcards.generation))
        return [file for g in earlier for file in self._files(wildcards, g)]

    def trial_records(self, wildcards: Wildcards) -> list[str]:
        """Files of all generations of trials, in order."""
        trials = range(self._final_generation(wildcards))
        return [file for g in trials for file in self._files(wildcards, g)]

    def finalist_records(self, wildcards: Wildcards) -> list[str]:
        """Files of the finalists."""
        return self._files(wildcards, self._final_generation(wildcards))

    def sibling_jobs(self, wildcards: Wildcards) -> int:
        """How many jobs share out a rung's trials."""
        rungs = [int(wildcards.rung)]
        return len(self._files(wildcards, wildcards.generation, rungs)) - 1

    def finalist_settings(self, wildcards: Wildcards) -> dict[str, Any] | None:
        """How finalists are trained; nothing for other generations, which no change of it
        repeats."""
        if not read_generation(self._suggestions(wildcards, wildcards.generation)).final:
            return None
        return {
            "epochs": self._study.model(wildcards.neuron).training.epochs,
            "finalists": self._search.finalists,
            "folds": self._study.n_reruns,
        }

    def model(self, wildcards: Wildcards) -> dict[str, Any]:
        """The model's settings but for what trials have of their own, so that a change of that
        repeats no search."""
        model = self._study.model(wildcards.neuron)
        fixed = self._search.trials.fixed(0)
        return model.with_parameters(fixed).model_dump(mode="json")

    def minutes(self, wildcards: Wildcards) -> int:
        """What a job's trials take at most: each may use search.trials.timeout CPU seconds."""
        trials = self._search.trials
        return 30 + int(trials.per_job_of(int(wildcards.rung)) * trials.timeout // 60)
