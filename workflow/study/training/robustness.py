"""What changed samples do to trained networks: other channels, another pace, fewer spikes."""

from __future__ import annotations

from dataclasses import replace

import pandas as pd
import torch

from spikegrad.network import Network, load_network
from spikegrad.seeds import generator
from spikegrad.spikes import SpikeTrains
from study.data.dataset import SpikeDataset
from study.training.batches import moved
from study.training.response import respond
from study.training.trained import TrainedNetwork

CHANGES: dict[str, tuple[float, ...]] = {
    "none": (0.0,),
    "channels moved by": (-80, -40, -20, -10, 10, 20, 40, 80),
    "time stretched by": (0.7, 0.85, 1.15, 1.3),
    "share of spikes kept": (0.25, 0.5, 0.75),
}
CHANNELS = 700
"""Moves are in channels of so many, so that samples move as far whose channels are merged."""
SEED = 0  # which spikes are kept


def changed(spikes: SpikeTrains, n_units: int, change: str, by: float) -> SpikeTrains:
    """``spikes`` with one of :data:`CHANGES`; those that leave the channels or the duration go."""
    shifts = torch.zeros(len(spikes), dtype=torch.int64)
    stretches = torch.ones(len(spikes), dtype=torch.float64)
    match change:
        case "channels moved by":
            shifts += round(by * n_units / CHANNELS)
        case "time stretched by":
            stretches *= by
        case "share of spikes kept":
            counts = spikes.multiplicities
            events = torch.repeat_interleave(torch.arange(len(counts)), counts)
            kept = torch.rand(len(events), generator=generator(SEED)) < by
            return spikes.thinned(torch.bincount(events[kept], minlength=len(counts)))
    return moved(spikes, stretches, shifts, n_units)


def robustness(trained: TrainedNetwork) -> pd.DataFrame:
    """:func:`answers_to_changes` of a final network."""
    network, _ = load_network(trained.checkpoint)
    table = answers_to_changes(network, trained.test)
    return table.assign(**trained.about)[[*trained.about, *table]]


def answers_to_changes(network: Network, test: SpikeDataset) -> pd.DataFrame:
    """The ``network``'s answers to the changed samples of ``test``.

    A row for each of :data:`CHANGES` and value ``by``: the columns change, by, accuracy and same.
    """

    def answers(spikes: SpikeTrains) -> torch.Tensor:
        return respond(network, replace(test, spikes=spikes), batch_size=32).predictions

    before = answers(test.spikes)
    rows = []
    for change, values in CHANGES.items():
        for by in values:
            after = answers(changed(test.spikes, test.n_units, change, by))
            right, same = (after == other for other in (test.labels, before))
            shares = {"accuracy": float(right.double().mean()), "same": float(same.double().mean())}
            rows.append({"change": change, "by": by, **shares})
    return pd.DataFrame(rows)
