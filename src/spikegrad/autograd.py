"""A layer's spikes as a function of weights and input times that torch can differentiate."""

from __future__ import annotations

import weakref
from typing import Any, Protocol

import numpy as np
import torch
from torch import Tensor

from spikegrad.delay_line import DelayedCopies
from spikegrad.engine import batch as engine
from spikegrad.engine.batch import Arriving, Batch, Gradients, Input
from spikegrad.engine.records import Events, Record, Weights
from spikegrad.engine.volleys import VolleyGradients, add_batch_to_channels, channels_in_cache
from spikegrad.parallel import in_each_thread, padded, padded_weights, weighted_sum
from spikegrad.spikes import SpikeTrains
from spikegrad.wrappers import once_differentiable

DIFFERENTIATED = (
    "the input times",
    "the weights",
    "the recurrent weights",
    "the input delays",
    "the recurrent delays",
    "the neurons' own parameters",
    "the time constant",
)

KEPT = 1 << 28
"""Bytes of samples' gradients that are kept at most."""
LARGE, FEW = 16.0, 0.5
"""When a sample's events are taken as volleys, see :class:`spikegrad.engine.batch.Batch`."""
GROUP = 4
"""Samples whose gradients are summed as they come; the sums of all groups follow in their order."""


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

    batch: Batch
    weights: Weights
    samples: Any
    """The log of each sample, :class:`spikegrad.engine.batch.Log`."""
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

    Given are weights, recurrent weights, the delays of their rows, the neurons' states at t = 0,
    log(tau), or empty tensors; then the layer and its input.
    """

    @staticmethod
    def forward(ctx: Any, times: Tensor, *given: Any) -> tuple[Tensor, ...]:
        *parameters, _, layer, spikes = given
        log = SpikingFunction.log_of(layer, spikes, *parameters)
        origin = spikes.origin if isinstance(spikes, DelayedCopies) else spikes
        return run_batch(ctx, log, layer, times, origin)

    @staticmethod
    def log_of(
        layer: Layer,
        spikes: SpikeTrains,
        weight: Tensor,
        recurrent: Tensor,
        input_delay: Tensor,
        recurrent_delay: Tensor,
        start: Tensor,
    ) -> Log:
        """The log of a batch that is still to be run."""
        # Copies: the backward pass takes those of now, whatever an optimiser does until then.
        back = recurrent_delay.detach().numpy().flatten() if len(recurrent_delay) else None
        log = np.zeros(1).view(Log)
        weights = padded_weights(weight, recurrent, start, back)
        if layer.grid > 0:
            lags = np.ones((len(weights.recurrent), 1))
            weights = weights._replace(
                delays=np.zeros(0), soonest=np.inf, lags=lags, step=layer.grid
            )
        log.weights = weights
        line = (1, 0.0)
        if isinstance(spikes, DelayedCopies):
            line, spikes = (spikes.copies, spikes.step), spikes.origin
        delays = input_delay.detach().numpy()
        if not delays.any() and len(delays) <= layer.n_in:
            delays = delays[:0]
        log.batch = batch_of(spikes, log.weights, delays, *line)
        log.samples = engine.room_for(len(spikes), empty_log(log.weights))
        return log

    @staticmethod
    def all_input(log: Log) -> Input:
        """All that arrives from elsewhere in the first sample of ``log``, which has been run."""
        return log.samples[0].input

    @staticmethod
    @once_differentiable
    def backward(ctx: Any, grad_times: Tensor, grad_final: Tensor, *_: Any) -> tuple:
        # An error if they have changed, or have been given back after another backward pass.
        log = log_of(ctx.saved_tensors[-1])  # taken once, as checkpoints want
        layer, weights, n_samples = ctx.layer, log.weights, len(log.samples)
        needs_times, _, _, needs_delay, _, needs_start, needs_tau, *_ = ctx.needs_input_grad
        clips = layer.sample_clip is not None
        at_once = len(weights.input) <= channels_in_cache(weights.input)
        if clips:  # each sample's gradient is kept, or summed twice
            at_once |= n_samples * weights.input.nbytes <= KEPT
        n_rows, n = weights.input.shape
        whole = at_once or not all(engine.together(log.samples))
        n_groups = n_samples if clips else -(-n_samples // GROUP)
        gradients = Gradients(
            np.empty((n_groups, n_rows * whole, n), weights.input.dtype),
            np.empty((n_groups, *weights.recurrent.shape), weights.input.dtype),
            np.zeros((n_samples, *weights.lags.shape), weights.input.dtype),
            np.zeros((n_samples, len(weights.delays))),
            np.zeros((n_samples, n_rows * needs_delay)),
            np.zeros(len(log.batch.times) * needs_times),
            np.zeros(n_samples * needs_tau),
            np.empty((n_samples, *weights.start.shape), weights.start.dtype),
            np.zeros(n_samples * clips),
        )
        arriving = backward_batch(ctx, log, grad_times, grad_final, gradients)
        nothing, units = np.empty(0, weights.input.dtype), np.empty(0, np.int64)
        none = VolleyGradients(nothing[:, None], units[None], units, units, nothing)
        kept = engine.room_for(n_samples, none)
        in_each_thread(
            engine.collect_batch, log.samples, log.weights, log.batch.offsets, gradients, arriving,
            kept, n_jobs=n_groups,
        )  # fmt: skip
        factors = clipping(layer, gradients.squares, n_samples)
        own = factors if clips else np.ones(n_groups)
        grad_weight = weighted_sum(gradients.input, own) if whole else np.zeros_like(weights.input)
        if not at_once:
            add_volleys(grad_weight, kept, factors, log.batch.copies)
        return check_gradients(
            ctx,
            gradients.times if needs_times else None,
            grad_weight[:, : layer.n_out],
            weighted_sum(gradients.recurrent, own)[:, : layer.n_out],
            (factors[:, None] * gradients.input_delays).sum(0),
            (factors[:, None] * gradients.delays).sum(0),
            weighted_sum(gradients.start, factors)[:, : layer.n_out] if needs_start else None,
            (factors * gradients.taus).sum(keepdims=True) if needs_tau else None,
        )


def batch_of(
    spikes: SpikeTrains, weights: Weights, delays: np.ndarray, copies: int = 1, step: float = 0.0
) -> Batch:
    """``spikes`` as the engine takes them, for a layer with ``weights``."""
    times, units = spikes.times.detach().numpy(), spikes.units.numpy()
    dtype = weights.input.dtype
    counts = np.empty(0, dtype) if spikes.counts is None else spikes.counts.numpy().astype(dtype)
    offsets = spikes.offsets.numpy()
    return Batch(times, units, counts, offsets, delays, LARGE, FEW, copies, step)


def empty_log(weights: Weights, events: Events | None = None) -> engine.Log:
    """The log of a sample that is still to be run on these ``events``, or on those of its batch."""
    dtype = weights.input.dtype
    times, units, steps = np.empty(0), np.empty(0, np.int64), np.empty(0, np.int32)
    reals, states = np.empty(0, dtype), np.empty((0, 0), dtype)
    events = Events(times, units, reals) if events is None else events
    arrivals, checkpoints = np.empty((0, 3), np.int32), np.empty((0, 0, 0), dtype)
    record = Record(times, units, steps, reals, arrivals, reals, steps, checkpoints, states, 0.0)
    return engine.Log(events, units, Input(events, weights), record)


def backward_batch(
    ctx: Any, log: Log, grad_times: Tensor, grad_final: Tensor, gradients: Gradients
) -> Any:
    """Write ``gradients``; what the others need of those of all that arrives, for each sample."""
    dtype, n_samples = log.weights.input.dtype, len(log.samples)
    rows = np.empty((0, 0), dtype)
    arriving = engine.room_for(n_samples, Arriving(rows, np.empty(0), rows))
    in_each_thread(
        engine.backward_batch,
        ctx.neuron,
        log.samples,
        log.weights,
        ctx.duration,
        ctx.offsets,
        np.ascontiguousarray(grad_times.numpy()),
        padded(grad_final.transpose(0, 1)),
        gradients,
        arriving,
        n_jobs=len(gradients.recurrent),
    )
    return arriving


def clipping(layer: Layer, squares: np.ndarray, n_samples: int) -> np.ndarray:
    """What the gradient of each sample is scaled by, float64 [n_samples], from the squares of its
    norm; the layer is given the norms.

    The largest norm is ``layer.sample_clip`` times the median of those that are not zero.
    """
    if layer.sample_clip is None:
        return np.ones(n_samples)
    layer.sample_norms = norms = np.sqrt(squares)
    some = norms[norms > 0]
    largest = layer.sample_clip * np.median(some) if len(some) else 1.0
    with np.errstate(invalid="ignore"):  # norms that are not finite: the total is not, either
        return largest / np.maximum(norms, largest)


def add_volleys(total: np.ndarray, samples: Any, factors: np.ndarray, n_copies: int) -> None:
    """Add the gradients of ``samples``, scaled by ``factors``, to ``total`` [n_channels, n]."""
    scales, threads = factors.astype(total.dtype), torch.get_num_threads()
    in_each_thread(add_batch_to_channels, samples, scales, n_copies, total, n_jobs=threads)


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
    return *tensors, None, None


def run_batch(
    ctx: Any, log: Log, layer: Layer, times: Tensor, spikes: SpikeTrains
) -> tuple[Tensor, Tensor, Tensor, Tensor]:
    """Run each sample of ``spikes``: spike times, final states, units, offsets.

    Keeps in ``ctx`` what a backward pass needs.
    """
    final = run_logged(layer, log, spikes.duration)
    sizes, _ = engine.sizes(log.samples)
    offsets = np.concatenate([np.zeros(1, np.int64), np.cumsum(sizes)])
    found, units = engine.joined(log.samples, offsets)
    ctx.layer, ctx.neuron = layer, layer.neuron
    LOGS[log.ctypes.data] = log
    ctx.duration, ctx.offsets = spikes.duration, offsets
    given = times, spikes.units, spikes.offsets, spikes.counts
    ctx.save_for_backward(*given, torch.from_numpy(log))
    others = torch.from_numpy(units), torch.from_numpy(offsets)
    ctx.mark_non_differentiable(*others)
    return torch.from_numpy(found), torch.from_numpy(final), *others


def run_logged(layer: Layer, log: Log, duration: float, first: int = 0) -> np.ndarray:
    """Run the samples of ``log``; their final states, [n_state, n_samples, n_out].

    SpikeOverflowError if one runs away, with its number counted from ``first``.
    """
    neuron, limit = layer.neuron, round(layer.max_spikes * layer.n_out)
    shape = len(neuron.variables()), len(log.samples), layer.n_out
    final = np.empty(shape, log.weights.input.dtype)
    n = len(log.samples)
    own = log.batch, log.weights, layer.n_in, duration, log.samples
    in_each_thread(engine.take_batch, *own, n_jobs=n)
    in_each_thread(engine.forward_batch, neuron, duration, limit, log.samples, final, n_jobs=n)
    sizes, times = engine.sizes(log.samples)
    for b in np.flatnonzero((sizes > limit) | (times < duration)).tolist():
        record, sample = log.samples[b].record, first + b
        if sizes[b] > limit:
            raise SpikeOverflowError(
                f"sample {sample}: more than {layer.max_spikes} spikes per neuron within "
                f"{record.times[-1]:.4g} s; the network runs away: lower the (recurrent) "
                "weights or raise max_spikes",
                sample,
            )
        _check_states(final[:, b : b + 1], sample)
        name, values = neuron.variables()[neuron.moved()], final[neuron.moved(), b]
        strongest = int(np.abs(values).argmax())
        raise SpikeOverflowError(
            f"sample {sample}: more than {len(record.steps)} steps until "
            f"{record.until:.4g} s; neuron {strongest}'s {name} is {values[strongest]:.3g} "
            "there: lower the weights or the drive, or raise max_spikes",
            sample,
        )
    _check_states(final, first)
    return final


def _check_states(final: np.ndarray, first: int = 0) -> None:
    """Verify final states [n_state, n_samples, n_out], of the samples from ``first`` on."""
    if not np.isfinite(final).all():
        sample, neuron = np.argwhere(~np.isfinite(final).all(0))[0].tolist()
        raise SpikeOverflowError(
            f"sample {first + sample}, neuron {neuron}: its state has left the range of "
            f"{final.dtype}; lower the weights, or use float64",
            first + sample,
        )
