"""Lines that single samples are followed along, for the census and for profiles."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import torch

from spikegrad.config.landscape import Census, LandscapeSettings, Profiles
from spikegrad.data.dataset import SpikeDataset
from spikegrad.landscape.census import Line
from spikegrad.landscape.constants import STATES
from spikegrad.landscape.directions import load_centre
from spikegrad.landscape.objective import Objective


@dataclass(frozen=True)
class SampleLine:
    """One sample along one direction, from a network's ``state``."""

    seed: int
    state: str
    direction: str
    sample: int


def sample_lines(options: LandscapeSettings, where: Census | Profiles) -> list[SampleLine]:
    """All lines ``where`` samples are followed in networks of one neuron model."""
    return [
        SampleLine(seed, state, direction, sample)
        for seed in options.seeds
        for state in STATES
        for direction in where.directions
        for sample in range(where.samples)
    ]


def open_line(
    place: SampleLine, centres: Mapping[int, str], samples: Mapping[int, SpikeDataset]
) -> tuple[str, Line]:
    """The neuron model and the line.

    ``centres`` names the file of directions of each seed; ``samples`` are those of its landscapes.
    """
    network, centre = load_centre(centres[place.seed], place.state, (place.direction,))
    objective = Objective(network, samples[place.seed]).select(torch.tensor([place.sample]))
    return centre.about["neuron"], Line(
        objective, centre.weights, centre.directions[place.direction]
    )
