"""The synapse of every neuron whose inputs move a current."""

from __future__ import annotations

from spikegrad.engine import formulas
from spikegrad.engine.formulas import implements


def current_synapse(neuron_class: type) -> None:
    """Register what arriving weights do where the last state variable is the synaptic current I.

    They are added to it; what their arrival times do depends on the membrane.
    """

    @implements(formulas.arrive, neuron_class)
    def _arrive(neuron, s, w):
        return (*s[:-1], s[-1] + w)

    @implements(formulas.additive, neuron_class)
    def _additive(neuron):
        return True

    @implements(formulas.input_current, neuron_class)
    def _input_current(neuron, s):
        return s[-1]

    @implements(formulas.arrive_adjoint, neuron_class)
    def _arrive_adjoint(neuron, s, w, adjoint):
        return adjoint

    @implements(formulas.weight_gradient, neuron_class)
    def _weight_gradient(neuron, s, adjoint):
        return adjoint[-1]
