"""What networks of each neuron model do during one test sample: their spikes."""

from __future__ import annotations

import logging
from pathlib import Path
from typing import cast

import pandas as pd
import torch

from spikegrad.layers import SpikeOverflowError
from spikegrad.network import Network, load_network
from spikegrad.spikes import SpikeTrains
from study.data.dataset import load

log = logging.getLogger(__name__)


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


def rasters(events: Path, split: Path, checkpoints: list[Path]) -> pd.DataFrame:
    """The spikes of the first test sample in which some network does not run away; ValueError if
    there is none."""
    test = load(events, split, "test")
    networks = [load_network(checkpoint) for checkpoint in checkpoints]
    for number in range(len(test)):
        sample = test.select(torch.tensor([number]))
        word, speaker = test.class_names[int(sample.labels)], int(sample.speakers)
        found = []
        for network, header in networks:
            about = {"neuron": header["model"], "data": test.name, "word": word, "speaker": speaker}
            try:
                found.append(raster(network, sample.spikes).assign(**about))
            except SpikeOverflowError:
                log.warning("%s runs away in sample %d, and is not drawn", header["model"], number)
        if found:
            return pd.concat(found, ignore_index=True)
    raise ValueError("all networks run away in every test sample: their settings cannot be right")
