"""What changed words do to trained networks: are those that know new speakers the steadier ones?

    python experiments/robustness.py PREPARED KEPT OUT.csv

PREPARED is the prepared file of config/heidelberg.yaml's study, KEPT a folder with networks that
experiments/keep.py has kept. Each network answers the test words of speakers that it was trained
on, as they are and with each of :data:`CHANGES`: other channels, another pace, fewer spikes.
OUT.csv gets a row for each: accuracy, and the share of words whose answer stays. A second start
goes on where the first was stopped.
"""

from __future__ import annotations

import argparse
import itertools
from contextlib import suppress
from pathlib import Path

import torch

from runs import append, remaining
from spikegrad.data.dataset import SpikeDataset, load, unseen_speakers
from spikegrad.layers import SpikeOverflowError
from spikegrad.network import Network, load_network
from spikegrad.seeds import generator
from spikegrad.spikes import SpikeTrains

CHANGES: dict[str, tuple[float, ...]] = {
    "none": (0.0,),
    "channels moved by": (-80, -40, -20, -10, 10, 20, 40, 80),
    "time stretched by": (0.7, 0.85, 1.15, 1.3),
    "share of spikes kept": (0.25, 0.5, 0.75),
}
COLUMNS = ("neuron", "network", "change", "by", "accuracy", "same")
SEED = 0  # which spikes are kept


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


def heard_words(prepared: str) -> SpikeDataset:
    """The test words of speakers that training has heard."""
    train, test = (load(prepared, split) for split in ("train", "test"))
    return test.select((~unseen_speakers(test, train)).nonzero().squeeze(1))


@torch.no_grad()
def answers(network: Network, spikes: SpikeTrains) -> torch.Tensor:
    """The class that ``network`` answers with, int64 [n_samples]; -1 where it runs away."""
    found = torch.full((len(spikes),), -1)
    for k in range(len(spikes)):
        with suppress(SpikeOverflowError):
            found[k] = network(spikes[k : k + 1]).logits.argmax()
    return found


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("prepared", help="prepared data of config/heidelberg.yaml's study")
    parser.add_argument("kept", type=Path, help="folder with networks")
    parser.add_argument("out", type=Path, help="table that is appended to")
    options = parser.parse_args()
    torch.set_num_threads(1)
    words = heard_words(options.prepared)
    names = sorted(file.name for file in options.kept.glob("*.safetensors"))
    pairs = [(change, by) for change, values in CHANGES.items() for by in values]
    jobs = [{"network": n, "change": c, "by": b} for n, (c, b) in itertools.product(names, pairs)]
    for name, own in itertools.groupby(remaining(options.out, jobs), lambda job: job["network"]):
        network, about = load_network(options.kept / name)
        before = answers(network, words.spikes)
        for job in own:
            after = answers(network, changed(words.spikes, words.n_units, job["change"], job["by"]))
            right, same = after == words.labels, after == before
            row = {"accuracy": float(right.double().mean()), "same": float(same.double().mean())}
            append(options.out, COLUMNS, [{"neuron": about["neuron"], **job, **row}])


if __name__ == "__main__":
    main()
