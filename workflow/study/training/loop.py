"""Training: one loop from initial weights to the last, resumable at any epoch."""

from __future__ import annotations

import copy
import logging
import math
import time
from collections.abc import Iterable, Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import torch
from torch import Tensor
from torch.nn.functional import cross_entropy

from spikegrad.activity import sum_by_neuron
from spikegrad.layers import NotFiniteError, SpikeOverflowError
from spikegrad.network import Network, NetworkOutput, SilentError
from spikegrad.raster import Raster
from spikegrad.runaways import without_runaways
from spikegrad.seeds import generator
from spikegrad.spikes import SpikeTrains
from study.config.training import ModelSettings, TrainingSettings
from study.data.dataset import SpikeDataset
from study.progress import with_progress
from study.training.batches import (
    DROPOUT,
    INITIAL,
    epoch_batches,
    first_samples,
    number_of_batches,
    watched_samples,
)
from study.training.dropout import Thinned, without_events
from study.training.optimizer import Adam
from study.training.outcomes import FINISHED, NOT_FINITE, OVERFLOW, SILENT
from study.training.response import Response, respond
from study.training.run import (
    Run,
    Weights,
    copy_weights,
    restore_state,
    save_state,
    snapshot_epochs,
)

log = logging.getLogger(__name__)


class TrainingError(ValueError):
    """Data and settings do not fit together; the message says what to change."""


class RunawayError(RuntimeError):
    """More samples run away than `training.runaways` allows."""


DIVERGED: dict[type[Exception], str] = {
    SpikeOverflowError: OVERFLOW,
    RunawayError: OVERFLOW,
    NotFiniteError: NOT_FINITE,
    SilentError: SILENT,
}
"""Errors that end a run, and the name of that outcome."""


def train(
    settings: ModelSettings,
    neuron: str,
    seed: int,
    data: SpikeDataset,
    validation: SpikeDataset | None,
    state_file: Path,
    identity: str,
) -> Run:
    """Train a network on ``data``, and watch it on ``validation``, which changes no weight.

    Without ``validation`` the history has no scores of validation, and its activity (spikes, silent
    neurons) is measured on :func:`watched_samples` of ``data``, not on ``validation``.

    After each epoch the run is saved to ``state_file``. A run that finds a state there goes on
    from it, to the same bits as without the interruption, if it carries the same ``identity``:
    a digest of everything that the result depends on. The caller removes the file once it has
    stored the result.
    """
    options = settings.training
    _check_sizes(data, validation, options)
    network = Network(settings.network, data.n_units, data.n_classes, neuron)
    _bound_gradients(network, options)
    run = Run(network, copy_weights(network))
    watched = watched_samples(data, seed) if validation is None else validation
    try:
        first = first_samples(data, options, seed)
        network.initialise(data.spikes.select(first), generator(seed, INITIAL))
        optimizer = Adam(network, options.learning_rate, options.readout_learning_rate)
        run.trained = copy_weights(network)
        restore_state(run, optimizer, state_file, identity)
        judged = copy.deepcopy(network)
        left = range(len(run.history), options.epochs + 1)
        for epoch in with_progress(left, len(left), f"{neuron}, seed {seed}"):
            start = time.perf_counter()
            row: dict[str, Any] = {"epoch": epoch}
            if epoch > 0:
                metrics, step = train_epoch(run, optimizer, data, options, seed, epoch)
                row |= metrics
                if epoch - 1 in run.snapshots:
                    run.steps[epoch - 1] = step
            judged.load_state_dict(run.judged())
            answer = respond(judged, watched, options.batch_size)
            check_answer(answer, epoch)
            row |= metrics_of(answer, validated=validation is not None)
            row |= {"presentations": run.presentations, "seconds": time.perf_counter() - start}
            run.history.append(row)
            run.trained = copy_weights(judged)
            if epoch in snapshot_epochs(options):
                run.snapshots[epoch] = copy_weights(network)
            save_state(run, optimizer, state_file, identity)
            numbers = {name: value for name, value in row.items() if name != "silent_neurons"}
            log.info(", ".join(f"{name} {value:.4g}" for name, value in numbers.items()))
        run.outcome = FINISHED
    except tuple(DIVERGED) as error:
        run.outcome, run.reason = DIVERGED[type(error)], str(error)
        log.warning("%s, seed %d: %s (%s)", neuron, seed, run.outcome, error)
    return run


def _check_sizes(
    data: SpikeDataset, validation: SpikeDataset | None, options: TrainingSettings
) -> None:
    if options.batch_size > len(data):
        raise TrainingError(
            f"training.batch_size is {options.batch_size}, but there are only "
            f"{len(data)} training samples; lower it"
        )
    if validation is not None and len(validation) == 0:
        raise TrainingError("there are no validation samples; enlarge the validation split")


def metrics_of(answer: Response, validated: bool) -> dict[str, Any]:
    """Columns of a history for what a network answers; its scores if samples that validate are
    answered."""
    activity = {
        "spikes_per_neuron": answer.spikes_per_neuron,
        "silent_fraction": answer.silent_fraction,
        "silent_neurons": answer.silent_neurons,
    }
    if not validated:
        return activity
    return {
        "validation_loss": answer.loss,
        "validation_accuracy": answer.accuracy,
        "validation_runaways": answer.runaways,
        **activity,
    }


def check_answer(answer: Response, epoch: int) -> None:
    """Verify that a network can go on after ``epoch``."""
    if not answer.answered.any():
        raise RunawayError(f"after epoch {epoch} the network runs away in every sample")
    _check_finite(answer.loss, f"loss after epoch {epoch}")


def train_on(
    network: Network,
    optimizer: Adam,
    data: SpikeDataset,
    watched: SpikeDataset,
    options: TrainingSettings,
    seed: int,
    epochs: Iterable[int],
) -> Iterator[Response]:
    """Train ``network`` on ``data`` through ``epochs``, at the full constant learning rate; the
    answer to ``watched`` after each.

    One of :data:`DIVERGED` is raised if it diverges.
    """
    _bound_gradients(network, options)
    run = Run(network, copy_weights(network))
    for epoch in epochs:
        train_epoch(run, optimizer, data, options, seed, epoch, constant=True)
        yield respond(network, watched, options.batch_size)


def _bound_gradients(network: Network, options: TrainingSettings) -> None:
    for layer in network.spiking_layers:
        layer.sample_clip, layer.spike_bound = options.sample_clip, options.spike_bound


def train_epoch(
    run: Run,
    optimizer: Adam,
    data: SpikeDataset,
    options: TrainingSettings,
    seed: int,
    epoch: int,
    constant: bool = False,
) -> tuple[dict[str, Any], Weights]:
    """Train for an epoch: its metrics, and what the first update added to the weights.

    The learning rate falls along half a cosine, unless it is ``constant``.
    A batch is trained on as if it had no sample that runs away or has no finite gradient.
    RunawayError as soon as more of these have come than ``options`` allow.
    """
    network, n_batches = run.network, number_of_batches(data, options)
    not_averaged = round((1 - (options.average or 0.0)) * options.epochs * n_batches)
    before, first_step = copy_weights(network), {}
    loss_sum = 0.0
    presented = answered = right = 0
    norms = []
    for number, batch in enumerate(epoch_batches(data, options, seed, epoch)):
        run.presentations += len(batch)
        presented += len(batch)
        draw = generator(seed, DROPOUT, epoch, number)
        thinned = Thinned(network, options.dropout, draw)
        batch = replace(batch, spikes=without_events(batch.spikes, options.dropout.events, draw))
        output, kept, loss = _with_gradients(thinned, optimizer, batch, options)
        answered += len(kept)
        _check_runaways(presented - answered, len(data), epoch, options)
        if len(kept):
            labels = batch.labels[kept]
            norm = optimizer.clip(options.clip)
            _check_finite(loss + norm, "loss or gradient")
            progress = epoch - 1 + number / n_batches
            share = cosine(options, progress) * eased(options, progress + 1 / n_batches)
            optimizer.step(1.0 if constant else share)
            norms.append(norm)
            loss_sum += loss * len(kept)
            right += int((output.logits.argmax(1) == labels).sum())
        entry = (epoch - 1) * n_batches + number + 1 - not_averaged
        if entry > 0 and not constant:
            run.average(entry)
        if number == 0:
            first_step = {name: new - before[name] for name, new in network.state_dict().items()}
    row = {
        "train_loss": loss_sum / answered,
        "train_accuracy": right / len(data),
        "gradient_norm_mean": sum(norms) / len(norms),
        "runaways": presented - answered,
    }
    return row, first_step


def _with_gradients(
    network: Thinned, optimizer: Adam, batch: SpikeDataset, options: TrainingSettings
) -> tuple[NetworkOutput, Tensor, float]:
    """What the network gives for the samples of a batch that count, their numbers (int64), and
    their loss; parameters hold the gradients of loss and penalty.

    NotFiniteError if no sample has a finite gradient, or all have by themselves.
    """
    output, kept = without_runaways(network, batch.spikes)
    if not len(kept):
        return output, kept, 0.0
    try:
        loss = _gradients(network, optimizer, output, batch.labels[kept], options)
    except NotFiniteError:
        alone = [_is_finite(network, optimizer, batch.select(b), options) for b in kept.split(1)]
        finite = kept[torch.tensor(alone)]
        if len(finite) in (0, len(kept)):
            raise
        output, kept = network(batch.spikes.select(finite)), finite
        loss = _gradients(network, optimizer, output, batch.labels[kept], options)
    return output, kept, loss


def _is_finite(
    network: Thinned, optimizer: Adam, sample: SpikeDataset, options: TrainingSettings
) -> bool:
    """Whether a sample's gradient is."""
    try:
        _gradients(network, optimizer, network(sample.spikes), sample.labels, options)
    except NotFiniteError:
        return False
    return True


def _gradients(
    network: Thinned,
    optimizer: Adam,
    output: NetworkOutput,
    labels: Tensor,
    options: TrainingSettings,
) -> float:
    """Loss of ``output``; parameters get the gradients of its sum with the penalty."""
    loss = cross_entropy(output.logits, labels)
    penalty = _penalty(network, output, options)
    optimizer.zero_grad()
    (loss + penalty).backward()
    return loss.item()


def _check_runaways(runaways: int, n_samples: int, epoch: int, options: TrainingSettings) -> None:
    if runaways > options.runaways * n_samples:
        raise RunawayError(
            f"{runaways} of the {n_samples} samples of epoch {epoch} ran away before it was over, "
            f"or had no finite gradient: more than training.runaways = {options.runaways:g} "
            "allows; lower the (recurrent) weights or the learning rate"
        )


def smooth_counts(spikes: SpikeTrains | Raster, n_units: int) -> Tensor:
    r"""Spike counts that are differentiable in the spike times, [n_samples, n_units].

    The count itself is piecewise constant: its exact gradient is zero wherever it exists.
    Instead take N(t), the number of spikes up to time t, and average it over the duration T:

    .. math:: n = \frac{2}{T} \int_0^T N(t)\,dt = \sum_k 2 (1 - t_k / T).

    A spike weighs 2 at the beginning and 0 at the end, so that spikes spread evenly count as they
    are, and a QIF spike, which appears and vanishes at t = T alone, does so without a jump.
    Limits: a neuron without spikes has no gradient; a LIF spike that appears before the end (a
    grazing contact) still makes n jump.
    """
    return sum_by_neuron(2 * (1 - spikes.times / spikes.duration), spikes, n_units)


def activity_penalty(
    spikes: SpikeTrains | Raster, n_units: int, target: float, factors: Tensor | float = 1.0
) -> Tensor:
    """Mean over neurons of (mean over samples of :func:`smooth_counts` - target)^2, a scalar,
    each times its neuron's one of ``factors`` [n_units]."""
    return ((smooth_counts(spikes, n_units).mean(0) - target).square() * factors).mean()


def _penalty(network: Thinned, output: NetworkOutput, options: TrainingSettings) -> Tensor:
    """With the factors of a thinned network, means are over the neurons that send."""
    if options.activity.strength == 0:
        return torch.zeros(())
    layers = zip(output.hidden, network.factors, strict=True)
    penalties = [activity_penalty(s, len(f), options.activity.target, f) for s, f in layers]
    return options.activity.strength * torch.stack(penalties).sum()


def cosine(options: TrainingSettings, progress: float) -> float:
    """The share of the full learning rate to use, ``progress`` epochs after the start."""
    return (1 + math.cos(math.pi * progress / options.epochs)) / 2


def eased(options: TrainingSettings, done: float) -> float:
    """The share of the schedule's rate that the update which ends ``done`` epochs has."""
    return min(1.0, done / options.ease_in) if options.ease_in else 1.0


def _check_finite(value: float, what: str) -> None:
    if not math.isfinite(value):
        raise NotFiniteError(f"the {what} is {value}; lower the learning rates or the clip")
