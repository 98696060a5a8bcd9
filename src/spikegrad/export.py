"""Networks for and from other simulators, in the Neuromorphic Intermediate Representation.

NIR: Pedersen et al., Nature Communications 15:8122 (2024). Needs the package nir:
``pip install '.[nir]'`` in a clone.
"""

from __future__ import annotations

from itertools import pairwise
from typing import TYPE_CHECKING, Any

import numpy as np
import torch
from torch import Tensor, nn

from spikegrad.delay_line import DelayLine
from spikegrad.first_spike import FirstSpikeReadout
from spikegrad.layers import SpikingLayer
from spikegrad.network import Network
from spikegrad.neurons.lif import LIF
from spikegrad.readouts import LinearReadout, MaximumReadout

if TYPE_CHECKING:
    import nir

__all__ = ["ExportError", "from_nir", "to_nir"]


class ExportError(ValueError):
    """A network that NIR cannot express, or a graph that layers cannot; the message says why."""


def to_nir(network: Network | nn.Sequential | SpikingLayer, step: float) -> nir.NIRGraph:
    """A network of LIF neurons, a Sequential of layers and a readout, or one layer, as a NIR graph.

    Layers become ``nir.Linear`` and ``nir.CubaLIF``, recurrent weights a ``nir.Linear`` from the
    neurons to themselves; delays become a ``nir.Delay`` before each copy's ``nir.Linear``. A leaky
    readout becomes ``nir.Linear`` and ``nir.LI`` (two of them, where it has a synapse), whose
    output is the voltage. NIR does not say what the readout makes of that, an integral or a maximum
    over the sample, nor that spike times are exact here.

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
        If the neurons are others than LIF, ``step`` is not below their time constants, or a
        Sequential has other parts.
    ImportError
        If the package nir is not installed.
    """
    line, layers, readout = _parts(network)
    graph = _Graph(layers[0].n_in if line is None else line.n_units, step)
    for number, layer in enumerate(layers):
        graph.add_layer(f"layer{number}", layer, None if number else line)
    if readout is not None:
        graph.add_readout(readout)
    return graph.whole()


def from_nir(graph: nir.NIRGraph, step: float) -> nn.Sequential:
    """The layers of LIF neurons that a NIR graph describes, to be trained exactly.

    Each ``nir.CubaLIF`` becomes a layer, with the weights of a ``nir.Linear`` before it and, if it
    has one, of another from the neurons to themselves. Potentials are in units of the threshold.
    Where time constants differ, they are each neuron's own, and can be trained. Recurrent spikes
    arrive at once.

    Parameters
    ----------
    graph
        Neurons in a row, from the input to the output, where a readout may be appended.
    step
        Time step in seconds of the simulator that made the graph, see :func:`to_nir`; snnTorch
        writes graphs for 1e-4, whatever a step means to the user.

    Raises
    ------
    ExportError
        If the graph has other nodes, a bias, neurons that are reset to another potential than 0,
        a synaptic time constant that is not half of the membrane's to within half a step, or a
        ``v_leak`` that differs from neuron to neuron in units of the threshold.
    """
    sources: dict[str, list[str]] = {name: [] for name in graph.nodes}
    for source, target in graph.edges:
        sources[target].append(source)

    def kind(name: str) -> str:
        return type(graph.nodes[name]).__name__

    def only(names: list[str], wanted: tuple[str, ...], target: str) -> str:
        if len(names) != 1 or kind(names[0]) not in wanted:
            found = [f"{name} ({kind(name)})" for name in names]
            raise ExportError(f"one {' or '.join(wanted)} must lead to '{target}', not {found}")
        return names[0]

    (end,) = (name for name in graph.nodes if kind(name) == "Output")
    name, layers = only(sources[end], ("CubaLIF",), end), list[SpikingLayer]()
    while kind(name) != "Input":
        own = [weight for weight in sources[name] if sources[weight] == [name]]
        linear = only([w for w in sources[name] if w not in own], ("Linear", "Affine"), name)
        weights = {"weight": _weight(graph, linear)}
        if own:
            recurrent = only(own, ("Linear", "Affine"), name)
            weights["recurrent_weight"] = _weight(graph, recurrent)
        layers.insert(0, _layer(graph.nodes[name], name, weights, step))
        name = only(sources[linear], ("CubaLIF", "Input"), linear)
    return nn.Sequential(*layers)


def _weight(graph: nir.NIRGraph, name: str) -> np.ndarray:
    """Weights from row to column; ExportError if there is a bias."""
    node = graph.nodes[name]
    if np.any(getattr(node, "bias", 0)):
        raise ExportError(f"'{name}' has a bias, and neurons have none here: train it without")
    return np.asarray(node.weight, np.float64).T


def _layer(
    node: nir.CubaLIF, name: str, weights: dict[str, np.ndarray], step: float
) -> SpikingLayer:
    """A layer of the neurons ``node`` with ``weights``, by the names of its parameters."""
    tau = np.asarray(node.tau_mem, np.float64)
    leak = np.asarray(node.v_leak / node.v_threshold, np.float64)
    if not (np.abs(node.tau_syn - tau / 2) <= step / 2).all():
        raise ExportError(
            f"tau_syn of '{name}' must be half of tau_mem: in steps 1 - alpha = 2 (1 - beta)"
        )
    if np.any(node.v_reset) or np.ptp(leak) > 0:
        raise ExportError(f"'{name}' must be reset to 0, and have one v_leak / v_threshold")
    scale = node.w_in * step / node.tau_syn * node.r / node.v_threshold  # of what a pulse adds
    same = np.ptp(tau) <= 1e-6 * tau.max()
    layer = SpikingLayer(
        len(weights["weight"]), len(tau), "lif", float(tau.mean()), "recurrent_weight" in weights,
        drive=float(leak[0]), train_tau=False if same else "neuron",
    )  # fmt: skip
    state = {key: torch.from_numpy(weight * scale) for key, weight in weights.items()}
    layer.load_state_dict(state if same else state | {"log_tau": torch.from_numpy(tau).log()})
    return layer


class _Graph:
    """A NIR graph from the input on, as far as it is built."""

    def __init__(self, n_inputs: int, step: float) -> None:
        import nir

        self.nir, self.step = nir, step
        self.nodes: dict[str, Any] = {"input": nir.Input({"input": np.array([n_inputs])})}
        self.edges: list[tuple[str, str]] = []
        self.last, self.size = "input", n_inputs

    def add_layer(self, name: str, layer: SpikingLayer, line: DelayLine | None) -> None:
        """Neurons that take what the last nodes send, through the copies of a ``line`` if there is
        one."""
        neurons = f"{name}.neurons"
        self.nodes[neurons] = self.nir.CubaLIF(**_lif(layer, self.step))
        delays: Tensor | None = layer.input_delay
        if line is not None:
            own = torch.zeros(1, layer.n_in).double() if delays is None else delays
            later = line.step * torch.arange(line.copies).repeat_interleave(line.n_units)
            delays = (own + later).reshape(-1, line.n_units)
        self._connect(self.last, neurons, f"{name}_in.", layer.weight, delays)
        if layer.recurrent_weight is not None:
            weight, back = layer.recurrent_weight, layer.recurrent_delay
            self._connect(neurons, neurons, f"{name}.recurrent_", weight, back)
        self.last, self.size = neurons, layer.n_out

    def _connect(
        self, source: str, target: str, name: str, weight: Tensor, delays: Tensor | None
    ) -> None:
        """Add ``weight``, each of its blocks of rows behind those of ``delays`` [n_blocks, n]."""
        blocks = 1 if delays is None else len(delays)
        for block, part in enumerate(weight.chunk(blocks)):
            number = block if blocks > 1 else ""
            linear, chain = f"{name}weight{number}", [source]
            self.nodes[linear] = self.nir.Linear(_array(part))
            if delays is not None:
                chain.append(f"{name}delay{number}")
                self.nodes[chain[-1]] = self.nir.Delay(delays[block].detach().numpy().copy())
            self.edges.extend(pairwise([*chain, linear, target]))

    def add_readout(self, readout: LinearReadout) -> None:
        """Leaky integrators of what the last neurons send."""
        size = readout.weight.shape[1]
        tau, rest = np.full(size, readout.tau_out), np.zeros(size)
        chain = [self.last, "readout_in.weight", "readout.voltage"]
        self.nodes["readout_in.weight"] = self.nir.Linear(_array(readout.weight))
        r = tau / self.step  # a pulse makes the voltage jump by 1
        if isinstance(readout, MaximumReadout):
            chain.insert(2, "readout.current")  # jumps by 4
            self.nodes["readout.current"] = self.nir.LI(tau=tau / 2, r=4 * r / 2, v_leak=rest)
            r = np.ones(size)
        self.nodes["readout.voltage"] = self.nir.LI(tau=tau, r=r, v_leak=rest)
        self.edges += pairwise(chain)
        self.last, self.size = chain[-1], size

    def whole(self) -> nir.NIRGraph:
        self.nodes["output"] = self.nir.Output({"output": np.array([self.size])})
        return self.nir.NIRGraph(self.nodes, [*self.edges, (self.last, "output")])


def _parts(
    network: Network | nn.Sequential | SpikingLayer,
) -> tuple[DelayLine | None, list[SpikingLayer], LinearReadout | None]:
    """A delay line, layers of neurons, and a readout that does not spike."""
    parts: list[Any]
    if isinstance(network, Network):
        parts = [*([network.line] if network.line else []), *network.hidden, network.readout]
    else:
        parts = [network] if isinstance(network, SpikingLayer) else list(network)
    first = parts.pop(0) if parts and isinstance(parts[0], DelayLine) else None
    last = parts.pop() if parts and isinstance(parts[-1], LinearReadout) else None
    layers = [part.layer if isinstance(part, FirstSpikeReadout) else part for part in parts]
    for part in layers:
        if type(part) is not SpikingLayer:
            raise ExportError(
                f"a {type(part).__name__} has no place in the graph: there may be a DelayLine, then"
                " SpikingLayers, then a readout"
            )
    if not layers:
        raise ExportError("there is no SpikingLayer")
    return first, layers, last


def _lif(layer: SpikingLayer, step: float) -> dict[str, np.ndarray]:
    """Parameters of ``nir.CubaLIF``.

    A pulse adds w_in step / tau_syn = step / tau to NIR's current, and r = tau / step makes 1 of
    that: r is the value that simulators want which add currents to potentials.
    """
    neuron = getattr(layer.neuron, "model", layer.neuron)
    if layer.grid > 0:
        raise ExportError("NIR has no grid of times of arrival; train axonal delays without one")
    if type(neuron) is not LIF:
        raise ExportError(
            f"NIR has no {type(neuron).__name__} neuron, only LIF; train one, or write a NIR node"
        )
    tau = np.asarray(layer.tau)
    if not 0 < step < tau.min() / 2:
        raise ExportError(
            f"step must be positive and below tau / 2 = {tau.min() / 2} s, not {step}"
        )
    values = {"tau_syn": tau / 2, "tau_mem": tau, "r": tau / step, "w_in": 0.5}
    values |= {"v_leak": neuron.drive, "v_threshold": 1.0, "v_reset": 0.0}
    return {name: np.full(layer.n_out, value) for name, value in values.items()}


def _array(weight: Tensor) -> np.ndarray:
    """NIR's weights go from column to row."""
    return weight.detach().numpy().T.copy()
