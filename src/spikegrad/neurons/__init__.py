"""Neuron models: one file of scalar formulas each."""

from spikegrad.neurons.lif import LIF
from spikegrad.neurons.qif import QIF

NEURONS: dict[str, type[LIF] | type[QIF]] = {"lif": LIF, "qif": QIF}
