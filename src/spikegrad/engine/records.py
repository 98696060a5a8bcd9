"""What the passes have in common: input, weights and the log."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np

from spikegrad.engine import njit
from spikegrad.engine.rows import INLINED

SEGMENT = 32
# What ends a step in the log: the index (>= 0) of the first event of those at its time; or, where
# neurons drive each other at once or nearly so, a spike, which arrives in the same moment or later;
# or neither.
PAUSE = -1
SPIKE = -2
SPIKE_AT_ONCE = -3


class Events(NamedTuple):
    """The input of one sample."""

    times: np.ndarray
    """In seconds, ascending, float64 [n_events]."""
    units: np.ndarray
    """Input channels, int64 [n_events]."""
    counts: np.ndarray
    """Spikes that each event stands for, in the weights' type, [n_events]; or [0] if one each."""


class Weights(NamedTuple):
    """The weights of a layer, with the largest absolute value of each row."""

    input: np.ndarray
    """[n_in, n]"""
    recurrent: np.ndarray
    """[n_rows, n], of which n_out follow each other for each copy of the neurons' spikes; [0, n] if
    the neurons do not drive each other."""
    reach: np.ndarray
    """[n_in]"""
    recurrent_reach: np.ndarray
    """[n_rows]"""
    delays: np.ndarray
    """Seconds from a neuron's spike to its arrival over each row of ``recurrent``, float64
    [n_rows]."""
    soonest: float
    """The shortest of ``delays``; infinite if there are none."""
    lags: np.ndarray
    """Of delays on a grid: those of recurrent spikes in steps, float64 [n_rows, n] or, if all
    receivers have the same, [n_rows, 1], by which spikes are added to ``input``, whose rows are
    times; else [0, 0]."""
    step: float
    """The step of that grid in seconds, or 0."""
    n_out: int
    """Neurons of the layer; those from there to n only fill up registers."""
    start: np.ndarray
    """The state at t = 0 of each neuron, [n_state, n]; [0, n] if it is the model's own."""


class Record(NamedTuple):
    """What the forward pass logs of one sample."""

    times: np.ndarray
    """Spike times in seconds, float64 [n_spikes], ascending."""
    units: np.ndarray
    """The neurons that spike, int64 [n_spikes]."""
    spike_steps: np.ndarray
    """The step in which each spike falls, int32 [n_spikes]."""
    delays: np.ndarray
    """How far into its step (in d) each spike comes, [n_spikes]."""
    arrivals: np.ndarray
    """Of each spike that arrives later at the layer itself, in their order: its number, the row of
    recurrent weights, and the step at whose end it arrives; int32 [n_arrivals, 3]."""
    steps: np.ndarray
    """Length d of each step, [n_steps]."""
    sources: np.ndarray
    """What ends each step, int32 [n_steps]."""
    checkpoints: np.ndarray
    """The states at the start of each segment, [n_segments, n_state, n]."""
    final: np.ndarray
    """The state at the sample's end, [n_state, n]."""
    until: float
    """The time of that state in seconds: the sample's end, unless the pass has stopped before."""


class Progress(NamedTuple):
    """How far the forward pass of a sample has come."""

    now: float
    current: float
    """An upper bound of |I| over the neurons."""
    event: int
    n_steps: int
    n_spikes: int
    n_underway: int
    n_arrivals: int
    slot: int
    """Where the states at ``now`` lie."""
    done: bool


@njit(**INLINED)
def volley(times, event):
    """The first event after ``event`` that comes later than it."""
    after = event + 1
    while after < times.shape[0] and times[after] == times[event]:
        after += 1
    return after
