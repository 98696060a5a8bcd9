"""A layer's spikes as a function of weights and input times that torch can differentiate."""

from __future__ import annotations

import weakref
from collections.abc import Callable, Sequence
from functools import partial
from typing import Any, Protocol

import numpy as np
import torch
from torch import Tensor

from spikegrad.delay_line import DelayedCopies
from spikegrad.engine import backward, forward
from spikegrad.engine.records import Events, Record, Weights
from spikegrad.engine.volleys import (
    add_to_channels,
    arrival_gradients,
    by_channel,
    channels_in_cache,
    square_sum_of_channels,
)
from spikegrad.parallel import (
    Backward,
    Input,
    VolleyGradients,
    add_volleys,
    arriving,
    in_threads,
    padded,
    padded_weights,
    sum_of_blocks,
    sum_of_clipped,
    taken,
    taken_copies,
)
from spikegrad.spikes import SpikeTrains
from spikegrad.wrappers import once_differentiable

DIFFERENTIATED = (
    "the input times",
    "the weights",
    "the recurrent weights",
    "the input delays",
    "the recurrent delays",
    "the time constant",
)

KEPT = 1 << 28
"""Bytes of samples' gradients that are kept at most."""


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

    n_in: int
    n_out: int
    max_spikes: int
    grid: float
    sample_clip: float | None
    sample_norms: np.ndarray | None

    @property
    def neuron(self) -> Any: ...


class Log(np.ndarray):
    """A tensor's memory that keeps the log of a forward pass.

    Autograd keeps saved tensors as long as a backward pass can come; the log is freed with one.
    """

    records: list[Record]
    samples: list[Events]
    origins: list[np.ndarray]
    weights: Weights
    inputs: list[Input]
    synapses: Any


LOGS: weakref.WeakValueDictionary[int, Log] = weakref.WeakValueDictionary()
"""All that are alive, by the address of their memory."""


def log_of(saved: Tensor) -> Log:
    """The log of the forward pass, or of its repetition by a checkpoint, whose memory ``saved`` is.

    RuntimeError if a hook of saved tensors has kept a copy.
    """
    log = LOGS.get(saved.data_ptr())
    if log is None:
        raise RuntimeError(
            "saved_tensors_hooks that copy tensors lose a layer's log: run it outside"
        )
    return log


class SpikingFunction(torch.autograd.Function):
    """What a layer's parameters and input times make: spike times, final state, units, offsets.

    The parameters are weights, recurrent weights, the delays of their rows, and log(tau), or empty
    tensors.
    """

    @staticmethod
    def forward(
        ctx: Any,
        times: Tensor,
        weight: Tensor,
        recurrent: Tensor,
        input_delay: Tensor,
        recurrent_delay: Tensor,
        log_tau: Tensor,
        layer: Layer,
        spikes: SpikeTrains,
        logged: bool,
    ) -> tuple[Tensor, ...]:
        # A copy: the backward pass takes those of now, whatever an optimiser does until then.
        back = recurrent_delay.detach().numpy().flatten() if len(recurrent_delay) else None
        weights = padded_weights(weight, recurrent, back)
        take: Callable[[Events, Weights], Input] = taken
        if isinstance(spikes, DelayedCopies):
            line = spikes.copies, spikes.step, spikes.duration
            take, spikes = partial(taken_copies, *line), spikes.origin
        samples, origins = arriving(spikes, weights.input.dtype, input_delay, layer.n_in)
        log = np.zeros(1).view(Log)
        log.samples, log.origins, log.weights = samples, origins, weights
        return run_samples(
            ctx, lambda b: take(samples[b], weights), log, layer, times, spikes, logged
        )

    @staticmethod
    @once_differentiable
    def backward(ctx: Any, grad_times: Tensor, grad_final: Tensor, *_: Any) -> tuple:
        # An error if they have changed, or have been given back after another backward pass.
        saved = ctx.saved_tensors  # once, as checkpoints want
        offsets, log = saved[4].numpy(), log_of(saved[5])
        layer, neuron = ctx.layer, ctx.neuron
        weights, samples = log.weights, log.samples
        needs_times, _, _, needs_delay, _, needs_tau, *_ = ctx.needs_input_grad
        needs_each = needs_times or needs_delay  # the gradient of each event's time of arrival
        grad_spikes, grad_states = spike_gradients(grad_times, grad_final)
        no_lags = np.zeros((0, 0), weights.input.dtype)
        arrivals = [np.empty(0)] * len(samples)
        volleys: list[VolleyGradients | None] = [None] * len(samples)
        delays, taus = np.empty((len(samples), len(weights.delays))), np.zeros(len(samples))

        def run(b: int, grad_input: np.ndarray, grad_recurrent: np.ndarray) -> float:
            """Add the gradients of sample ``b``, but those of volleys' weights."""
            (events, own, bounds, places), (_, units, counts) = log.inputs[b], samples[b]
            record, states = log.records[b], grad_states[b]
            grad_times = grad_spikes[offsets[b] : offsets[b + 1]].copy()
            moved = np.empty(len(events.times) * (needs_each or needs_tau))
            together = len(bounds) > 0
            slopes = np.empty_like(own.input[: len(own.input) * (together and needs_each)])
            rows = np.zeros_like(own.input) if together else grad_input
            delays[b] = 0
            gradients = grad_times, rows, grad_recurrent, delays[b], no_lags, moved, slopes
            backward.backward(neuron, events, own, record, states, gradients)
            if needs_tau:
                taus[b] = tau_gradient(
                    neuron,
                    record,
                    states,
                    ctx.duration,
                    grad_spikes[offsets[b] : offsets[b + 1]],
                    (moved, events.times),
                    (delays[b], weights.delays),
                )
            if not together:
                arrivals[b] = moved
                return 0.0
            if needs_each:
                arrivals[b] = np.empty(len(units))
                arrival_gradients(weights.input, units, counts, bounds, slopes, arrivals[b])
            order = by_channel(units, counts, bounds, len(weights.input) // len(places))
            own_gradients = VolleyGradients(rows, places, order)
            if at_once:
                one = rows.dtype.type(1)
                add_to_channels(*own_gradients, one, 0, len(grad_input), grad_input)
                return 0.0
            volleys[b] = own_gradients
            return square_sum_of_channels(*own_gradients) if clips else 0.0

        at_once = len(weights.input) <= channels_in_cache(weights.input)
        clips = layer.sample_clip is not None
        if clips:  # each sample's gradient is kept, or summed twice
            at_once |= len(samples) * weights.input.nbytes <= KEPT
        whole = at_once or any(len(own.bounds) == 0 for own in log.inputs)
        like = weights.input if whole else weights.input[:0], weights.recurrent
        (grad_weight, grad_recurrent), factors = summed(run, like, len(samples), layer)
        if not whole:
            grad_weight = np.zeros_like(weights.input)
        add_volleys(grad_weight, volleys, factors)
        return check_gradients(
            ctx,
            _of_spikes(arrivals, log.origins, saved[2]) if needs_times else None,
            grad_weight[:, : layer.n_out],
            grad_recurrent[:, : layer.n_out],
            _of_rows(arrivals, log.samples, factors, len(grad_weight)) if needs_delay else None,
            (factors[:, None] * delays).sum(0),
            (factors * taus).sum(keepdims=True),
        )


def spike_gradients(grad_times: Tensor, grad_final: Tensor) -> tuple[np.ndarray, np.ndarray]:
    """dLoss/dt of all spikes, and dLoss/d(final state) of each sample, as the kernels read them."""
    return np.ascontiguousarray(grad_times.numpy()), padded(grad_final.transpose(0, 1))


def tau_gradient(
    neuron: Any,
    record: Record,
    grad_final: np.ndarray,
    duration: float,
    grad_times: np.ndarray,
    *scaled: tuple[np.ndarray, np.ndarray],
) -> float:
    """dLoss/d(log tau) of one sample.

    Times in units of tau are all that the equations know: what spike times gain, with
    ``grad_times``, the end of the sample and all else that is ``scaled`` lose, given as gradients
    and seconds.
    """
    end = backward.end_gradient(neuron, record.final, grad_final) * duration / neuron.tau
    with np.errstate(invalid="ignore"):  # check_gradients refuses what is not finite
        lost = sum(float((gradient * times).sum()) for gradient, times in scaled)
        return float((grad_times * record.times).sum()) - lost - end


def check_gradients(ctx: Any, *found: np.ndarray | None) -> tuple[Tensor | None, ...]:
    """The gradients of ``DIFFERENTIATED`` that are needed, and None of other arguments;
    NotFiniteError if one is not finite."""
    tensors: list[Tensor | None] = []
    for needed, gradient, what in zip(ctx.needs_input_grad, found, DIFFERENTIATED, strict=False):
        if not needed or gradient is None:
            tensors.append(None)
            continue
        if not np.isfinite(gradient).all():
            raise NotFiniteError(
                f"the gradient of {what} is not finite: it comes so from behind the layer, a LIF "
                "neuron touches its threshold without crossing it, recurrent weights let it grow "
                "from spike to spike, or currents are too strong for the type"
            )
        tensors.append(torch.from_numpy(gradient))
    return *tensors, None, None, None


def run_samples(
    ctx: Any,
    take: Callable[[int], Input],
    log: Log,
    layer: Layer,
    times: Tensor,
    spikes: SpikeTrains,
    logged: bool,
) -> tuple[Tensor, Tensor, Tensor, Tensor]:
    """Run each sample of ``spikes`` on what ``take`` makes of it: spike times, final states, units,
    offsets.

    Keeps in ``ctx`` what a backward pass needs, with the ``log``, to which come inputs and records
    if ``logged``.
    """
    neuron, n_out = layer.neuron, layer.n_out
    run = runner(layer, spikes.duration)
    shape = len(neuron.variables()), len(spikes), n_out
    final = np.empty(shape, log.weights.input.dtype)

    def run_sample(b: int) -> tuple[np.ndarray, np.ndarray, list[tuple[Input, Record]]]:
        own = take(b)
        record = run(b, own.events, own.weights)
        final[:, b] = record.final[:, :n_out]
        return record.times, record.units, [(own, record)] if logged else []

    log.inputs, log.records = [], []
    times_of, units_of = [np.empty(0)], [np.empty(0, np.int64)]
    for sample_times, sample_units, logs in in_threads(run_sample, range(len(spikes))):
        times_of.append(sample_times)
        units_of.append(sample_units)
        for own, record in logs:
            log.inputs.append(own)
            log.records.append(record)
    _check_states(final)
    offsets = torch.from_numpy(np.cumsum([len(sample_times) for sample_times in times_of]))
    units = torch.from_numpy(np.concatenate(units_of))
    ctx.layer, ctx.neuron = layer, neuron
    LOGS[log.ctypes.data] = log
    ctx.duration = spikes.duration
    given = times, spikes.units, spikes.offsets, spikes.counts
    ctx.save_for_backward(*given, offsets, torch.from_numpy(log))
    ctx.mark_non_differentiable(units, offsets)
    return torch.from_numpy(np.concatenate(times_of)), torch.from_numpy(final), units, offsets


def summed(
    run: Backward, like: Sequence[np.ndarray], n_samples: int, layer: Layer
) -> tuple[list[np.ndarray], np.ndarray]:
    """Gradients ``like`` these, summed over the samples, and what each sample's is scaled by."""
    if layer.sample_clip is None:
        return sum_of_blocks(run, like, n_samples), np.ones(n_samples)
    total, layer.sample_norms, factors = sum_of_clipped(run, like, n_samples, layer.sample_clip)
    return total, factors


def _of_spikes(
    arrivals: list[np.ndarray], origins: list[np.ndarray], offsets: Tensor
) -> np.ndarray:
    """The gradients of input times, float64 [n_events], from those of the ``arrivals``."""
    if not origins:
        return np.concatenate([np.empty(0), *arrivals])
    sums = [
        np.bincount(origin, own, size)
        for origin, own, size in zip(origins, arrivals, offsets.diff().tolist(), strict=True)
    ]
    return np.concatenate([np.empty(0), *sums])


def _of_rows(
    arrivals: list[np.ndarray], samples: list[Events], factors: np.ndarray, n_rows: int
) -> np.ndarray:
    """The gradients of input delays, float64 [n_rows], each sample's scaled by its factor."""
    total = np.zeros(n_rows)
    for own, events, factor in zip(arrivals, samples, factors, strict=True):
        total += factor * np.bincount(events.units, own, n_rows)
    return total


def runner(layer: Layer, duration: float) -> Callable[[int, Events, Weights], Record]:
    """A function that runs one sample, given its number, events and weights."""
    neuron, limit = layer.neuron, layer.max_spikes * layer.n_out

    def run(sample: int, events: Events, weights: Weights) -> Record:
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
