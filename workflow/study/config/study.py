"""The whole configuration of a study, as in config/*.yaml."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date
from typing import Annotated, Any, Self, get_args

from pydantic import (
    Field,
    NonNegativeInt,
    ValidationInfo,
    field_validator,
    model_validator,
)

from spikegrad.network_settings import NetworkSettings
from spikegrad.settings import Distinct, Section, implausible, validate
from spikegrad.times import SAME
from study.config.data import COPIES, DataConfig
from study.config.landscape import LandscapeSettings
from study.config.machines import Machines
from study.config.neurons import Neuron
from study.config.ntk import NTKConfig
from study.config.search import SearchConfig
from study.config.training import ModelSettings, TrainingSettings
from study.config.variants import Variants, changed_models, check

SOURCES = frozenset(get_args(DataConfig.model_fields["source"].annotation))


class Overrides(Section):
    """What one neuron model has different from `network` and `training`."""

    network: dict[str, Any] = Field(default_factory=dict)
    """Keys of `network`, as deep as needed, with this neuron's values."""
    training: dict[str, Any] = Field(default_factory=dict)
    """Keys of `training`, as deep as needed, with this neuron's values."""


class Study(Section):
    """All settings of one study."""

    dataset: str = Field(pattern=r"^[a-z][a-z0-9_.-]*$")
    """Name of the study's folder below results/: the source's name, or one that starts with it;
    any name of your own for recordings."""
    criteria: date | None = None
    """Day on which the criteria were fixed; pages call readings that docs/claims.md added later
    exploratory. null: all readings are older than the study."""
    data: DataConfig
    """Where the spikes come from, and how they are split."""
    seeds: Annotated[tuple[NonNegativeInt, ...], Field(min_length=1), Distinct]
    """Seeds of training, shared out among the winners of the searches of all outer folds: with 15
    seeds and 5 searches each winner of a neuron model is trained three times."""
    network: NetworkSettings
    """Layers, time constants, initial weights and readout of the networks."""
    training: TrainingSettings
    """How the networks are trained."""
    neurons: Annotated[dict[Neuron, Overrides], Field(min_length=1)]
    """The neuron models to compare, each with its own values of `network` and `training`; null
    leaves one out that an earlier file names."""
    search: SearchConfig | None = None
    """The search for each neuron model's hyperparameters, whose winner is then trained; null trains
    with the values of `network`, `training` and `neurons`."""
    variants: Variants = Field(default_factory=dict)
    """Networks that are trained with something changed, by name; null leaves one out, or all of an
    earlier file. Each makes a table, variants/<name>.csv, and a figure."""
    roughness: bool = True
    """Whether it is measured how rough the loss around the first network of each search is."""
    landscape: LandscapeSettings
    """Loss and gradient landscapes of the trained networks."""
    ntk: NTKConfig
    """The second paper's experiments; they need no spikes."""
    machines: Machines = Machines()
    """Processors and limits of the machines."""
    unusual: Annotated[tuple[str, ...], Distinct] = ()
    """Keys of times, such as network.tau, whose values lie outside the range that is plausible in
    seconds, and are meant so."""

    def kept(self) -> dict[str, Any]:
        """The settings as they stand beside the results: without the places where this machine has
        its copies of published data."""
        return self.model_dump(mode="json", exclude={"data": COPIES})

    def model(self, neuron: Neuron) -> ModelSettings:
        """The settings of networks of ``neuron``."""
        return _model(self.network, self.training, neuron, self.neurons[neuron])

    @property
    def n_searches(self) -> int:
        """Independent searches for each neuron model, in all outer folds; 1 in each without any."""
        return len(self.data.fold_names) * self._searches_per_fold

    @property
    def _searches_per_fold(self) -> int:
        return 1 if self.search is None else self.search.repeats

    def search_of(self, seed: int) -> int:
        """The search whose winner is trained with ``seed``. Without a search, the fold's number."""
        return self.seeds.index(seed) // self._seeds_per_search

    def fold_of(self, search: int) -> str:
        """The outer fold that a search belongs to."""
        return self.data.fold_names[search // self._searches_per_fold]

    def inner_of(self, search: int) -> int:
        """The inner fold that validates a search's trials: each search of an outer fold has another
        one, as far as there are."""
        return search % self._searches_per_fold % self.data.inner_folds

    @property
    def n_reruns(self) -> int:
        """How often each finalist is trained again, each time on another inner fold."""
        again = self.search is not None and self.search.trained == "winner"
        return self.data.inner_folds if again else 0

    def place_of(self, seed: int) -> int | None:
        """Which of its search's finalists a seed trains, the best is 0; None is the winner."""
        if self.search is None or self.search.trained == "winner":
            return None
        return self.seeds.index(seed) % self._seeds_per_search

    def next_seed(self, seed: int) -> int:
        """The next seed of the same search, around the end: its networks have the same shape."""
        search = self.search_of(seed)
        own = [other for other in self.seeds if self.search_of(other) == search]
        return own[(own.index(seed) + 1) % len(own)]

    @property
    def _seeds_per_search(self) -> int:
        return len(self.seeds) // self.n_searches

    def kinds(self, neuron: Neuron) -> list[tuple[Neuron, float, bool, bool]]:
        """The model ``neuron`` with the drives that it gets, of which zero is one by itself, and
        whether each neuron has a time constant, and a drive or a phase, of its own."""
        searched = () if self.search is None else self.search.sampling.space
        drives = {self.model(neuron).network.drive}
        drives |= {d for p in searched if p.key == "network.drive" for d in p.examples()}
        return sorted({(neuron, float(d != 0), *self.model(neuron).network.own) for d in drives})

    @field_validator("neurons", mode="before")
    @classmethod
    def _without_those_left_out(cls, neurons: Any) -> Any:
        if not isinstance(neurons, Mapping):
            return neurons
        return {neuron: own for neuron, own in neurons.items() if own is not None}

    @field_validator("neurons")
    @classmethod
    def _overrides_are_valid(
        cls, neurons: dict[Neuron, Overrides], others: ValidationInfo
    ) -> dict[Neuron, Overrides]:
        if {"network", "training"} <= others.data.keys():  # else they have errors of their own
            for neuron, overrides in neurons.items():
                _model(others.data["network"], others.data["training"], neuron, overrides)
        return neurons

    @model_validator(mode="after")
    def _search_space_fits(self) -> Self:
        if self.search is not None:
            for neuron in self.neurons:
                self.search.sampling.check(self.model(neuron))
            for key in (parameter.key for parameter in self.search.sampling.space):
                if all(self.model(neuron).lacks(key) for neuron in self.neurons):
                    raise ValueError(
                        f"search.sampling.space: no model has the section of '{key}'; set that to"
                        " its values, or leave the key out"
                    )
        return self

    @model_validator(mode="after")
    def _variants_are_possible(self) -> Self:
        check(self)
        return self

    @model_validator(mode="after")
    def _times_are_seconds(self) -> Self:
        found = implausible(self)
        for neuron in self.neurons:
            own = implausible(self.model(neuron))
            found |= {f"neurons.{neuron}.{k}": v for k, v in own.items() if found.get(k) != v}
        searched = () if self.search is None else self.search.sampling.space
        for key, value in ((p.key, value) for p in searched for value in p.examples()):
            for neuron in self.neurons:
                tried = implausible(self.model(neuron).with_parameters({key: value}))
                found |= {f"search of {key}": tried[key]} if key in tried else {}
        for change, model, changed in changed_models(self):
            own, before = implausible(changed), implausible(model)
            found |= {f"{change} of {k}": v for k, v in own.items() if before.get(k) != v}
        for key, why in found.items():
            if key not in self.unusual:
                raise ValueError(f"'{key}': {why}; if it is meant so, list '{key}' in `unusual`")
        return self

    @model_validator(mode="after")
    def _seeds_can_be_shared_out(self) -> Self:
        n, searches = len(self.seeds), self.n_searches
        if n % searches or n < 2 * searches:
            possible = ", ".join(str(k * searches) for k in range(2, 5))
            of = "searches, search.repeats in each outer fold" if self.search else "outer folds"
            raise ValueError(
                f"seeds: there are {n} for {searches} {of}; give {possible} or so: as many for"
                " each, and at least two, since the landscapes' direction `difference` leads to the"
                " next one"
            )
        return self

    @model_validator(mode="after")
    def _seeds_that_are_looked_at_follow(self) -> Self:
        first = self.seeds[:: self._seeds_per_search] if self.n_searches > 1 else self.seeds[:2]
        if self.landscape.seeds is None:  # a study is frozen once it is made
            landscape = self.landscape.model_copy(update={"seeds": first})
            object.__setattr__(self, "landscape", landscape)
        return self

    @model_validator(mode="after")
    def _landscapes_have_networks(self) -> Self:
        seeds = self.landscape.seeds or ()
        if len(seeds) == 1:
            raise ValueError("landscape.seeds: name at least two, or none")
        absent = set(seeds) - set(self.seeds)
        if absent:
            raise ValueError(
                f"landscape.seeds: {sorted(absent)} are not among seeds, so that no network is "
                "trained with them"
            )
        space = () if self.search is None else self.search.sampling.space
        delays = [value for p in space if p.key == "network.delays" for value in p.examples()]
        networks = [self.model(neuron).network for neuron in self.neurons]
        delays += [network.delays for network in networks]
        later = any(network.recurrence.arrives == "next_step" for network in networks)
        if seeds and (later or any(own is not None for own in delays)):
            raise ValueError(
                "landscapes know no network.delays and no recurrence.arrives: next_step: leave "
                "that out, or landscapes by `landscape: {seeds: []}`"
            )
        return self

    @model_validator(mode="after")
    def _next_step_is_on_the_grid_of_the_data(self) -> Self:
        step = self.data.time_step
        for neuron in self.neurons:
            own = self.model(neuron).network.recurrence
            if own.arrives == "next_step" and (
                step is None or abs(step / own.grid - round(step / own.grid)) > SAME
            ):
                raise ValueError(
                    f"network.recurrence.grid: data.time_step, {step}, must be a whole multiple of "
                    f"it, not of {own.grid}, so that the input is on the grid"
                )
        return self

    @model_validator(mode="after")
    def _results_name_their_data(self) -> Self:
        source, dataset = self.data.source, self.dataset
        if source == "recordings":  # their user names them, but not after another source
            others = SOURCES - {"files", "recordings"}
            for taken in sorted(name for name in others if dataset.startswith(name)):
                raise ValueError(
                    f"dataset '{dataset}' must not start with '{taken}', another source: results"
                    " name their data"
                )
        elif not dataset.startswith(source):
            raise ValueError(
                f"dataset '{dataset}' must start with data.source, '{source}', so that results"
                " always name their data"
            )
        return self


def _model(
    network: NetworkSettings, training: TrainingSettings, neuron: str, overrides: Overrides
) -> ModelSettings:
    common = {"network": network.model_dump(), "training": training.model_dump()}
    return validate(ModelSettings, merge(common, overrides.model_dump()), where=f"neurons.{neuron}")


def merge(settings: Mapping[str, Any], changes: Mapping[str, Any]) -> dict[str, Any]:
    """``settings`` with the values in ``changes``, section by section."""
    merged = dict(settings)
    for key, value in changes.items():
        below = merged.get(key)
        if isinstance(below, Mapping) and isinstance(value, Mapping):
            value = merge(below, value)
        merged[key] = value
    return merged
