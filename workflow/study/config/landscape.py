"""Settings of the loss and gradient landscapes; docs/landscapes.md explains them.

Distances in weight space are relative: 1 is the norm of the network's weights.
"""

from __future__ import annotations

from typing import Annotated, Self

from pydantic import (
    AfterValidator,
    Field,
    NonNegativeInt,
    PositiveFloat,
    PositiveInt,
    model_validator,
)

from spikegrad.settings import Distinct, Section

JUDGED_DEPTHS = (0.01, 0.1)
"""Depths of minima, in nats, at which landscapes are judged; fixed before any result."""
RANDOM = ("gaussian", "filter", "layer")
"""Kinds of random directions: unscaled, or scaled as the weights of each neuron or layer are."""
N_RANDOM = 2
"""Random directions of each kind."""
N_PRINCIPAL = 2
"""Main directions of a training, at most; a network that failed early has fewer."""
DIRECTIONS = (
    *(f"{kind}{k}" for kind in RANDOM for k in range(N_RANDOM)),
    "gradient",
    "difference",
    *(f"principal{k}" for k in range(N_PRINCIPAL)),
)
"""Names of all directions; `difference` leads to the network of the next seed of a search."""

Names = Annotated[tuple[str, ...], Field(min_length=1), Distinct]
Points = Annotated[int, Field(ge=3)]


def _odd(points: int) -> int:
    if points % 2 == 0:
        raise ValueError(f"{points} is even: the network itself, in the middle, must be a point")
    return points


def _whole_steps(points: int) -> int:
    if points % 4 != 1:
        raise ValueError(f"{points} is not 4 n + 1: the end of the step must be a point")
    return points


class Lines(Section):
    """One-dimensional sections through the landscape."""

    directions: Names
    """Along which directions: filter0 is the first random one that is scaled as each neuron's
    weights, layer0 as each layer's, gaussian0 as none; principal0 is the main one of the training;
    gradient and difference, to the next seed's network of the same search, have no number."""
    points: Points
    """Evenly spaced points that each line begins with."""
    reach: PositiveFloat
    """Largest distance from the network, to both sides; `difference` runs to the other network."""
    spacing: PositiveFloat
    """Points closer than this get none between them: what the loss still does there is a jump."""
    max_points: PositiveInt
    """Points on a line after which none is added; what is left then limits which depths count."""


class Planes(Section):
    """Two-dimensional sections through the landscape."""

    directions: Annotated[
        tuple[Annotated[tuple[str, str], Distinct], ...], Field(min_length=1), Distinct
    ]
    """Pairs of directions that span a plane."""
    points: Annotated[int, Field(ge=3), AfterValidator(_odd)]
    """Points along each axis, an odd number."""
    reach: PositiveFloat
    """Largest distance from the network along each axis."""


class Closeups(Section):
    """Small, fine planes around trained networks, of single samples and of the mean of some."""

    points: Annotated[int, Field(ge=3), AfterValidator(_odd)]
    """Points along each axis, an odd number; the gradient is taken at all of them."""
    reaches: Annotated[tuple[PositiveFloat, ...], Field(min_length=1), Distinct]
    """Largest distances from the network along each axis, a plane for each."""
    samples: PositiveInt
    """How many of the samples the mean is over, at most `landscape.samples`; the first of them is
    looked at alone, too."""


class LineSearch(Section):
    """Where to search along a line."""

    points: Points
    """Points whose spikes are compared first; more are added where these differ."""
    reach: PositiveFloat
    """Largest distance from the network, to both sides."""


class Breaks(LineSearch):
    """Where to search for breaks."""

    max_runs: PositiveInt
    """Runs of the network after which a line's search ends: chaotic networks need any number."""


class Swaps(LineSearch):
    """Where to search for every change of order."""

    max_changes: PositiveInt
    """Changes after which a line's search ends: it isolates each of them."""


class Census(Section):
    """The certified search for discontinuities, one sample at a time."""

    directions: Names
    """Along which directions."""
    samples: PositiveInt
    """How many of the samples, at most `landscape.samples`."""
    breaks: Breaks
    """Search for changes at which spikes appear, vanish or jump."""
    swaps: Swaps
    """Search for all changes, harmless ones included; takes far longer for the same reach."""


class Profiles(Section):
    """Single samples' losses along lines, and how much of them lies in jumps."""

    directions: Names
    """Along which directions."""
    samples: PositiveInt
    """How many of the samples, at most `landscape.samples`."""
    points: Annotated[int, Field(ge=3), AfterValidator(_odd)]
    """Points to begin with, an odd number; more are added where they show anything."""
    reach: PositiveFloat
    """Largest distance from the network, to both sides."""
    max_points: PositiveInt
    """Points on a line after which no more are added."""


class Steps(Section):
    """Loss and gradient along the updates that training made."""

    number: PositiveInt
    """Updates of each training run, spread evenly over those kept, one after each of
    `training.snapshots`."""
    points: Annotated[int, Field(ge=5), AfterValidator(_whole_steps)]
    """Points from 0 to 4 step lengths, one more than a multiple of 4."""


class Updates(Section):
    """How many breaks at changes of order an update of training meets."""

    samples: PositiveInt
    """Samples of each update's batch that are searched."""
    points: Points
    """Points whose spikes are compared first; more are added where these differ."""
    length: PositiveFloat
    """Length of each step that is searched, relative to the weights; at most the whole step."""
    max_runs: PositiveInt
    """Runs of the network after which the search ends for a sample."""


class LandscapeSettings(Section):
    """Loss and gradient around networks: untrained, at equal loss, trained, at equal activity."""

    seeds: Annotated[tuple[NonNegativeInt, ...], Distinct] | None = None
    """Networks to look at: some of `seeds`, at least two, or none: the study has no landscapes.
    null: the first of each search, or the first two if there is one search."""
    samples: PositiveInt
    """Training samples that the loss is the mean over, drawn for each seed anew."""
    jobs: PositiveInt
    """Jobs that share the surfaces of each run; as many share each of its other measures."""
    lines: Lines
    """Loss, accuracy and activity along lines."""
    planes: Planes
    """Loss, accuracy and gradient on planes."""
    closeups: Closeups
    """Loss and gradient on small, fine planes, of single samples and of the mean of some."""
    census: Census
    """Search for changes of single samples' spikes along lines, isolated to 1e-13."""
    profiles: Profiles
    """Minima of single samples' losses, with and without their jumps."""
    steps: Steps
    """Loss and gradient along steps of training."""
    updates: Updates
    """Breaks that steps of training meet."""
    example_points: Points
    """Points on each line through single samples' largest and typical discontinuities."""

    @model_validator(mode="after")
    def _directions_exist(self) -> Self:
        pairs = [name for pair in self.planes.directions for name in pair]
        named = {
            "lines": (self.lines.directions, self.lines.directions[:1]),
            "planes": (pairs, pairs[:2]),
            "census": (self.census.directions,) * 2,
            "profiles": (self.profiles.directions,) * 2,
        }
        for section, (names, needed_by_every_figure) in named.items():
            for name in names:
                if name not in DIRECTIONS:
                    raise ValueError(
                        f"{section}.directions: '{name}' is not one of {', '.join(DIRECTIONS)}"
                    )
            for name in needed_by_every_figure:
                if name.startswith("principal"):
                    raise ValueError(
                        f"{section}.directions: '{name}' is missing around a network that failed"
                        " early; only lines and planes may name such directions, after others"
                    )
        return self

    @model_validator(mode="after")
    def _samples_suffice(self) -> Self:
        for section in ("closeups", "census", "profiles"):
            if getattr(self, section).samples > self.samples:
                raise ValueError(f"{section}.samples must not exceed samples")
        return self
