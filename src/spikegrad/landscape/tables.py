"""The census of many lines: what each job does, and what comes of it for each neuron model."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
import pandas as pd
import torch
from tqdm import tqdm

from spikegrad.config.landscape import LandscapeSettings
from spikegrad.data.dataset import SpikeDataset
from spikegrad.landscape.census import CHANGE, SEARCHES, Line, census
from spikegrad.landscape.directions import load_centre
from spikegrad.landscape.objective import Objective, subset
from spikegrad.landscape.terms import STATES


@dataclass(frozen=True)
class Task:
    """One sample along one direction, with one kind of search."""

    seed: int
    state: str
    direction: str
    sample: int
    search: str


def census_tasks(options: LandscapeSettings) -> list[Task]:
    """All searches in networks of one neuron model."""
    return [
        Task(seed, state, direction, sample, search)
        for seed in options.seeds
        for state in STATES
        for direction in options.census.directions
        for sample in range(options.census.samples)
        for search in SEARCHES
    ]


def census_tables(
    tasks: Sequence[Task],
    centres: Mapping[int, str],
    data: SpikeDataset,
    options: LandscapeSettings,
) -> tuple[pd.DataFrame, pd.DataFrame, pd.DataFrame]:
    """Changes, lines and losses of ``tasks``; ``centres`` names the directions of each seed.

    All three tables begin with neuron, seed, state, direction, sample, search. The first two go
    on as :func:`census.census` says, the last with x and loss wherever the network ran.
    """
    changes, lines, losses = [], [], []
    for task in tqdm(tasks, desc="census", unit="line", disable=None):
        network, centre = load_centre(centres[task.seed], task.state, (task.direction,))
        key = {"neuron": centre.about["neuron"], **vars(task)}
        samples = subset(data, options, task.seed)
        objective = Objective(network, samples).select(torch.tensor([task.sample]))
        line = Line(objective, centre.weights, centre.directions[task.direction])
        where = options.census.breaks if task.search == "breaks" else options.census.swaps
        found, facts = census(
            line, np.linspace(-where.reach, where.reach, where.points), task.search
        )
        changes += [{**key, **change} for change in found]
        lines.append({**key, **facts})
        losses += [{**key, "x": x, "loss": loss} for x, loss in sorted(line.losses.items())]
    columns = [*key, *CHANGE]  # for a job that finds nothing
    return pd.DataFrame(changes, columns=columns), pd.DataFrame(lines), pd.DataFrame(losses)
