"""Why does a network not learn? Activity, gradients of single samples, and what to change."""

from __future__ import annotations

import math
import warnings
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass, field
from functools import partial
from typing import Any

import torch
from torch import Tensor, nn
from torch.nn.functional import cross_entropy

from spikegrad.activity import spike_counts
from spikegrad.autograd import NotFiniteError
from spikegrad.layers import SilentWarning, SpikeOverflowError, SpikingLayer
from spikegrad.raster import Raster
from spikegrad.runaways import without_runaways
from spikegrad.spikes import SpikeTrains

SAMPLES = 64
"""Samples that have gradients of their own, at most."""
SATURATED = 2.0
"""Spikes within tau above which a neuron tells times no more."""
DROWNED, FEWEST = 0.5, 8
"""Share of the sum of all samples' gradient norms that one sample may have, of so many at least."""


@dataclass(frozen=True)
class LayerActivity:
    """What the neurons of a layer do in a batch."""

    name: str
    """Of the module in the network."""
    spikes: float
    """Mean over neurons and samples."""
    silent: float
    """Share of neurons without a spike in any sample."""
    saturated: float
    """Share of neurons with more than :data:`SATURATED` spikes within tau, on average."""


@dataclass(frozen=True)
class Diagnosis:
    """What :func:`diagnose` has found; as text, a table and the findings."""

    layers: list[LayerActivity]
    runaways: Tensor
    """Samples that run away, int64 [n]."""
    gradients: dict[str, Tensor]
    """Norm of each sample's gradient of the loss by each parameter [n_samples], by its name;
    infinite for all parameters in a sample where a layer's is not finite."""
    findings: list[str]
    """What is wrong, and what to change; empty if nothing is."""

    def __str__(self) -> str:
        lines = [f"{'layer':20} {'spikes a neuron':>16} {'silent':>8} {'saturated':>10}"]
        for own in self.layers:
            shares = f"{100 * own.silent:6.0f} % {100 * own.saturated:8.0f} %"
            lines.append(f"{own.name:20} {own.spikes:16.2f} {shares}")
        lines.append(f"{'parameter':32} {'median':>10} {'largest':>10}  (a sample's gradient)")
        for name, norms in self.gradients.items():
            middle, largest = (norms.median(), norms.max()) if len(norms) else (math.nan, math.nan)
            lines.append(f"{name:32} {middle:10.2g} {largest:10.2g}")
        lines += [f"* {finding}" for finding in self.findings] or ["Nothing stands out."]
        return "\n".join(lines)


@dataclass
class _Watched:
    """The layers of a network, whose spikes are counted whenever it runs."""

    layers: dict[str, SpikingLayer]
    counts: dict[str, Tensor] = field(default_factory=dict)
    """Spikes of each layer's neurons in the last batch, [n_samples, n]."""
    last: str = ""
    """The layer that ran last, or began to."""

    def __enter__(self) -> _Watched:
        for name, layer in self.layers.items():
            layer.run = partial(self._run, name, layer.run)  # type: ignore[method-assign]
        return self

    def __exit__(self, *_: object) -> None:
        for layer in self.layers.values():
            del layer.run

    def _run(self, name: str, run: Callable[..., Any], spikes: SpikeTrains | Raster) -> Any:
        self.last = name
        out, state = run(spikes)
        self.counts[name] = spike_counts(out, self.layers[name].n_out).detach()
        return out, state


def diagnose(network: nn.Module, spikes: SpikeTrains, labels: Tensor | None = None) -> Diagnosis:
    """Look for what keeps a network from learning.

    Parameters
    ----------
    network
        From spike trains to logits [n_samples, n_classes], or to what has ``logits``; its
        :class:`SpikingLayer` and readouts may be anywhere in it.
    spikes
        A batch.
    labels
        Its classes, int64 [n_samples], for the gradients of the cross-entropy; without them those
        that the network answers with.

    Returns
    -------
    Diagnosis
        Activity of every layer, gradient norms of the first :data:`SAMPLES` samples, and what to
        change. Parameters and their ``grad`` stay as they are.

    Raises
    ------
    TypeError
        If the network gives no logits.
    """
    layers = {n or "layer": m for n, m in network.named_modules() if isinstance(m, SpikingLayer)}
    with _Watched(layers) as watched, warnings.catch_warnings():
        warnings.simplefilter("ignore", SilentWarning)  # the findings say it
        with torch.no_grad():
            _, kept = without_runaways(network, spikes)
            activity = [
                _activity(name, layers[name], c, spikes.duration)
                for name, c in watched.counts.items()
                if len(kept)
            ]
            gone = torch.ones(len(spikes), dtype=torch.bool)
            gone[kept] = False
            for b in gone.nonzero().flatten()[:1].tolist():  # in which layer the first runs away
                with suppress(SpikeOverflowError):
                    network(spikes[b])
            where = watched.last
        gradients = _gradients(network, spikes, labels, kept[:SAMPLES])
    runaways = gone.nonzero().flatten()
    findings = []
    if len(runaways):
        findings.append(
            f"{where}: {len(runaways)} of {len(spikes)} samples run away, without an end of their"
            " spikes: lower the scale of the recurrent weights, or the learning rate"
        )
    findings += [finding for own in activity for finding in _of_activity(own)]
    return Diagnosis(activity, runaways, gradients, findings + _of_gradients(gradients, kept))


def _activity(name: str, layer: SpikingLayer, counts: Tensor, duration: float) -> LayerActivity:
    within_tau = counts.mean(0) * layer.tau / duration
    return LayerActivity(
        name,
        float(counts.mean()),
        float((counts.sum(0) == 0).double().mean()),
        float((within_tau > SATURATED).double().mean()),
    )


def _gradients(
    network: nn.Module, spikes: SpikeTrains, labels: Tensor | None, samples: Tensor
) -> dict[str, Tensor]:
    parameters = {name: p for name, p in network.named_parameters() if p.requires_grad}
    if not parameters:
        return {}
    norms: dict[str, list[float]] = {name: [] for name in parameters}
    for b in samples.tolist():
        out = network(spikes[b])
        logits = getattr(out, "logits", out)
        if not isinstance(logits, Tensor):
            raise TypeError(
                f"the network gives {type(logits).__name__}, not logits: diagnose it with its"
                " readout"
            )
        label = logits.argmax(1) if labels is None else labels[b : b + 1]
        loss = cross_entropy(logits, label)
        try:
            own = torch.autograd.grad(loss, list(parameters.values()), allow_unused=True)
        except NotFiniteError:
            own = (torch.tensor(math.inf),) * len(parameters)
        for name, gradient in zip(parameters, own, strict=True):
            norm = 0.0 if gradient is None else float(gradient.double().norm())
            norms[name].append(norm if math.isfinite(norm) else math.inf)
    return {name: torch.tensor(own, dtype=torch.float64) for name, own in norms.items()}


def _of_activity(own: LayerActivity) -> list[str]:
    if own.silent == 1:
        return [
            f"{own.name}: no neuron spikes, so that nothing behind it learns: raise the mean or the"
            " scale of its initial weights, or its drive"
        ]
    found = []
    if own.silent > 0.5:
        found.append(
            f"{own.name}: {100 * own.silent:.0f} % of the neurons are silent in all samples, and"
            " those without a gradient stay so: raise the mean or the scale of initial weights"
        )
    if own.saturated > 0.1:
        found.append(
            f"{own.name}: {100 * own.saturated:.0f} % of the neurons spike more than"
            f" {SATURATED:g} times within tau: lower initial weights, or penalise spike counts"
        )
    return found


def _of_gradients(gradients: dict[str, Tensor], kept: Tensor) -> list[str]:
    found = []
    endless = torch.stack([*gradients.values()]).isinf().any(0) if gradients else torch.empty(0)
    if endless.any():
        first = int(kept[endless.nonzero()[0]])
        found.append(
            f"the gradients of {int(endless.sum())} of {len(endless)} samples are not finite, the"
            f" first of sample {first}: lower the scale of the weights, also of the readout's, or"
            " the learning rate"
        )
    for name, every in gradients.items():
        own, norms = kept[: len(every)][~endless], every[~endless]
        if len(norms) and norms.max() == 0:
            found.append(
                f"{name}: its gradient is 0 in every sample: nothing that it is multiplied with"
                " arrives, or nothing behind it depends on it"
            )
        elif len(norms) >= FEWEST and norms.max() > DROWNED * norms.sum():
            found.append(
                f"{name}: sample {int(own[norms.argmax()])} has"
                f" {100 * float(norms.max() / norms.sum()):.0f} % of all samples' gradient norms,"
                " and drowns the others: look at it, or set sample_clip = 1.0 of a SpikingLayer"
            )
    return found
