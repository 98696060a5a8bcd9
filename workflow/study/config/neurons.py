"""The neuron models that a configuration may name, and how they look in figures."""

from __future__ import annotations

import ast
from pathlib import Path
from typing import TYPE_CHECKING, Literal, NamedTuple

import spikegrad.settings


class NeuronStyle(NamedTuple):
    """How a neuron model looks in figures."""

    label: str
    colour: str


# Okabe and Ito's colours, which colour-blind readers tell apart; paler ones for the neurons that
# differ from LIF or QIF in one thing. A neuron model has the same colour in every figure, and
# nothing else has it. Figures draw the models in this order.
LOOKS = {
    "lif": NeuronStyle("LIF", "#d55e00"),
    "lif_refractory": NeuronStyle("refractory LIF", "#f2a06b"),
    "qif_cut": NeuronStyle("cut QIF", "#7db4de"),
    "qif": NeuronStyle("QIF", "#0072b2"),
    "qif_delta": NeuronStyle("δ-QIF", "#cc79a7"),
}
LADDER = {
    "lif": "",
    "lif_refractory": "a bounded rate",
    "qif_cut": "a rate like a root of the current in place of the bound",
    "qif": "continuous spikes",
}
"""Neuron models from LIF to QIF, and what each has that the one before does not."""
OTHERS = ("#000000", "#117733", "#8c564b")
"""The colours of neuron models without a look of their own, whose label is their name."""


def neuron_names() -> list[str]:
    """The keys of spikegrad.neurons.NEURONS, read from its source: to import it takes a second."""
    table = Path(spikegrad.settings.__file__).with_name("neurons") / "__init__.py"
    (keys,) = (
        node.value.keys
        for node in ast.parse(table.read_text()).body
        if isinstance(node, ast.AnnAssign)
        and ast.unparse(node.target) == "NEURONS"
        and isinstance(node.value, ast.Dict)
    )
    return [ast.literal_eval(key) for key in keys if key is not None]


NEURON_STYLES = {
    name: LOOKS.get(name, NeuronStyle(name, OTHERS[number % len(OTHERS)]))
    for number, name in enumerate(dict.fromkeys([*LOOKS, *neuron_names()]))
}

if TYPE_CHECKING:
    Neuron = str
else:
    Neuron = Literal[tuple(NEURON_STYLES)]
