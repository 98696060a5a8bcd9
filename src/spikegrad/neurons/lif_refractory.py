"""The LIF neuron with a refractory time of tau / 5, which bounds its rate.

    after a spike V stays at 0 for tau / 5 while I decays; then it is a LIF neuron again

The state variable r is what remains of the refractory time, as a step: 1 - exp(-time / tau). A
step d has two parts: in m = min(r, d) the potential rests, and in the remainder (d - m) / (1 - m)
the formulas of :mod:`spikegrad.neurons.lif` hold, for the current (1 - m)^2 I. With a drive J
above 1 the neuron spikes by itself, with the period tau / 5 + tau ln(J / (J - 1)). docs/engine.md
derives the adjoints.
"""

from __future__ import annotations

import math

import numpy as np

from spikegrad.engine import formulas, njit
from spikegrad.engine.formulas import FAST, implements
from spikegrad.neurons.lif import LIF

REFRACTORY = -math.expm1(-1 / 5)
"""The refractory time tau / 5 as a step."""


class LIFRefractory(LIF):
    """Leaky integrate-and-fire neuron with a refractory time; state (W, r, I).

    Formulas and methods that are not below are those of :class:`spikegrad.neurons.lif.LIF`.
    """

    @staticmethod
    def variables():
        """Names of the state variables."""
        return ("W", "r", "I")


@njit(forceinline=True, **FAST)
def free(neuron):
    """The neuron without its refractory time."""
    return LIF(neuron.tau, neuron.drive)


@njit(forceinline=True, **FAST)
def awake(d, s):
    """What a step ``d`` has after the refractory time, and the state (W, I) where that ends."""
    W, r, I = s
    rests = min(r, d)
    left = type(d)(1) - rests
    return formulas.remainder(d, rests), (W, left * left * I)


@implements(formulas.initial, LIFRefractory)
def _initial(neuron, zero):
    return zero - type(zero)(neuron.drive), zero, zero


@implements(formulas.flow, LIFRefractory)
def _flow(neuron, d, s):
    W, r, I = s
    e = type(d)(1) - d
    rest, start = awake(d, s)
    return formulas.flow(free(neuron), rest, start)[0], formulas.remainder(r, min(r, d)), e * e * I


@implements(formulas.velocity, LIFRefractory)
def _velocity(neuron, s):
    W, r, I = s
    zero = type(W)(0)
    return (zero if r > zero else I - W), (r - type(r)(1) if r > zero else zero), -I - I


@implements(formulas.near, LIFRefractory)
def _near(neuron, d, s, end):
    rest, start = awake(d, s)
    return (rest > 0) & formulas.near(free(neuron), rest, start, (end[0], end[2]))


@implements(formulas.crossed, LIFRefractory)
def _crossed(neuron, d, s, end):
    rest, start = awake(d, s)
    return (rest > 0) & formulas.crossed(free(neuron), rest, start, (end[0], end[2]))


@implements(formulas.root, LIFRefractory)
def _root(neuron, d, s):
    W, r, I = np.float64(s[0]), np.float64(s[1]), np.float64(s[2])
    step = np.float64(d)
    rests = min(r, step)
    rest, start = awake(step, (W, r, I))
    return min(rests + (1.0 - rests) * formulas.root(free(neuron), rest, start), step)


@implements(formulas.spike, LIFRefractory)
def _spike(neuron, s):
    W, r, I = s
    return type(W)(0.0 - neuron.drive), type(W)(REFRACTORY), I


@implements(formulas.flow_adjoint, LIFRefractory)
def _flow_adjoint(neuron, d, s, adjoint):
    W, r, I = s
    lW, lr, lI = adjoint
    one = type(d)(1)
    e, rests = one - d, min(r, d)
    left = one - rests
    lW = e / left * lW
    # a longer refractory time ends later within the step, or lasts longer after it
    lr = lW * (W / left - left * I) if r < d else lr / e
    return lW, lr, left * (d - rests) * lW + e * e * lI


@implements(formulas.spike_adjoint, LIFRefractory)
def _spike_adjoint(neuron, s, adjoint, g):
    W, r, I = s
    lW, lr, lI = adjoint
    zero = type(W)(0)
    # a later spike is followed by a potential at rest: only the refractory time ends later
    g = g + lr * type(W)((1.0 - REFRACTORY) / neuron.tau)
    lW, lI = formulas.spike_adjoint(free(neuron), (W, I), (zero, lI), g)
    return lW, zero, lI


@implements(formulas.arrival_gradient, LIFRefractory)
def _arrival_gradient(neuron, s, w, adjoint):
    W, r, I = s
    lW, lr, lI = adjoint
    moved = lW if r == 0 else type(lW)(0)
    return formulas.arrival_gradient(free(neuron), (W, I), w, (moved, lI))
