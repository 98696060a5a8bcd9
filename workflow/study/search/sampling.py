"""Which trials to try next: a function of seed, space and the records of earlier generations.

The Optuna study is rebuilt in memory from the records in trial order, so that it does not
matter when and where trials ran. A trial that halving stopped is reported as pruned, with its
value at each rung; TPE ranks these below all that went further. One that diverged is reported with
what it had reached as its value at the rung in which it did. One without a validated epoch is
reported as pruned without any value, the lowest rank of all: Optuna's FAIL would keep it from the
sampler.
"""

from __future__ import annotations

import json
import warnings
from collections.abc import Iterable, Sequence
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
from study.config.search import NEXT, START, TRAIN, Choice, Range, Sampling
from study.search.trial_records import Trial, TrialRecord

CANDIDATES = 24  # points drawn from the density of good trials, of which the best is tried

optuna.logging.set_verbosity(optuna.logging.WARNING)

Space = Sequence[Range | Choice]


def suggest(
    sampling: Sampling,
    epochs: Sequence[int],
    seed: int,
    n_trials: int,
    generation: int,
    records: Sequence[TrialRecord],
    inner: int = 0,
) -> list[Trial]:
    """The ``n_trials`` of ``generation``, from the ``records`` of all earlier ones in any order.

    They are validated on the fold ``inner``. Rungs end after ``epochs``. Trial numbers count on
    over generations. A trial trains with the same seed for every neuron model.
    """
    numbers = range(len(records), len(records) + n_trials)
    space, startup = sampling.space, sampling.startup
    study = optuna.create_study(
        direction="maximize", sampler=_sampler(derived_seed(seed, NEXT, generation))
    )
    study.add_trials(to_optuna(space, epochs, records))
    starts = _starts(space, seed, min(startup, numbers.stop))
    found = []
    for number in numbers:
        if number < startup:
            study.enqueue_trial(starts[number])
        asked = study.ask(distributions(space))
        parameters = {p.key: _decoded(p, asked.params[p.key]) for p in space}
        found.append(
            Trial(number, derived_seed(seed, TRAIN, number), parameters, generation, inner)
        )
    return found


def _starts(space: Space, seed: int, n: int) -> list[dict[str, Any]]:
    """The first ``n`` points of the quasi-random start."""
    own_seed = derived_seed(seed, START)
    with warnings.catch_warnings():  # of what may change: Optuna's version is pinned
        warnings.simplefilter("ignore", optuna.exceptions.ExperimentalWarning)
        sampler = QMCSampler(
            qmc_type="sobol",
            scramble=True,
            seed=own_seed,
            independent_sampler=RandomSampler(seed=own_seed),
        )
    study = optuna.create_study(direction="maximize", sampler=sampler)
    # Only a study with trials has a space that the sequence can fill; this one is not used.
    study.ask(distributions(space))
    return [study.ask(distributions(space)).params for _ in range(n)]


def _sampler(seed: int) -> BaseSampler:
    # The arguments that Optuna 5 deprecates stay away: the version is pinned.
    return TPESampler(
        n_startup_trials=0,
        n_ei_candidates=CANDIDATES,
        seed=seed,
        multivariate=True,
        group=False,
        constant_liar=True,  # trials of one generation keep apart
    )


def to_optuna(
    space: Space, epochs: Sequence[int], records: Iterable[TrialRecord]
) -> list[FrozenTrial]:
    """``records`` of a search whose rungs end after ``epochs``, as Optuna's trials, by number."""
    found = []
    for record in sorted(records, key=lambda r: r.trial.number):
        accuracies = [rung["validation_accuracy"] for rung in record.rungs]
        if record.failed:
            accuracies = [*accuracies, record.accuracy] if record.last else []
        complete = len(accuracies) == len(epochs)
        found.append(
            create_trial(
                state=TrialState.COMPLETE if complete else TrialState.PRUNED,
                value=record.accuracy if complete else None,
                params=_params(space, record.trial),
                distributions=distributions(space),
                intermediate_values=dict(zip(epochs, accuracies, strict=False)),
            )
        )
    return found


def distributions(space: Space) -> dict[str, BaseDistribution]:
    """The space in Optuna's terms, by key. Choices are JSON, since they may be lists."""
    found: dict[str, BaseDistribution] = {}
    for p in space:
        if isinstance(p, Choice):
            found[p.key] = CategoricalDistribution([json.dumps(c) for c in p.choices])
        elif p.integer:
            found[p.key] = IntDistribution(int(p.low), int(p.high), log=p.log)
        else:
            found[p.key] = FloatDistribution(p.low, p.high, log=p.log)
    return found


def _params(space: Space, trial: Trial) -> dict[str, Any]:
    """The parameters of ``trial`` as Optuna keeps them."""
    return {
        p.key: json.dumps(trial.parameters[p.key])
        if isinstance(p, Choice)
        else trial.parameters[p.key]
        for p in space
    }


def _decoded(parameter: Range | Choice, value: Any) -> Any:
    return json.loads(value) if isinstance(parameter, Choice) else value
