"""Spiking layers: exact spike times forward, exact gradients backward."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable
from concurrent.futures import ThreadPoolExecutor
from functools import cache
from itertools import pairwise, product
from typing import Any

import numpy as np
import torch
from torch import Tensor, nn

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
    """A sample made more spikes than allowed: a runaway network."""


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
    ) -> tuple[Tensor, ...]:
        neuron, n_out = layer.neuron, layer.n_out
        weights = _padded_weights(weight, recurrent)
        samples = _events_of_samples(spikes)
        run = _runner(layer, weights, spikes.duration)
        blocks = _in_threads(
            lambda block: [run(b, samples[b]) for b in block], _blocks(len(spikes))
        )
        records = [record for block in blocks for record in block]
        ctx.records, ctx.samples = records, samples
        ctx.layer, ctx.weights = layer, weights
        offsets = np.cumsum([0] + [len(record.times) for record in records])
        final = np.empty((len(neuron.variables()), len(records), n_out), weights.input.dtype)
        for b, record in enumerate(records):
            final[:, b] = record.final[:, :n_out]
        out_times = torch.from_numpy(np.concatenate([np.empty(0), *(r.times for r in records)]))
        units = np.concatenate([np.empty(0, np.int64), *(r.units for r in records)])
        out_units, out_offsets = torch.from_numpy(units), torch.from_numpy(offsets)
        ctx.offsets = offsets
        ctx.mark_non_differentiable(out_units, out_offsets)
        return out_times, torch.from_numpy(final), out_units, out_offsets

    @staticmethod
    def backward(ctx: Any, grad_times: Tensor, grad_final: Tensor, *_: Any) -> tuple:
        layer, weights = ctx.layer, ctx.weights
        grad_spikes = np.ascontiguousarray(grad_times.numpy())  # of one type, compiled once
        grad_states = _padded(grad_final.transpose(0, 1))
        grad_inputs = [
            np.empty(len(events.times) if ctx.needs_input_grad[0] else 0) for events in ctx.samples
        ]

        def run(b: int, grad_input: np.ndarray, grad_recurrent: np.ndarray) -> None:
            """Add the gradients of sample ``b``."""
            spikes = slice(ctx.offsets[b], ctx.offsets[b + 1])
            gradients = grad_spikes[spikes], grad_input, grad_recurrent, grad_inputs[b]
            records, states = ctx.records[b], grad_states[b]
            backward.backward(layer.neuron, ctx.samples[b], weights, records, states, gradients)

        if layer.sample_clip is None:
            grad_weight, grad_recurrent = _sum_of_blocks(run, weights, len(ctx.samples))
        else:
            grad_weight, grad_recurrent, layer.sample_norms = _sum_of_clipped(
                run, weights, len(ctx.samples), layer.sample_clip
            )
        return (
            torch.from_numpy(np.concatenate(grad_inputs)) if ctx.needs_input_grad[0] else None,
            torch.from_numpy(grad_weight[:, : layer.n_out]),
            torch.from_numpy(grad_recurrent[:, : layer.n_out]),
            None,
            None,
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
        if not tau > 0:
            raise ValueError(f"tau must be a positive number of seconds, not {tau}")
        if not math.isfinite(drive):
            raise ValueError(f"drive must be a finite current, not {drive}")
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
        unit = 0.5 / self.neuron.charge
        noise = torch.randn(self.weight.shape, generator=generator, dtype=torch.float64)
        centre = (2 * mean - self.neuron.drive) / events
        self.weight.copy_(unit * (centre + scale / events**0.5 * noise))
        if self.recurrent_weight is not None:
            noise = torch.randn(self.n_out, self.n_out, generator=generator, dtype=torch.float64)
            self.recurrent_weight.copy_(unit * (recurrent_scale / self.n_out**0.5 * noise))

    def forward(self, spikes: SpikeTrains) -> SpikeTrains:
        """The neurons' spikes; their times carry gradients to weights and input times.

        Raises
        ------
        SpikeError
            If ``spikes`` breaks a rule of :class:`SpikeTrains`.
        SpikeOverflowError
            If a sample makes more than ``max_spikes`` spikes per neuron.
        """
        return self.run(spikes)[0]

    def run(self, spikes: SpikeTrains) -> tuple[SpikeTrains, tuple[Tensor, ...]]:
        """As :meth:`forward`, with the state at the trial's end, each [n_samples, n_out].

        The neuron's ``variables()`` names the state variables, its ``potential`` makes V of them.
        """
        spikes.check(self.n_in)
        times, final, units, offsets = _SpikingFunction.apply(
            spikes.times, self.weight, self._recurrent(), self, spikes
        )
        return SpikeTrains(times, units, offsets, spikes.duration), tuple(final)

    def _recurrent(self) -> Tensor:
        """The recurrent weights, [0, n_out] where there are none."""
        if self.recurrent_weight is None:
            return self.weight.new_empty(0, self.n_out)
        return self.recurrent_weight

    @torch.no_grad()
    def trace(self, spikes: SpikeTrains, sample: int, neuron: int, times: np.ndarray) -> np.ndarray:
        """Membrane potential of one neuron in one sample at ``times`` [n], in seconds."""
        events = _events_of_samples(spikes)[sample]
        # Probes are events of a further channel without weight: they split steps, nothing else.
        # They stand first among simultaneous events, so that a step ends with each.
        silent = self.weight.new_zeros(1, self.n_out)
        weights = _padded_weights(torch.cat([self.weight, silent]), self._recurrent())
        probes, place = np.unique(times, return_inverse=True)
        all_times = np.concatenate([probes, events.times])
        order = np.argsort(all_times, kind="stable")
        units = np.concatenate([np.full(len(probes), self.n_in), events.units])[order]
        split = Events(all_times[order], units)
        record = _runner(self, weights, spikes.duration)(sample, split)
        states = backward.states(self.neuron, split, weights, record, neuron)
        at_probe = (record.sources >= 0) & (units[np.maximum(record.sources, 0)] == self.n_in)
        return self.neuron.potential(states[:, at_probe])[place]


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
    limit = layer.max_spikes * layer.n_out

    def run(sample: int, events: Events) -> Record:
        record = forward.forward(layer.neuron, events, duration, weights, limit)
        if len(record.times) > limit:
            raise SpikeOverflowError(
                f"sample {sample}: more than {layer.max_spikes} spikes per neuron within "
                f"{record.times[-1]:.4g} s; the network runs away: lower the (recurrent) "
                "weights or raise max_spikes"
            )
        return record

    return run


def _events_of_samples(spikes: SpikeTrains) -> list[Events]:
    times, units = spikes.times.detach().numpy(), spikes.units.numpy()
    bounds = spikes.offsets.tolist()
    return [Events(times[a:b], units[a:b]) for a, b in pairwise(bounds)]


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
