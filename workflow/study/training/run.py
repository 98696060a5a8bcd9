"""A training run: what is kept of it, and its state in a file to go on from."""

from __future__ import annotations

import logging
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pandas as pd
from torch import Tensor

from spikegrad.network import Network
from spikegrad.saving import CheckpointError, load_tensors, save_tensors
from study.config.training import TrainingSettings
from study.machine import machine, made_with, refuse_others
from study.training.optimizer import Adam

log = logging.getLogger(__name__)

Weights = dict[str, Tensor]

METRICS = {
    "train_loss": "mean cross-entropy during the epoch, over the samples that did not run away",
    "train_accuracy": "share classified right during the epoch",
    "gradient_norm_mean": "mean gradient norm before clipping, in units of the learning rates",
    "runaways": "training samples of the epoch that ran away, or have no finite gradient",
    "validation_loss": "after the epoch, over the samples that did not run away",
    "validation_accuracy": "after the epoch; a sample that ran away counts as wrong",
    "validation_runaways": "validation samples that ran away after the epoch",
    "spikes_per_neuron": "on validation samples; without them on a draw of training samples",
    "silent_fraction": "on the same samples",
    "presentations": "training samples presented so far",
    "seconds": "duration of the epoch, validation included",
    "silent_neurons": "the hidden neurons without a spike in any of these samples",
}
"""What a history has of an epoch beside its number; the silent neurons are a list."""


@dataclass
class Run:
    """A training run at the end of an epoch."""

    network: Network
    """With the weights of the last epoch."""
    trained: Weights
    """After the last whole epoch: of what a run counts with, also if it diverged."""
    mean: Weights = field(default_factory=dict)
    """Of the weights after each of the last updates, float64; see :meth:`average`."""
    history: list[dict[str, Any]] = field(default_factory=list)
    """A row for each epoch done, row 0 before training, without metrics of training."""
    snapshots: dict[int, Weights] = field(default_factory=dict)
    """Weights after some of the epochs done, see :func:`snapshot_epochs`."""
    steps: dict[int, Weights] = field(default_factory=dict)
    """What the next update added to the weights of each snapshot but the last."""
    presentations: int = 0
    """Training samples presented so far, those of an unfinished epoch included."""
    outcome: str = "running"
    """finished, or the name of what ended the run early (see :data:`loop.DIVERGED`)."""
    reason: str = ""
    """The message that came with it."""
    made: list[str] = field(default_factory=list)
    """The machines that had a part in it, see :func:`study.machine.machine`."""

    def average(self, number: int) -> None:
        """Add the network's weights to their ``mean``, as its entry ``number`` (from 1 on)."""
        for name, value in self.network.state_dict().items():
            mean = self.mean.get(name, value.double())
            # A mean by a sum could be rounded to beyond the bounds of delays.
            self.mean[name] = mean + (value - mean) / number

    def judged(self) -> Weights:
        """A copy of the weights that are evaluated: the ``mean`` if there is one, else the last."""
        last = copy_weights(self.network)
        return {name: self.mean.get(name, value).to(value.dtype) for name, value in last.items()}

    @property
    def epochs(self) -> int | None:
        """Epochs done; None before epoch 0 is, if not even the untrained network has an answer."""
        return len(self.history) - 1 if self.history else None

    def result(self) -> dict[str, Any]:
        """Outcome, reason, epochs done, presentations, and the validation accuracy after the last.

        The accuracy is None without validation.
        """
        accuracy = self.history[-1].get("validation_accuracy") if self.history else None
        return {
            "outcome": self.outcome,
            "reason": self.reason,
            "epochs": self.epochs,
            "presentations": self.presentations,
            "validation_accuracy": accuracy,
        }

    def table(self) -> pd.DataFrame:
        """The history, a row for each epoch; NaN where an epoch has no value."""
        return pd.DataFrame(self.history, columns=["epoch", *METRICS])


def snapshot_epochs(options: TrainingSettings) -> set[int]:
    """Epochs whose weights are kept: evenly spaced, from 0 (before training) to the last."""
    last = options.epochs
    number = min(options.snapshots, last + 1)
    return {round(k * last / (number - 1)) for k in range(number)}


def copy_weights(network: Network) -> Weights:
    """The network's weights now, by name."""
    return {name: value.clone() for name, value in network.state_dict().items()}


def save_state(run: Run, optimizer: Adam, path: Path, identity: str) -> None:
    """Write all that the run needs to go on; ``identity`` tells whether it is the same run."""
    tensors = {f"network.{name}": value for name, value in run.network.state_dict().items()}
    tensors |= {f"mean.{name}": value for name, value in run.mean.items()}
    tensors |= snapshot_tensors(run)
    tensors |= {f"adam.{name}": value for name, value in optimizer.state().items()}
    header = {"identity": identity, "history": run.history, "made": run.made}
    save_tensors(path, tensors, {**header, "made_with": made_with()})


def snapshot_tensors(run: Run) -> Weights:
    """Snapshots and steps: epoch.<epoch>.<name of the weights>, and step.<epoch>.<name>."""
    kept = {"epoch": run.snapshots, "step": run.steps}
    return {
        f"{kind}.{epoch}.{name}": value
        for kind, those in kept.items()
        for epoch, weights in those.items()
        for name, value in weights.items()
    }


def restore_state(run: Run, optimizer: Adam, path: Path, identity: str) -> None:
    """Bring ``run`` and ``optimizer`` to the state in ``path``, if it is this very run's.

    OtherMachineError if it was made by other versions or on another type of processor.
    """
    run.made = [machine()]
    if not path.exists():
        return
    try:
        tensors, header = load_tensors(path)
    except CheckpointError as error:
        log.warning("%s; starting over", error)
        return
    if header.get("identity") != identity:
        log.info("%s belongs to other data, settings or code: starting over", path)
        return
    refuse_others(header["made_with"], path)
    run.made = list(dict.fromkeys([*header["made"], *run.made]))
    run.history = header["history"]
    run.presentations = run.history[-1]["presentations"]
    run.network.load_state_dict(_part(tensors, "network."))
    run.mean = _part(tensors, "mean.")
    run.trained = run.judged()
    run.snapshots, run.steps = by_epoch(tensors, "epoch"), by_epoch(tensors, "step")
    optimizer.load(_part(tensors, "adam."))
    log.info("going on after epoch %d", len(run.history) - 1)


def by_epoch(tensors: Mapping[str, Tensor], kind: str) -> dict[int, Weights]:
    """Those of ``tensors`` that are named <kind>.<epoch>.<name>: for each epoch, by name."""
    found: dict[int, Weights] = {}
    for key, value in _part(tensors, f"{kind}.").items():
        epoch, name = key.split(".", 1)
        found.setdefault(int(epoch), {})[name] = value
    return dict(sorted(found.items()))


def _part(tensors: Mapping[str, Tensor], prefix: str) -> Weights:
    return {k.removeprefix(prefix): v for k, v in tensors.items() if k.startswith(prefix)}
