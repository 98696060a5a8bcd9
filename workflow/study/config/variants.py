"""Settings of variants: networks that are trained with something changed."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated, Any, Literal, Self

from pydantic import AfterValidator, Field, NonNegativeInt, PositiveInt, model_validator

from spikegrad.settings import Distinct, Section
from study.config.neurons import Neuron
from study.config.search import Sampling

Name = Annotated[str, Field(pattern=r"^[^{}/.][^{}/]*$")]  # becomes a part of file names
ChangeName = Annotated[str, Field(pattern=r"^([^{}/.][^{}/]*)?$")]
Measure = Literal["roughness", "robustness"]


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
    """Whose winners: that of the search which is best by validation, or those of each search, or of
    the searches with these numbers, each a case."""
    test_speakers: tuple[Annotated[tuple[NonNegativeInt, ...], Field(min_length=1)], ...] = ()
    """Lists of speakers, each a case: they are in the test set alone, and those that the study
    keeps for it are trained with."""
    draw: Draw | None = None
    """Settings that are drawn, each a case, in place of `settings` and `seeds`."""
    samples: PositiveInt | None = None
    """Training samples, drawn as for the trials of the first search; null is all."""
    measures: Annotated[tuple[Measure, ...], Distinct] = ()
    """What is measured of the networks beside their scores."""


def _without_those_left_out(variants: dict[str, Variant | None]) -> dict[str, Variant]:
    return {name: variant for name, variant in variants.items() if variant is not None}


if TYPE_CHECKING:
    Variants = dict[str, Variant]
else:
    Variants = Annotated[dict[Name, Variant | None], AfterValidator(_without_those_left_out)]
