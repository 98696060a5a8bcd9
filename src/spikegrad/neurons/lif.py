"""The leaky integrate-and-fire neuron; docs/engine.md derives the formulas.

    tau dV/dt = -V + I + J,   (tau / 2) dI/dt = -I,   spike and reset to 0 at V = 1

The constant drive J shifts the potential: W = V - J obeys tau dW/dt = -W + I, with its threshold
at theta = 1 - J and its reset at -J. In ``e = exp(-t / tau)`` it is a parabola,

    W(t) = e W + (e - e^2) I = e (W + I) - e^2 I,

with the maximum (W + I)^2 / (4 I) at e = (W + I) / (2 I). A potential that just touches theta makes
no spike. With J > 1 the neuron spikes by itself, with the period tau ln(J / (J - 1)).
"""

from __future__ import annotations

import math
from typing import NamedTuple

import numpy as np

from spikegrad.engine import formulas
from spikegrad.engine.formulas import implements
from spikegrad.neurons.synapses import current_synapse


class LIF(NamedTuple):
    """Leaky integrate-and-fire neuron; state (W, I), with the potential V = W + drive."""

    tau: float
    """Membrane time constant in seconds; the synapse's is tau / 2."""
    drive: float = 0.0
    """Constant input current J, in units of the threshold."""

    @staticmethod
    def moved():
        """Which state variable an arriving weight moves."""
        return -1

    @staticmethod
    def charge():
        """Time integral of the current that a weight of 1 causes, in units of tau."""
        return 0.5

    @staticmethod
    def variables():
        """Names of the state variables."""
        return ("W", "I")

    def at(self, potential):
        """The state without synaptic current at a ``potential`` V."""
        return potential - self.drive, *(0 * potential for _ in self.variables()[1:])

    @staticmethod
    def normalised(state):
        """The state as it is: each potential has one state only."""
        return state

    def potential(self, state):
        """Membrane potential V, in units of the threshold."""
        return state[0] + self.drive


current_synapse(LIF)


@implements(formulas.initial, LIF)
def _initial(neuron, zero):
    return zero - type(zero)(neuron.drive), zero


@implements(formulas.propagator, LIF)
def _propagator(neuron, d):
    return d


@implements(formulas.flow, LIF)
def _flow(neuron, d, s):
    W, I = s
    e = type(d)(1) - d
    return e * (W + d * I), e * e * I


@implements(formulas.velocity, LIF)
def _velocity(neuron, s):
    W, I = s
    return I - W, -I - I


@implements(formulas.near, LIF)
def _near(neuron, d, s, end):
    W, I = s
    theta = type(d)(1.0 - neuron.drive)
    # W(t) = e (W + d I), which is at most W + d I where that is positive; below, at the step's end
    least = theta if theta >= 0 else theta / (type(d)(1) - d)
    total, two_I = W + I, I + I
    peak = total * total > (two_I + two_I) * theta  # the maximum passes the threshold
    return ((W + d * I >= least) & peak) | (theta <= W)


@implements(formulas.crossed, LIF)
def _crossed(neuron, d, s, end):
    W, I = s
    theta = type(d)(1.0 - neuron.drive)
    two_I = I + I
    total = W + I
    peak_inside = ((type(d)(1) - d) * two_I < total) & (total < two_I)
    peak = total * total > (two_I + two_I) * theta
    above = (theta < W) | ((theta == W) & (theta < I))
    return (end[0] > theta) | above | (peak_inside & peak)


@implements(formulas.root, LIF)
def _root(neuron, d, s):
    W, I = np.float64(s[0]), np.float64(s[1])
    theta = 1.0 - neuron.drive
    total = W + I
    contact = math.sqrt(max(total * total - 4.0 * theta * I, 0.0))
    # 1 - (total + contact) / (2 I), free of cancellation where I is large or the step short
    first = min(max(2.0 * (theta - W) / (I - W + contact), 0.0), d)
    return first * (theta > W)  # at once from above it; without a branch


@implements(formulas.spike, LIF)
def _spike(neuron, s):
    W, I = s
    return type(W)(0.0 - neuron.drive), I


@implements(formulas.longest_step, LIF)
def _longest_step(neuron, current):
    return 1.0


@implements(formulas.scale, LIF)
def _scale(neuron, s):
    return type(s[0])(1)


@implements(formulas.rescaled, LIF)
def _rescaled(neuron, s, factor):
    return s


@implements(formulas.flow_adjoint, LIF)
def _flow_adjoint(neuron, d, s, adjoint):
    lW, lI = adjoint
    e = type(d)(1) - d
    return e * lW, e * (d * lW + e * lI)


@implements(formulas.spike_adjoint, LIF)
def _spike_adjoint(neuron, s, adjoint, g):
    W, I = s
    lW, lI = adjoint
    tau, theta = type(W)(neuron.tau), type(W)(1.0 - neuron.drive)
    g = g - lW * (I + type(W)(neuron.drive)) / tau
    return (g * tau / (theta - I) if g != 0 else g), lI


@implements(formulas.arrival_gradient, LIF)
def _arrival_gradient(neuron, s, w, adjoint):
    lW, lI = adjoint[0], adjoint[-1]
    return (lI + lI - lW) * type(lW)(1.0 / neuron.tau)
