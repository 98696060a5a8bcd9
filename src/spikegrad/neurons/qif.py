"""The quadratic integrate-and-fire neuron, with its potential kept as a fraction.

    tau dV/dt = V (V - 1) + I + J,   (tau / 2) dI/dt = -I,   spike at V = +inf, reset to -inf

With V = p / q the equation becomes linear, tau p' = -p + (I + J) q and tau q' = -p. A spike is a
zero of q: nothing is singular there, and V continues at -inf by itself. We keep q >= 0 by turning
(p, q) into (-p, -q) at a spike, which is the same V. Without drive (:class:`QIF`) a step is

    z = I d^2,   C(z) = cos(sqrt z),   S(z) = sin(sqrt z) / sqrt z
    p <- e (C p + d I S q),   q <- C q - d S p,

with entire functions C and S for currents of either sign; with drive see
:mod:`spikegrad.neurons.qif_driven`. Above J = 1/4 the neuron spikes by itself, with the period
pi tau / sqrt(J - 1/4); below, it rests. docs/engine.md derives the formulas and their adjoints.
"""

from __future__ import annotations

import math
from typing import NamedTuple

import numpy as np
import torch
from torch import Tensor

from spikegrad.engine import formulas, njit
from spikegrad.engine.formulas import FAST, flow, flow_adjoint, implements, propagator
from spikegrad.neurons.entire import A, C, D, S
from spikegrad.neurons.synapses import current_synapse
from spikegrad.neurons.taylor import LARGEST_Z


def delay_and_phase(p: Tensor, q: Tensor, current: Tensor, tau: float) -> tuple[Tensor, Tensor]:
    """Seconds to the next spike, and the phase in (0, 1), under a constant current.

    That is 1/4, from which on the neuron turns, and ``current``, made positive smoothly as
    a ln(1 + exp(x)) with x = current / a and a = 10, so that the spike comes (Klos and
    Memmesheimer, arXiv 2309.14523). Below x = -20, where float32
    would soon hold that as 0 and the delay as infinite, it goes on as 1 / (-19 - x).
    """
    softness, deep = 10.0, -20.0
    x = current / softness
    positive = torch.nn.functional.softplus(x.clamp(min=deep)) / (1 + (deep - x).clamp(min=0))
    r = (softness * positive).sqrt()
    angle = torch.atan2(p - q / 2, r * q) + math.pi / 2
    return tau * (math.pi - angle) / r, angle / math.pi


@njit(forceinline=True, **FAST)
def turning_angle(square, p, q):
    """The first x >= 0 with tan(r x) = r q / p, r^2 = ``square`` of either sign; 0 if q is not
    positive.

    For steps no longer than :func:`longest_step`, in which (r x)^2 is small.
    """
    if q <= 0.0:
        return 0.0
    if p <= 0.0:
        return math.inf
    x = q / p
    return x * A(square * x * x)


class QIF(NamedTuple):
    """Quadratic integrate-and-fire neuron; state (p, q, I) with V = p / q."""

    tau: float
    """Membrane time constant in seconds; the synapse's is tau / 2."""
    drive: float = 0.0
    """Constant input current J; other than 0 in a driven neuron alone."""
    series: np.ndarray | None = None
    """Taylor coefficients of a step, of a driven neuron alone."""

    @staticmethod
    def moved():
        """Which state variable an arriving weight moves."""
        return -1

    @staticmethod
    def charge():
        """Time integral of the current that a weight of 1 causes, in units of tau."""
        return 0.5

    def __repr__(self) -> str:
        return f"{type(self).__name__}(tau={self.tau}, drive={self.drive})"

    @staticmethod
    def variables():
        """Names of the state variables."""
        return ("p", "q", "I")

    def at(self, potential: Tensor) -> tuple[Tensor, ...]:
        """The state without synaptic current at a ``potential`` V."""
        one = torch.ones_like(potential)
        return potential, one, *(0 * one for _ in self.variables()[2:])

    @staticmethod
    def potential(state):
        """Membrane potential V; without drive, rest is 0 and the separatrix 1."""
        return state[0] / state[1]

    @staticmethod
    def normalised(state: tuple[Tensor, ...]) -> tuple[Tensor, ...]:
        """The same state with |p| + |q| = 1: a form that does not depend on the steps taken."""
        p, q, *rest = state
        size = p.abs() + q.abs()
        return (p / size, q / size, *rest)

    @staticmethod
    def without_current(state: tuple[Tensor, ...]) -> tuple[Tensor, ...]:
        """The same potentials, free of synaptic current."""
        p, q, current = state
        return p, q, torch.zeros_like(current)

    def pseudospikes(self, state: tuple[Tensor, ...], feed: Tensor) -> tuple[Tensor, Tensor]:
        """Delay from the sample's end to the spike that would follow it, and the phase there.

        From the end on, the neuron is driven by a constant current, 1/4 and what
        :func:`delay_and_phase` makes of its synaptic current, its drive and ``feed``, the input
        from a rate network of the same weights (Klos and Memmesheimer, arXiv 2309.14523). A spike
        that moves past the sample's end goes over into its pseudospike smoothly.

        Parameters
        ----------
        state
            (p, q, I) at the sample's end, each [n_samples, n_neurons].
        feed
            Input from the rate network, [n_samples, n_neurons].

        Returns
        -------
        delay, rate
            Seconds until the pseudospike, and the phase in (0, 1) that serves as the
            neuron's rate, each [n_samples, n_neurons].
        """
        p, q, current = state
        return delay_and_phase(p, q, current + feed + self.drive, self.tau)


current_synapse(QIF)


@implements(formulas.initial, QIF)
def _initial(neuron, zero):
    return zero, type(zero)(1), zero


@implements(formulas.propagator, QIF)
def _propagator(neuron, d):
    return d


@implements(formulas.flow, QIF)
def _flow(neuron, d, s):
    p, q, I = s
    e = type(d)(1) - d
    z = I * d * d
    c, dS = C(z), d * S(z)
    return e * (c * p + dS * (I * q)), c * q - dS * p, e * e * I


@implements(formulas.velocity, QIF)
def _velocity(neuron, s):
    p, q, I = s
    return (I + type(I)(neuron.drive)) * q - p, -p, -I - I


@implements(formulas.near, QIF)
@implements(formulas.crossed, QIF)
def _crossed(neuron, d, s, end):
    return end[1] <= type(d)(0)


@implements(formulas.root, QIF)
def _root(neuron, d, s):
    p, q, I = np.float64(s[0]), np.float64(s[1]), np.float64(s[2])
    return min(turning_angle(I, p, q), d)


@implements(formulas.spike, QIF)
def _spike(neuron, s):
    return -s[0], type(s[1])(0), *s[2:]


@implements(formulas.through_spike, QIF)
def _through_spike(neuron, d, first, s, end):
    """A spike turns (p, q), and the flow is linear: the same as turning them at the end."""
    return -end[0], -end[1], *end[2:]


@implements(formulas.longest_step, QIF)
def _longest_step(neuron, current):
    return math.sqrt(LARGEST_Z / current)


@implements(formulas.scale, QIF)
def _scale(neuron, s):
    return type(s[0])(1) / (np.abs(s[0]) + np.abs(s[1]))


@implements(formulas.rescaled, QIF)
def _rescaled(neuron, s, factor):
    return s[0] * factor, s[1] * factor, *s[2:]


@implements(formulas.flow_adjoint, QIF)
def _flow_adjoint(neuron, d, s, adjoint):
    p, q, I = s
    lp, lq, lI = adjoint
    e = type(d)(1) - d
    dd = d * d
    z = I * dd
    c, s = C(z), S(z)
    dS = d * s
    dddD = dd * d * D(z)
    m = type(d)(-0.5) * dd * s
    a = e * lp
    gain = e * e * lI + a * (m * p + (dS + I * dddD) * q) + lq * (m * q - dddD * p)
    return c * a - dS * lq, dS * (I * a) + c * lq, gain


@implements(formulas.spike_adjoint, QIF)
def _spike_adjoint(neuron, s, adjoint, g):
    p = s[0]
    return -adjoint[0], g * type(p)(neuron.tau) / p - adjoint[1], *adjoint[2:]


@implements(formulas.arrival_gradient, QIF)
def _arrival_gradient(neuron, s, w, adjoint):
    q, lp, lI = s[1], adjoint[0], adjoint[-1]
    return (lI + lI - q * lp) * type(q)(1.0 / neuron.tau)


@implements(formulas.through_spike_adjoint, QIF)
def _through_spike_adjoint(neuron, d, first, s, adjoint, plain, g):
    """The step's adjoint of the turned (lp, lq), and what moving the zero of q does."""
    e = type(d)(1) - d
    step = propagator(neuron, first)
    p_at_spike = flow(neuron, step, s)[0]
    zero = type(d)(0)
    moved = flow_adjoint(neuron, step, s, (zero, g * type(d)(neuron.tau) / p_at_spike, zero))
    unmoved = type(d)(2) * e * e * adjoint[2] - plain[2]
    return moved[0] - plain[0], moved[1] - plain[1], moved[2] + unmoved
