"""The formulas that make a neuron, and how the engine finds those of a given neuron.

A neuron is a NamedTuple of parameters with one scalar implementation of each formula below,
registered by :func:`implements`. Its state is a tuple of numbers, of which arriving weights change
the one at ``neuron.moved()``. A step of length dt is written
``d = 1 - exp(-dt / tau)``, with ``e = 1 - d``; what all neurons of a layer have in common in such a
step is computed once, as its propagator.

Formulas are compiled for float32 and float64 from one source: write constants as
``type(d)(1)``, since a bare literal would turn a float32 expression into float64.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from numba.extending import overload

_implemented: set[tuple[Callable, type]] = set()

# Contraction lets a * b + c be one rounded operation; nothing is reordered.
FAST = {"fastmath": {"contract"}, "error_model": "numpy"}


def initial(neuron, zero):
    """State at t = 0, in the type of ``zero``."""


def propagator(neuron, d):
    """What a step ``d`` does to any state: ``d`` itself, or numbers made of it."""


def flow(neuron, step, s):
    """State after a step without any event, given its propagator."""


def velocity(neuron, s):
    """tau ds/dt of a state between events."""


def near(neuron, d, s, end):
    """Whether a neuron may have spiked: as :func:`crossed`, or cheaper and true more often."""


def crossed(neuron, d, s, end):
    """Whether a neuron that flows from ``s`` to ``end`` in a step ``d`` spikes on the way."""


def root(neuron, d, s):
    """The first spike's step in [0, d], given that there is one; in float64."""


def spike(neuron, s):
    """State just after a spike, from the state at it."""


def through_spike(neuron, d, first, s, end):
    """State after a step ``d`` with a spike at ``first``; ``end`` is that without the spike.

    By default the neuron flows to its spike and on from there.
    """


def arrive(neuron, s, w):
    """State just after the arrival of a weight ``w``, which changes ``neuron.moved()`` alone."""


def input_current(neuron, s):
    """The synaptic current, of which :func:`longest_step` needs to know the largest."""


def kept(neuron, d):
    """What is left of a synaptic current of 1 after a step ``d``, of several the most.

    By default (1 - d)^2, as the synapse is twice as fast as the membrane.
    """


def longest_step(neuron, current):
    """The longest step (in d) that ``flow`` and ``root`` are made for when |I| <= ``current``."""


def scale(neuron, s):
    """A positive factor by which :func:`rescaled` brings a state into range."""


def rescaled(neuron, s, factor):
    """The same state in other numbers; and the adjoint before, from the adjoint after it."""


def flow_adjoint(neuron, step, s, adjoint):
    """dLoss/ds from dLoss/d(flow(step, s))."""


def spike_adjoint(neuron, s, adjoint, g):
    """dLoss/ds at a spike: ``s`` just before it, ``adjoint`` just after, ``g`` = dLoss/dt."""


def through_spike_adjoint(neuron, d, first, s, adjoint, plain, g):
    """The adjoint of :func:`through_spike`, with g = dLoss/dt of the spike.

    ``plain`` is the adjoint taken back through the step without the spike. By default it is taken
    back to the spike, and on from there.
    """


def excess(neuron, s, most):
    """|dt/dV| of a spike, in units of tau, the largest of those by V at the spike, whose state is
    ``s``, or before; ``most`` is the largest |q| exp(-x / 2) before, at a time x earlier."""


def arrive_adjoint(neuron, s, w, adjoint):
    """dLoss/ds from dLoss/d(arrive(s, w)); ``s`` may be from before or after."""


def weight_gradient(neuron, s, adjoint):
    """dLoss/dw of an arriving weight; ``s`` and ``adjoint`` may be from before or after."""


def arrival_gradient(neuron, s, w, adjoint):
    """dLoss/dt of a weight of 1 within the ``w`` that arrive; ``s``, ``adjoint`` just after.

    Where it depends on the order of weights that arrive together, the mean of moving one of them to
    the front and to the end.
    """


def additive(neuron):
    """Whether gradients of arriving weights and times do not depend on what else has arrived."""


def load(neuron, buffer, k, i):
    """The state of neuron ``i`` in slot ``k`` of a buffer [n_slots, n_state, n_neurons]."""


def store(neuron, buffer, k, i, s):
    """Write the state of neuron ``i`` into slot ``k``."""


def store_moved(neuron, buffer, k, i, s):
    """The same where only the variable ``neuron.moved()`` has changed."""


def remainder(d, first):
    """What remains of a step ``d`` after its part ``first``."""


@overload(remainder, jit_options={"forceinline": True, **FAST})
def _remainder(d, first):
    return lambda d, first: (d - first) / (type(d)(1) - first)


def implements(formula: Callable, neuron_class: type) -> Callable[[Callable], Callable]:
    """Register the decorated scalar function as ``formula`` of ``neuron_class``.

    It serves the classes derived from that, too, but for those with a function of their own.
    """
    _implemented.add((formula, neuron_class))
    return _registered(formula, neuron_class)


def _registered(formula: Callable, neuron_class: type | None) -> Callable[[Callable], Callable]:
    """Register a function for those neurons whose ``formula`` is that of ``neuron_class``."""

    def register(implementation: Callable) -> Callable:
        def choose(neuron: Any, *arguments: Any) -> Callable | None:
            return implementation if _owner(formula, neuron) is neuron_class else None

        overload(formula, strict=False, jit_options={"forceinline": True, **FAST})(choose)
        return implementation

    return register


def _owner(formula: Callable, neuron: Any) -> type | None:
    """The class whose ``formula`` a neuron has, itself or one that it is derived from; or None."""
    classes = getattr(neuron, "instance_class", object).__mro__
    return next((owner for owner in classes if (formula, owner) in _implemented), None)


@_registered(kept, None)
def kept_alike(neuron, d):
    """The default, where all neurons have the same time constant."""
    return (1.0 - d) ** 2


@_registered(through_spike, None)
def flow_through_spike(neuron, d, first, s, end):
    """The default, for neurons whose base class has a formula that does not hold for them."""
    after = spike(neuron, flow(neuron, propagator(neuron, first), s))
    return flow(neuron, propagator(neuron, remainder(d, first)), after)


@_registered(through_spike_adjoint, None)
def flow_adjoint_through_spike(neuron, d, first, s, adjoint, plain, g):
    """The default, likewise."""
    step, rest = propagator(neuron, first), propagator(neuron, remainder(d, first))
    before = flow(neuron, step, s)
    adjoint = flow_adjoint(neuron, rest, spike(neuron, before), adjoint)
    return flow_adjoint(neuron, step, s, spike_adjoint(neuron, before, adjoint, g))


def written(arguments: str, *lines: str, **names: Any) -> Callable:
    """A function of these ``arguments`` and lines, which use ``names``."""
    exec("\n ".join([f"def made({arguments}):", *lines]), names)
    return names["made"]


@overload(load, jit_options={"forceinline": True})
def _load(neuron, buffer, k, i):
    items = "".join(f"buffer[k, {v}, i], " for v in range(_n_state(neuron)))
    return written("neuron, buffer, k, i", f"return ({items})")


@overload(store, jit_options={"forceinline": True})
def _store(neuron, buffer, k, i, s):
    lines = [f"buffer[k, {v}, i] = s[{v}]" for v in range(_n_state(neuron))]
    return written("neuron, buffer, k, i, s", *lines)


@overload(store_moved, jit_options={"forceinline": True})
def _store_moved(neuron, buffer, k, i, s):
    v = _moved(neuron)

    def store_moved(neuron, buffer, k, i, s):
        buffer[k, v, i] = s[v]

    return store_moved


def _n_state(neuron: Any) -> int:
    """The number of state variables; of neurons of a ``model``, those of it and one before them."""
    if "model" in neuron.fields:
        return 1 + _n_state(neuron.types[-1])
    return len(neuron.instance_class.variables())


def _moved(neuron: Any) -> int:
    """The place of the one that an arriving weight moves."""
    if "model" in neuron.fields:
        return 1 + _moved(neuron.types[-1])
    return range(_n_state(neuron))[neuron.instance_class.moved()]
