"""Layers with delays on a grid of times of arrival: spikes as a function for torch."""

from __future__ import annotations

from typing import Any, NamedTuple

import numpy as np
import torch
from torch import Tensor

from spikegrad.autograd import (
    Layer,
    Log,
    backward_batch,
    batch_of,
    check_gradients,
    clipping,
    empty_log,
    log_of,
    run_batch,
)
from spikegrad.engine import batch as engine
from spikegrad.engine.batch import Gradients, Input
from spikegrad.engine.grid_delays import (
    Shares,
    collect_all,
    collected,
    deposit_all,
    deposited,
    shares,
)
from spikegrad.engine.records import Events, Weights
from spikegrad.engine.sums import square_sum
from spikegrad.parallel import events_of_samples, in_threads, padded, padded_weights, weighted_sum
from spikegrad.spikes import SpikeTrains
from spikegrad.times import SAME
from spikegrad.wrappers import once_differentiable


class SynapticFunction(torch.autograd.Function):
    """As :class:`spikegrad.autograd.SpikingFunction`, with delays on a grid: for each weight
    [n_rows, n_out], or for each row of weights [n_rows]."""

    @staticmethod
    def forward(ctx: Any, times: Tensor, *given: Any) -> tuple[Tensor, ...]:
        *parameters, _, layer, spikes = given
        log = SynapticFunction.log_of(layer, spikes, *parameters)
        return run_batch(ctx, log, layer, times, spikes)

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
        log = np.zeros(1).view(Log)
        weights = padded_weights(weight, recurrent, start)
        samples = events_of_samples(spikes, weights.input.dtype)
        log.synapses = synapses = Synapses.of(
            layer, spikes.duration, weights, input_delay, recurrent_delay
        )
        log.weights, log.batch = synapses.weights, batch_of(spikes, weights, np.empty(0))
        log.samples = engine.room_for(len(samples), empty_log(log.weights))
        for b, own in enumerate(in_threads(synapses.take, samples)):
            log.samples[b] = empty_log(own.weights, own.events)._replace(arrived=samples[b])
        return log

    @staticmethod
    def all_input(log: Log) -> Input:
        """All that arrives in the first sample of ``log``, which has been run; of its own neurons,
        too."""
        own = log.samples[0].input  # to which has been added what the neurons send
        rows = own.weights
        alone = rows._replace(
            reach=np.abs(rows.input).max(1),
            recurrent=rows.recurrent[:0],
            recurrent_reach=rows.recurrent_reach[:0],
            lags=np.zeros((0, 0)),
        )
        return Input(own.events, alone)

    @staticmethod
    @once_differentiable
    def backward(ctx: Any, grad_times: Tensor, grad_final: Tensor, *_: Any) -> tuple:
        log, layer = log_of(ctx.saved_tensors[-1]), ctx.layer
        weights, synapses, n_samples = log.weights, log.synapses, len(log.samples)
        needs_times, *_, needs_start, needs_tau, _, _ = ctx.needs_input_grad
        alike = synapses.shares is None  # all receivers have the same delays
        like = weights.input, weights.recurrent
        parts = [np.zeros((n_samples, *own.shape), own.dtype) for own in like]
        lags = [np.zeros((n_samples, len(w), 1 if alike else w.shape[1]), w.dtype) for w in like]
        gradients = Gradients(
            parts[0][:, :0],
            parts[1],
            lags[1],
            np.zeros((n_samples, 0)),
            np.zeros((n_samples, 0)),
            np.empty(0),
            np.zeros(n_samples * needs_tau),
            np.empty((n_samples, *weights.start.shape), weights.start.dtype),
            np.empty(0),
        )
        arriving = backward_batch(ctx, log, grad_times, grad_final, gradients)
        arrivals = np.zeros(len(log.batch.times) * needs_times)
        first = log.batch.offsets

        def collect(b: int) -> float:
            """Add the gradients of sample ``b``; the sum of their squares."""
            events, own = log.samples[b].arrived, arrivals[first[b] : first[b + 1]]
            synapses.collect(events, arriving[b].rows, parts[0][b], lags[0][b], own)
            return sum(map(square_sum, (parts[0][b], parts[1][b])))

        squares = np.array(in_threads(collect, range(n_samples)), np.float64)
        factors = clipping(layer, squares, n_samples)
        n, step = layer.n_out, layer.grid
        return check_gradients(
            ctx,
            arrivals / step if needs_times else None,
            *(weighted_sum(own, factors)[:, :n] for own in parts),
            *(
                weighted_sum(own, factors)[:, 0 if alike else slice(n)].astype(np.float64) / step
                for own in lags
            ),
            weighted_sum(gradients.start, factors)[:, :n] if needs_start else None,
            (factors * gradients.taus).sum(keepdims=True) if needs_tau else None,
        )


class Synapses(NamedTuple):
    """A layer's synapses with delays on a grid, for one batch."""

    grid: Events
    """The times of arrival as events, each a unit of its own."""
    step: float
    """Their distance in seconds."""
    weights: Weights
    n_in: int
    """Channels, of which each has as many rows of weights as there are copies."""
    lags: np.ndarray
    """Delays of the input in steps, float64 [n_rows, n], or [n_rows, 1]."""
    shares: Shares | None
    """The former for spikes at times of the grid."""

    @classmethod
    def of(
        cls,
        layer: Layer,
        duration: float,
        weights: Weights,
        delay: Tensor,
        recurrent_delay: Tensor,
    ) -> Synapses:
        """Those of a layer with these weights and delays (seconds), for samples of ``duration``."""
        step = layer.grid
        n_times = int(duration / step * (1 + 1e-12)) + 1  # as in volleys.line_on_grid
        times = np.minimum(np.arange(n_times) * step, duration)
        grid = Events(times, np.arange(n_times), np.empty(0, weights.input.dtype))
        if not len(delay):
            lags, back = (
                np.full((len(own), 1), lag)
                for own, lag in ((weights.input, 0.0), (weights.recurrent, 1.0))
            )
        elif delay.ndim == 1:
            lags, back = (own.detach().numpy()[:, None] / step for own in (delay, recurrent_delay))
        else:
            lags, back = padded(delay) / step, padded(recurrent_delay) / step
        gridded = weights._replace(delays=np.zeros(0), soonest=np.inf, lags=back, step=step)
        own = None if delay.ndim == 1 else shares(weights.input, lags)
        return cls(grid, step, gridded, layer.n_in, lags, own)

    def places(self, events: Events) -> tuple[np.ndarray, np.ndarray | None]:
        """Times of events in steps, and as whole numbers, if all are; None else."""
        places = events.times / self.step
        whole = np.rint(places)
        on_grid = np.abs(places - whole).max(initial=0) <= SAME
        return places, whole.astype(np.uint32) if on_grid else None

    def take(self, events: Events) -> Input:
        """What arrives of ``events`` at each time of the grid."""
        places, whole = self.places(events)
        n_times = len(self.grid.times)
        if whole is None or self.shares is None:
            weight = self.weights.input
            rows = np.zeros((n_times, weight.shape[1]), weight.dtype)
            deposit_all(rows, weight, self.lags, self.n_in, places, *events[1:])
        else:
            rows = deposited(
                self.shares, n_times, whole, events.units.astype(np.uint32), events.counts
            )
        # The engine looks at currents themselves where recurrent spikes add to the rows later.
        recurrent = len(self.weights.recurrent) > 0
        reach = np.zeros(n_times, rows.dtype) if recurrent else np.abs(rows).max(1)
        return Input(self.grid, self.weights._replace(input=rows, reach=reach))

    def collect(
        self,
        events: Events,
        gradient: np.ndarray,
        grad_weight: np.ndarray,
        grad_lag: np.ndarray,
        grad_places: np.ndarray,
    ) -> None:
        """Add to the gradients of weights and lags, given those of what arrives.

        Those of the events' times in steps go to ``grad_places``, which may be empty.
        """
        places, whole = self.places(events)
        weight = self.weights.input
        if whole is None or self.shares is None or len(grad_places):
            each = grad_places if len(grad_places) else np.empty(len(places))
            collect_all(
                gradient, weight, self.lags, self.n_in, places, *events[1:], grad_weight, grad_lag,
                each,
            )  # fmt: skip
        else:
            units = events.units.astype(np.uint32)
            collected(
                self.shares, gradient, whole, units, events.counts, weight, grad_weight, grad_lag
            )
