"""Along the updates that training made: what the gradient predicts, and what it meets.

Santurkar et al. (arXiv 1805.11604) measure so how far loss and gradient can be relied on, as the
variation of the loss and the change of the gradient along the direction of an update.
"""

from __future__ import annotations

import math
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import torch
from torch import Tensor

from spikegrad.layers import SpikeOverflowError
from spikegrad.network import Network, load_network
from spikegrad.saving import load_tensors
from spikegrad.seeds import generator
from spikegrad.settings import validate
from study.config.landscape import Updates
from study.config.training import TrainingSettings
from study.data.dataset import SpikeDataset
from study.landscape.causes import explain
from study.landscape.constants import SEED, SWAPS
from study.landscape.isolation import Line, bracket, breaks
from study.landscape.job import Job
from study.landscape.objective import Objective, cosine, gradient_norm, held, vector_of
from study.training.batches import epoch_batches
from study.training.run import by_epoch

REACH = 4
"""Step lengths over which loss and gradient are followed."""


def gradients(job: Job) -> dict[str, pd.DataFrame]:
    """Updates of training on their own batch and on the landscape's samples, loss and gradient
    along them, and the breaks that they meet."""
    options = job.options
    steps, losses, met = [], [], []
    updates = list(kept_updates(job.checkpoint, job.snapshots, job.data, options.steps.number))
    for update in job.share(updates, "steps"):
        for name, batch in {"own": update.batch, "fixed": job.objective.data}.items():
            key = {**update.key, "batch": name}
            objective = Objective(update.network, batch)
            facts, table = along(objective, update.weights, update.change, options.steps.points)
            steps.append({**key, **facts, "cosine_clipped": clipped_cosine(objective, update)})
            losses += [{**key, **row} for row in table.to_dict("records")]
        draw = generator(SEED, update.seed, update.epoch)
        met.append({**update.key, **breaks_met(update, options.updates, draw)})
    return {
        "steps": pd.DataFrame(steps),
        "step_losses": pd.DataFrame(losses),
        "updates": pd.DataFrame(met),
    }


@dataclass(frozen=True)
class Update:
    """An update of training, the first after ``epoch``."""

    network: Network
    """For its shape; float64."""
    neuron: str
    seed: int
    epoch: int
    weights: Tensor
    """Before it, float64 [n_weights]."""
    change: Tensor
    """What it added, float64 [n_weights]."""
    batch: SpikeDataset
    """The samples that it was made for, as they were blended and augmented."""
    clip: float | None
    """The ``sample_clip`` of its training."""

    @property
    def key(self) -> dict[str, Any]:
        return {"neuron": self.neuron, "seed": self.seed, "epoch": self.epoch}

    @property
    def length(self) -> float:
        """A relative distance."""
        return relative(self.change, self.weights, self.network)


def kept_updates(
    checkpoint: str | Path, snapshots: str | Path, data: SpikeDataset, number: int
) -> Iterator[Update]:
    """Of the updates that rule train kept of one run on ``data``, ``number`` evenly spread ones.

    Where no sample of a batch had a gradient there was no update.
    """
    network, header = load_network(checkpoint)
    network.double()
    options = validate(TrainingSettings, header["training"], where=str(checkpoint))
    tensors, _ = load_tensors(snapshots)
    before, added = by_epoch(tensors, "epoch"), by_epoch(tensors, "step")
    epochs = [epoch for epoch, step in added.items() if any(part.any() for part in step.values())]
    places = np.linspace(0, len(epochs) - 1, min(number, len(epochs))).round().astype(int)
    for epoch in [epochs[place] for place in places]:
        weights, change = (vector_of(part[epoch], network) for part in (before, added))
        batch = next(epoch_batches(data, options, header["seed"], epoch + 1))
        run = network, header["neuron"], header["seed"], epoch
        yield Update(*run, weights, change, batch, options.sample_clip)


def relative(change: Tensor, weights: Tensor, network: Network) -> float:
    """Norm of a ``change`` of the weights over theirs, of all that landscapes do not hold."""
    free = ~held(network)
    return float(change[free].norm() / weights[free].norm())


def along(
    objective: Objective, weights: Tensor, change: Tensor, points: int
) -> tuple[dict[str, Any], pd.DataFrame]:
    """Loss and gradient from 0 to :data:`REACH` times ``change``, for the objective's samples: a
    row of the table ``steps``, without ``cosine_clipped``, and the rows of ``step_losses``.

    ``points`` - 1 is a multiple of :data:`REACH`. NaN where the network diverges.
    """
    places = np.linspace(0, REACH, points)
    values = [objective.gradient_or_nan(weights + t * change) for t in places]
    start, end = values[0][1], values[(points - 1) // REACH][1]
    losses = np.array([float(own.mean()) for own, _ in values])
    norms = np.array([gradient_norm(g, weights, objective.network) for _, g in values])
    predicted, changed = float(start @ change), losses[(points - 1) // REACH] - losses[0]
    with np.errstate(divide="ignore", invalid="ignore"):
        summary = {
            "length": relative(change, weights, objective.network),
            "predicted": predicted,
            "change": changed,
            "error": abs(changed - predicted),
            "cosine": cosine(start, end),
            "norm_variation": float(np.log10(norms).std()),
            "runaway": bool(np.isnan(losses).any()),
        }
    table = {
        "t": places,
        "loss": losses,
        "gradient_norm": norms,
        "cosine": [cosine(start, gradient) for _, gradient in values],
    }
    return summary, pd.DataFrame(table)


def clipped_cosine(objective: Objective, update: Update) -> float:
    """Cosine between the gradients before and after ``update``, clipped as its training clips them;
    NaN where there is none."""
    before, after = (
        objective.gradient_or_nan(weights, update.clip)[1]
        for weights in (update.weights, update.weights + update.change)
    )
    return cosine(before, after)


def breaks_met(update: Update, options: Updates, draw: torch.Generator) -> dict[str, Any]:
    """How many changes of order at which spikes appear, vanish or jump a step of training meets.

    Each of its first samples is searched over ``options.length`` (all of the step, if it is
    shorter) at a place of the step that is drawn by ``draw``; a sample's search ends after
    ``options.max_runs`` runs of the network. Samples for which the network diverges there are left
    out.
    """
    scale = 1 / update.length
    stretch = min(options.length, update.length)
    counted = samples = 0
    length = 0.0
    for sample in range(min(options.samples, len(update.batch))):
        place = float(torch.rand((), generator=draw, dtype=torch.float64))
        start = (update.length - stretch) * place
        objective = Objective(update.network, update.batch.select(torch.tensor([sample])))
        line = Line(objective, update.weights, update.change * scale)
        grid = np.linspace(start, start + stretch, options.points)
        try:
            pairs = breaks(line, grid, options.max_runs)
            changes = [explain(bracket(line, *pair)) for pair in pairs]
        except SpikeOverflowError:
            continue
        counted += sum(c["breaks"] and c["cause"] in SWAPS for c in changes)
        samples += 1
        length += line.searched - start
    per_length = counted / length if length else math.nan
    return {
        "samples": samples,
        "length": length,
        "counted": counted,
        "breaks_per_update": per_length * update.length * len(update.batch),
    }
