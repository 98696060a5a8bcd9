"""The census of many lines: what each job does, and what comes of it for each neuron model."""

from __future__ import annotations

import logging
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pandas as pd
import torch

from spikegrad.layers import SpikeOverflowError
from study.config.landscape import LandscapeSettings
from study.data.dataset import SpikeDataset
from study.jobs import with_progress
from study.landscape.census import CHANGE, SEARCHES, census
from study.landscape.constants import STATES
from study.landscape.directions import load_centre
from study.landscape.sample_lines import SampleLine, open_line, sample_lines
from study.storage.columns import Table, shared

log = logging.getLogger(__name__)


CENSUS_LINES_TABLE = Table(
    files=("landscape/census_lines.parquet", "landscape/census/*/*/*.lines.parquet"),
    says="The lines that the census searched.",
    columns={
        **shared("neuron", "seed", "state", "direction", "sample", "length"),
        "search": "as in changes.parquet",
        "spikes": "of the sample, at the line's start",
        "harmless_input_swaps": "changes of order with an input that were passed over",
        "harmless_spike_swaps": "those between neurons' spikes",
        "harmless_inhibitory": "those of either at which an inhibitory arrival overtakes a spike",
        "runs": "runs of the network",
        "same_as": "earlier state with the same weights, if there is one",
    },
)
CENSUS_LOSSES_TABLE = Table(
    files=("landscape/census_losses.parquet", "landscape/census/*/*/*.losses.parquet"),
    says="One sample's loss wherever the census ran the network.",
    columns={
        **shared("neuron", "seed", "state", "direction", "sample", "x"),
        "search": "as in changes.parquet",
        "loss": "of the sample, in nats",
    },
)


@dataclass(frozen=True)
class Task(SampleLine):
    """One kind of search along one of these lines."""

    search: str


def census_tasks(options: LandscapeSettings) -> list[Task]:
    """All searches of one run."""
    places = sample_lines(options.census)
    return [Task(**vars(place), search=search) for place in places for search in SEARCHES]


def census_tables(
    tasks: Sequence[Task],
    centres: str | Path,
    samples: SpikeDataset,
    options: LandscapeSettings,
) -> tuple[pd.DataFrame, pd.DataFrame, pd.DataFrame]:
    """Changes, lines and losses of ``tasks``.

    ``centres`` is the run's file of directions, ``samples`` are those of its landscapes.
    All three tables begin with neuron, seed, state, direction, sample, search. The first two go
    on as :func:`census.census` says, the last with x and loss wherever the network ran. Lines
    along which a network runs away are left out, with a warning. A line in a state with the
    weights of an earlier one names that in ``same_as``: what is isolated there is no other
    network's.
    """
    changes, lines, losses = [], [], []
    twins = _twins(centres)
    for task in with_progress(tasks, len(tasks), "lines of the census"):
        run, line = open_line(task, centres, samples)
        key = {**run, **vars(task)}
        settings = options.census
        where = settings.breaks if task.search == "breaks" else settings.swaps
        grid = np.linspace(-where.reach, where.reach, where.points)
        try:
            found, facts = census(line, grid, task.search, settings.aside, where.most)
        except SpikeOverflowError as error:
            log.warning("%s left out: %s", key, error)
            continue
        changes += [{**key, **change} for change in found]
        lines.append({**key, **facts, "same_as": twins.get(task.state)})
        losses += [{**key, "x": x, "loss": loss} for x, loss in sorted(line.losses.items())]
    columns = [*key, *CHANGE]  # for a job that finds nothing
    return pd.DataFrame(changes, columns=columns), pd.DataFrame(lines), pd.DataFrame(losses)


def _twins(file: str | Path) -> dict[str, str]:
    """States whose weights are those of an earlier state, which is named."""
    weights = {state: load_centre(file, state)[1].weights for state in STATES}
    return {
        state: earlier
        for place, state in enumerate(STATES)
        for earlier in STATES[:place]
        if torch.equal(weights[state], weights[earlier])
    }
