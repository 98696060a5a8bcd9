"""Variants: networks that are trained with something changed, and the runs that they consist of."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Sequence
from itertools import product
from typing import TYPE_CHECKING, Annotated, Any, Literal, NamedTuple, Self

from pydantic import AfterValidator, Field, NonNegativeInt, PositiveInt, model_validator

from spikegrad.seeds import derived_seed
from spikegrad.settings import Distinct, Section
from study.config.neurons import Neuron
from study.config.search import TRAIN, Sampling, search_seed

if TYPE_CHECKING:
    from study.config.study import Study
    from study.config.training import ModelSettings

Name = Annotated[str, Field(pattern=r"^[^{}/.][^{}/]*$")]  # becomes a part of file names
ChangeName = Annotated[str, Field(pattern=r"^([^{}/.][^{}/]*)?$")]
RESERVED = ("figures", "ranks", "speakers")  # files beside those of the variants


class Draw(Section):
    """Hyperparameters that are drawn, in place of a winner's."""

    trials: PositiveInt
    """How many points are drawn: the first ones of a search's sequence, the same for all neuron
    models. Each is trained with one seed, that of the search's trial of the same number."""
    sampling: Sampling | None = None
    """Where and how to draw; null draws as the study's first search does."""
    seed: NonNegativeInt | None = None
    """Seed of `sampling`, needed with it."""

    @model_validator(mode="after")
    def _has_one_seed(self) -> Self:
        if (self.sampling is None) != (self.seed is None):
            raise ValueError("sampling and seed go together; give both, or none of them")
        return self


class Variant(Section):
    """Networks to train: a product of neuron models, seeds, and each of the axes that are named."""

    neurons: Annotated[tuple[Neuron, ...], Field(min_length=1), Distinct] | None = None
    """Neuron models; null is all of the study."""
    seeds: Annotated[tuple[NonNegativeInt, ...], Field(min_length=1), Distinct] = (0,)
    """Training seeds."""
    changes: dict[ChangeName, dict[str, Any]] = Field(default_factory=dict)
    """Named changes, each a case: keys of `network` and `training`, as in network.drive, with their
    values, and `samples`."""
    settings: (
        Literal["own", "configured"] | Annotated[tuple[Neuron, ...], Field(min_length=1), Distinct]
    ) = "own"
    """What is changed: the winner of the neuron model's own search, the configured settings, or the
    winners of these neuron models, each a case; a neuron model is not paired with itself."""
    searches: (
        Literal["best", "each"]
        | Annotated[tuple[NonNegativeInt, ...], Field(min_length=1), Distinct]
    ) = "best"
    """Whose winners: that of the first outer fold's search which is best by validation, or those of
    each search, or of the searches with these numbers, each a case. Networks are trained and tested
    in the search's outer fold, and validated on its first inner fold."""
    draw: Draw | None = None
    """Settings that are drawn, each a case, in place of `settings` and `seeds`."""
    samples: PositiveInt | None = None
    """Training samples, drawn as for the trials of the first search; null is all."""
    measures: Annotated[tuple[Literal["roughness"], ...], Distinct] = ()
    """What is measured of the networks beside their scores."""


def _without_those_left_out(variants: dict[str, Variant | None] | None) -> dict[str, Variant]:
    return {name: variant for name, variant in (variants or {}).items() if variant is not None}


if TYPE_CHECKING:
    Variants = dict[str, Variant]
else:
    Variants = Annotated[dict[Name, Variant | None] | None, AfterValidator(_without_those_left_out)]


class VariantRun(NamedTuple):
    """A training of a variant: one of its cases, with a neuron model and a seed."""

    to: str
    """The case: the change and whose settings; empty if neither is named."""
    parameters: dict[str, Any]
    """Values of keys of `network` and `training`."""
    settings: str
    """own, configured or a neuron model."""
    searches: tuple[int, ...]
    """Numbers of the searches of whose winners the best is taken."""
    draw: int | None
    """Number of the point that is drawn."""
    samples: int | None
    """Training samples; None for all."""
    case: str
    """The case's folder."""
    neuron: Neuron
    seed: int


def slug(name: str) -> str:
    """``name`` as a part of a file's name."""
    return re.sub(r"[^\w.]+", "-", name)


def case_folder(*names: str) -> str:
    """The folder of a case, of what tells it from others."""
    return slug(_listed(*names)) or "only"


def by_file(study: Study) -> dict[str, str]:
    """The names of the variants by those of their files; of those that the study has runs of."""
    return {slug(name): name for name in study.variants if variant_runs(study, name)}


def variant_runs(study: Study, name: str) -> list[VariantRun]:
    """All runs of the variant ``name``: the product of its axes, neuron models slowest, then the
    changes, and seeds fastest."""
    variant = study.variants[name]
    searches, settings = variant.searches, variant.settings
    each = range(study.n_searches) if isinstance(searches, str) else searches
    of_first_fold = tuple(k for k in each if study.fold_of(k) == study.fold_of(0))
    axes: tuple[Sequence[Any], ...] = (
        neurons_of(study, variant),
        list(variant.changes or [""]),
        [settings] if isinstance(settings, str) else [s for s in settings if s in study.neurons],
        [of_first_fold] if searches == "best" else [(k,) for k in each],
        [None] if variant.draw is None else range(variant.draw.trials),
    )
    found = []
    for neuron, change, whose, numbers, draw in product(*axes):
        if whose == neuron:
            continue
        parameters = dict(variant.changes.get(change, {}))
        samples = parameters.pop("samples", variant.samples)
        to = _listed(change, whose if whose != settings else "")
        search = f"search {numbers[0]}" if searches != "best" else ""
        folder = case_folder(to, search, "" if draw is None else f"draw {draw}")
        case = (to, parameters, whose, numbers, draw, samples, folder)
        seeds = variant.seeds
        if draw is not None:  # that of a search's trial of the same number
            seeds = (derived_seed(sampling_of(study, name)[1], TRAIN, draw),)
        found += [VariantRun(*case, neuron, seed) for seed in seeds]
    return found


def _listed(*names: str) -> str:
    return ", ".join(filter(None, names))


def neurons_of(study: Study, variant: Variant) -> list[Neuron]:
    """The neuron models that a ``variant`` trains: those that the study has."""
    return [neuron for neuron in study.neurons if neuron in (variant.neurons or study.neurons)]


def sampling_of(study: Study, name: str) -> tuple[Sampling, int]:
    """How the variant ``name`` draws hyperparameters, and the seed of that."""
    draw = study.variants[name].draw
    assert draw is not None  # else no run of it asks
    if draw.sampling is not None and draw.seed is not None:
        return draw.sampling, draw.seed
    assert study.search is not None  # `check` has seen to it
    return study.search.sampling, samples_seed(study)


def samples_seed(study: Study) -> int:
    """The seed of the first search, which draws the samples of its trials, and of variants."""
    return search_seed(0 if study.search is None else study.search.seed, 0)


def changed_models(study: Study) -> Iterator[tuple[str, ModelSettings, ModelSettings]]:
    """Of each change and neuron model of a variant its key, and the settings before and after."""
    for name, variant in study.variants.items():
        for neuron, change in product(neurons_of(study, variant), variant.changes):
            key, model = f"variants.{name}.changes.{change}", study.model(neuron)
            parameters = {k: v for k, v in variant.changes[change].items() if k != "samples"}
            yield key, model, model.with_parameters(parameters, key)


def check(study: Study) -> None:
    """See that all variants are possible, but for the values of their changes; else ValueError."""
    if (file := _twice([*map(slug, study.variants), *RESERVED])) is not None:
        raise ValueError(f"variants: two names give the file '{file}', or it is taken; rename one")
    for name in study.variants:
        for problem in _problems(study, name):
            raise ValueError(f"variants.{name}: {problem}")


def _problems(study: Study, name: str) -> Iterable[str]:
    variant, search = study.variants[name], study.search
    settings, draw = variant.settings, variant.draw
    if draw is not None:
        if (variant.seeds, settings, variant.searches) != ((0,), "own", "best"):
            yield "seeds, settings and searches are not used by what is drawn; leave them out"
        if draw.sampling is None and search is None:
            yield "draw needs a search, whose points it takes, or sampling and seed of its own"
        sampling, _ = sampling_of(study, name)
        sampler = sampling.sampler
        if draw.trials > sampler.startup:
            yield f"draw.trials is above the sequence's length, startup = {sampler.startup}"
        for neuron in neurons_of(study, variant):
            sampling.check(study.model(neuron), f"variants.{name}.draw.sampling")
    if search is None and not (isinstance(settings, str) and variant.searches == "best"):
        yield "there is no search whose winners could be taken; leave out settings and searches"
    if search is not None and not isinstance(variant.searches, str):
        for number in variant.searches:
            if number >= study.n_searches:
                yield f"searches: there is no search {number}; there are {study.n_searches}"
    for change, values in variant.changes.items():
        samples = values.get("samples", 1)
        if type(samples) is not int or samples < 1:
            yield f"changes.{change}.samples = {samples!r} is not a whole number above 0"
        for key in values.keys() - {"samples"}:
            lacking = [study.model(neuron).lacks(key) for neuron in neurons_of(study, variant)]
            if lacking and all(lacking):
                yield f"changes.{change}: no model has the section of '{key}'; set all of that"
    runs = [(run.case, run.neuron, run.seed) for run in variant_runs(study, name)]
    if (run := _twice(runs)) is not None:
        yield f"two cases share the folder '{run[0]}'; rename a change"
    if len({*settings}) == 1 and settings == variant.neurons:
        yield "settings: a neuron model is paired with other ones' only; name others"


def _twice(values: list[Any]) -> Any:
    return next((value for value in values if values.count(value) > 1), None)
