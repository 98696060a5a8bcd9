"""The quadratic integrate-and-fire neuron whose synapses move its potential.

    tau dV/dt = V (V - 1) + J,   spike at V = +inf, reset to -inf,
    V -> V + w where a weight w arrives

With V = p / q the flow is that of :mod:`spikegrad.neurons.qif_driven` without a current, a_0 and
b_0 of its series, hence one matrix for all neurons; and an arriving weight is p -> p + w q. Above
J = 1/4 every neuron turns, with the period pi tau / sqrt(J - 1/4), and inputs only advance or delay
it: the oscillating neuron of Klos and Memmesheimer (arXiv 2309.14523). A spike comes where
tan(r t / tau) = r q / (p - q / 2), with r^2 = J - 1/4. Weights that arrive together do so in their
order. docs/engine.md derives the formulas and their adjoints.
"""

from __future__ import annotations

import math

import numpy as np
from torch import Tensor

from spikegrad.engine import formulas
from spikegrad.engine.formulas import flow, flow_adjoint, implements, propagator
from spikegrad.neurons.qif import QIF, delay_and_phase, turning_angle
from spikegrad.neurons.taylor import (
    LARGEST_D,
    LARGEST_Z,
    n_terms,
    taylor_coefficients,
    value_and_slope,
)


class QIFDelta(QIF):
    """Quadratic integrate-and-fire neuron with delta synapses; state (p, q) with V = p / q.

    Formulas and methods that are not below are those of :class:`spikegrad.neurons.qif.QIF`.
    """

    @staticmethod
    def moved():
        """Which state variable an arriving weight moves."""
        return 0

    @staticmethod
    def charge():
        """What a weight of 1 moves, in units of tau times a current."""
        return 1.0

    @staticmethod
    def variables():
        """Names of the state variables."""
        return ("p", "q")

    @staticmethod
    def without_current(state: tuple[Tensor, ...]) -> tuple[Tensor, ...]:
        """The state as it is: it has no synaptic current."""
        return state

    def pseudospikes(self, state: tuple[Tensor, ...], feed: Tensor) -> tuple[Tensor, Tensor]:
        """As of :class:`spikegrad.neurons.qif.QIF`; ``feed`` moves the potential."""
        p, q = state
        return delay_and_phase(p + feed * q, q, q.new_tensor(self.drive), self.tau)


def qif_delta(tau: float, drive: float = 0.0) -> QIFDelta:
    """The neuron of time constant ``tau`` (seconds) and constant input current ``drive``."""
    return QIFDelta(tau, drive, taylor_coefficients(drive, n_powers=1))


@implements(formulas.initial, QIFDelta)
def _initial(neuron, zero):
    return zero, type(zero)(1)


@implements(formulas.propagator, QIFDelta)
def _propagator(neuron, d):
    series, e = neuron.series, type(d)(1) - d
    terms = n_terms(d)
    a, a_slope = value_and_slope(series, 0, 0, terms, float(d))
    b, b_slope = value_and_slope(series, 1, 0, terms, float(d))
    number = type(d)
    return e * number(b_slope), -e * number(a_slope), number(-b), number(a)


@implements(formulas.flow, QIFDelta)
def _flow(neuron, step, s):
    p, q = s
    pp, pq, qp, qq = step
    return pp * p + pq * q, qp * p + qq * q


@implements(formulas.velocity, QIFDelta)
def _velocity(neuron, s):
    p, q = s
    return type(p)(neuron.drive) * q - p, -p


@implements(formulas.root, QIFDelta)
def _root(neuron, d, s):
    p, q = np.float64(s[0]), np.float64(s[1])
    return min(-math.expm1(-turning_angle(neuron.drive - 0.25, p - q / 2.0, q)), d)


@implements(formulas.arrive, QIFDelta)
def _arrive(neuron, s, w):
    return s[0] + w * s[1], *s[1:]


@implements(formulas.additive, QIFDelta)
def _additive(neuron):
    return False


@implements(formulas.input_current, QIFDelta)
def _input_current(neuron, s):
    return type(s[0])(0)


@implements(formulas.longest_step, QIFDelta)
def _longest_step(neuron, current):
    return min(LARGEST_D, math.sqrt(LARGEST_Z / max(abs(neuron.drive), 1.0)))


@implements(formulas.flow_adjoint, QIFDelta)
def _flow_adjoint(neuron, step, s, adjoint):
    lp, lq = adjoint
    pp, pq, qp, qq = step
    return pp * lp + qp * lq, pq * lp + qq * lq


@implements(formulas.through_spike_adjoint, QIFDelta)
def _through_spike_adjoint(neuron, d, first, s, adjoint, plain, g):
    """The step's adjoint of the turned (lp, lq), and what moving the zero of q does."""
    step = propagator(neuron, first)
    p_at_spike = flow(neuron, step, s)[0]
    zero = type(d)(0)
    moved = flow_adjoint(neuron, step, s, (zero, g * type(d)(neuron.tau) / p_at_spike))
    return moved[0] - plain[0], moved[1] - plain[1]


@implements(formulas.arrive_adjoint, QIFDelta)
def _arrive_adjoint(neuron, s, w, adjoint):
    return adjoint[0], adjoint[1] + w * adjoint[0], *adjoint[2:]


@implements(formulas.weight_gradient, QIFDelta)
def _weight_gradient(neuron, s, adjoint):
    return adjoint[0] * s[1]


@implements(formulas.arrival_gradient, QIFDelta)
def _arrival_gradient(neuron, s, w, adjoint):
    p, q, lp, lq = s[0], s[1], adjoint[0], adjoint[1]
    return (lp * (q - (p - w * q)) + lq * q) * type(q)(1.0 / neuron.tau)
