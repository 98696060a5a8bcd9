"""The formulas that make a neuron, and how the engine finds those of a given neuron.

A neuron is a NamedTuple of parameters with one scalar implementation of each formula below,
registered by :func:`implements`. Its state is a tuple of numbers; the last is always the
synaptic current I, which decays as ``I(dt) = e^2 I`` for every neuron. A step of length dt is
written ``d = 1 - exp(-dt / tau)``, with ``e = 1 - d``.

Formulas are compiled for float32 and float64 from one source: write constants as
``type(d)(1)``, since a bare literal would turn a float32 expression into float64.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from numba.extending import overload

# Contraction lets a * b + c be one rounded operation; nothing is reordered.
FAST = {"fastmath": {"contract"}, "error_model": "numpy"}


def initial(neuron, zero):
    """State at t = 0, in the type of ``zero``."""


def flow(neuron, d, s):
    """State after a step ``d`` without any event."""


def near(neuron, d, s, end):
    """Whether a neuron may have spiked: as :func:`crossed`, or cheaper and true more often."""


def crossed(neuron, d, s, end):
    """Whether a neuron that flows from ``s`` to ``end`` in a step ``d`` spikes on the way."""


def root(neuron, d, s):
    """The first spike's step in [0, d], given that there is one; in float64."""


def spike(neuron, s):
    """State just after a spike, from the state at it."""


def longest_step(neuron, current):
    """The longest step (in d) for which ``flow`` is exact to rounding when |I| <= ``current``."""


def scale(neuron, s):
    """A positive factor for all of the state but I, which changes nothing but its range."""


def flow_adjoint(neuron, d, s, adjoint):
    """dLoss/ds from dLoss/d(flow(d, s))."""


def spike_adjoint(neuron, s, adjoint, g):
    """dLoss/ds at a spike: ``s`` just before it, ``adjoint`` just after, ``g`` = dLoss/dt."""


def arrival_adjoint(neuron, s, adjoint):
    """dLoss/dt of an arriving spike of weight 1, ``s`` and ``adjoint`` just after it."""


def load(neuron, buffer, k, i):
    """The state of neuron ``i`` in slot ``k`` of a buffer [n_slots, n_state, n_neurons]."""


def store(neuron, buffer, k, i, s):
    """Write the state of neuron ``i`` into slot ``k``."""


def implements(formula: Callable, neuron_class: type) -> Callable[[Callable], Callable]:
    """Register the decorated scalar function as ``formula`` of ``neuron_class``."""

    def register(implementation: Callable) -> Callable:
        def choose(neuron: Any, *arguments: Any) -> Callable | None:
            if getattr(neuron, "instance_class", None) is neuron_class:
                return implementation
            return None

        options = {"forceinline": True, **FAST}
        overload(formula, strict=False, jit_options=options)(choose)
        return implementation

    return register


@overload(load, jit_options={"forceinline": True})
def _load(neuron, buffer, k, i):
    scope: dict = {}
    items = "".join(f"buffer[k, {v}, i], " for v in range(_n_state(neuron)))
    exec(f"def load(neuron, buffer, k, i): return ({items})", scope)
    return scope["load"]


@overload(store, jit_options={"forceinline": True})
def _store(neuron, buffer, k, i, s):
    scope: dict = {}
    lines = "".join(f"\n buffer[k, {v}, i] = s[{v}]" for v in range(_n_state(neuron)))
    exec(f"def store(neuron, buffer, k, i, s):{lines}", scope)
    return scope["store"]


def _n_state(neuron: Any) -> int:
    return len(neuron.instance_class.variables())
