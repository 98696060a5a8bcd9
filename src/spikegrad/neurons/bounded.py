"""Neurons whose adjoint goes back through a spike within a bound.

Where a neuron lingers, what moves its potential V moves its next spike by much: by

    |dt/dV| / tau = 1 / |tau dV/dt|   (LIF),   exp(-x) (q / p)^2   (QIF)

with V's own time x before the spike, in units of tau, q of then and p of the spike: the Wronskian
of a QIF neuron's linear equation is exp(-x). LIF's is largest by V at the spike itself. For QIF's
the neuron has the largest |q| at the start of a step since its last spike as one more state
variable, which decays as exp(-x / 2) and is scaled as p and q are. Where the largest such number
is above the bound, dLoss/dt of the spike and dLoss/dV after it are scaled down alike, to what they
would bring at the bound. Nothing else is changed.
"""

from __future__ import annotations

import math
from typing import Any

from numba.extending import overload

from spikegrad.engine import formulas
from spikegrad.engine.formulas import FAST, implements, written
from spikegrad.neurons.individual import Extended
from spikegrad.neurons.lif import LIF
from spikegrad.neurons.qif import QIF


class Bounded(Extended):
    """Neurons of a model with a bound, ``own``, of |dt/dV| at a spike in units of tau; state (m,
    ...) with the largest |q| before, see above."""

    @staticmethod
    def of(bound: float, model: Any) -> Bounded:
        """Neurons of the ``model``."""
        return Bounded(model.tau, float(bound), model)


def passing(neuron, bound, s, most, adjoint, g): ...


@overload(passing, jit_options={"forceinline": True, **FAST})
def _passing(neuron, bound, s, most, adjoint, g):
    """The share of a spike of the model that is within the bound, and the ``adjoint`` after it and
    ``g``, of which that share is left."""
    names = neuron.instance_class.variables()
    left = [f"{'share * ' * (v in 'Wpq')}adjoint[{k}]" for k, v in enumerate(names)]
    if names[:2] == ("W", "J"):  # the reset to -J is not a matter of the spike's time
        left[1] += " - (type(g)(1) - share) * adjoint[0]"
    return written(
        "neuron, bound, s, most, adjoint, g",
        "bound = type(g)(bound)",
        "share = bound / max(bound, excess(neuron, s, most))",
        f"return share, ({', '.join(left)},), share * g",
        excess=formulas.excess,
    )


@implements(formulas.excess, LIF)
def _lif_excess(neuron, s, most):
    return type(most)(1) / abs(formulas.velocity(neuron, s)[0])


@implements(formulas.excess, QIF)
def _qif_excess(neuron, s, most):
    return (most / s[0]) * (most / s[0])


@implements(formulas.kept, Bounded)
def _kept(neuron, d):
    return formulas.kept(neuron.model, d)


@implements(formulas.propagator, Bounded)
def _propagator(neuron, d):
    return math.sqrt(type(d)(1) - d), formulas.propagator(neuron.model, d)


@implements(formulas.flow, Bounded)
def _flow(neuron, step, s):
    """The second variable of a QIF model is q, and never negative; LIF's m is not used."""
    return step[0] * max(s[0], s[2]), *formulas.flow(neuron.model, step[1], s[1:])


@implements(formulas.velocity, Bounded)
def _velocity(neuron, s):
    return type(s[0])(0), *formulas.velocity(neuron.model, s[1:])


@implements(formulas.near, Bounded)
def _near(neuron, d, s, end):
    return formulas.near(neuron.model, d, s[1:], end[1:])


@implements(formulas.crossed, Bounded)
def _crossed(neuron, d, s, end):
    return formulas.crossed(neuron.model, d, s[1:], end[1:])


@implements(formulas.root, Bounded)
def _root(neuron, d, s):
    return formulas.root(neuron.model, d, s[1:])


@implements(formulas.spike, Bounded)
def _spike(neuron, s):
    return type(s[0])(0), *formulas.spike(neuron.model, s[1:])


@implements(formulas.through_spike, Bounded)
def _through_spike(neuron, d, first, s, end):
    return type(s[0])(0), *formulas.through_spike(neuron.model, d, first, s[1:], end[1:])


@implements(formulas.longest_step, Bounded)
def _longest_step(neuron, current):
    return formulas.longest_step(neuron.model, current)


@implements(formulas.rescaled, Bounded)
def _rescaled(neuron, s, factor):
    return s[0] * factor, *formulas.rescaled(neuron.model, s[1:], factor)


@implements(formulas.flow_adjoint, Bounded)
def _flow_adjoint(neuron, step, s, adjoint):
    return adjoint[0], *formulas.flow_adjoint(neuron.model, step[1], s[1:], adjoint[1:])


@implements(formulas.spike_adjoint, Bounded)
def _spike_adjoint(neuron, s, adjoint, g):
    _, left, g = passing(neuron.model, neuron.own, s[1:], s[0], adjoint[1:], g)
    return adjoint[0], *formulas.spike_adjoint(neuron.model, s[1:], left, g)


@implements(formulas.through_spike_adjoint, Bounded)
def _through_spike_adjoint(neuron, d, first, s, adjoint, plain, g):
    """As of the model, to the bit, where nothing is scaled."""
    step = formulas.propagator(neuron, first)
    at = formulas.flow(neuron, step, s)
    share, _, _ = passing(neuron.model, neuron.own, at[1:], at[0], adjoint[1:], g)
    if share < 1:
        rest = formulas.propagator(neuron, formulas.remainder(d, first))
        after = formulas.flow_adjoint(neuron, rest, formulas.spike(neuron, at), adjoint)
        before = formulas.spike_adjoint(neuron, at, after, g)
        return formulas.flow_adjoint(neuron, step, s, before)
    before = formulas.through_spike_adjoint(
        neuron.model, d, first, s[1:], adjoint[1:], plain[1:], g
    )
    return adjoint[0], *before


@implements(formulas.arrival_gradient, Bounded)
def _arrival_gradient(neuron, s, w, adjoint):
    return formulas.arrival_gradient(neuron.model, s[1:], w, adjoint[1:])
