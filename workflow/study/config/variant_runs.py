"""The runs that the variants of a study consist of, told from its settings alone."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from itertools import product
from typing import TYPE_CHECKING, Any, NamedTuple

from spikegrad.seeds import derived_seed
from study.config.neurons import Neuron
from study.config.search import TPE, TRAIN, Sampling, search_seed
from study.config.variants import Variant

if TYPE_CHECKING:
    from study.config.study import Study
    from study.config.training import ModelSettings

RESERVED = ("figures", "ranks", "robustness", "speakers")  # files beside those of the variants


def slug(name: str) -> str:
    """``name`` as a part of a file's name."""
    return re.sub(r"[^\w.]+", "-", name)


@dataclass(frozen=True)
class Case:
    """What the networks of one case of a variant have of their own.

    Attributes
    ----------
    to
        Its name among those of the variant: the change, whose settings, which speakers; "" if
        none of these is named.
    parameters
        Values of keys of `network` and `training`.
    settings
        "own", "configured" or a neuron model.
    searches
        Numbers of the searches of whose winners the best is taken.
    test_speakers
        Speakers that are in the test set alone; none for the study's own.
    draw
        Number of the point that is drawn.
    samples
        Training samples; None for all.
    slug
        Its folder.
    """

    to: str
    parameters: dict[str, Any]
    settings: str
    searches: tuple[int, ...]
    test_speakers: tuple[int, ...]
    draw: int | None
    samples: int | None
    slug: str


class VariantRun(NamedTuple):
    """A training of a variant."""

    case: Case
    neuron: Neuron
    seed: int


def by_file(study: Study) -> dict[str, str]:
    """The names of the variants by those of their files; of those that the study has runs of."""
    return {slug(name): name for name in study.variants if variant_runs(study, name)}


def cases(study: Study, name: str) -> list[Case]:
    """All cases of the variant ``name``: the product of its axes, the first of them slowest."""
    variant = study.variants[name]
    repeats = range(1 if study.search is None else study.search.repeats)
    searches, settings = variant.searches, variant.settings
    each = repeats if isinstance(searches, str) else searches
    axes: tuple[Sequence[Any], ...] = (
        list(variant.changes or [""]),
        [settings] if isinstance(settings, str) else [s for s in settings if s in study.neurons],
        variant.test_speakers or [()],
        [tuple(repeats)] if searches == "best" else [(k,) for k in each],
        [None] if variant.draw is None else range(variant.draw.trials),
    )
    found = []
    for change, whose, speakers, numbers, draw in product(*axes):
        parameters = dict(variant.changes.get(change, {}))
        samples = parameters.pop("samples", variant.samples)
        parts = [change, whose if whose != settings else "", "-".join(map(str, speakers))]
        to = ", ".join(filter(None, parts))
        parts = [to, f"search {numbers[0]}" if searches != "best" else ""]
        parts += ["" if draw is None else f"draw {draw}"]
        folder = slug(", ".join(filter(None, parts))) or "only"
        found.append(Case(to, parameters, whose, numbers, speakers, draw, samples, folder))
    return found


def neurons_of(study: Study, variant: Variant) -> list[Neuron]:
    """The neuron models that a ``variant`` trains."""
    return [neuron for neuron in study.neurons if neuron in (variant.neurons or study.neurons)]


def variant_runs(study: Study, name: str) -> list[VariantRun]:
    """All runs of the variant ``name``, of the neuron models that the study has."""
    variant = study.variants[name]
    return [
        VariantRun(case, neuron, seed)
        for neuron in neurons_of(study, variant)
        for case in cases(study, name)
        for seed in (variant.seeds if case.draw is None else [draw_seed(study, name, case.draw)])
        if case.settings != neuron
    ]


def sampling_of(study: Study, name: str) -> tuple[Sampling, int]:
    """How the variant ``name`` draws hyperparameters, and the seed of that."""
    draw = study.variants[name].draw
    assert draw is not None  # else no run of it asks
    if draw.sampling is not None and draw.seed is not None:
        return draw.sampling, draw.seed
    assert study.search is not None  # `check` has seen to it
    return study.search.sampling, search_seed(study.search.seed, 0)


def draw_seed(study: Study, name: str, number: int) -> int:
    """The seed that the variant ``name`` trains a point with: that of a search's trial."""
    return derived_seed(sampling_of(study, name)[1], TRAIN, number)


def samples_seed(study: Study) -> int:
    """The seed that draws the training samples of trials, and of variants with fewer than all."""
    return search_seed(0 if study.search is None else study.search.seed, 0)


def changed_models(study: Study) -> Iterator[tuple[str, ModelSettings, ModelSettings]]:
    """Of each change of a variant and neuron model: its key, the model's settings before and after.

    Raises
    ------
    ConfigError
        If the model cannot have a key or a value.
    """
    for name, variant in study.variants.items():
        for neuron, change in product(neurons_of(study, variant), variant.changes):
            key, model = f"variants.{name}.changes.{change}", study.model(neuron)
            parameters = {k: v for k, v in variant.changes[change].items() if k != "samples"}
            yield key, model, model.with_parameters(parameters, key)


def check(study: Study) -> None:
    """See that all variants are possible, but for the values of their changes.

    Raises
    ------
    ValueError
        The message names the variant, what is wrong and what to do.
    """
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
            return
        sampling, _ = sampling_of(study, name)
        sampler = sampling.sampler
        if isinstance(sampler, TPE) and draw.trials > sampler.startup:
            yield f"draw.trials is above the sequence's length, startup = {sampler.startup}"
        if draw.sampling is not None:
            for neuron in neurons_of(study, variant):
                sampling.check(study.model(neuron), f"variants.{name}.draw.sampling")
    if search is None and not (isinstance(settings, str) and variant.searches == "best"):
        yield "there is no search whose winners could be taken; leave out settings and searches"
    if search is not None and not isinstance(variant.searches, str):
        for number in variant.searches:
            if number >= search.repeats:
                yield f"searches: there is no search {number} of search.repeats = {search.repeats}"
    for change, values in variant.changes.items():
        samples = values.get("samples", 1)
        if type(samples) is not int or samples < 1:
            yield f"changes.{change}.samples = {samples!r} is not a whole number above 0"
    if (folder := _twice([case.slug for case in cases(study, name)])) is not None:
        yield f"two cases share the folder '{folder}'; rename a change"
    if len({*settings}) == 1 and settings == variant.neurons:
        yield "settings: a neuron model is paired with other ones' only; name others"


def _twice(values: list[str]) -> str | None:
    return next((value for value in values if values.count(value) > 1), None)
