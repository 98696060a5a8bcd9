"""Neurons with a drive J and an initial phase of their own: J is a state variable.

Nothing changes J in a sample, so that its adjoint at t = 0 is dLoss/dJ at given other variables.
A LIF neuron flows without J, which sets its threshold and its reset. A δ-QIF neuron has

    q <- h ((C + S / 2) q - S p),   p <- h ((C - S / 2) p + S J q),   h = exp(-x / 2),

with C = cos(nu x), S = sin(nu x) / nu, nu^2 = J - 1/4 of either sign, and x = -log(1 - d). For a
QIF neuron (1 - u)^2 q_uu = -(I (1 - u)^2 + J) q gives the powers y_n of q in u one after the other,

    n (n - 1) y_n = 2 (n - 1) (n - 2) y_{n-1} - ((n - 2) (n - 3) + I + J) y_{n-2}
                    + 2 I y_{n-3} - I y_{n-4},   y_0 = q, y_1 = -p,

and p = -(1 - u) q_u. Both hold at J = 1/4, where the neuron begins to turn, as at any other.
"""

from __future__ import annotations

import math
from typing import Any, ClassVar

import numpy as np
from numba.extending import overload
from torch import Tensor

from spikegrad.engine import formulas
from spikegrad.engine.formulas import FAST, implements, written
from spikegrad.neurons.entire import C, D, S
from spikegrad.neurons.individual import elapsed
from spikegrad.neurons.lif import LIF
from spikegrad.neurons.qif import turning_angle
from spikegrad.neurons.qif_delta import QIFDelta
from spikegrad.neurons.qif_driven import DrivenQIF
from spikegrad.neurons.taylor import first_zero, horner, resolved


class LIFOwnDrive(LIF):
    """LIF neurons, each with its drive; state (W, J, I), V = W + J. The phase is V at t = 0."""

    phases: ClassVar = (0.0, 0.0, 0.99)
    """The least phase, that of a neuron at rest, and the largest."""
    onset: ClassVar = 1.0
    """The drive above which a neuron spikes by itself."""

    @staticmethod
    def variables():
        """Names of the state variables."""
        return ("W", "J", "I")

    @staticmethod
    def potential(state):
        """Membrane potential V, in units of the threshold."""
        return state[0] + state[1]

    @staticmethod
    def begin(phase: Tensor, drive: Tensor) -> tuple[Tensor, ...]:
        """The state at t = 0."""
        return phase - drive, drive, 0 * drive


class QIFOwnDrive(DrivenQIF):
    """QIF neurons, each with its drive; state (p, q, J, I). The phase f makes tan(pi (f - 1/2)) of
    2 V - 1 at t = 0: it turns once from spike to spike, and evenly at a drive of 1/2."""

    phases: ClassVar = (0.01, 0.25, 0.99)
    onset: ClassVar = 0.25

    @staticmethod
    def variables():
        """Names of the state variables."""
        return ("p", "q", "J", "I")

    @staticmethod
    def begin(phase: Tensor, drive: Tensor) -> tuple[Tensor, ...]:
        """The state at t = 0."""
        sin, cos = (math.pi * phase).sin(), (math.pi * phase).cos()
        return (sin - cos) / 2, sin, drive, 0 * drive


class QIFDeltaOwnDrive(QIFDelta):
    """The same with delta synapses; state (p, q, J)."""

    phases, onset = QIFOwnDrive.phases, QIFOwnDrive.onset

    @staticmethod
    def variables():
        """Names of the state variables."""
        return ("p", "q", "J")

    @staticmethod
    def begin(phase: Tensor, drive: Tensor) -> tuple[Tensor, ...]:
        """The state at t = 0."""
        return QIFOwnDrive.begin(phase, drive)[:3]


OWN_DRIVE: dict[str, Any] = {"lif": LIFOwnDrive, "qif": QIFOwnDrive, "qif_delta": QIFDeltaOwnDrive}
"""What makes neurons of their time constant and the largest size of a drive, by name."""


@implements(formulas.initial, LIFOwnDrive)
def _lif_initial(neuron, zero):
    return zero, zero, zero


@implements(formulas.flow, LIFOwnDrive)
def _lif_flow(neuron, d, s):
    W, J, I = s
    W, I = formulas.flow(LIF(neuron.tau, J), d, (W, I))
    return W, J, I


@implements(formulas.velocity, LIFOwnDrive)
def _lif_velocity(neuron, s):
    W, J, I = s
    return I - W, type(J)(0), -I - I


@implements(formulas.near, LIFOwnDrive)
def _lif_near(neuron, d, s, end):
    return formulas.near(LIF(neuron.tau, s[1]), d, (s[0], s[2]), (end[0], end[2]))


@implements(formulas.crossed, LIFOwnDrive)
def _lif_crossed(neuron, d, s, end):
    return formulas.crossed(LIF(neuron.tau, s[1]), d, (s[0], s[2]), (end[0], end[2]))


@implements(formulas.root, LIFOwnDrive)
def _lif_root(neuron, d, s):
    return formulas.root(LIF(neuron.tau, np.float64(s[1])), d, (s[0], s[2]))


@implements(formulas.spike, LIFOwnDrive)
def _lif_spike(neuron, s):
    return -s[1], s[1], s[2]


@implements(formulas.flow_adjoint, LIFOwnDrive)
def _lif_flow_adjoint(neuron, d, s, adjoint):
    lW, lJ, lI = adjoint
    lW, lI = formulas.flow_adjoint(LIF(neuron.tau, s[1]), d, (s[0], s[2]), (lW, lI))
    return lW, lJ, lI


@implements(formulas.spike_adjoint, LIFOwnDrive)
def _lif_spike_adjoint(neuron, s, adjoint, g):
    """The threshold 1 - J and the reset -J move with J."""
    W, J, I = s
    lW, lJ, lI = adjoint
    before, lI = formulas.spike_adjoint(LIF(neuron.tau, J), (W, I), (lW, lI), g)
    return before, lJ + before - lW, lI


@implements(formulas.initial, QIFOwnDrive)
def _qif_initial(neuron, zero):
    return zero, type(zero)(1), zero, zero


@implements(formulas.propagator, QIFOwnDrive)
def _qif_propagator(neuron, d):
    return d


@implements(formulas.velocity, QIFOwnDrive)
def _qif_velocity(neuron, s):
    p, q, J, I = s
    return (I + J) * q - p, -p, type(J)(0), -I - I


def _powers(n_terms: int) -> list[str]:
    """Lines that make y_0, y_1, ... of p, q, I and K = I + J in a step, all of q's type t."""
    lines = ["t, K, two_I = type(q), I + J, I + I", "y0, y1 = q, -p", "y2 = t(-0.5) * (K * y0)"]
    for n in range(3, n_terms):
        moved = f"K * y{n - 2} - two_I * y{n - 3}" + (f" + I * y{n - 4}" if n > 3 else "")
        own = f"t({2 * (n - 2) / n}) * y{n - 1} - t({(n - 2) * (n - 3) / (n * (n - 1))}) * y{n - 2}"
        lines.append(f"y{n} = {own} - t({1 / (n * (n - 1))}) * ({moved})")
    return lines


def powers(d, p, q, J, I): ...


@overload(powers, jit_options={"forceinline": True, **FAST})
def _choose_powers(d, p, q, J, I):
    """y_0, y_1, ... after the state (p, q, J, I), as many as d's type resolves."""
    n = resolved(d)[1]
    numbers = ", ".join(f"y{k}" for k in range(n))
    return written("d, p, q, J, I", *_powers(n), f"return {numbers}")


def step_of(d, p, q, J, I): ...


@overload(step_of, jit_options={"forceinline": True, **FAST})
def _choose_step_of(d, p, q, J, I):
    """(p, q) after a step."""
    n = resolved(d)[1]
    value = horner([f"y{k}" for k in range(n)], "d")
    slope = horner(["y1", *(f"t({k}) * y{k}" for k in range(2, n))], "d")
    return written("d, p, q, J, I", *_powers(n), f"return (d - t(1)) * ({slope}), {value}")


def step_adjoint(d, p, q, J, I, lp, lq): ...


@overload(step_adjoint, jit_options={"forceinline": True, **FAST})
def _choose_step_adjoint(d, p, q, J, I, lp, lq):
    """dLoss/d(p, q, J, I) from dLoss/d(p, q) after a step: the powers' rule, backwards."""
    n = resolved(d)[1]
    lines = [*_powers(n), "a, power, gJ, gI = (d - t(1)) * lp, t(1), t(0), t(0)", "l0 = lq"]
    for k in range(1, n):
        lines += [f"l{k} = power * (d * lq + t({k}) * a)", "power = power * d"]
    for k in range(n - 1, 1, -1):
        lines += [
            f"g = t({1 / (k * (k - 1))}) * l{k}",
            f"gJ = gJ - g * y{k - 2}",
            f"l{k - 1} = l{k - 1} + t({2 * (k - 2) / k}) * l{k}",
            f"l{k - 2} = l{k - 2} - t({(k - 2) * (k - 3)}) * g - K * g",
        ]
        if k > 2:
            lines += [f"gI = gI + (g + g) * y{k - 3}", f"l{k - 3} = l{k - 3} + two_I * g"]
        if k > 3:
            lines += [f"gI = gI - g * y{k - 4}", f"l{k - 4} = l{k - 4} - I * g"]
    return written("d, p, q, J, I, lp, lq", *lines, "return -l1, l0, gJ, gI + gJ")


@implements(formulas.flow, QIFOwnDrive)
def _qif_flow(neuron, d, s):
    p, q, J, I = s
    e = type(d)(1) - d
    return *step_of(d, p, q, J, I), J, e * e * I


@implements(formulas.root, QIFOwnDrive)
def _qif_root(neuron, d, s):
    p, q, J, I = np.float64(s[0]), np.float64(s[1]), np.float64(s[2]), np.float64(s[3])
    return first_zero(powers(d, p, q, J, I), I + J, d, p, q)


@implements(formulas.flow_adjoint, QIFOwnDrive)
def _qif_flow_adjoint(neuron, d, s, adjoint):
    p, q, J, I = s
    lp, lq, lJ, lI = adjoint
    e = type(d)(1) - d
    lp, lq, gJ, gI = step_adjoint(d, p, q, J, I, lp, lq)
    return lp, lq, lJ + gJ, e * e * lI + gI


@implements(formulas.initial, QIFDeltaOwnDrive)
def _delta_initial(neuron, zero):
    return zero, type(zero)(1), zero


@implements(formulas.propagator, QIFDeltaOwnDrive)
def _delta_propagator(neuron, d):
    return elapsed(d), math.sqrt(type(d)(1) - d)


@implements(formulas.velocity, QIFDeltaOwnDrive)
def _delta_velocity(neuron, s):
    p, q, J = s
    return J * q - p, -p, type(J)(0)


@implements(formulas.flow, QIFDeltaOwnDrive)
def _delta_flow(neuron, step, s):
    p, q, J = s
    x, h = step
    half = type(x)(0.5)
    z = (J - half * half) * (x * x)
    c, s = C(z), x * S(z)
    return h * ((c - half * s) * p + s * (J * q)), h * ((c + half * s) * q - s * p), J


@implements(formulas.root, QIFDeltaOwnDrive)
def _delta_root(neuron, d, s):
    p, q, J = np.float64(s[0]), np.float64(s[1]), np.float64(s[2])
    return min(-math.expm1(-turning_angle(J - 0.25, p - q / 2.0, q)), d)


@implements(formulas.flow_adjoint, QIFDeltaOwnDrive)
def _delta_flow_adjoint(neuron, step, s, adjoint):
    p, q, J = s
    lp, lq, lJ = adjoint
    x, h = step
    half = type(x)(0.5)
    xx = x * x
    z = (J - half * half) * xx
    c, s = C(z), x * S(z)
    dc, ds = -half * (x * s), x * xx * D(z)  # by J
    lp, lq = h * lp, h * lq
    gain = lp * ((dc - half * ds) * p + (s + J * ds) * q) + lq * ((dc + half * ds) * q - ds * p)
    return (c - half * s) * lp - s * lq, s * (J * lp) + (c + half * s) * lq, lJ + gain


for own in (QIFOwnDrive, QIFDeltaOwnDrive):
    implements(formulas.through_spike_adjoint, own)(formulas.flow_adjoint_through_spike)
