"""Settings of the hyperparameter search; docs/search.md explains it."""

from __future__ import annotations

from collections import Counter
from itertools import pairwise
from typing import Annotated, Any, Literal, Self

from pydantic import (
    Discriminator,
    Field,
    PositiveFloat,
    PositiveInt,
    Tag,
    model_validator,
)

from spikegrad.settings import Distinct, Section
from study.config.training import ModelSettings

START, NEXT, TRAIN, AGAIN, SEARCH = range(5)
"""Independent streams of a search's seed."""


def search_seed(search: int) -> int:
    """The seed of one of a study's independent searches."""
    from spikegrad.seeds import derived_seed  # here: settings are read where there is no NumPy, too

    return derived_seed(0, SEARCH, search)


Key = Annotated[str, Field(pattern=r"^(network|training)\.[a-z_.]+$")]


class Range(Section):
    """A number between two bounds, both included."""

    key: Key
    """What is searched: a key of `network` or `training`, as in network.init.scale."""
    low: float
    """Lower bound."""
    high: float
    """Upper bound."""
    log: bool = False
    """Whether the logarithm is searched evenly, rather than the number."""
    integer: bool = False
    """Whether only whole numbers are tried."""

    @model_validator(mode="after")
    def _bounds(self) -> Self:
        if not self.low < self.high:
            raise ValueError(f"{self.key}: low must be below high")
        if self.log and self.low <= 0:
            raise ValueError(f"{self.key}: a logarithmic range must start above 0")
        if self.integer and not (self.low.is_integer() and self.high.is_integer()):
            raise ValueError(f"{self.key}: the bounds of whole numbers must be whole")
        return self

    def examples(self) -> tuple[Any, ...]:
        """The bounds, as values of the key."""
        number = int if self.integer else float
        return number(self.low), number(self.high)


class Choice(Section):
    """One of some values, of any type that the key may have."""

    key: Key
    """What is searched: a key of `network` or `training`, as in network.layers."""
    choices: Annotated[tuple[Any, ...], Field(min_length=2), Distinct]
    """The values."""

    def examples(self) -> tuple[Any, ...]:
        """All values."""
        return self.choices


def _kind(parameter: Any) -> str:
    """Whose mistakes are named: of a choice if there are choices, else of a range."""
    given = isinstance(parameter, dict) and "choices" in parameter
    return "choice" if given or isinstance(parameter, Choice) else "range"


Parameter = Annotated[
    Annotated[Range, Tag("range")] | Annotated[Choice, Tag("choice")], Discriminator(_kind)
]


class Halving(Section):
    """Successive halving: rung by rung fewer trials, and longer trainings from the start."""

    per_generation: PositiveInt
    """Trials that are suggested together, from the results of all earlier generations; fewer where
    the rest of the budget does not pay so many."""
    epochs: Annotated[tuple[PositiveInt, ...], Field(min_length=1)]
    """Epochs of a training in each rung, ascending. Each is a whole one, from initial weights and
    with the whole schedule of the learning rate: the starts of longer ones rank trials worse."""
    eta: Annotated[int, Field(ge=2)]
    """One in eta trials, at least one, goes on to the next rung, the best by validation."""
    per_job: PositiveInt
    """Trials of the first rung that one job takes; of later rungs 1/eta as many, at least one."""

    @model_validator(mode="after")
    def _rungs_are_possible(self) -> Self:
        if any(later <= earlier for earlier, later in pairwise(self.epochs)):
            raise ValueError("epochs must ascend")
        if self.per_generation < self.eta ** (len(self.epochs) - 1):
            raise ValueError(
                f"per_generation is {self.per_generation}: too few for one trial to be left after"
                f" {len(self.epochs)} rungs with eta {self.eta}"
            )
        return self

    def width(self, rung: int, trials: int) -> int:
        """How many of a generation's ``trials`` enter ``rung`` if none fails."""
        return min(trials, max(1, trials // self.eta**rung))

    def per_job_of(self, rung: int) -> int:
        """Trials that one job of ``rung`` takes at most."""
        return max(1, self.per_job // self.eta**rung)

    def jobs(self, rung: int, trials: int) -> int:
        """Jobs that share out those of a generation's ``trials`` that enter ``rung``."""
        return -(-self.width(rung, trials) // self.per_job_of(rung))

    @property
    def rungs(self) -> range:
        """The rungs' numbers."""
        return range(len(self.epochs))

    def fixed(self, rung: int) -> dict[str, int]:
        """What trials have of their own; snapshots are for landscapes, and swell checkpoints."""
        return {"training.epochs": self.epochs[rung], "training.snapshots": 2}

    def epochs_of(self, trials: int) -> int:
        """Epochs that a generation of ``trials`` trains in all rungs if none fails."""
        return sum(self.width(r, trials) * self.epochs[r] for r in self.rungs)

    def affordable(self, epochs: int) -> int:
        """The most trials of a generation that train no more than ``epochs`` in all rungs.

        What remains of ``epochs`` then is less than one trial trains in all rungs, if
        ``per_generation`` sets no limit: one more trial adds at most one to each rung.
        """
        sizes = range(self.per_generation + 1)
        return max(n for n in sizes if self.epochs_of(n) <= epochs)


class Trials(Halving):
    """What one generation of trials costs: successive halving, by trainings of growing length."""

    samples: PositiveInt | None
    """Training samples that trials see, drawn once; null is all."""
    timeout: PositiveFloat
    """CPU seconds, rounded up, after which a trial fails in a rung, or a finalist's run. Set it far
    above what a good one takes. A change repeats nothing; neither do those of memory_mb."""
    memory_mb: PositiveInt
    """Megabytes of data that a job may hold; a trial that needs more fails (Linux alone)."""

    def of_finalists(self, epochs: int) -> Trials:
        """How finalists are trained: in one rung, as long as the final training's ``epochs``, on
        all samples; a job takes as many as of the last rung."""
        own = {"epochs": (epochs,), "samples": None, "per_job": self.per_job_of(self.rungs[-1])}
        return self.model_copy(update=own)


class Sampling(Section):
    """Where to look for hyperparameters, and how."""

    startup: PositiveInt
    """Trials of a scrambled Sobol sequence that come first; after these a tree-structured Parzen
    estimator (TPE) suggests."""
    space: Annotated[tuple[Parameter, ...], Field(min_length=1)]
    """What is searched; all else stays as configured."""

    @model_validator(mode="after")
    def _keys_are_free(self) -> Self:
        counts = Counter(parameter.key for parameter in self.space)
        for key, count in counts.items():
            if count > 1:
                raise ValueError(f"'{key}' is listed twice in space")
        for key in ("training.epochs", "training.snapshots"):
            if key in counts:
                raise ValueError(f"{key} cannot be searched: trials have their own")
        return self

    def check(self, settings: ModelSettings) -> None:
        """Try each parameter's extreme values in ``settings``."""
        for parameter in self.space:
            for value in parameter.examples():
                settings.with_parameters({parameter.key: value})


class SearchConfig(Section):
    """The hyperparameter search, the same for each neuron model."""

    repeats: PositiveInt
    """Independent searches for each neuron model, the unit of statistics. `seeds` are shared out
    among their winners, in order: as many for each."""
    budget: PositiveInt
    """Training samples presented in a search's trials, after which no further trial begins, the
    same for all neuron models. A generation has as many trials as the rest pays if none fails. So
    less than one whole trial is left, unless `generations` ends first. Finalists come on top."""
    generations: PositiveInt
    """Generations of trials at most; fewer if the budget is spent before. Trials that fail leave
    their rest to later generations, so set more than the budget pays without failures. Raising it
    later keeps all that are done."""
    sampling: Sampling
    """What is tried."""
    trials: Trials
    """How a generation of trials is trained."""
    finalists: PositiveInt
    """Best trials that may be trained as final networks."""
    trained: Literal["winner", "finalists"] = "winner"
    """What the final networks of a search are. `winner`: finalists are trained again for
    `training.epochs`, once on each inner fold with a fresh seed for each fold, and the highest mean
    accuracy over the inner folds wins; all networks have its settings. `finalists`: these are not
    trained again, and each seed of the search trains another one, the best trials in order; so the
    search counts with the mean over its finalists."""

    def planned(self, samples: int) -> list[int]:
        """Trials of each generation if none fails, with ``samples`` to train on."""
        rest = self.budget // samples
        sizes: list[int] = []
        while len(sizes) < self.generations and (size := self.trials.affordable(rest)):
            sizes.append(size)
            rest -= self.trials.epochs_of(size)
        return sizes
