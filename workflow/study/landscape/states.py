"""States: the points of weight space that landscapes are looked at around.

``untrained``: the initial weights. ``equal loss``: the snapshot of the training run at which the
neuron models that are compared have the same training loss. ``trained``: the last weights, or
their mean (`training.average`). ``equal activity``: those of another run, in which a regulariser
leads all neuron models to the same number of spikes.
"""

from __future__ import annotations

import math
from collections.abc import Iterable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
import torch
from torch import Tensor

from spikegrad.layers import SpikeOverflowError
from spikegrad.network import Network, load_network
from spikegrad.saving import CheckpointError, load_tensors
from study.landscape.objective import Objective, vector_of, weights_of
from study.training.run import by_epoch


@dataclass(frozen=True)
class TrainingRun:
    """Where one training run has been: a network, and weights at points of its trajectory."""

    network: Network
    header: dict[str, Any]
    trained: Tensor
    epochs: list[int]
    """Of the snapshots; the first is 0, before training."""
    trajectory: Tensor = field(repr=False)
    """Weights of the snapshots [n_snapshots, n_weights]."""


def load_run(checkpoint: str | Path, snapshots: str | Path) -> TrainingRun:
    """A training run from the files of rule train; CheckpointError if it has no weights."""
    network, header = load_network(checkpoint)
    trained = weights_of(network)
    tensors, _ = load_tensors(snapshots)
    kept = by_epoch(tensors, "epoch")
    if not kept:
        raise CheckpointError(
            f"{snapshots}: the network failed before its first epoch"
            f" ({header['outcome']['reason']}); leave seed {header['seed']} out of landscape.seeds"
        )
    trajectory = torch.stack([vector_of(weights, network) for weights in kept.values()])
    return TrainingRun(network, header, trained, list(kept), trajectory)


class State(NamedTuple):
    """A point on the trajectory of a training run."""

    weights: Tensor
    """[n_weights]"""
    epoch: int
    """After which the network had these weights."""
    run: TrainingRun


def snapshot_losses(run: TrainingRun, objective: Objective) -> np.ndarray:
    """The loss in nats of each snapshot [n_snapshots]; inf where the network diverges."""
    losses = []
    for weights in run.trajectory:
        try:
            losses.append(float(objective.evaluate(weights).loss))
        except SpikeOverflowError:
            losses.append(math.inf)
    return np.array(losses)


def equal_loss(losses: Iterable[np.ndarray]) -> float:
    """The least loss that all runs come down to, given the :func:`snapshot_losses` of each."""
    return max(float(own.min()) for own in losses)


def snapshot_at(losses: np.ndarray, level: float) -> int:
    """The first of ``losses`` [n_snapshots] at or below ``level``, or the one before if nearer.

    The least of them if none comes down to the level.
    """
    if not (losses <= level).any():
        return int(losses.argmin())
    first = int((losses <= level).argmax())
    return min((first, max(first - 1, 0)), key=lambda k: abs(losses[k] - level))


def states(
    run: TrainingRun, losses: np.ndarray, level: float, active: TrainingRun
) -> dict[str, State]:
    """All states of one network, by name.

    ``losses`` are those of the run's snapshots, ``level`` is the loss in nats at which neuron
    models are compared, ``active`` is the run with the regulariser of activity.
    """
    equal = snapshot_at(losses, level)
    return {
        "untrained": State(run.trajectory[0], run.epochs[0], run),
        "equal loss": State(run.trajectory[equal], run.epochs[equal], run),
        "trained": State(run.trained, run.header["outcome"]["epochs"], run),
        "equal activity": State(active.trained, active.header["outcome"]["epochs"], active),
    }
