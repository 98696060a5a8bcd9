"""Neurons of one model with one more state variable; those whose time constants are their own.

A neuron with the time constant tau_i lives a step dt of the layer as dt / tau_i. The layer counts
time in units of its shortest time constant tau, and each neuron has the rate r = tau / tau_i, at
most 1, as one more state variable, which nothing changes. Its other variables obey the formulas of
the model with a time constant of 1, in steps of their own,

    d_i = 1 - exp(-r x),   x = -log(1 - d) = dt / tau.

What a state does in a step is a function of r x alone, also where the neuron spikes: so the rate's
adjoint gains x times what moving the state along its own flow would do, <adjoint, ds/dt>, which is
the same at both ends of the step. At t = 0 it is dLoss/dr. docs/engine.md derives it.
"""

from __future__ import annotations

import math
from typing import Any, NamedTuple

import numpy as np
from numba.extending import overload
from torch import Tensor

from spikegrad.engine import formulas, njit
from spikegrad.engine.formulas import FAST, implements, written
from spikegrad.neurons.entire import entire

LONGEST_STEP = 0.5
"""For steps d up to this the series below are exact to rounding."""
HALVINGS = 4
"""How often a time is halved before its series, and what that has made is doubled."""

_decay = entire(lambda k: (-1) ** k / math.factorial(k + 1))
_area = entire(lambda k: 2 / (2 * k + 1))
"""artanh(y) = y / 2 times this series in y^2, summed at small y."""


class Extended(NamedTuple):
    """Neurons with one more state variable, before those of their model; the formulas and methods
    that are not their own are the model's."""

    tau: float
    """The (shortest) time constant in seconds."""
    own: float
    """What else they have in common."""
    model: Any

    def __getattr__(self, name: str) -> Any:
        return getattr(self.model, name)

    def moved(self) -> int:
        """Which state variable an arriving weight moves."""
        return 1 + range(len(self.model.variables()))[self.model.moved()]

    def variables(self) -> tuple[str, ...]:
        """Names of the state variables."""
        return ("own", *self.model.variables())

    def normalised(self, state: tuple[Tensor, ...]) -> tuple[Tensor, ...]:
        """The model's own variables, in the form that depends on their potential alone."""
        return self.model.normalised(state[1:])

    def potential(self, state: Any) -> Any:
        """Membrane potential V."""
        return self.model.potential(state[1:])


class Individual(Extended):
    """Neurons that differ in their time constants; state (r, ...), see above. ``own`` is the rate
    of the longest one, ``model`` has a time constant of 1."""

    @classmethod
    def of(cls, make: Any, taus: np.ndarray, drive: float) -> Individual:
        """Neurons of the model that ``make`` makes, with these time constants in seconds."""
        shortest = float(taus.min())
        return cls(shortest, shortest / float(taus.max()), make(1.0, drive))

    @staticmethod
    def rates(log_tau: Tensor) -> Tensor:
        """The rates of neurons with these time constants."""
        return (log_tau.detach().min() - log_tau).exp()


@njit(forceinline=True, **FAST)
def elapsed(d):
    """The time -log(1 - d) of a step d up to :data:`LONGEST_STEP`, in units of tau."""
    one = type(d)(1)
    for _ in range(2):  # half the time, twice
        d = d / (one + math.sqrt(one - d))
    y = d / (one + one - d)
    return type(d)(4) * y * _area(y * y)


@njit(forceinline=True, **FAST)
def own_step(x):
    """The step 1 - exp(-x) of the time ``x`` up to log 2, in units of tau."""
    two = type(x)(2)
    short = x * type(x)(0.5**HALVINGS)
    d = short * _decay(short)
    for _ in range(HALVINGS):
        d = d * (two - d)
    return d


def product(a, b): ...


@overload(product, jit_options={"forceinline": True, **FAST})
def _product(a, b):
    """The scalar product of two tuples."""
    terms = " + ".join(f"a[{k}] * b[{k}]" for k in range(len(a)))
    return written("a, b", f"return {terms}")


def times(factor, a): ...


@overload(times, jit_options={"forceinline": True, **FAST})
def _times(factor, a):
    """A tuple, each number times ``factor``."""
    return written("factor, a", "return " + ", ".join(f"factor * a[{k}]" for k in range(len(a))))


@implements(formulas.initial, Extended)
def _initial(neuron, zero):
    return type(zero)(1), *formulas.initial(neuron.model, zero)


@implements(formulas.spike, Extended)
def _spike(neuron, s):
    return s[0], *formulas.spike(neuron.model, s[1:])


@implements(formulas.kept, Individual)
def _kept(neuron, d):
    return (1.0 - d) ** (2.0 * neuron.own)


@implements(formulas.propagator, Individual)
def _propagator(neuron, d):
    return elapsed(d)


@implements(formulas.flow, Individual)
def _flow(neuron, x, s):
    step = formulas.propagator(neuron.model, own_step(s[0] * x))
    return s[0], *formulas.flow(neuron.model, step, s[1:])


@implements(formulas.velocity, Individual)
def _velocity(neuron, s):
    r = s[0]
    return type(r)(0), *times(r, formulas.velocity(neuron.model, s[1:]))


@implements(formulas.near, Individual)
def _near(neuron, d, s, end):
    return formulas.near(neuron.model, own_step(s[0] * elapsed(d)), s[1:], end[1:])


@implements(formulas.crossed, Individual)
def _crossed(neuron, d, s, end):
    return formulas.crossed(neuron.model, own_step(s[0] * elapsed(d)), s[1:], end[1:])


@implements(formulas.root, Individual)
def _root(neuron, d, s):
    first = formulas.root(neuron.model, own_step(s[0] * elapsed(d)), s[1:])
    return min(own_step(elapsed(np.float64(first)) / np.float64(s[0])), d)


@implements(formulas.through_spike, Individual)
def _through_spike(neuron, d, first, s, end):
    before, step = own_step(s[0] * elapsed(first)), own_step(s[0] * elapsed(d))
    return s[0], *formulas.through_spike(neuron.model, step, before, s[1:], end[1:])


@implements(formulas.arrive, Extended)
def _arrive(neuron, s, w):
    return s[0], *formulas.arrive(neuron.model, s[1:], w)


@implements(formulas.input_current, Extended)
def _input_current(neuron, s):
    return formulas.input_current(neuron.model, s[1:])


@implements(formulas.longest_step, Individual)
def _longest_step(neuron, current):
    return min(LONGEST_STEP, formulas.longest_step(neuron.model, current))


@implements(formulas.scale, Extended)
def _scale(neuron, s):
    return formulas.scale(neuron.model, s[1:])


@implements(formulas.rescaled, Individual)
def _rescaled(neuron, s, factor):
    return s[0], *formulas.rescaled(neuron.model, s[1:], factor)


@implements(formulas.flow_adjoint, Individual)
def _flow_adjoint(neuron, x, s, adjoint):
    step = formulas.propagator(neuron.model, own_step(s[0] * x))
    before = formulas.flow_adjoint(neuron.model, step, s[1:], adjoint[1:])
    return adjoint[0] + x * product(formulas.velocity(neuron.model, s[1:]), before), *before


@implements(formulas.spike_adjoint, Individual)
def _spike_adjoint(neuron, s, adjoint, g):
    own = g * type(g)(neuron.tau) / s[0]
    return adjoint[0], *formulas.spike_adjoint(neuron.model, s[1:], adjoint[1:], own)


@implements(formulas.through_spike_adjoint, Individual)
def _through_spike_adjoint(neuron, d, first, s, adjoint, plain, g):
    """A spike comes after a share of the step, too: what r moves there is not all of x <...>."""
    r, x, early = s[0], elapsed(d), elapsed(first)
    own = g * type(g)(neuron.tau) / r
    before = formulas.through_spike_adjoint(
        neuron.model, own_step(r * x), own_step(r * early), s[1:], adjoint[1:], plain[1:], own
    )
    gain = x * product(formulas.velocity(neuron.model, s[1:]), before) + own * (x - early)
    return adjoint[0] + gain, *before


@implements(formulas.arrive_adjoint, Extended)
def _arrive_adjoint(neuron, s, w, adjoint):
    return adjoint[0], *formulas.arrive_adjoint(neuron.model, s[1:], w, adjoint[1:])


@implements(formulas.weight_gradient, Extended)
def _weight_gradient(neuron, s, adjoint):
    return formulas.weight_gradient(neuron.model, s[1:], adjoint[1:])


@implements(formulas.arrival_gradient, Individual)
def _arrival_gradient(neuron, s, w, adjoint):
    own = formulas.arrival_gradient(neuron.model, s[1:], w, adjoint[1:])
    return own * s[0] * type(own)(1.0 / neuron.tau)


@implements(formulas.additive, Extended)
def _additive(neuron):
    return formulas.additive(neuron.model)
