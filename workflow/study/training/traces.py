"""What single neurons do during one sample: spikes and potentials."""

from __future__ import annotations

from typing import cast

import numpy as np
import pandas as pd
import torch

from spikegrad.activity import spike_counts
from spikegrad.network import Network
from spikegrad.spikes import SpikeTrains
from study.storage.columns import Table, shared

RASTERS_TABLE = Table(
    files=("training/rasters.parquet",),
    says="Spikes of one test sample through the first network of each neuron model.",
    columns={
        **shared("layer", "time", "unit", "neuron", "word", "speaker"),
        "data": "name of the data",
    },
)
POTENTIALS_TABLE = Table(
    files=("training/potentials.parquet",),
    says="Potential of one neuron of each of these networks.",
    columns={
        **shared("unit", "time", "potential", "neuron", "word", "speaker"),
        "data": "name of the data",
    },
)


@torch.no_grad()
def raster(network: Network, spikes: SpikeTrains) -> pd.DataFrame:
    """All spikes of one sample: layer (0 is the input), time in seconds, unit.

    SpikeOverflowError if it runs away.
    """
    trains = [spikes, *cast(list[SpikeTrains], network(spikes).hidden)]
    tables = [
        pd.DataFrame({"layer": layer, "time": train.times.numpy(), "unit": train.units.numpy()})
        for layer, train in enumerate(trains)
    ]
    return pd.concat(tables, ignore_index=True)


@torch.no_grad()
def potential(network: Network, spikes: SpikeTrains, n_points: int) -> pd.DataFrame:
    """Membrane potential of a typical neuron of the first hidden layer during one sample.

    Of the neurons that spike, it is one with the median number of spikes; where none does,
    neuron 0. Columns: unit, time in seconds (``n_points`` over its duration), potential.
    """
    layer, spikes = network.hidden[0], network.inputs(spikes)
    counts = spike_counts(layer(spikes), layer.n_out)[0]
    active = counts.nonzero()[:, 0]
    unit = (
        int(active[counts[active].argsort(stable=True)[(len(active) - 1) // 2]])
        if len(active)
        else 0
    )
    times = np.linspace(0, spikes.duration, n_points)
    return pd.DataFrame(
        {"unit": unit, "time": times, "potential": layer.trace(spikes, 0, unit, times)}
    )
