"""Neuron models: one file of scalar formulas each."""

from collections.abc import Callable
from typing import Any

from spikegrad.neurons.lif import LIF
from spikegrad.neurons.lif_refractory import LIFRefractory
from spikegrad.neurons.qif_cut import qif_cut
from spikegrad.neurons.qif_delta import qif_delta
from spikegrad.neurons.qif_driven import qif

NEURONS: dict[str, Callable[..., Any]] = {
    "lif": LIF,
    "lif_refractory": LIFRefractory,
    "qif": qif,
    "qif_cut": qif_cut,
    "qif_delta": qif_delta,
}
"""What makes a neuron of its time constant ``tau`` (seconds) and constant ``drive``, by name."""
