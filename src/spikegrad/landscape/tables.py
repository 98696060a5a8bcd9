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
from spikegrad.landscape.objective import Objective
from spikegrad.landscape.terms import CAUSES, JUMP, STATES


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
        objective = Objective(network, data).select(torch.tensor([task.sample]))
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


def census_summary(changes: pd.DataFrame, lines: pd.DataFrame) -> pd.DataFrame:
    """What the census says of each network.

    Columns: neuron, seed, state; length searched for breaks (relative distance times samples)
    and spikes of a sample; jumps (breaks that change the loss by more than :data:`JUMP`),
    jumps_per_length, jumps_per_length_and_spike, largest and median jump in nats; for each
    cause, its share of the breaks; swaps (all that were met), breaking_swaps (the share of them
    at which a spike appears, vanishes or jumps); certified_swaps (isolated without a break) and
    the largest jump among those.
    """
    rows = []
    for key, own in lines.groupby(["neuron", "seed", "state"], sort=False):
        searched = own[own["search"] == "breaks"]
        here = changes[(changes[["neuron", "seed", "state"]] == list(key)).all(axis=1)]
        breaks = here[(here["search"] == "breaks") & here["breaks"]]
        certified = here[(here["search"] == "swaps") & ~here["breaks"]]
        heights = breaks["loss_jump"].abs()
        jumps = heights[heights > JUMP]
        length, spikes = searched["length"].sum(), searched["spikes"].mean()
        swapped = int(breaks["cause"].isin(["input swap", "spike swap"]).sum())
        swaps = (
            int(searched[["harmless_input_swaps", "harmless_spike_swaps"]].sum().sum()) + swapped
        )
        rows.append(
            {
                **dict(zip(("neuron", "seed", "state"), key, strict=True)),
                "length": length,
                "spikes": spikes,
                "breaks": len(breaks),
                "jumps": len(jumps),
                "jumps_per_length": len(jumps) / length,
                "jumps_per_length_and_spike": len(jumps) / length / spikes,
                "largest_jump": heights.max() if len(heights) else 0.0,
                "median_jump": jumps.median(),
                **{f"share_{c.replace(' ', '_')}": (breaks["cause"] == c).mean() for c in CAUSES},
                "swaps": swaps,
                "breaking_swaps": swapped / swaps if swaps else np.nan,
                "certified_swaps": len(certified),
                "largest_certified_jump": certified["loss_jump"].abs().max(),
            }
        )
    return pd.DataFrame(rows)
