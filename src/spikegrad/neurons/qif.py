"""The quadratic integrate-and-fire neuron, with its potential kept as a fraction.

    tau dV/dt = V (V - 1) + I,   (tau / 2) dI/dt = -I,   spike at V = +inf, reset to -inf

With V = p / q the equation becomes linear, tau p' = -p + I q and tau q' = -p, and since the
synaptic time constant is tau / 2 a step is exactly

    z = I d^2,   C(z) = cos(sqrt z),   S(z) = sin(sqrt z) / sqrt z
    p <- e (C p + d I S q),   q <- C q - d S p.

C and S are entire functions of z, so one formula covers currents of either sign. A spike is a
zero of q: nothing is singular there, and V continues at -inf by itself. We keep q >= 0 by
turning (p, q) into (-p, -q) at a spike, which is the same V.

The adjoint of a step is the transposed derivative, with D = dS/dz and dC/dz = -S / 2. At a
spike q' = -p / tau, so that t* moves by tau dq / p.
"""

from __future__ import annotations

import math
from typing import NamedTuple

import numpy as np
import torch
from numba import types
from numba.extending import overload

from spikegrad.engine import njit
from spikegrad.engine.formulas import (
    FAST,
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

# Steps are split so that |z| stays below this: the series are then exact to rounding.
LARGEST_Z = 0.2


class QIF(NamedTuple):
    """Quadratic integrate-and-fire neuron; state (p, q, I) with V = p / q."""

    tau: float
    """Membrane time constant in seconds; the synapse's is tau / 2."""

    @staticmethod
    def variables():
        """Names of the state variables."""
        return ("p", "q", "I")

    @staticmethod
    def potential(state):
        """Membrane potential V; rest is 0, the separatrix 1."""
        return state[0] / state[1]

    def pseudospikes(
        self, state: tuple[torch.Tensor, ...], feed: torch.Tensor
    ) -> tuple[torch.Tensor, torch.Tensor]:
        """Delay from the trial's end to the spike that would follow it, and the phase there.

        From the end on, the neuron is driven by a constant positive current made of its
        synaptic current and ``feed``, the input from a rate network of the same weights
        (Klos and Memmesheimer, arXiv 2309.14523). A spike that moves past the trial's end
        goes over into its pseudospike smoothly.

        Parameters
        ----------
        state
            (p, q, I) at the trial's end, each [n_samples, n_neurons].
        feed
            Input from the rate network, [n_samples, n_neurons].

        Returns
        -------
        delay, rate
            Seconds until the pseudospike, and the phase in (0, 1) that serves as the
            neuron's rate, each [n_samples, n_neurons].
        """
        p, q, current = state
        softness = 10.0
        drive = softness * torch.nn.functional.softplus((current + feed) / softness)
        r = drive.sqrt()
        angle = torch.atan2(p - q / 2, r * q) + math.pi / 2
        return self.tau * (math.pi - angle) / r, angle / math.pi


def _series(coefficients: list[float]):
    """z -> sum_k coefficients[k] z^k, in the type of z."""
    first = coefficients[0]
    if len(coefficients) == 1:
        return njit(forceinline=True)(lambda z: type(z)(first))
    rest = _series(coefficients[1:])
    return njit(forceinline=True, **FAST)(lambda z: type(z)(first) + z * rest(z))


def _entire(coefficient):
    """A formula z -> sum_k coefficient(k) z^k, with the terms that z's type can resolve."""

    def function(z): ...

    short, long = (_series([coefficient(k) for k in range(n)]) for n in (4, 9))

    @overload(function, jit_options={"forceinline": True})
    def choose(z):
        if z == types.float32:
            return lambda z: short(z)
        return lambda z: long(z)

    return function


_C = _entire(lambda k: (-1) ** k / math.factorial(2 * k))
_S = _entire(lambda k: (-1) ** k / math.factorial(2 * k + 1))
_D = _entire(lambda k: (-1) ** (k + 1) * (k + 1) / math.factorial(2 * k + 3))


@implements(initial, QIF)
def _initial(neuron, zero):
    return zero, type(zero)(1), zero


@implements(flow, QIF)
def _flow(neuron, d, s):
    p, q, I = s
    e = type(d)(1) - d
    z = I * d * d
    C, dS = _C(z), d * _S(z)
    return e * (C * p + dS * (I * q)), C * q - dS * p, e * e * I


@implements(near, QIF)
@implements(crossed, QIF)
def _crossed(neuron, d, s, end):
    return end[1] <= type(d)(0)


@implements(root, QIF)
def _root(neuron, d, s):
    p, q, I = np.float64(s[0]), np.float64(s[1]), np.float64(s[2])
    if q <= 0.0:
        return 0.0
    r = math.sqrt(abs(I))
    if I > 0.0:
        solution = math.atan2(r * q, p) / r
    elif I < 0.0:
        solution = math.atanh(min(r * q / p, 1.0)) / r
    else:
        solution = q / p
    return min(solution, d)


@implements(spike, QIF)
def _spike(neuron, s):
    p, q, I = s
    return -p, type(q)(0), I


@implements(longest_step, QIF)
def _longest_step(neuron, current):
    return math.sqrt(LARGEST_Z / current)


@implements(scale, QIF)
def _scale(neuron, s):
    return type(s[0])(1) / (np.abs(s[0]) + np.abs(s[1]))


@implements(flow_adjoint, QIF)
def _flow_adjoint(neuron, d, s, adjoint):
    p, q, I = s
    lp, lq, lI = adjoint
    e = type(d)(1) - d
    dd = d * d
    z = I * dd
    C, S = _C(z), _S(z)
    dS = d * S
    dddD = dd * d * _D(z)
    m = type(d)(-0.5) * dd * S
    a = e * lp
    gain = e * e * lI + a * (m * p + (dS + I * dddD) * q) + lq * (m * q - dddD * p)
    return C * a - dS * lq, dS * (I * a) + C * lq, gain


@implements(spike_adjoint, QIF)
def _spike_adjoint(neuron, s, adjoint, g):
    p, q, I = s
    lp, lq, lI = adjoint
    return -lp, g * type(p)(neuron.tau) / p - lq, lI


@implements(arrival_adjoint, QIF)
def _arrival_adjoint(neuron, s, adjoint):
    p, q, I = s
    lp, lq, lI = adjoint
    return (lI + lI - q * lp) / type(q)(neuron.tau)
