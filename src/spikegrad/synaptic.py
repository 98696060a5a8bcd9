"""Layers whose synapses have delays of their own, on a grid: spikes as a function for torch."""

from __future__ import annotations

from typing import Any

import numpy as np
import torch
from torch import Tensor
from torch.autograd.function import once_differentiable

from spikegrad.autograd import (
    Layer,
    Log,
    check_gradients,
    run_samples,
    runner,
    spike_gradients,
    summed,
    tau_gradient,
)
from spikegrad.engine import backward
from spikegrad.engine.records import Events, Record, Weights
from spikegrad.engine.synapses import collect_all, deposit_all
from spikegrad.parallel import events_of_samples, padded, padded_weights
from spikegrad.spikes import SpikeTrains


class SynapticFunction(torch.autograd.Function):
    """As :class:`spikegrad.autograd.SpikingFunction`, with a delay for each weight."""

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
        weights = padded_weights(weight, recurrent)
        samples = events_of_samples(spikes, weights.input.dtype)
        grid = grid_of(spikes.duration, layer.grid, weights.input.dtype)
        lags, back = padded(input_delay), padded(recurrent_delay)
        run, rows = runner(layer, spikes.duration), [weights] * len(samples)

        def run_sample(b: int) -> Record:
            own = with_rows(weights, samples[b], grid, layer.grid, lags, back)
            rows[b] = own
            return run(b, grid, own)

        log = np.zeros(1).view(Log)
        log.samples, log.weights, log.rows, log.lags = samples, weights, rows, lags
        ctx.grid = grid
        return run_samples(ctx, run_sample, log, layer, times, spikes, logged)

    @staticmethod
    @once_differentiable
    def backward(ctx: Any, grad_times: Tensor, grad_final: Tensor, *_: Any) -> tuple:
        offsets = ctx.saved_tensors[4].numpy()
        layer, neuron, log, grid = ctx.layer, ctx.neuron, ctx.log(), ctx.grid
        weights, lags, step = log.weights, log.lags, layer.grid
        needs_tau = ctx.needs_input_grad[5]
        grad_spikes, grad_states = spike_gradients(grad_times, grad_final)
        arrivals = [np.empty(len(events.times)) for events in log.samples]
        taus = np.zeros(len(arrivals))

        def run(b: int, grad_weight: np.ndarray, grad_recurrent: np.ndarray, *later: Any) -> None:
            """Add the gradients of sample ``b``."""
            own = grad_spikes[offsets[b] : offsets[b + 1]].copy()
            rows, record, states = log.rows[b], log.records[b], grad_states[b]
            grad_rows, at_grid = np.zeros_like(rows.input), np.empty(len(grid.times) * needs_tau)
            gradients = own, grad_rows, grad_recurrent, np.zeros(0), later[1], at_grid
            backward.backward(neuron, grid, rows, record, states, gradients)
            collect_all(
                grad_rows, step, weights.input, lags, *log.samples[b], grad_weight, later[0],
                arrivals[b],
            )  # fmt: skip
            if needs_tau:  # the grid's step and the delays scale along: what is left are spikes
                taus[b] = tau_gradient(
                    neuron, record, states, ctx.duration, own, (at_grid, grid.times)
                )

        like = weights.input, weights.recurrent, weights.input, weights.recurrent
        gradients, factors = summed(run, like, len(arrivals), layer)
        n_out = layer.n_out
        return check_gradients(
            ctx,
            np.concatenate([np.empty(0), *arrivals]),
            *(own[:, :n_out] for own in gradients[:2]),
            *(own[:, :n_out].astype(np.float64) for own in gradients[2:]),
            (factors * taus).sum(keepdims=True),
        )


def grid_of(duration: float, step: float, dtype: np.dtype) -> Events:
    """The times of arrival as events, each a unit of its own, for weights of type ``dtype``."""
    n_times = int(duration / step * (1 + 1e-12)) + 1
    times = np.minimum(np.arange(n_times) * step, duration)
    return Events(times, np.arange(n_times), np.empty(0, dtype))


def with_rows(
    weights: Weights,
    events: Events,
    grid: Events,
    step: float,
    lags: np.ndarray,
    back: np.ndarray,
) -> Weights:
    """``weights`` whose input is what arrives of ``events`` at each time of the ``grid``."""
    rows = np.zeros((len(grid.times), weights.input.shape[1]), weights.input.dtype)
    deposit_all(rows, step, weights.input, lags, *events)
    return weights._replace(
        input=rows,
        reach=np.abs(rows).max(1),
        delays=np.zeros(0),
        soonest=np.inf,
        lags=back,
        step=step,
    )


def all_rows(
    layer: Layer,
    spikes: SpikeTrains,
    weight: Tensor,
    recurrent: Tensor,
    input_delay: Tensor,
    recurrent_delay: Tensor,
) -> tuple[Events, Weights]:
    """The grid, and weights whose rows are all that arrives in the only sample of ``spikes``."""
    weights = padded_weights(weight, recurrent)
    grid = grid_of(spikes.duration, layer.grid, weights.input.dtype)
    (events,) = events_of_samples(spikes, weights.input.dtype)
    lags, back = padded(input_delay), padded(recurrent_delay)
    rows = with_rows(weights, events, grid, layer.grid, lags, back)
    runner(layer, spikes.duration)(0, grid, rows)  # adds what the neurons send
    nothing = rows.recurrent[:0]
    return grid, rows._replace(
        recurrent=nothing, recurrent_reach=np.zeros(0), lags=np.zeros((0, 0))
    )
