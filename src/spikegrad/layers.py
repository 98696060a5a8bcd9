"""Spiking layers: exact spike times forward, exact gradients backward."""

from __future__ import annotations

import math
import os
import weakref
from collections.abc import Callable, Iterable
from concurrent.futures import ThreadPoolExecutor
from functools import cache
from itertools import pairwise, product
from typing import Any

import numpy as np
import torch
from torch import Tensor, nn
from torch.autograd.function import once_differentiable
from torch.nn.utils import parametrize

from spikegrad.eager import eager
from spikegrad.engine import backward, forward, sums
from spikegrad.engine.records import Events, Record, Weights
from spikegrad.engine.rows import LANES
from spikegrad.neurons import NEURONS
from spikegrad.spikes import SpikeTrains

# Samples that one thread takes at a time, and whose weight gradients it sums. Fixed, and blocks
# are summed in order, so that no bit of the result depends on the number of threads.
BLOCK = 4
ROWS = 64  # of a gradient that one thread sums over the samples at a time


class SpikeOverflowError(RuntimeError):
    """A sample made more spikes or steps than allowed, or numbers too large: a runaway network."""


class NotFiniteError(ArithmeticError):
    """A loss or a gradient is no longer a finite number."""


class _Log(np.ndarray):
    """A tensor's memory that holds on to the log of a forward pass.

    Autograd keeps what was saved for the backward pass just as long as that can still come; our
    log lives and goes with a tensor among it.
    """

    records: list[Record]
    samples: list[Events]
    weights: Weights


class _SpikingFunction(torch.autograd.Function):
    """(input times, weight, recurrent weight) -> (spike times, final state, units, offsets)."""

    @staticmethod
    def forward(
        ctx: Any,
        times: Tensor,
        weight: Tensor,
        recurrent: Tensor,
        layer: SpikingLayer,
        spikes: SpikeTrains,
        logged: bool,
    ) -> tuple[Tensor, ...]:
        neuron, n_out = layer.neuron, layer.n_out
        weights = _padded_weights(weight, recurrent)
        samples = _events_of_samples(spikes)
        run = _runner(layer, weights, spikes.duration)
        final = np.empty((len(neuron.variables()), len(spikes), n_out), weights.input.dtype)
        log = np.zeros(1).view(_Log)
        log.records, log.samples, log.weights = [], samples, weights

        def run_block(block: range) -> list[tuple[np.ndarray, np.ndarray, list[Record]]]:
            results = []
            for b in block:
                record = run(b, samples[b])
                final[:, b] = record.final[:, :n_out]
                results.append((record.times, record.units, [record] if logged else []))
            return results

        times_of, units_of = [np.empty(0)], [np.empty(0, np.int64)]
        for block in _in_threads(run_block, _blocks(len(spikes))):
            for sample_times, sample_units, record in block:
                times_of.append(sample_times)
                units_of.append(sample_units)
                log.records += record
        _check_states(final)
        offsets = np.cumsum([len(sample_times) for sample_times in times_of])
        out_times, out_units, out_offsets = map(
            torch.from_numpy, (np.concatenate(times_of), np.concatenate(units_of), offsets)
        )
        ctx.layer, ctx.log = layer, weakref.ref(log)
        ctx.save_for_backward(
            times, spikes.units, spikes.offsets, out_offsets, torch.from_numpy(log)
        )
        ctx.mark_non_differentiable(out_units, out_offsets)
        return out_times, torch.from_numpy(final), out_units, out_offsets

    @staticmethod
    @once_differentiable
    def backward(ctx: Any, grad_times: Tensor, grad_final: Tensor, *_: Any) -> tuple:
        # An error if they have changed, or have been given back after another backward pass.
        offsets = ctx.saved_tensors[3].numpy()
        layer, log = ctx.layer, ctx.log()
        weights, samples = log.weights, log.samples
        used = _used_channels(samples, len(weights.input))
        if used is not None:
            whole, weights, samples = weights, *_only(used, weights, samples)
        grad_spikes = np.ascontiguousarray(grad_times.numpy())  # of one type, compiled once
        grad_states = _padded(grad_final.transpose(0, 1))
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
            grad_weight, grad_recurrent = _sum_of_blocks(run, weights, len(samples))
        else:
            grad_weight, grad_recurrent, layer.sample_norms = _sum_of_clipped(
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


def _used_channels(samples: list[Events], n_in: int) -> np.ndarray | None:
    """The input channels with an event, if they are few; gradients need no other rows."""
    if not samples or sum(len(events.units) for events in samples) > n_in:
        return None
    used = np.flatnonzero(np.bincount(np.concatenate([s.units for s in samples]), minlength=n_in))
    return used if len(used) <= n_in // 2 else None


def _only(
    used: np.ndarray, weights: Weights, samples: list[Events]
) -> tuple[Weights, list[Events]]:
    """The weights of the channels ``used``, and the samples with these numbered anew."""
    place = np.empty(len(weights.input), np.int64)
    place[used] = np.arange(len(used))
    few = weights._replace(input=weights.input[used], reach=weights.reach[used])
    return few, [Events(events.times, place[events.units]) for events in samples]


def _check_gradient(gradient: np.ndarray, what: str) -> None:
    if not np.isfinite(gradient).all():
        raise NotFiniteError(
            f"the gradient of {what} is not finite: it comes so from behind the layer, a LIF "
            "neuron touches its threshold without crossing it, or currents are too strong for the "
            "type"
        )


Backward = Callable[[int, np.ndarray, np.ndarray], None]


def _sum_of_blocks(
    run: Backward, weights: Weights, n_samples: int
) -> tuple[np.ndarray, np.ndarray]:
    """The gradients of input and recurrent weights, summed over the samples."""

    def run_block(block: range) -> tuple[np.ndarray, np.ndarray]:
        own = np.zeros_like(weights.input), np.zeros_like(weights.recurrent)
        for b in block:
            run(b, *own)
        return own

    total = np.zeros_like(weights.input), np.zeros_like(weights.recurrent)
    for block in _in_threads(run_block, _blocks(n_samples)):
        for whole, part in zip(total, block, strict=True):
            whole += part
    return total


def _sum_of_clipped(
    run: Backward, weights: Weights, n_samples: int, clip: float
) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """The same with each sample's gradient clipped, and its norms before, float64 [n_samples].

    The largest norm is ``clip`` times the median of those that are not zero. All samples'
    gradients are held until the median is known.
    """
    n_in, n = weights.input.shape
    parts = np.empty((n_samples, n_in + len(weights.recurrent), n), weights.input.dtype)

    def run_sample(b: int) -> float:
        parts[b] = 0
        run(b, parts[b, :n_in], parts[b, n_in:])
        return sums.square_sum(parts[b])

    norms = np.sqrt(np.array(list(_in_threads(run_sample, range(n_samples))), np.float64))
    some = norms[norms > 0]
    largest = clip * np.median(some) if len(some) else 1.0
    factors = (largest / np.maximum(norms, largest)).astype(parts.dtype)
    total = np.empty(parts.shape[1:], parts.dtype)

    def add_rows(first: int) -> None:
        last = min(first + ROWS, len(total))
        sums.weighted_sum(parts, factors, first, last, total)

    for _ in _in_threads(add_rows, range(0, len(total), ROWS)):
        pass
    return total[:n_in], total[n_in:], norms


class SpikingLayer(nn.Module):
    """A layer of spiking neurons, run exactly from event to event.

    Parameters
    ----------
    n_in, n_out
        Number of input channels and of neurons.
    neuron
        Name of the neuron model, a key of :data:`spikegrad.neurons.NEURONS`.
    tau
        Membrane time constant in seconds; the synapse's is half of it.
    recurrent
        Whether the neurons also drive each other.
    dtype
        Type of weights and states; spike times are float64 always.
    max_spikes
        Spikes per neuron and sample, on average over the layer, that are taken for a runaway.
    drive
        Constant input current of every neuron: a LIF neuron spikes by itself above 1, a QIF
        neuron above 1/4.

    Attributes
    ----------
    weight
        Input weights [n_in, n_out].
    recurrent_weight
        Recurrent weights [n_out, n_out], from row to column; None without recurrence.
    sample_clip
        Largest norm of a sample's gradient of the layer's weights, as a multiple of the batch's
        median norm: longer ones are scaled down before they are summed. None does not clip.
    sample_norms
        If clipping, the norms before it of the last backward pass's samples, float64 [n_samples].
    """

    sample_clip: float | None = None
    sample_norms: np.ndarray | None = None

    def __init__(
        self,
        n_in: int,
        n_out: int,
        neuron: str = "qif",
        tau: float = 0.02,
        recurrent: bool = False,
        dtype: torch.dtype = torch.float32,
        max_spikes: int = 1000,
        drive: float = 0.0,
    ) -> None:
        super().__init__()
        if neuron not in NEURONS:
            raise ValueError(f"neuron '{neuron}' is not known; there are {sorted(NEURONS)}")
        if not 0 < tau < math.inf:
            raise ValueError(f"tau must be a positive, finite number of seconds, not {tau}")
        if not math.isfinite(drive):
            raise ValueError(f"drive must be a finite current, not {drive}")
        for name, number in (("n_in", n_in), ("n_out", n_out), ("max_spikes", max_spikes)):
            if number < 1:
                raise ValueError(f"{name} must be at least 1, not {number}")
        if dtype not in (torch.float32, torch.float64):
            raise ValueError(f"dtype must be torch.float32 or torch.float64, not {dtype}")
        self.n_in, self.n_out, self.max_spikes = n_in, n_out, max_spikes
        self.neuron = NEURONS[neuron](tau=float(tau), drive=float(drive))
        self.weight = nn.Parameter(torch.zeros(n_in, n_out, dtype=dtype))
        self.recurrent_weight = (
            nn.Parameter(torch.zeros(n_out, n_out, dtype=dtype)) if recurrent else None
        )

    def extra_repr(self) -> str:
        recurrent = self.recurrent_weight is not None
        return f"{self.n_in}, {self.n_out}, neuron={self.neuron}, recurrent={recurrent}"

    @torch.no_grad()
    def initialise(
        self,
        spikes: SpikeTrains,
        mean: float,
        scale: float,
        recurrent_scale: float,
        generator: torch.Generator,
    ) -> None:
        """Draw weights for the activity of ``spikes``.

        With E the mean number of input events within tau / 2, input weights are
        N((2 mean - drive) / E, scale^2 / E): current and drive together have a mean of 2 mean,
        and fluctuations of the order of ``scale``. Recurrent weights are
        N(0, recurrent_scale^2 / n_out). Delta synapses, whose weights move twice the charge, have
        half of these weights.

        Raises
        ------
        ValueError
            If ``spikes`` holds no event.
        """
        seconds = len(spikes) * spikes.duration
        events = len(spikes.times) / seconds * self.neuron.tau / 2 if seconds else 0.0
        if events == 0:
            raise ValueError("cannot initialise a layer for the activity of silent inputs")
        unit = 0.5 / self.neuron.charge()
        noise = torch.randn(self.weight.shape, generator=generator, dtype=torch.float64)
        centre = (2 * mean - self.neuron.drive) / events
        assign(self, "weight", unit * (centre + scale / events**0.5 * noise))
        if self.recurrent_weight is not None:
            noise = torch.randn(self.n_out, self.n_out, generator=generator, dtype=torch.float64)
            assign(self, "recurrent_weight", unit * (recurrent_scale / self.n_out**0.5 * noise))

    def forward(self, spikes: SpikeTrains) -> SpikeTrains:
        """The neurons' spikes; their times carry gradients to weights and input times.

        Raises
        ------
        SpikeError
            If ``spikes`` breaks a rule of :class:`SpikeTrains`.
        ValueError
            If the weights have been replaced by some of another shape or type, or are not finite.
        SpikeOverflowError
            If a sample makes more than ``max_spikes`` spikes per neuron, if currents are so strong
            that it takes steps without end, or if a state leaves the range of its type.
        """
        return self.run(spikes)[0]

    @eager
    def run(self, spikes: SpikeTrains) -> tuple[SpikeTrains, tuple[Tensor, ...]]:
        """As :meth:`forward`, with the state at the trial's end, each [n_samples, n_out].

        The neuron's ``variables()`` names the variables, its ``potential`` makes V of them. p and q
        mean a potential p / q and no more: |p| + |q| is 1.
        """
        spikes.check(self.n_in)
        tensors = spikes.times, *self._weights()
        logged = torch.is_grad_enabled() and any(tensor.requires_grad for tensor in tensors)
        times, final, units, offsets = _SpikingFunction.apply(*tensors, self, spikes, logged)
        out = SpikeTrains(times, units, offsets, spikes.duration)
        return out, self.neuron.normalised(tuple(final))

    def _weights(self) -> tuple[Tensor, Tensor]:
        """Input and recurrent weights, [0, n_out] where there are none of these; verified.

        A user may have replaced or converted them, and the kernels read what they are told.
        """
        weight = self.weight
        if weight.dtype not in (torch.float32, torch.float64) or weight.device.type != "cpu":
            raise ValueError(
                f"weights must be float32 or float64 on the CPU, not {weight.dtype} on "
                f"{weight.device}"
            )
        _check_alike(weight, weight, (self.n_in, self.n_out), "weight")
        if self.recurrent_weight is None:
            return weight, weight.new_empty(0, self.n_out)
        recurrent = self.recurrent_weight
        _check_alike(recurrent, weight, (self.n_out, self.n_out), "recurrent_weight")
        return weight, recurrent

    @torch.no_grad()
    def trace(self, spikes: SpikeTrains, sample: int, neuron: int, times: np.ndarray) -> np.ndarray:
        """Membrane potential of one neuron in one sample at ``times`` [n], in seconds.

        Raises
        ------
        SpikeError
            If ``spikes`` breaks a rule of :class:`SpikeTrains`.
        IndexError
            If there is no such sample or neuron.
        ValueError
            If a time lies outside the trial.
        """
        spikes.check(self.n_in)
        for name, index, number in (
            ("sample", sample, len(spikes)),
            ("neuron", neuron, self.n_out),
        ):
            if not 0 <= index < number:
                raise IndexError(f"{name} must be one of 0..{number - 1}, not {index}")
        times = np.asarray(times, np.float64)
        if not ((times >= 0) & (times <= spikes.duration)).all():
            raise ValueError(f"times must lie within the trial of {spikes.duration} s")
        weight, recurrent = self._weights()
        events = _events_of_samples(spikes)[sample]
        # Probes are events of a further channel without weight: they split steps, nothing else.
        # They stand first among simultaneous events, so that a step ends with each.
        silent = weight.new_zeros(1, self.n_out)
        weights = _padded_weights(torch.cat([weight, silent]), recurrent)
        probes, place = np.unique(times, return_inverse=True)
        all_times = np.concatenate([probes, events.times])
        order = np.argsort(all_times, kind="stable")
        units = np.concatenate([np.full(len(probes), self.n_in), events.units])[order]
        split = Events(all_times[order], units)
        record = _runner(self, weights, spikes.duration)(sample, split)
        states = backward.states(self.neuron, split, weights, record, neuron)
        at_probe = (record.sources >= 0) & (units[np.maximum(record.sources, 0)] == self.n_in)
        return self.neuron.potential(states[:, at_probe])[place]


def assign(module: nn.Module, name: str, value: Tensor) -> None:
    """Set a weight to ``value``, through its parametrization if it has one.

    Raises
    ------
    ValueError
        If the weight is computed from others in a way that cannot be inverted.
    """
    if name in module._parameters:
        getattr(module, name).copy_(value)
        return
    try:
        if not parametrize.is_parametrized(module, name):
            raise RuntimeError("it is no parameter")
        setattr(module, name, value.to(getattr(module, name).dtype))
    except (RuntimeError, NotImplementedError) as problem:
        raise ValueError(
            f"cannot set '{name}', which is computed from other parameters ({problem}); "
            "initialise first"
        ) from None


def warm_up(kinds: Iterable[tuple[str, float]] | None = None) -> None:
    """Compile the kernels for both types, into the cache that all processes share.

    ``kinds`` are neuron models with their drives, which are zero or not; without it, all.
    """
    chosen = product(NEURONS, (0.0, 0.5)) if kinds is None else kinds
    for (neuron, drive), dtype in product(chosen, (torch.float32, torch.float64)):
        layer = SpikingLayer(1, 1, neuron, recurrent=True, dtype=dtype, drive=drive)
        nn.init.constant_(layer.weight, 10.0)
        times = torch.full((1,), 0.01, dtype=torch.float64, requires_grad=True)
        spikes = SpikeTrains(times, torch.zeros(1).long(), torch.tensor([0, 1]), 0.1)
        for layer.sample_clip in (None, 1.0):
            layer(spikes).times.sum().backward()


def _runner(
    layer: SpikingLayer, weights: Weights, duration: float
) -> Callable[[int, Events], Record]:
    """A function that runs one sample, given its number and events."""
    neuron, limit = layer.neuron, layer.max_spikes * layer.n_out

    def run(sample: int, events: Events) -> Record:
        record = forward.forward(neuron, events, duration, weights, limit)
        if len(record.times) > limit:
            raise SpikeOverflowError(
                f"sample {sample}: more than {layer.max_spikes} spikes per neuron within "
                f"{record.times[-1]:.4g} s; the network runs away: lower the (recurrent) "
                "weights or raise max_spikes"
            )
        if record.until < duration:
            final = record.final[:, : layer.n_out]
            _check_states(final[:, None], sample)
            name, values = neuron.variables()[neuron.moved()], final[neuron.moved()]
            strongest = int(np.abs(values).argmax())
            raise SpikeOverflowError(
                f"sample {sample}: more than {len(record.steps)} steps until "
                f"{record.until:.4g} s; neuron {strongest}'s {name} is {values[strongest]:.3g} "
                "there: lower the weights or the drive, or raise max_spikes"
            )
        return record

    return run


def _check_states(final: np.ndarray, first: int = 0) -> None:
    """Verify final states [n_state, n_samples, n_out], of the samples from ``first`` on."""
    if not np.isfinite(final).all():
        sample, neuron = np.argwhere(~np.isfinite(final).all(0))[0]
        raise SpikeOverflowError(
            f"sample {first + sample}, neuron {neuron}: its state has left the range of "
            f"{final.dtype}; lower the weights, or use float64"
        )


def _events_of_samples(spikes: SpikeTrains) -> list[Events]:
    times, units = spikes.times.detach().numpy(), spikes.units.numpy()
    bounds = spikes.offsets.tolist()
    return [Events(times[a:b], units[a:b]) for a, b in pairwise(bounds)]


def _check_alike(tensor: Tensor, other: Tensor, shape: tuple[int, ...], name: str) -> None:
    """Verify a tensor's shape, and that it has the type and device of another."""
    if tensor.shape != shape:
        raise ValueError(f"'{name}' must have the shape {list(shape)}, not {list(tensor.shape)}")
    if tensor.dtype != other.dtype or tensor.device != other.device:
        raise ValueError(
            f"'{name}' is {tensor.dtype} on {tensor.device}, the weights are {other.dtype} on "
            f"{other.device}"
        )


def _blocks(n_samples: int) -> list[range]:
    return [range(b, min(b + BLOCK, n_samples)) for b in range(0, n_samples, BLOCK)]


def _padded_weights(weight: Tensor, recurrent: Tensor) -> Weights:
    padded, back = _padded(weight), _padded(recurrent)
    reach, reach_back = np.abs(padded).max(1), np.abs(back).max(1)
    if not (np.isfinite(reach).all() and np.isfinite(reach_back).all()):
        raise ValueError("the layer's weights are not finite: training has diverged")
    return Weights(padded, back, reach, reach_back, weight.shape[1])


def _padded(tensor: Tensor) -> np.ndarray:
    """A copy as a C-ordered array with its last axis padded by zeros to whole registers."""
    n = tensor.shape[-1]
    array = tensor.detach().numpy()
    padded = np.zeros((*tensor.shape[:-1], n + -n % LANES), array.dtype)
    padded[..., :n] = array
    return padded


def _in_threads(function: Callable, jobs: Iterable) -> Iterable:
    """``map`` over torch's number of threads, in order; the kernels release the GIL."""
    return _pool(torch.get_num_threads()).map(function, jobs)


@cache
def _pool(threads: int) -> ThreadPoolExecutor:
    """Threads that flush denormal numbers: decayed currents would make them crawl."""
    return ThreadPoolExecutor(
        threads, "spikegrad", initializer=torch.set_flush_denormal, initargs=(True,)
    )


# A forked child inherits the pools but none of their threads.
os.register_at_fork(after_in_child=_pool.cache_clear)
