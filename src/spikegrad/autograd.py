"""A layer's spikes as a function of weights and input times that torch can differentiate."""

from __future__ import annotations

import weakref
from collections.abc import Callable
from typing import Any, Protocol

import numpy as np
import torch
from torch import Tensor
from torch.autograd.function import once_differentiable

from spikegrad.engine import backward, forward
from spikegrad.engine.records import Events, Record, Weights
from spikegrad.parallel import (
    events_of_samples,
    in_threads,
    only,
    padded,
    padded_weights,
    sum_of_blocks,
    sum_of_clipped,
    used_channels,
)
from spikegrad.spikes import SpikeTrains


class SpikeOverflowError(RuntimeError):
    """A sample ran away: it made too many spikes or steps, or numbers too large.

    ``sample`` is its number in the batch, of several the first; None if the error is not about one.
    """

    def __init__(self, message: str = "", sample: int | None = None) -> None:
        super().__init__(message)
        self.sample = sample


class NotFiniteError(ArithmeticError):
    """A loss or a gradient is no longer a finite number."""


class Layer(Protocol):
    """What the passes use of a :class:`spikegrad.layers.SpikingLayer`."""

    neuron: Any
    n_out: int
    max_spikes: int
    sample_clip: float | None
    sample_norms: np.ndarray | None


class _Log(np.ndarray):
    """A tensor's memory that keeps the log of a forward pass.

    Autograd keeps saved tensors as long as a backward pass can come; the log is freed with one.
    """

    records: list[Record]
    samples: list[Events]
    weights: Weights


class SpikingFunction(torch.autograd.Function):
    """(input times, weight, recurrent weight) -> (spike times, final state, units, offsets)."""

    @staticmethod
    def forward(
        ctx: Any,
        times: Tensor,
        weight: Tensor,
        recurrent: Tensor,
        layer: Layer,
        spikes: SpikeTrains,
        logged: bool,
    ) -> tuple[Tensor, ...]:
        neuron, n_out = layer.neuron, layer.n_out
        weights = padded_weights(weight, recurrent)
        samples = events_of_samples(spikes, weights.input.dtype)
        run = runner(layer, weights, spikes.duration)
        final = np.empty((len(neuron.variables()), len(spikes), n_out), weights.input.dtype)
        log = np.zeros(1).view(_Log)
        log.records, log.samples, log.weights = [], samples, weights

        def run_sample(b: int) -> tuple[np.ndarray, np.ndarray, list[Record]]:
            record = run(b, samples[b])
            final[:, b] = record.final[:, :n_out]
            return record.times, record.units, [record] if logged else []

        times_of, units_of = [np.empty(0)], [np.empty(0, np.int64)]
        for sample_times, sample_units, record in in_threads(run_sample, range(len(spikes))):
            times_of.append(sample_times)
            units_of.append(sample_units)
            log.records += record
        _check_states(final)
        offsets = np.cumsum([len(sample_times) for sample_times in times_of])
        out_times, out_units, out_offsets = map(
            torch.from_numpy, (np.concatenate(times_of), np.concatenate(units_of), offsets)
        )
        ctx.layer, ctx.log = layer, weakref.ref(log)
        given = times, spikes.units, spikes.offsets, spikes.counts
        ctx.save_for_backward(*given, out_offsets, torch.from_numpy(log))
        ctx.mark_non_differentiable(out_units, out_offsets)
        return out_times, torch.from_numpy(final), out_units, out_offsets

    @staticmethod
    @once_differentiable
    def backward(ctx: Any, grad_times: Tensor, grad_final: Tensor, *_: Any) -> tuple:
        # An error if they have changed, or have been given back after another backward pass.
        offsets = ctx.saved_tensors[4].numpy()
        layer, log = ctx.layer, ctx.log()
        weights, samples = log.weights, log.samples
        used = used_channels(samples, len(weights.input))
        if used is not None:
            whole, weights, samples = weights, *only(used, weights, samples)
        grad_spikes = np.ascontiguousarray(grad_times.numpy())  # of one type, compiled once
        grad_states = padded(grad_final.transpose(0, 1))
        grad_inputs = [
            np.empty(len(events.times) if ctx.needs_input_grad[0] else 0) for events in samples
        ]

        def run(b: int, grad_input: np.ndarray, grad_recurrent: np.ndarray) -> None:
            """Add the gradients of sample ``b``."""
            spikes = slice(offsets[b], offsets[b + 1])
            gradients = grad_spikes[spikes], grad_input, grad_recurrent, grad_inputs[b]
            record, states = log.records[b], grad_states[b]
            backward.backward(layer.neuron, samples[b], weights, record, states, gradients)

        if layer.sample_clip is None:
            grad_weight, grad_recurrent = sum_of_blocks(run, weights, len(samples))
        else:
            grad_weight, grad_recurrent, layer.sample_norms = sum_of_clipped(
                run, weights, len(samples), layer.sample_clip
            )
        if used is not None:
            rows, grad_weight = grad_weight, np.zeros_like(whole.input)
            grad_weight[used] = rows
        grad_arrivals = np.concatenate([np.empty(0), *grad_inputs])
        _check_gradient(grad_arrivals, "the input times")
        _check_gradient(grad_weight, "the weights")
        _check_gradient(grad_recurrent, "the recurrent weights")
        return (
            torch.from_numpy(grad_arrivals) if ctx.needs_input_grad[0] else None,
            torch.from_numpy(grad_weight[:, : layer.n_out]),
            torch.from_numpy(grad_recurrent[:, : layer.n_out]),
            None,
            None,
            None,
        )


def _check_gradient(gradient: np.ndarray, what: str) -> None:
    if not np.isfinite(gradient).all():
        raise NotFiniteError(
            f"the gradient of {what} is not finite: it comes so from behind the layer, a LIF "
            "neuron touches its threshold without crossing it, recurrent weights let it grow from "
            "spike to spike, or currents are too strong for the type"
        )


def runner(layer: Layer, weights: Weights, duration: float) -> Callable[[int, Events], Record]:
    """A function that runs one sample, given its number and events."""
    neuron, limit = layer.neuron, layer.max_spikes * layer.n_out

    def run(sample: int, events: Events) -> Record:
        record = forward.forward(neuron, events, duration, weights, limit)
        if len(record.times) > limit:
            raise SpikeOverflowError(
                f"sample {sample}: more than {layer.max_spikes} spikes per neuron within "
                f"{record.times[-1]:.4g} s; the network runs away: lower the (recurrent) "
                "weights or raise max_spikes",
                sample,
            )
        if record.until < duration:
            final = record.final[:, : layer.n_out]
            _check_states(final[:, None], sample)
            name, values = neuron.variables()[neuron.moved()], final[neuron.moved()]
            strongest = int(np.abs(values).argmax())
            raise SpikeOverflowError(
                f"sample {sample}: more than {len(record.steps)} steps until "
                f"{record.until:.4g} s; neuron {strongest}'s {name} is {values[strongest]:.3g} "
                "there: lower the weights or the drive, or raise max_spikes",
                sample,
            )
        return record

    return run


def _check_states(final: np.ndarray, first: int = 0) -> None:
    """Verify final states [n_state, n_samples, n_out], of the samples from ``first`` on."""
    if not np.isfinite(final).all():
        sample, neuron = np.argwhere(~np.isfinite(final).all(0))[0].tolist()
        raise SpikeOverflowError(
            f"sample {first + sample}, neuron {neuron}: its state has left the range of "
            f"{final.dtype}; lower the weights, or use float64",
            first + sample,
        )
