"""Variants: networks that are trained with something changed."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from itertools import product
from typing import TYPE_CHECKING, Annotated, Any, NamedTuple

from pydantic import AfterValidator, Field, NonNegativeInt

from spikegrad.settings import Distinct, Section
from study.config.neurons import Neuron

if TYPE_CHECKING:
    from study.config.study import Study
    from study.config.training import ModelSettings

Name = Annotated[str, Field(pattern=r"^[^{}/.][^{}/]*$")]  # becomes a part of file names
ChangeName = Annotated[str, Field(pattern=r"^([^{}/.][^{}/]*)?$")]
RESERVED = ("figures", "speakers")  # files beside those of the variants


class Case(NamedTuple):
    """A change of a variant."""

    name: str
    """Of the change; empty if nothing is changed."""
    parameters: dict[str, Any]
    """Values of keys of `network` and `training`."""
    samples: int | None
    """Training samples; None for all."""


class Variant(Section):
    """Networks to train: each of the changes, with each neuron model and each seed. What is changed
    are the settings that the neuron model's searches in the first outer fold found best by
    validation, without a search the configured ones. Networks are trained and tested in that fold,
    and validated on its inner folds, seed by seed in turn."""

    neurons: Annotated[tuple[Neuron, ...], Field(min_length=1), Distinct] | None = None
    """Neuron models; null is all of the study."""
    seeds: Annotated[tuple[NonNegativeInt, ...], Field(min_length=1), Distinct] = (0,)
    """Training seeds."""
    changes: dict[ChangeName, dict[str, Any]] = Field(default_factory=dict)
    """Named changes: keys of `network` and `training`, as in network.drive, with their values, and
    `samples`, a number drawn as for the trials of the first search. None named: nothing is
    changed."""
    roughness: bool = False
    """Whether it is measured how rough the loss around the networks is."""

    @property
    def cases(self) -> dict[str, Case]:
        """The changes, by their folders."""
        found = {}
        for name, values in (self.changes or {"": {}}).items():
            parameters = {key: value for key, value in values.items() if key != "samples"}
            case = Case(name, parameters, values.get("samples"))
            found[slug(name) or "only"] = case
        return found


def _without_those_left_out(variants: dict[str, Variant | None] | None) -> dict[str, Variant]:
    return {name: variant for name, variant in (variants or {}).items() if variant is not None}


if TYPE_CHECKING:
    Variants = dict[str, Variant]
else:
    Variants = Annotated[dict[Name, Variant | None] | None, AfterValidator(_without_those_left_out)]


def slug(name: str) -> str:
    """``name`` as a part of a file's name."""
    return re.sub(r"[^\w.]+", "-", name)


def by_file(study: Study) -> dict[str, str]:
    """The names of the variants by those of their files; of those whose neuron models the study
    has."""
    return {slug(name): name for name, own in study.variants.items() if neurons_of(study, own)}


def neurons_of(study: Study, variant: Variant) -> list[Neuron]:
    """The neuron models that a ``variant`` trains: those that the study has."""
    return [neuron for neuron in study.neurons if neuron in (variant.neurons or study.neurons)]


def changed_models(study: Study) -> Iterator[tuple[str, ModelSettings, ModelSettings]]:
    """Of each change and neuron model of a variant its key, and the settings before and after."""
    for name, variant in study.variants.items():
        for neuron, case in product(neurons_of(study, variant), variant.cases.values()):
            key, model = f"variants.{name}.changes.{case.name}", study.model(neuron)
            yield key, model, model.with_parameters(case.parameters, key)


def check(study: Study) -> None:
    """See that all variants are possible, but for the values of their changes; else ValueError."""
    if (file := _twice([*map(slug, study.variants), *RESERVED])) is not None:
        raise ValueError(f"variants: two names give the file '{file}', or it is taken; rename one")
    for name, variant in study.variants.items():
        for problem in _problems(study, variant):
            raise ValueError(f"variants.{name}: {problem}")


def _problems(study: Study, variant: Variant) -> Iterable[str]:
    for change, values in variant.changes.items():
        samples = values.get("samples", 1)
        if type(samples) is not int or samples < 1:
            yield f"changes.{change}.samples = {samples!r} is not a whole number above 0"
        for key in values.keys() - {"samples"}:
            lacking = [study.model(neuron).lacks(key) for neuron in neurons_of(study, variant)]
            if lacking and all(lacking):
                yield f"changes.{change}: no model has the section of '{key}'; set all of that"
    if (folder := _twice([slug(change) or "only" for change in variant.changes])) is not None:
        yield f"two changes share the folder '{folder}'; rename one"


def _twice(values: list[Any]) -> Any:
    return next((value for value in values if values.count(value) > 1), None)
