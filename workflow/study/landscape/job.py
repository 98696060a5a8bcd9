"""What every measure of a landscape is given: some of the work around the states of one network.

A measure is a function of a :class:`Job` that returns its tables by name, in a module of its own
name; docs/new-measure.md shows one.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import NamedTuple, TypeVar

import torch

from spikegrad.network import Network
from study.config.landscape import Census, LandscapeSettings, Profiles
from study.data.dataset import SpikeDataset, load
from study.landscape.constants import STATES
from study.landscape.directions import Centre, load_centres
from study.landscape.isolation import Line
from study.landscape.objective import Objective, landscape_samples
from study.progress import share, with_progress

T = TypeVar("T")


class SampleLine(NamedTuple):
    """One sample along one direction, from a network's ``state``."""

    state: str
    direction: str
    sample: int


def sample_lines(where: Census | Profiles) -> list[SampleLine]:
    """All lines along which ``where`` follows samples of one network."""
    return [
        SampleLine(state, direction, sample)
        for state in STATES
        for direction in where.directions
        for sample in range(where.samples)
    ]


@dataclass(frozen=True)
class Job:
    """One job of a measure around one network; its files are those of rule train."""

    options: LandscapeSettings
    """Those settings of landscapes that the rule names."""
    network: Network
    """float64; each loss that is taken overwrites its weights."""
    centres: dict[str, Centre]
    """By state the network's weights, with directions from them."""
    data: SpikeDataset
    """All training samples."""
    number: int = 0
    """Of this job, from 0 to ``options.jobs`` - 1."""
    checkpoint: str | Path = ""
    snapshots: str | Path = ""

    @classmethod
    def from_files(
        cls,
        events: Path,
        split: Path,
        directions: Path,
        checkpoint: Path,
        snapshots: Path,
        landscape: LandscapeSettings,
        number: int,
    ) -> Job:
        """The job of these files and settings."""
        network, centres = load_centres(directions)
        data = load(events, split, "train")
        return cls(landscape, network, centres, data, number, checkpoint, snapshots)

    @cached_property
    def key(self) -> dict[str, str | int]:
        """The columns that every table begins with: neuron and seed."""
        about = next(iter(self.centres.values())).about
        return {name: about[name] for name in ("neuron", "seed")}

    @cached_property
    def objective(self) -> Objective:
        """The network's loss on its landscapes' samples."""
        return Objective(
            self.network, landscape_samples(self.data, self.options, int(self.key["seed"]))
        )

    def share(self, work: Sequence[T], what: str) -> Iterator[T]:
        """This job's part of ``work``; the log says how much of ``what`` is done."""
        own = share(work, self.number, self.options.jobs)
        return with_progress(own, len(own), what)

    def line(self, place: SampleLine) -> Line:
        """One sample's loss along a line."""
        centre = self.centres[place.state]
        sample = self.objective.select(torch.tensor([place.sample]))
        return Line(sample, centre.weights, centre.directions[place.direction])
