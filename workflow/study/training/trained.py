"""What measures of a trained network are given: its files, and the samples of its fold."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any

import pandas as pd

from spikegrad.network import load_network
from study.data.dataset import SpikeDataset, load


@dataclass(frozen=True)
class TrainedNetwork:
    """A network's files, those of rule train, with prepared data and its outer fold.

    Samples are read when they are needed.
    """

    checkpoint: Path
    snapshots: Path
    history: pd.DataFrame
    events: Path
    split: Path
    search: int
    """Whose winner was trained; without searches, the fold's number."""

    @cached_property
    def about(self) -> dict[str, Any]:
        """Columns of its tables: neuron model, and the name under which the network is kept."""
        neuron = load_network(self.checkpoint)[1]["model"]
        return {"neuron": neuron, "network": f"{neuron}_{self.search}.safetensors"}

    @cached_property
    def train(self) -> SpikeDataset:
        """The samples that it was trained on."""
        return load(self.events, self.split, "train")

    @cached_property
    def test(self) -> SpikeDataset:
        """The test samples of its fold."""
        return load(self.events, self.split, "test")
