"""The classifier: spiking layers and a readout, built from settings, saved with them."""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from itertools import pairwise
from pathlib import Path
from typing import Any, cast

import torch
from torch import Tensor, nn

from spikegrad.clocked import ClockedLayer
from spikegrad.delay_line import DelayLine
from spikegrad.first_spike import FirstSpikeReadout
from spikegrad.layers import SpikeOverflowError, SpikingLayer
from spikegrad.network_settings import MIN_DELAY, FirstSpike, Integrated, Maximum, NetworkSettings
from spikegrad.raster import Raster
from spikegrad.readouts import IntegratedReadout, MaximumReadout
from spikegrad.runaways import without_runaways
from spikegrad.saving import CheckpointError, load_tensors, save_tensors
from spikegrad.settings import ConfigError, validate
from spikegrad.sizes import whole
from spikegrad.spikes import SpikeTrains
from spikegrad.surrogates import SURROGATES

Readout = IntegratedReadout | MaximumReadout | FirstSpikeReadout


class SilentError(ValueError):
    """A hidden layer makes no spike, so that no layer behind it can be initialised."""


@dataclass(frozen=True)
class NetworkOutput:
    """Logits [n_samples, n_classes], and spikes: those that the first hidden layer is given, and
    each hidden layer's, rasters with surrogate gradients."""

    logits: Tensor
    inputs: SpikeTrains
    hidden: list[SpikeTrains | Raster]


class Network(nn.Module):
    """Hidden layers of spiking neurons of one model, and a readout.

    Parameters
    ----------
    settings
        Sizes, time constants, initial weights, readout.
    n_units
        Input channels.
    n_classes
        Classes.
    neuron
        Neuron model, a key of :data:`spikegrad.neurons.NEURONS`.
    dtype
        Of the weights: float32 for training, float64 for gradient checks.

    Raises
    ------
    ValueError
        If a size is no whole number above 0, ``neuron`` is not known, or a setting does not fit it.
    """

    def __init__(
        self,
        settings: NetworkSettings,
        n_units: int,
        n_classes: int,
        neuron: str,
        dtype: torch.dtype = torch.float32,
    ) -> None:
        super().__init__()
        self.settings = settings
        self.n_units, self.n_classes = whole(n_units=n_units, n_classes=n_classes)
        self.neuron = neuron
        options: dict[str, Any] = {"neuron": neuron, "dtype": dtype, "drive": settings.drive}
        line, delays, surrogate = settings.delay_line, settings.delays, settings.surrogate
        self.line = None if line is None else DelayLine(n_units, line.copies, line.step)
        own: dict[str, Any] = {"tau": settings.tau, "recurrent": settings.recurrent}
        kind: type[SpikingLayer] = SpikingLayer
        if surrogate is None:
            options["max_spikes"] = settings.max_spikes
            own |= settings.model_dump(include={"train_tau", "train_drive", "train_phase"})
        else:
            kind = ClockedLayer
            own["step"] = surrogate.step
            own["surrogate"] = SURROGATES[surrogate.kind](surrogate.width)
        if settings.recurrent and settings.recurrence.arrives == "next_step":
            own["grid"] = settings.recurrence.grid
        if delays is not None:
            own |= {
                "delays": delays.kind,
                "min_delay": MIN_DELAY,
                **delays.model_dump(exclude={"kind"}),
            }
        widths = [n_units if self.line is None else self.line.n_out, *settings.layers]
        layers = [kind(n_in, n_out, **own, **options) for n_in, n_out in pairwise(widths)]
        self.hidden = cast(Sequence[SpikingLayer], nn.ModuleList(layers))
        own = settings.readout.model_dump(exclude={"kind"})
        n_in = settings.layers[-1]
        self.readout: Readout
        match settings.readout:
            case Integrated():
                self.readout = IntegratedReadout(n_in, n_classes, dtype=dtype, **own)
            case Maximum():
                self.readout = MaximumReadout(n_in, n_classes, dtype=dtype, **own)
            case FirstSpike():
                self.readout = FirstSpikeReadout(n_in, n_classes, **options, **own)

    @property
    def weights(self) -> dict[str, nn.Parameter]:
        """All weight matrices by name: the parameters but for delays and time constants."""
        return {n: p for n, p in self.named_parameters() if n.endswith("weight")}

    @property
    def spiking_layers(self) -> list[SpikingLayer]:
        """The hidden layers, and that of a readout that spikes."""
        return [layer for layer in self.modules() if isinstance(layer, SpikingLayer)]

    def forward(self, spikes: SpikeTrains) -> NetworkOutput:
        """Classify ``spikes``. Raises as :meth:`SpikingLayer.forward`."""
        inputs = self.inputs(spikes)
        hidden: list[SpikeTrains | Raster] = [inputs]
        for layer in self.hidden:
            spikes, state = layer.run(hidden[-1])  # type: ignore[arg-type]
            hidden.append(spikes)
        return NetworkOutput(self.readout(spikes, state), inputs, hidden[1:])

    def inputs(self, spikes: SpikeTrains) -> SpikeTrains:
        """What the first hidden layer is given: ``spikes``, or delayed copies of them."""
        return spikes if self.line is None else self.line(spikes)

    def bound(self) -> None:
        """Bring delays and time constants back within their bounds, after an optimiser's step."""
        for module in self.modules():
            if isinstance(module, SpikingLayer | IntegratedReadout):
                module.bound()

    @torch.no_grad()
    def initialise(self, spikes: SpikeTrains, generator: torch.Generator) -> None:
        """Draw all weights, layer by layer, by the activity that ``spikes`` cause.

        A sample that runs away in a layer does not count for what is behind it.

        Raises
        ------
        SilentError, SpikeOverflowError
            If the drawn weights leave a layer silent, or all samples run away in it.
        """
        initial, spikes = self.settings.init, self.inputs(spikes)
        for number, layer in enumerate(self.hidden):
            scales = initial.mean, initial.scale, initial.recurrent_scale
            layer.initialise(spikes, *scales, generator)
            (spikes, state), kept = without_runaways(layer.run, spikes)
            if len(kept) == 0:
                raise SpikeOverflowError(
                    f"hidden layer {number} runs away in every sample; lower its init"
                )
            if int(spikes.sizes.sum()) == 0:
                raise SilentError(f"hidden layer {number} is silent; raise init.mean or init.scale")
        self.readout.initialise(spikes, state, generator)


PARTS: dict[str, type[nn.Module]] = {
    part.__name__: part
    for part in (
        DelayLine,
        SpikingLayer,
        ClockedLayer,
        IntegratedReadout,
        MaximumReadout,
        FirstSpikeReadout,
    )
}
"""What a stack in a file can have."""
DESCRIPTION = {"network", "stack", "n_units", "n_classes", "neuron"}
"""What a file's header says of its network."""


def save_network(
    path: str | Path,
    network: Network | nn.Sequential,
    about: dict[str, Any] | None = None,
    weights: dict[str, Tensor] | None = None,
) -> None:
    """Write a network, with all that is needed to rebuild it.

    Parameters
    ----------
    path
        The file: safetensors, with a checksum.
    network
        A :class:`Network`, or layers and a readout in a ``torch.nn.Sequential``.
    about
        What else to keep: plain values, readable from the file's header.
    weights
        Another state of the network; by default its own.

    Raises
    ------
    ValueError
        If it is something else, a part of a stack is not one of :data:`PARTS`, or ``about`` has
        values that are not plain, or a name that describes networks.
    """
    if taken := DESCRIPTION & {*(about or {})}:
        raise ValueError(f"about: {', '.join(sorted(taken))} describes the network; rename it")
    if isinstance(network, Network):
        header: dict[str, Any] = {
            "network": network.settings.model_dump(mode="json"),
            "n_units": network.n_units,
            "n_classes": network.n_classes,
            "neuron": network.neuron,
        }
    elif isinstance(network, nn.Sequential) and len(network):
        header = {"stack": [_described(*part) for part in network._modules.items()]}
    else:
        raise ValueError(
            f"a {type(network).__name__} cannot be kept in a file: it must be a Network, or"
            " torch.nn.Sequential(...) of layers and a readout"
        )
    save_tensors(path, network.state_dict() if weights is None else weights, header | (about or {}))


def _described(name: str, part: nn.Module) -> dict[str, Any]:
    if PARTS.get(type(part).__name__) is not type(part):
        raise ValueError(
            f"a {type(part).__name__} cannot be kept in a file: it can have {', '.join(PARTS)};"
            " torch.save keeps the state_dict of anything"
        )
    kind = type(part).__name__
    return {"name": name, "part": kind, **part.arguments()}  # type: ignore[operator]


def _part(described: dict[str, Any]) -> tuple[str, nn.Module]:
    """Name and part that :func:`_described` has described."""
    own = dict(described)
    name, kind = own.pop("name"), PARTS[own.pop("part")]
    if "dtype" in own:
        own["dtype"] = getattr(torch, own["dtype"])
    if "surrogate" in own:
        shape, width = own["surrogate"]
        own["surrogate"] = SURROGATES[shape](width)
    return name, kind(**own)


def load_network(path: str | Path) -> tuple[Any, dict[str, Any]]:
    """The :class:`Network` or ``torch.nn.Sequential`` in a file, and the file's header.

    Raises
    ------
    CheckpointError
        If there is no such file, or it is damaged, or not written by :func:`save_network`.
    ConfigError
        If its settings are none of a network.
    """
    weights, header = load_tensors(path)
    network: nn.Module
    try:
        if "stack" in header:
            network = nn.Sequential(OrderedDict(map(_part, header["stack"])))
        else:
            network = network_of(header, path, weights["hidden.0.weight"].dtype)
        network.load_state_dict(weights)
    except ConfigError:
        raise
    except (KeyError, TypeError, ValueError, AttributeError, RuntimeError) as problem:
        raise CheckpointError(
            f"{path}: not a network that save_network has written ({problem})"
        ) from None
    return network, header


def network_of(header: Mapping[str, Any], path: str | Path, dtype: torch.dtype) -> Network:
    """The network that the ``header`` of the file ``path`` describes, its weights not yet set;
    ConfigError if the header's settings are none of a network."""
    settings = validate(NetworkSettings, header["network"], where=str(path))
    return Network(settings, header["n_units"], header["n_classes"], header["neuron"], dtype)
