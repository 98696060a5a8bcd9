"""The neuron models that a configuration may name, and how they look in figures."""

from __future__ import annotations

from typing import TYPE_CHECKING, Literal, NamedTuple


class NeuronStyle(NamedTuple):
    """How a neuron model looks in figures."""

    label: str
    colour: str


# Okabe and Ito's colours, which colour-blind readers tell apart; dark ones for the neurons that
# differ from LIF or QIF in one thing. A neuron model has the same colour in every figure, and
# nothing else has it.
NEURON_STYLES = {
    "lif": NeuronStyle("LIF", "#d55e00"),
    "lif_refractory": NeuronStyle("refractory LIF", "#7a0403"),
    "qif": NeuronStyle("QIF", "#0072b2"),
    "qif_cut": NeuronStyle("cut QIF", "#1b1464"),
    "qif_delta": NeuronStyle("δ-QIF", "#cc79a7"),
}

if TYPE_CHECKING:
    Neuron = str
else:
    Neuron = Literal[tuple(NEURON_STYLES)]
