"""The neuron models that a configuration may name, and how they look in figures."""

from __future__ import annotations

from typing import TYPE_CHECKING, Literal, NamedTuple


class NeuronStyle(NamedTuple):
    """How a neuron model looks in figures."""

    label: str
    colour: str
    landmark: str
    """What the potential 1 is."""
    limits: tuple[float, float]
    """Potentials that are drawn; a QIF potential runs from -inf to +inf."""


# Okabe and Ito's colours, which colour-blind readers tell apart; dark ones for the neurons that
# differ from LIF or QIF in one thing. A neuron model has the same colour in every figure, and
# nothing else has it.
NEURON_STYLES = {
    "lif": NeuronStyle("LIF", "#d55e00", "threshold", (-1.5, 1.4)),
    "lif_refractory": NeuronStyle("refractory LIF", "#7a0403", "threshold", (-1.5, 1.4)),
    "qif": NeuronStyle("QIF", "#0072b2", "separatrix without input", (-4, 6)),
    "qif_cut": NeuronStyle("cut QIF", "#1b1464", "separatrix without input", (-4, 1.9)),
    "qif_delta": NeuronStyle("δ-QIF", "#cc79a7", "separatrix without drive", (-4, 6)),
}

if TYPE_CHECKING:
    Neuron = str
else:
    Neuron = Literal[tuple(NEURON_STYLES)]
