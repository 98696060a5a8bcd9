"""Layers with delays on a grid of times of arrival: spikes as a function for torch."""

from __future__ import annotations

from typing import Any, NamedTuple

import numpy as np
import torch
from torch import Tensor

from spikegrad.autograd import (
    Layer,
    Log,
    check_gradients,
    log_of,
    run_samples,
    runner,
    spike_gradients,
    summed,
    tau_gradient,
)
from spikegrad.engine import backward
from spikegrad.engine.grid_delays import (
    Shares,
    collect_all,
    collected,
    deposit_all,
    deposited,
    shares,
)
from spikegrad.engine.records import Events, Weights
from spikegrad.parallel import Input, events_of_samples, padded, padded_weights
from spikegrad.spikes import SpikeTrains
from spikegrad.times import SAME
from spikegrad.wrappers import once_differentiable


class SynapticFunction(torch.autograd.Function):
    """As :class:`spikegrad.autograd.SpikingFunction`, with delays on a grid: for each weight
    [n_rows, n_out], or for each row of weights [n_rows]."""

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
        synapses = Synapses.of(layer, spikes.duration, weights, input_delay, recurrent_delay)
        log = np.zeros(1).view(Log)
        log.samples, log.weights, log.synapses = samples, weights, synapses
        return run_samples(
            ctx, lambda b: synapses.take(samples[b]), log, layer, times, spikes, logged
        )

    @staticmethod
    @once_differentiable
    def backward(ctx: Any, grad_times: Tensor, grad_final: Tensor, *_: Any) -> tuple:
        saved = ctx.saved_tensors
        offsets, log = saved[4].numpy(), log_of(saved[5])
        layer, neuron = ctx.layer, ctx.neuron
        weights, synapses, samples = log.weights, log.synapses, log.samples
        times, step = synapses.grid.times, layer.grid
        needs_times, needs_tau = ctx.needs_input_grad[0], ctx.needs_input_grad[5]
        grad_spikes, grad_states = spike_gradients(grad_times, grad_final)
        arrivals = [np.empty(0)] * len(samples)
        taus = np.zeros(len(samples))
        alike = synapses.shares is None  # all receivers have the same delays
        lags = [
            [np.zeros((len(w), 1), w.dtype) for w in (weights.input, weights.recurrent)]
            for _ in samples
            if alike
        ]

        def run(b: int, grad_weight: np.ndarray, grad_recurrent: np.ndarray, *later: Any) -> float:
            """Add the gradients of sample ``b``."""
            own = grad_spikes[offsets[b] : offsets[b + 1]].copy()
            (grid, rows, *_), record, states = log.inputs[b], log.records[b], grad_states[b]
            grad_rows, at_grid = np.zeros_like(rows.input), np.empty(len(times) * needs_tau)
            none = grad_rows[:0]
            grad_lag, grad_back = lags[b] if alike else later
            gradients = own, grad_rows, grad_recurrent, np.zeros(0), grad_back, at_grid, none
            backward.backward(neuron, grid, rows, record, states, gradients)
            if needs_times:
                arrivals[b] = np.empty(len(samples[b].times))
            synapses.collect(samples[b], grad_rows, grad_weight, grad_lag, arrivals[b])
            if needs_tau:  # the grid's step and the delays scale along: what is left are spikes
                taus[b] = tau_gradient(neuron, record, states, ctx.duration, own, (at_grid, times))
            return 0.0

        like = weights.input, weights.recurrent
        gradients, factors = summed(run, like if alike else 2 * like, len(samples), layer)
        if alike:
            for k in range(2):
                each = np.array([own[k][:, 0] for own in lags]).reshape(len(samples), len(like[k]))
                gradients.append((factors[:, None] * each).sum(0))
        n_out = layer.n_out
        return check_gradients(
            ctx,
            np.concatenate([np.empty(0), *arrivals]) / step,
            *(own[:, :n_out] for own in gradients[:2]),
            *(
                (own if alike else own[..., :n_out]).astype(np.float64) / step
                for own in gradients[2:]
            ),
            (factors * taus).sum(keepdims=True),
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
        n_times = int(duration / step * (1 + 1e-12)) + 1
        times = np.minimum(np.arange(n_times) * step, duration)
        grid = Events(times, np.arange(n_times), np.empty(0, weights.input.dtype))
        if delay.ndim == 1:
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


def all_rows(
    layer: Layer,
    spikes: SpikeTrains,
    sample: int,
    weight: Tensor,
    recurrent: Tensor,
    input_delay: Tensor,
    recurrent_delay: Tensor,
) -> Input:
    """The grid, and weights whose rows are all that arrives in the only sample of ``spikes``,
    called ``sample`` in errors."""
    weights = padded_weights(weight, recurrent)
    (events,) = events_of_samples(spikes, weights.input.dtype)
    synapses = Synapses.of(layer, spikes.duration, weights, input_delay, recurrent_delay)
    grid, rows, *_ = synapses.take(events)
    runner(layer, spikes.duration)(sample, grid, rows)  # adds what the neurons send
    alone = rows._replace(
        reach=np.abs(rows.input).max(1),
        recurrent=rows.recurrent[:0],
        recurrent_reach=rows.recurrent_reach[:0],
        lags=np.zeros((0, 0)),
    )
    return Input(grid, alone)
