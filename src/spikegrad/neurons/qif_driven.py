"""The QIF neuron with a constant drive J; docs/engine.md derives the formulas.

    p <- e (b' p - a' q),   q <- a q - b p,   a = sum_k I^k a_k(d), b likewise

a_k and b_k depend on d and J alone: a step's propagator has their values and slopes, from the
Taylor series of :mod:`spikegrad.neurons.taylor`. Spikes and arrivals are those of the neuron
without drive, from which it is derived.
"""

from __future__ import annotations

import math

import numpy as np

from spikegrad.engine import formulas
from spikegrad.engine.formulas import implements
from spikegrad.neurons.qif import QIF
from spikegrad.neurons.taylor import (
    LARGEST_D,
    LARGEST_Z,
    first_zero,
    power_sum,
    power_sum_slope,
    taylor_coefficients,
    values_and_slopes,
    zero_coefficients,
)


class DrivenQIF(QIF):
    """A QIF neuron with a constant drive other than 0; other formulas are those without."""

    __slots__ = ()  # so that a class may be derived from this one and another


def qif(tau: float, drive: float = 0.0) -> QIF:
    """A QIF neuron of time constant ``tau`` (seconds) and constant input current ``drive``."""
    return DrivenQIF(tau, drive, taylor_coefficients(drive)) if drive else QIF(tau)


@implements(formulas.propagator, DrivenQIF)
def _propagator(neuron, d):
    return d, values_and_slopes(neuron.series, d)


@implements(formulas.flow, DrivenQIF)
def _flow(neuron, step, s):
    p, q, I = s
    d, (a, a_slope, b, b_slope) = step
    e = type(d)(1) - d
    end = e * (power_sum(b_slope, I) * p - power_sum(a_slope, I) * q)
    return end, power_sum(a, I) * q - power_sum(b, I) * p, e * e * I


@implements(formulas.root, DrivenQIF)
def _root(neuron, d, s):
    p, q, I = np.float64(s[0]), np.float64(s[1]), np.float64(s[2])
    return first_zero(zero_coefficients(neuron.series, d, p, q, I), I + neuron.drive, d, p, q)


@implements(formulas.longest_step, DrivenQIF)
def _longest_step(neuron, current):
    return min(LARGEST_D, math.sqrt(LARGEST_Z / (current + abs(neuron.drive))))


@implements(formulas.flow_adjoint, DrivenQIF)
def _flow_adjoint(neuron, step, s, adjoint):
    p, q, I = s
    lp, lq, lI = adjoint
    d, (a, a_slope, b, b_slope) = step
    e = type(d)(1) - d
    l = e * lp
    gain = l * (power_sum_slope(b_slope, I) * p - power_sum_slope(a_slope, I) * q)
    gain += lq * (power_sum_slope(a, I) * q - power_sum_slope(b, I) * p)
    before_p = power_sum(b_slope, I) * l - power_sum(b, I) * lq
    before_q = power_sum(a, I) * lq - power_sum(a_slope, I) * l
    return before_p, before_q, e * e * lI + gain
