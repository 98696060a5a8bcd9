"""Networks for other simulators and chips, in the Neuromorphic Intermediate Representation.

NIR: Pedersen et al., Nature Communications 15:8122 (2024). Needs the package nir:
``pip install 'spikegrad[nir]'``.
"""

from __future__ import annotations

from itertools import pairwise
from typing import TYPE_CHECKING, Any

import numpy as np
from torch import Tensor

from spikegrad.first_spike import FirstSpikeReadout
from spikegrad.layers import SpikingLayer
from spikegrad.network import Network
from spikegrad.neurons.lif import LIF
from spikegrad.readouts import LinearReadout, MaximumReadout

if TYPE_CHECKING:
    import nir

__all__ = ["ExportError", "to_nir"]


class ExportError(ValueError):
    """A network that NIR cannot express; the message says what it lacks."""


def to_nir(network: Network | SpikingLayer, step: float) -> nir.NIRGraph:
    """A network of LIF neurons, or one layer of them, as a NIR graph.

    Layers become ``nir.Linear`` and ``nir.CubaLIF``, recurrent weights a ``nir.Linear`` from the
    neurons to themselves; a leaky readout becomes ``nir.Linear`` and ``nir.LI`` (two of them, where
    it has a synapse), whose output is the voltage. NIR does not say what the readout makes of that,
    an integral or a maximum over the sample, nor that spike times are exact here.

    Parameters
    ----------
    network
        With LIF neurons.
    step
        Time step in seconds of the simulator that reads the graph, in which a spike is a pulse of
        height 1 that lasts one step. Weights here are jumps of a current; r and w_in make them so.

    Raises
    ------
    ExportError
        If the neurons are others than LIF, or ``step`` is not below their time constants.
    ImportError
        If the package nir is not installed.
    """
    try:
        import nir
    except ImportError as problem:
        raise ImportError("to_nir needs the package nir: pip install 'spikegrad[nir]'") from problem
    layers = [network] if isinstance(network, SpikingLayer) else list(network.hidden)
    if isinstance(network, Network) and isinstance(network.readout, FirstSpikeReadout):
        layers.append(network.readout.layer)
    nodes: dict[str, Any] = {"input": nir.Input({"input": np.array([layers[0].n_in])})}
    edges: list[tuple[str, str]] = []
    last = "input"
    for number, layer in enumerate(layers):
        neurons = f"layer{number}.neurons"
        nodes[f"layer{number}_in.weight"] = nir.Linear(_array(layer.weight))
        nodes[neurons] = nir.CubaLIF(**_lif(layer, step))
        edges += [(last, f"layer{number}_in.weight"), (f"layer{number}_in.weight", neurons)]
        if layer.recurrent_weight is not None:
            recurrent = f"layer{number}.recurrent_weight"
            nodes[recurrent] = nir.Linear(_array(layer.recurrent_weight))
            edges += [(neurons, recurrent), (recurrent, neurons)]
        last = neurons
    size = layers[-1].n_out
    if isinstance(network, Network) and isinstance(network.readout, LinearReadout):
        size = network.n_classes
        tau = np.full(size, network.readout.tau_out)
        chain = [last, "readout_in.weight", "readout.voltage"]
        nodes["readout_in.weight"] = nir.Linear(_array(network.readout.weight))
        r = tau / step  # a pulse makes the voltage jump by 1
        if isinstance(network.readout, MaximumReadout):
            chain.insert(2, "readout.current")  # jumps by 4
            nodes["readout.current"] = nir.LI(tau=tau / 2, r=4 * r / 2, v_leak=np.zeros(size))
            r = np.ones(size)
        nodes["readout.voltage"] = nir.LI(tau=tau, r=r, v_leak=np.zeros(size))
        edges += pairwise(chain)
        last = chain[-1]
    nodes["output"] = nir.Output({"output": np.array([size])})
    return nir.NIRGraph(nodes, [*edges, (last, "output")])


def _lif(layer: SpikingLayer, step: float) -> dict[str, np.ndarray]:
    """Parameters of ``nir.CubaLIF``.

    A pulse adds w_in step / tau_syn = step / tau to NIR's current, and r = tau / step makes 1 of
    that: r is the value that simulators want which add currents to potentials.
    """
    neuron = layer.neuron
    if type(neuron) is not LIF:
        raise ExportError(
            f"NIR has no {type(neuron).__name__} neuron, only LIF; train one, or write a NIR node"
        )
    if not 0 < step < neuron.tau / 2:
        raise ExportError(
            f"step must be positive and below tau / 2 = {neuron.tau / 2} s, not {step}"
        )
    values = {
        "tau_syn": neuron.tau / 2,
        "tau_mem": neuron.tau,
        "r": neuron.tau / step,
        "v_leak": neuron.drive,
        "v_threshold": 1.0,
        "v_reset": 0.0,
        "w_in": 0.5,
    }
    return {name: np.full(layer.n_out, value) for name, value in values.items()}


def _array(weight: Tensor) -> np.ndarray:
    """NIR's weights go from column to row."""
    return weight.detach().numpy().T.copy()
