"""Exact and surrogate gradients of trained networks, what steps down both do, and the kernels."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import torch
from torch import Tensor
from torch.nn.functional import cross_entropy

from spikegrad.activity import spike_counts
from spikegrad.ntk.spiking import jacobian
from spikegrad.seeds import generator
from study.config.joining import Joining, Pseudo
from study.data.dataset import SpikeDataset
from study.jobs import with_progress
from study.joining import EXACT, LABEL
from study.joining.twin import Twin, vector
from study.landscape.objective import FAILURES, Evaluation, Objective, cosine
from study.landscape.states import TrainingRun, load_run
from study.storage.columns import Table, shared

_RULE = {"rule": "exact, or the surrogate's kind and width"}
_KEY = {
    **shared("neuron", "seed", "epoch"),
    "surrogate": "kind of the surrogate",
    "pseudo_width": "its width, in units of the threshold (LIF) or radians (QIF)",
}

AGREEMENT_TABLE = Table(
    files=("joining/agreement.csv", "joining/networks/*/*.agreement.parquet"),
    says="Surrogate gradients beside exact ones, of the same spikes and samples.",
    columns={
        **_KEY,
        "cosine": "between both, of the hidden layers' weights",
        "same_sign": "share of these weights in which both have the same sign",
        "ratio": "norm of the surrogate gradient over that of the exact one",
    },
)
STEPS_TABLE = Table(
    files=("joining/steps.csv", "joining/networks/*/*.steps.parquet"),
    says="Steps down exact and surrogate gradients, and whether the kernel predicts them.",
    columns={
        **shared("neuron", "seed", "epoch", "length"),
        **_RULE,
        "loss": "mean cross-entropy before the step, in nats",
        "predicted": "its change by the kernel, to first order",
        "change": "its change",
        "residual": "mean over samples of the size of what the kernel misses",
        "residual_changed": "the part of that in samples where the number of some neuron's spikes "
        "changes",
        "samples_changed": "share of samples where it does",
        "appeared": "spikes that appear, a sample",
        "vanished": "spikes that vanish, a sample",
    },
)
SPECTRA_TABLE = Table(
    files=("joining/spectra.csv", "joining/networks/*/*.spectra.parquet"),
    says="The SG-NTK between samples and outputs of one network.",
    columns={
        **_KEY,
        "asymmetry": "norm of its antisymmetric over that of its symmetric part",
        "least": "least real part of its eigenvalues over their largest size",
        "negative": "share of eigenvalues with a real part below -1e-6 of the largest size",
        "cosine": "between it and the exact kernel, as vectors",
    },
)
EIGENVALUES_TABLE = Table(
    files=("joining/eigenvalues.parquet", "joining/networks/*/*.eigenvalues.parquet"),
    says="Its eigenvalues, over the largest size.",
    columns={**_KEY, "real": "real part", "imaginary": "imaginary part"},
)


def measure(
    checkpoint: str | Path, snapshots: str | Path, data: SpikeDataset, options: Joining
) -> dict[str, pd.DataFrame]:
    """The tables agreement, steps, spectra and eigenvalues of one training run on ``data``."""
    run = load_run(checkpoint, snapshots)
    samples = data.draw(options.samples, generator(run.header["seed"], options.samples))
    tables: dict[str, list[dict[str, Any]]] = {
        name: [] for name in ("agreement", "steps", "spectra", "eigenvalues")
    }
    places = list(points(run, options.points))
    for epoch, weights in with_progress(places, len(places), "points of training"):
        key = {"neuron": run.header["neuron"], "seed": run.header["seed"], "epoch": epoch}
        objective = Objective(run.network, samples)
        objective.set_weights(weights)
        twin = Twin(run.network, options.step)
        found = gradients(twin, samples, options.surrogates)
        tables["agreement"] += [{**key, **row} for row in agreement(twin, found)]
        tables["steps"] += [{**key, **row} for row in steps(objective, weights, found, options)]
        objective.set_weights(weights)
        few = samples.select(torch.arange(options.kernel_samples))
        spectra, values = kernels(twin, few, options.surrogates)
        tables["spectra"] += [{**key, **row} for row in spectra]
        tables["eigenvalues"] += [{**key, **row} for row in values]
    return {name: pd.DataFrame(rows) for name, rows in tables.items()}


def points(run: TrainingRun, number: int) -> Iterator[tuple[int, Tensor]]:
    """Epochs and weights of ``number`` evenly spread snapshots, the first and last among them."""
    last = len(run.epochs) - 1
    for place in sorted(set(np.linspace(0, last, number).round().astype(int).tolist())):
        yield run.epochs[place], run.trajectory[place]


def label(pseudo: Pseudo) -> str:
    """A surrogate as the column ``rule`` names it."""
    return LABEL.format(pseudo.kind, pseudo.width)


def _columns(pseudo: Pseudo) -> dict[str, Any]:
    return {"surrogate": pseudo.kind, "pseudo_width": pseudo.width}


Gradients = dict[str | Pseudo, list[Tensor]]


def gradients(twin: Twin, samples: SpikeDataset, surrogates: tuple[Pseudo, ...]) -> Gradients:
    """Of the mean loss by each weight matrix: exact, and by each surrogate.

    All have the exact network's derivative of the loss by the logits.
    """
    logits = twin.exact(samples.spikes)
    out = logits.detach().requires_grad_()
    (by_logits,) = torch.autograd.grad(cross_entropy(out, samples.labels), out)
    found: Gradients = {EXACT: list(torch.autograd.grad(logits, twin.parameters, by_logits))}
    for pseudo in surrogates:
        logits = twin.surrogate(pseudo)(samples.spikes)
        found[pseudo] = list(torch.autograd.grad(logits, twin.parameters, by_logits))
    return found


def agreement(twin: Twin, found: Gradients) -> Iterator[dict[str, Any]]:
    """Rows of the table agreement, without the network's key."""
    hidden = [name.startswith("hidden") for name in twin.network.weights]

    def of_hidden(parts: list[Tensor]) -> Tensor:
        return vector([part for part, own in zip(parts, hidden, strict=True) if own])

    exact = of_hidden(found[EXACT])
    for pseudo, parts in found.items():
        if isinstance(pseudo, Pseudo):
            own = of_hidden(parts)
            known = exact != 0
            yield {
                **_columns(pseudo),
                "cosine": cosine(exact, own),
                "same_sign": float((exact[known].sign() == own[known].sign()).double().mean()),
                "ratio": float(own.norm() / exact.norm()),
            }


def steps(
    objective: Objective, weights: Tensor, found: Gradients, options: Joining
) -> Iterator[dict[str, Any]]:
    """Rows of the table steps, without the network's key."""
    lengths = options.lengths
    start = objective.evaluate(weights)
    spikes = _counts(start, objective)
    slopes = _sample_gradients(objective, weights)
    for name, parts in found.items():
        down = -vector(parts)
        down *= weights.norm() / down.norm()
        for length in np.geomspace(lengths.low, lengths.high, lengths.points):
            row = {"rule": name if isinstance(name, str) else label(name), "length": length}
            row |= {"loss": float(start.loss), "predicted": float(length * (slopes @ down).mean())}
            try:
                end = objective.evaluate(weights + length * down)
            except FAILURES:  # what else there is to measure is missing
                yield row
                continue
            changes = end.losses - start.losses
            missed = (changes - length * (slopes @ down)).abs()
            more = _counts(end, objective) - spikes
            changed = (more != 0).any(1)
            n = len(changes)
            yield row | {
                "change": float(changes.mean()),
                "residual": float(missed.mean()),
                "residual_changed": float(missed[changed].sum() / n),
                "samples_changed": float(changed.double().mean()),
                "appeared": float(more.clamp(min=0).sum() / n),
                "vanished": float((-more).clamp(min=0).sum() / n),
            }


def _counts(found: Evaluation, objective: Objective) -> Tensor:
    """Spikes of every neuron in each sample, int64 [n_samples, n_neurons]."""
    widths = [layer.n_out for layer in objective.layers]
    trains = found.trains[1:]
    return torch.cat([spike_counts(t, n) for t, n in zip(trains, widths, strict=True)], 1)


def _sample_gradients(objective: Objective, weights: Tensor) -> Tensor:
    """Of each sample's loss, [n_samples, n_weights]."""
    each = torch.arange(len(objective.data)).split(1)
    return torch.stack([objective.select(one).gradient(weights)[1] for one in each])


def kernels(
    twin: Twin, samples: SpikeDataset, surrogates: tuple[Pseudo, ...]
) -> tuple[list[dict[str, Any]], list[dict[str, Any]]]:
    """Rows of the tables spectra and eigenvalues, without the network's key."""
    exact = jacobian(twin.exact, twin.parameters, samples.spikes).flatten(0, 1)
    ordinary = exact @ exact.T
    rows, values = [], []
    for pseudo in surrogates:
        own = jacobian(twin.surrogate(pseudo), twin.parameters, samples.spikes).flatten(0, 1)
        mixed = exact @ own.T
        found = torch.linalg.eigvals(mixed)
        found = found / found.abs().max()
        rows.append(
            {
                **_columns(pseudo),
                "asymmetry": float((mixed - mixed.T).norm() / (mixed + mixed.T).norm()),
                "least": float(found.real.min()),
                "negative": float((found.real < -1e-6).double().mean()),
                "cosine": cosine(mixed.flatten(), ordinary.flatten()),
            }
        )
        values += [
            {**_columns(pseudo), "real": value.real, "imaginary": value.imag}
            for value in found.tolist()
        ]
    return rows, values
