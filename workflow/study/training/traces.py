"""What single neurons do during one sample: their spikes."""

from __future__ import annotations

from typing import cast

import pandas as pd
import torch

from spikegrad.network import Network
from spikegrad.spikes import SpikeTrains
from study.storage.columns import Table, shared

RASTERS_TABLE = Table(
    files=("training/traces/rasters.parquet",),
    says="Spikes of one test sample through the first network of each neuron model.",
    columns={
        **shared("layer", "time", "unit", "neuron", "word", "speaker"),
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
