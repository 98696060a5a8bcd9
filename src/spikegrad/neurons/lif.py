"""The leaky integrate-and-fire neuron.

    tau dV/dt = -V + I,   (tau / 2) dI/dt = -I,   spike and reset to 0 at V = 1

In ``e = exp(-t / tau)`` the membrane potential is a parabola,

    V(t) = e V + (e - e^2) I = e (V + I) - e^2 I,

so that a crossing is the root of a quadratic equation. At its maximum, e = (V + I) / (2 I),
the potential reaches ((V + I)^2) / (4 I). Where that touches 1 (grazing contact) the spike
vanishes at a finite time, and its derivative diverges.

The adjoint (lV, lI) of a step is the transposed linear map. At a spike, t* moves by
-dV / V'(t*) with tau V' = I - 1, which gives dLoss/dV = g tau / (1 - I); moving the reset moves
the potential after it, V = (t - t*) I / tau + ..., hence g <- g - lV I / tau.
"""

from __future__ import annotations

import math
from typing import NamedTuple

import numpy as np

from spikegrad.engine.formulas import (
    arrival_adjoint,
    crossed,
    flow,
    flow_adjoint,
    implements,
    initial,
    longest_step,
    near,
    root,
    scale,
    spike,
    spike_adjoint,
)


class LIF(NamedTuple):
    """Leaky integrate-and-fire neuron; state (V, I)."""

    tau: float
    """Membrane time constant in seconds; the synapse's is tau / 2."""

    @staticmethod
    def variables():
        """Names of the state variables."""
        return ("V", "I")

    @staticmethod
    def potential(state):
        """Membrane potential V, in units of the threshold."""
        return state[0]


@implements(initial, LIF)
def _initial(neuron, zero):
    return zero, zero


@implements(flow, LIF)
def _flow(neuron, d, s):
    V, I = s
    e = type(d)(1) - d
    return e * (V + d * I), e * e * I


@implements(near, LIF)
def _near(neuron, d, s, end):
    V, I = s
    one = type(d)(1)
    total, two_I = V + I, I + I
    # V(t) = e (V + d I) <= V + d I, and the potential's maximum reaches the threshold
    return ((V + d * I >= one) & (total * total >= two_I + two_I)) | (one <= V)


@implements(crossed, LIF)
def _crossed(neuron, d, s, end):
    V, I = s
    one = type(d)(1)
    two_I = I + I
    total = V + I
    peak_inside = ((one - d) * two_I < total) & (total < two_I)
    return (end[0] >= one) | (one <= V) | (peak_inside & (total * total >= two_I + two_I))


@implements(root, LIF)
def _root(neuron, d, s):
    V, I = np.float64(s[0]), np.float64(s[1])
    if V >= 1.0:
        return 0.0
    total = V + I
    contact = math.sqrt(max(total * total - 4.0 * I, 0.0))
    # 1 - (total + contact) / (2 I), free of cancellation where I is large or the step short
    return min(max(2.0 * (1.0 - V) / (I - V + contact), 0.0), d)


@implements(spike, LIF)
def _spike(neuron, s):
    V, I = s
    return type(V)(0), I


@implements(longest_step, LIF)
def _longest_step(neuron, current):
    return 1.0


@implements(scale, LIF)
def _scale(neuron, s):
    return type(s[0])(1)


@implements(flow_adjoint, LIF)
def _flow_adjoint(neuron, d, s, adjoint):
    lV, lI = adjoint
    e = type(d)(1) - d
    return e * lV, e * (d * lV + e * lI)


@implements(spike_adjoint, LIF)
def _spike_adjoint(neuron, s, adjoint, g):
    V, I = s
    lV, lI = adjoint
    tau = type(V)(neuron.tau)
    g = g - lV * I / tau
    return g * tau / (type(V)(1) - I), lI


@implements(arrival_adjoint, LIF)
def _arrival_adjoint(neuron, s, adjoint):
    lV, lI = adjoint
    return (lI + lI - lV) / type(lV)(neuron.tau)
