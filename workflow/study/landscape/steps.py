"""Along the steps that training took: what the gradient foretells, and what it meets.

Santurkar et al. (arXiv 1805.11604) measure so how far loss and gradient can be relied on, as the
variation of the loss and the change of the gradient along the direction of an update.
"""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import torch
from torch import Tensor

from spikegrad.layers import NotFiniteError, SpikeOverflowError
from spikegrad.network import Network, load_network
from spikegrad.saving import load_tensors
from spikegrad.seeds import generator
from spikegrad.settings import validate
from study.config.landscape import LandscapeSettings, Updates
from study.config.training import TrainingSettings
from study.data.dataset import SpikeDataset
from study.jobs import with_progress
from study.landscape.causes import explain
from study.landscape.census import Line, bracket, breaks
from study.landscape.constants import SWAPS
from study.landscape.objective import Objective
from study.storage.columns import Table, shared
from study.training.batches import epoch_batches
from study.training.run import by_epoch

REACH = 4
"""Step lengths over which loss and gradient are followed."""


STEPS_TABLE = Table(
    files=("landscape/steps.parquet", "landscape/gradients/*/*/*.steps.parquet"),
    says="Updates of training, and whether their gradient foretold them.",
    columns={
        **shared("neuron", "seed"),
        "epoch": "epoch before the update",
        "batch": "samples that the loss is taken over",
        "length": "of the step, a relative distance",
        "predicted": "change of the loss that the gradient predicts, in nats",
        "change": "change that the step made",
        "error": "by how much these differ",
        "cosine": "between the gradients before and after",
        "cosine_clipped": "the same with each sample's gradient clipped as in training",
        "norm_variation": "standard deviation of log10 of the gradient's norm along four steps",
        "runaway": "whether the network runs away there",
    },
)
STEP_LOSSES_TABLE = Table(
    files=("landscape/step_losses.parquet", "landscape/gradients/*/*/*.losses.parquet"),
    says="Loss and gradient along these updates.",
    columns={
        **shared("loss", "gradient_norm", "neuron", "seed"),
        "epoch": "epoch before the update",
        "batch": "samples that the loss is taken over",
        "t": "step lengths",
        "cosine": "with the gradient at 0",
    },
)
UPDATES_TABLE = Table(
    files=("landscape/updates.csv", "landscape/gradients/*/*/*.updates.parquet"),
    says="Breaks at changes of order that updates of training meet.",
    columns={
        **shared("neuron", "seed"),
        "epoch": "epoch before the update",
        "step_length": "of the update, a relative distance",
        "batch_size": "samples of its batch",
        "samples": "samples that were searched",
        "length": "searched in all",
        "counted": "breaks found",
        "breaks_per_length": "per relative distance and sample",
        "breaks_per_sample_update": "for one sample, on all of the step",
        "breaks_per_update": "for all samples of the batch",
    },
)


@dataclass(frozen=True)
class Step:
    """An update of training, the first after ``epoch``.

    Attributes
    ----------
    network
        For its shape; float64.
    neuron, seed, epoch
        What it belongs to.
    weights, change
        Before it, and what it added, float64 [n_weights].
    batch
        The samples that it was taken for, as they were blended and augmented.
    clip
        The ``sample_clip`` of its training.
    """

    network: Network
    neuron: str
    seed: int
    epoch: int
    weights: Tensor
    change: Tensor
    batch: SpikeDataset
    clip: float | None

    @property
    def key(self) -> dict[str, Any]:
        return {"neuron": self.neuron, "seed": self.seed, "epoch": self.epoch}

    @property
    def length(self) -> float:
        """Of the step, relative to the norm of the weights."""
        return float(self.change.norm() / self.weights.norm())


def kept_steps(
    checkpoint: str | Path, snapshots: str | Path, data: SpikeDataset, number: int
) -> Iterator[Step]:
    """Of the steps that rule train kept of one run on ``data``, ``number`` evenly spread ones."""
    network, header = load_network(checkpoint)
    network.double()
    options = validate(TrainingSettings, header["training"], where=str(checkpoint))
    tensors, _ = load_tensors(snapshots)
    before, added = by_epoch(tensors, "epoch"), by_epoch(tensors, "step")
    names = list(network.state_dict())
    epochs = list(added)
    places = np.linspace(0, len(epochs) - 1, min(number, len(epochs))).round().astype(int)
    for epoch in [epochs[place] for place in places]:
        weights, change = (
            torch.cat([part[name].flatten() for name in names]).double()
            for part in (before[epoch], added[epoch])
        )
        batch = next(epoch_batches(data, options, header["seed"], epoch + 1))
        run = network, header["neuron"], header["seed"], epoch
        yield Step(*run, weights, change, batch, options.sample_clip)


def along(
    objective: Objective, weights: Tensor, change: Tensor, points: int
) -> tuple[dict[str, Any], pd.DataFrame]:
    """Loss and gradient from 0 to :data:`REACH` times ``change``, for the objective's samples.

    ``points`` - 1 is a multiple of :data:`REACH`.

    Returns
    -------
    dict
        ``length`` of the step, relative to the norm of the weights; the change of the loss that
        the gradient ``predicted``, in nats, and the ``change`` that the step made; ``error``, by
        how much these differ; ``cosine`` between the gradients before and after the step;
        ``norm_variation``, the standard deviation of log10 of the gradient's norm over all
        points; ``runaway``, whether the network runs away at any. NaN where that is so.
    DataFrame
        t (in step lengths), loss, gradient_norm in nats per relative distance, and cosine with
        the gradient at 0.
    """
    values = [_at(objective, weights + t * change) for t in np.linspace(0, REACH, points)]
    start, end = values[0][1], values[(points - 1) // REACH][1]
    losses = np.array([loss for loss, _ in values])
    norms = np.array([float(g.norm() * weights.norm()) for _, g in values])
    predicted, changed = float(start @ change), losses[(points - 1) // REACH] - losses[0]
    with np.errstate(divide="ignore", invalid="ignore"):
        summary = {
            "length": float(change.norm() / weights.norm()),
            "predicted": predicted,
            "change": changed,
            "error": abs(changed - predicted),
            "cosine": _cosine(start, end),
            "norm_variation": float(np.log10(norms).std()),
            "runaway": bool(np.isnan(losses).any()),
        }
    table = {
        "t": np.linspace(0, REACH, points),
        "loss": losses,
        "gradient_norm": norms,
        "cosine": [_cosine(start, gradient) for _, gradient in values],
    }
    return summary, pd.DataFrame(table)


def clipped_cosine(objective: Objective, step: Step) -> float:
    """Cosine between the gradients before and after ``step``, clipped as its training clips them;
    NaN where there is none."""
    before, after = (
        _at(objective, weights, step.clip)[1]
        for weights in (step.weights, step.weights + step.change)
    )
    return _cosine(before, after)


def _at(objective: Objective, weights: Tensor, clip: float | None = None) -> tuple[float, Tensor]:
    """Loss and gradient; NaN where the network runs away or has no finite gradient."""
    try:
        answer, gradient = objective.gradient(weights, clip)
    except (SpikeOverflowError, NotFiniteError):
        return math.nan, torch.full_like(weights, math.nan)
    return float(answer.loss), gradient


def _cosine(a: Tensor, b: Tensor) -> float:
    """NaN if either is zero, or not finite."""
    return float(a @ b / (a.norm() * b.norm()))


def breaks_met(step: Step, options: Updates, draw: torch.Generator) -> dict[str, Any]:
    """How many changes of order at which spikes appear, vanish or jump a step of training meets.

    Each of its first samples is searched over ``options.length`` (all of the step, if it is
    shorter) at a place of the step that is drawn by ``draw``, so that on average all of it counts
    alike; a sample's search ends after ``options.most`` runs of the network. The samples for which
    the network runs away there are left out.

    Returns
    -------
    dict
        ``step_length``, relative to the norm of the weights; ``batch_size``; ``samples`` that
        were searched, over a ``length`` in all; ``counted``: breaks at changes of order found
        there; ``breaks_per_length``, per sample; ``breaks_per_sample_update``, on all of the
        step; ``breaks_per_update``, for all samples of the batch.
    """
    scale = step.weights.norm() / step.change.norm()
    stretch = min(options.length, step.length)
    counted = samples = 0
    length = 0.0
    for sample in range(min(options.samples, len(step.batch))):
        start = (step.length - stretch) * float(torch.rand((), generator=draw, dtype=torch.float64))
        objective = Objective(step.network, step.batch.select(torch.tensor([sample])))
        line = Line(objective, step.weights, step.change * scale)
        grid = np.linspace(start, start + stretch, options.points)
        try:
            changes = [explain(bracket(line, *pair)) for pair in breaks(line, grid, options.most)]
        except SpikeOverflowError:
            continue
        counted += sum(c["breaks"] and c["cause"] in SWAPS for c in changes)
        samples += 1
        length += line.searched - start
    per_length = counted / length if length else math.nan
    return {
        "step_length": step.length,
        "batch_size": len(step.batch),
        "samples": samples,
        "length": length,
        "counted": counted,
        "breaks_per_length": per_length,
        "breaks_per_sample_update": per_length * step.length,
        "breaks_per_update": per_length * step.length * len(step.batch),
    }


def step_tables(
    steps: Sequence[Step], samples: SpikeDataset, options: LandscapeSettings
) -> tuple[pd.DataFrame, pd.DataFrame, pd.DataFrame]:
    """What each of ``steps`` is like on its own batch and on ``samples``.

    Returns
    -------
    tuple of DataFrame
        Steps and losses along them: neuron, seed, epoch, batch ("own", "fixed"), and what
        :func:`along` says; of steps ``cosine_clipped``, too (:func:`clipped_cosine`). Updates:
        neuron, seed, epoch, and what :func:`breaks_met` says.
    """
    rows, losses, updates = [], [], []
    for step in with_progress(steps, len(steps), "steps"):
        for name, batch in {"own": step.batch, "fixed": samples}.items():
            key = {**step.key, "batch": name}
            objective = Objective(step.network, batch)
            facts, table = along(objective, step.weights, step.change, options.steps.points)
            rows.append({**key, **facts, "cosine_clipped": clipped_cosine(objective, step)})
            losses.append(table.assign(**key))
        draw = generator(options.directions.seed, step.seed, step.epoch)
        updates.append({**step.key, **breaks_met(step, options.updates, draw)})
    return pd.DataFrame(rows), pd.concat(losses, ignore_index=True), pd.DataFrame(updates)
