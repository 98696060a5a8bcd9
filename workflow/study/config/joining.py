"""Settings of what joins the two papers: exact and surrogate gradients, and kernels, of spiking
networks; docs/joining.md explains them."""

from __future__ import annotations

from typing import Annotated, Literal, Self

from pydantic import Field, NonNegativeInt, PositiveFloat, PositiveInt, model_validator

from spikegrad.network_settings import Pseudo
from spikegrad.settings import Distinct, Section, seconds


class Lengths(Section):
    """Steps whose change of the loss is predicted; relative distances, evenly in the logarithm."""

    low: PositiveFloat = 1e-8
    """The shortest."""
    high: PositiveFloat = 1e-2
    """The longest."""
    points: Annotated[int, Field(ge=2)] = 13
    """How many."""


class Widths(Section):
    """Networks of growing width, trained by full-batch gradient descent on few samples, beside the
    descent of their own kernel at the start."""

    widths: Annotated[tuple[PositiveInt, ...], Field(min_length=2), Distinct] = (64, 256, 1024)
    """Neurons of the one hidden layer."""
    networks: PositiveInt = 5
    """Networks of each width, rule and scaling."""
    samples: Annotated[int, Field(ge=2)] = 16
    """Training samples of two classes, to be answered with -1 and 1; as many again only watch."""
    steps: PositiveInt = 200
    """Steps of gradient descent."""
    rate: PositiveFloat = 0.5
    """Length of a step, in units of what would take the kernel's first mode to its target."""
    rules: Annotated[tuple[Literal["exact", "surrogate"], ...], Field(min_length=1), Distinct] = (
        "exact",
        "surrogate",
    )
    """By which gradients networks learn; surrogate ones are those of the first of `surrogates`."""
    scalings: Annotated[tuple[Literal["ntk", "mean field"], ...], Field(min_length=1), Distinct] = (
        "ntk",
        "mean field",
    )
    """How the readout's weights fall with the width n: as 1 / sqrt(n), or as 1 / n."""


class Joining(Section):
    """Exact and surrogate gradients of the study's exact networks, on the very same spikes."""

    seeds: Annotated[tuple[NonNegativeInt, ...], Distinct] = ()
    """Networks that are looked at, of `seeds`. None named: those of the landscapes."""
    points: Annotated[int, Field(ge=2)] = 4
    """Of each network's training, from the initial to the last weights."""
    samples: PositiveInt = 32
    """Training samples, drawn for each network, whose mean loss has the gradients."""
    kernel_samples: PositiveInt = 6
    """Of these, samples that kernels are between."""
    step: float = seconds(1e-5, 1.0, default=0.002)
    """Seconds between the times at which surrogates look at potentials; `data.duration` consists of
    whole steps."""
    surrogates: Annotated[tuple[Pseudo, ...], Field(min_length=1)]
    """Surrogates that are compared with the exact derivative."""
    lengths: Lengths = Lengths()
    """Steps down both gradients."""
    growing: Widths | None = Widths()
    """Whether wide networks learn as their kernels do; null leaves that out."""

    @model_validator(mode="after")
    def _samples_suffice(self) -> Self:
        if self.kernel_samples > self.samples:
            raise ValueError("kernel_samples must not exceed samples")
        return self
