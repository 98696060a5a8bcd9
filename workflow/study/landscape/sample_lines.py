"""Lines that single samples are followed along, for the census and for profiles."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Any

import torch

from study.config.landscape import Census, Profiles
from study.data.dataset import SpikeDataset
from study.landscape.census import Line
from study.landscape.constants import STATES
from study.landscape.directions import load_centre
from study.landscape.objective import Objective


@dataclass(frozen=True)
class SampleLine:
    """One sample along one direction, from a network's ``state``."""

    state: str
    direction: str
    sample: int


def sample_lines(where: Census | Profiles) -> list[SampleLine]:
    """All lines along which ``where`` follows samples, of one run."""
    return [
        SampleLine(state, direction, sample)
        for state in STATES
        for direction in where.directions
        for sample in range(where.samples)
    ]


def open_line(
    place: SampleLine, centres: str | Path, samples: SpikeDataset
) -> tuple[dict[str, Any], Line]:
    """Neuron and seed of the run, and the line.

    ``centres`` is the run's file of directions, ``samples`` are those of its landscapes.
    """
    network, centre = load_centre(centres, place.state, (place.direction,))
    objective = Objective(network, samples).select(torch.tensor([place.sample]))
    return centre.run, Line(objective, centre.weights, centre.directions[place.direction])
