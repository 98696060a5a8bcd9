"""The QIF neuron that spikes at a finite potential.

    tau dV/dt = V (V - 1) + I + J,   (tau / 2) dI/dt = -I,   spike at V = 3/2, reset to -inf

V = p / q reaches the threshold where h = 3/2 q - p vanishes; the flow is that of
:mod:`spikegrad.neurons.qif` or :mod:`spikegrad.neurons.qif_driven`. At the threshold
tau dV/dt = 3/4 + I + J. Within a step I decays and keeps its sign. So with J >= -3/4 that rate
changes its sign at most once, from - to +: before, no potential rises through the threshold, and
after, none falls through it. Hence a step holds a spike where h <= 0 at its end, also past V = inf,
where q < 0 and V is low, since steps are too short to come round. But an inhibitory weight that
arrives just below the threshold turns V back: spikes appear and vanish, as LIF's do. The rate at a
constant current is sqrt(nu2) / (tau (pi / 2 + atan(1 / sqrt(nu2)))) with nu2 = I + J - 1/4.
docs/engine.md derives the adjoints.
"""

from __future__ import annotations

import numpy as np

from spikegrad.engine import formulas, njit
from spikegrad.engine.formulas import FAST, flow, implements, propagator
from spikegrad.neurons.qif import QIF
from spikegrad.neurons.qif_driven import DrivenQIF
from spikegrad.neurons.taylor import taylor_coefficients

THRESHOLD = 1.5
LEAST_DRIVE = -THRESHOLD * (THRESHOLD - 1.0)
"""A lower drive would let a potential rise through the threshold and return within a step."""


class QIFCut(QIF):
    """Quadratic integrate-and-fire neuron with a finite threshold; state (p, q, I) with V = p / q.

    Formulas and methods that are not below are those of :class:`spikegrad.neurons.qif.QIF`.
    """

    __slots__ = ()
    pseudospikes = None  # type: ignore[assignment]  # its spikes vanish before a sample's end, too


class DrivenQIFCut(QIFCut, DrivenQIF):  # type: ignore[misc]  # both are QIF's tuple
    """The same with a drive other than 0: the flow of a driven QIF neuron."""


def qif_cut(tau: float, drive: float = 0.0) -> QIFCut:
    """The neuron of time constant ``tau`` (seconds) and constant input current ``drive``.

    Raises
    ------
    ValueError
        If ``drive`` is below -3/4.
    """
    if drive < LEAST_DRIVE:
        raise ValueError(f"drive of qif_cut neurons must be at least {LEAST_DRIVE}, not {drive}")
    return DrivenQIFCut(tau, drive, taylor_coefficients(drive)) if drive else QIFCut(tau)


@njit(forceinline=True, **FAST)
def to_threshold(s):
    """h of a state, positive below the threshold."""
    p, q, I = s
    return type(p)(THRESHOLD) * q - p


@njit(forceinline=True, **FAST)
def approach(neuron, s):
    """-tau dh/dt of a state."""
    p, q, I = s
    return type(p)(THRESHOLD - 1.0) * p + (I + type(p)(neuron.drive)) * q


@implements(formulas.near, QIFCut)
@implements(formulas.crossed, QIFCut)
def _crossed(neuron, d, s, end):
    zero = type(d)(0)
    return (to_threshold(end) <= zero) | (to_threshold(s) <= zero)


@implements(formulas.root, QIFCut)
def _root(neuron, d, s):
    """Newton's method for h, kept between points before and after the threshold."""
    start = np.float64(s[0]), np.float64(s[1]), np.float64(s[2])
    if to_threshold(start) <= 0.0:
        return 0.0
    before, after = 0.0, np.float64(d)
    x = after
    for _ in range(60):
        at = flow(neuron, propagator(neuron, x), start)
        h = to_threshold(at)
        if h > 0.0:
            before = x
        else:
            after = x
        better = x + (1.0 - x) * h / approach(neuron, at)
        if not before <= better <= after:
            better = 0.5 * (before + after)
        change = abs(better - x)
        x = better
        if change <= 1e-9 * d:  # the number of right digits doubles
            break
    return x


@implements(formulas.spike_adjoint, QIFCut)
def _spike_adjoint(neuron, s, adjoint, g):
    p, q, I = s
    lp, lq, lI = adjoint
    tau, zero = type(p)(neuron.tau), type(p)(0)
    # after a later spike q, which grows by p / tau from 0, is behind; the scale of p is no matter
    g = g - lq * p / tau
    later = g * tau / approach(neuron, s) if g != zero else g
    return -later, type(p)(THRESHOLD) * later, lI


implements(formulas.through_spike, QIFCut)(formulas.flow_through_spike)
implements(formulas.through_spike_adjoint, QIFCut)(formulas.flow_adjoint_through_spike)
