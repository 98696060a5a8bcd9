"""What changed samples do to trained networks: other channels, another pace, fewer spikes."""

from __future__ import annotations

from contextlib import suppress

import pandas as pd
import torch

from spikegrad.layers import SpikeOverflowError
from spikegrad.network import Network
from spikegrad.seeds import generator
from spikegrad.spikes import SpikeTrains
from study.data.dataset import SpikeDataset, unseen_speakers
from study.storage.columns import Table, shared

CHANGES: dict[str, tuple[float, ...]] = {
    "none": (0.0,),
    "channels moved by": (-80, -40, -20, -10, 10, 20, 40, 80),
    "time stretched by": (0.7, 0.85, 1.15, 1.3),
    "share of spikes kept": (0.25, 0.5, 0.75),
}
SEED = 0  # which spikes are kept


ROBUSTNESS_TABLE = Table(
    files=("networks/robustness.csv", "networks/*.robustness.parquet"),
    says="What changed test samples of heard speakers do to the best network of each search.",
    columns={
        **shared("neuron", "same", "by"),
        "network": "file of the network",
        "change": "what is changed",
        "accuracy": "share of samples classified right",
    },
)


def changed(spikes: SpikeTrains, n_units: int, change: str, by: float) -> SpikeTrains:
    """``spikes`` with one of :data:`CHANGES`; those that leave the channels or the trial go."""
    times, units = spikes.times, spikes.units
    kept = torch.ones(len(times), dtype=torch.bool)
    if change == "channels moved by":
        units = units + int(by)
        kept = (units >= 0) & (units < n_units)
    elif change == "time stretched by":
        times = times * by
        kept = times <= spikes.duration
    elif change == "share of spikes kept":
        kept = torch.rand(len(times), generator=generator(SEED)) < by
    elif change != "none":
        raise ValueError(f"no change is called '{change}': choose one of {', '.join(CHANGES)}")
    counts = torch.bincount(spikes.samples[kept], minlength=len(spikes))
    offsets = torch.cat([counts.new_zeros(1), counts.cumsum(0)])
    return SpikeTrains(times[kept], units[kept], offsets, spikes.duration)


@torch.no_grad()
def answers(network: Network, spikes: SpikeTrains) -> torch.Tensor:
    """The class that ``network`` answers with, int64 [n_samples]; -1 where it runs away."""
    found = torch.full((len(spikes),), -1)
    for k in range(len(spikes)):
        with suppress(SpikeOverflowError):
            found[k] = network(spikes[k : k + 1]).logits.argmax()
    return found


def robustness(network: Network, test: SpikeDataset, train: SpikeDataset) -> pd.DataFrame:
    """The ``network``'s answers to the samples in ``test`` of speakers that ``train`` has.

    Returns
    -------
    DataFrame
        For each of :data:`CHANGES` and what it changes them ``by``: ``accuracy``, and the share of
        samples whose answer is the ``same`` as without the change.
    """
    heard = test.select((~unseen_speakers(test, train)).nonzero()[:, 0])
    before = answers(network, heard.spikes)
    rows = []
    for change, values in CHANGES.items():
        for by in values:
            after = answers(network, changed(heard.spikes, heard.n_units, change, by))
            right, same = (after == other for other in (heard.labels, before))
            shares = {"accuracy": float(right.double().mean()), "same": float(same.double().mean())}
            rows.append({"change": change, "by": by, **shares})
    return pd.DataFrame(rows)
