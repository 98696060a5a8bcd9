"""Which trials to try next: a function of seed, space and the records of earlier generations.

The Optuna study is rebuilt in memory from the records in trial order, so that it does not
matter when and where trials ran. A trial that halving stopped is told as pruned, with its value
at each rung; TPE ranks these below all that went further. One that diverged is told what it had
reached as its value at the rung in which it did. One that has nothing to show is told as pruned
without any value, the lowest rank of all: Optuna's FAIL would keep it from the sampler.
"""

from __future__ import annotations

import json
import warnings
from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from typing import Any

import optuna
from optuna.distributions import (
    BaseDistribution,
    CategoricalDistribution,
    FloatDistribution,
    IntDistribution,
)
from optuna.samplers import BaseSampler, QMCSampler, RandomSampler, TPESampler
from optuna.trial import FrozenTrial, TrialState, create_trial

from spikegrad.seeds import derived_seed
from study.config.search import NEXT, START, TPE, TRAIN, Choice, RandomSearch, Range, Sampling
from study.search.records import Record, Trial

Space = Sequence[Range | Choice]


def suggest(
    sampling: Sampling,
    epochs: Sequence[int],
    seed: int,
    n_trials: int,
    generation: int,
    records: Iterable[Record],
) -> list[Trial]:
    """The trials of ``generation``, from the ``records`` of all earlier ones in any order.

    Rungs end after ``epochs``. Trial numbers count on over generations of ``n_trials``. A trial
    trains with the same seed for every neuron model.
    """
    numbers = range(generation * n_trials, (generation + 1) * n_trials)
    space, sampler = sampling.space, sampling.sampler
    startup = sampler.startup if isinstance(sampler, TPE) else 0
    own_sampler = _sampler(sampler, derived_seed(seed, NEXT, generation))
    study = rebuild_study(space, epochs, records, own_sampler)
    found = []
    for number, start in zip(numbers, _starts(space, seed, startup, numbers), strict=True):
        if start is not None:
            study.enqueue_trial(start)
        asked = study.ask(distributions(space))
        parameters = {p.key: decoded(p, asked.params[p.key]) for p in space}
        found.append(Trial(number, derived_seed(seed, TRAIN, number), parameters))
    return found


def _starts(
    space: Space, seed: int, startup: int, numbers: Sequence[int]
) -> list[dict[str, Any] | None]:
    """Points of the quasi-random start for trials ``numbers``; None for those that come later."""
    with _experimental():
        sampler = QMCSampler(
            qmc_type="sobol",
            scramble=True,
            seed=derived_seed(seed, START),
            independent_sampler=RandomSampler(seed=derived_seed(seed, START)),
        )
    study = optuna.create_study(direction="maximize", sampler=sampler)
    # Only a study with trials has a space that the sequence can fill; this one is not used.
    study.ask(distributions(space))
    points = [study.ask(distributions(space)).params for _ in range(min(startup, numbers[-1] + 1))]
    return [points[number] if number < startup else None for number in numbers]


def _sampler(sampler: TPE | RandomSearch, seed: int) -> BaseSampler:
    if isinstance(sampler, RandomSearch):
        return RandomSampler(seed=seed)
    # The arguments that Optuna 5 deprecates stay away: the version is pinned.
    return TPESampler(
        n_startup_trials=0,
        n_ei_candidates=sampler.candidates,
        seed=seed,
        multivariate=True,
        group=False,
        constant_liar=True,  # trials of one generation keep apart
    )


def rebuild_study(
    space: Space, epochs: Sequence[int], records: Iterable[Record], sampler: BaseSampler
) -> optuna.Study:
    """An Optuna study in memory that holds ``records``, in trial order."""
    optuna.logging.set_verbosity(optuna.logging.WARNING)
    study = optuna.create_study(direction="maximize", sampler=sampler)
    study.add_trials(to_optuna(space, epochs, records))
    return study


def to_optuna(space: Space, epochs: Sequence[int], records: Iterable[Record]) -> list[FrozenTrial]:
    """``records`` of a search whose rungs end after ``epochs``, as Optuna's trials, by number."""
    ordered = sorted(records, key=lambda r: r.trial.number)
    return [_told(space, epochs, record) for record in ordered]


def _told(space: Space, epochs: Sequence[int], record: Record) -> FrozenTrial:
    accuracies = [rung["validation_accuracy"] for rung in record.rungs]
    if record.failed:
        accuracies = [*accuracies, record.accuracy] if record.best else []
    complete = len(accuracies) == len(epochs)
    return create_trial(
        state=TrialState.COMPLETE if complete else TrialState.PRUNED,
        value=record.accuracy if complete else None,
        params={p.key: encoded(p, record.trial.parameters[p.key]) for p in space},
        distributions=distributions(space),
        intermediate_values=dict(zip(epochs, accuracies, strict=False)),
        user_attrs={"outcome": record.outcome, "presentations": record.presentations},
    )


def distributions(space: Space) -> dict[str, BaseDistribution]:
    """The space in Optuna's terms, by key."""
    return {parameter.key: _distribution(parameter) for parameter in space}


def _distribution(parameter: Range | Choice) -> BaseDistribution:
    if isinstance(parameter, Choice):
        return CategoricalDistribution([encoded(parameter, c) for c in parameter.choices])
    if parameter.integer:
        return IntDistribution(int(parameter.low), int(parameter.high), log=parameter.log)
    return FloatDistribution(parameter.low, parameter.high, log=parameter.log)


def encoded(parameter: Range | Choice, value: Any) -> Any:
    """``value`` as Optuna keeps it: choices are JSON, since they may be lists."""
    return json.dumps(value) if isinstance(parameter, Choice) else value


def decoded(parameter: Range | Choice, value: Any) -> Any:
    """The inverse of :func:`encoded`."""
    return json.loads(value) if isinstance(parameter, Choice) else value


def importances(space: Space, records: Sequence[Record], seed: int) -> dict[str, float]:
    """Share of each parameter in the variance of the accuracy after the first rung (fANOVA).

    All trials have passed or failed the first rung, so that no fidelity is mixed with another;
    one that failed there counts with what it had reached. With fewer than two different values all
    shares are 0.
    """
    study = optuna.create_study(direction="maximize")
    for record in records:
        study.add_trial(
            create_trial(
                value=record.rungs[0]["validation_accuracy"] if record.rungs else record.accuracy,
                params={p.key: encoded(p, record.trial.parameters[p.key]) for p in space},
                distributions=distributions(space),
            )
        )
    if len({trial.value for trial in study.trials}) < 2:
        return dict.fromkeys((p.key for p in space), 0.0)
    evaluator = optuna.importance.FanovaImportanceEvaluator(seed=seed)
    return optuna.importance.get_param_importances(study, evaluator=evaluator)


@contextmanager
def _experimental() -> Iterator[None]:
    """Without Optuna's warning about what may change: its version is pinned."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", optuna.exceptions.ExperimentalWarning)
        yield
