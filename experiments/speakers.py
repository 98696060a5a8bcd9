"""Does the ranking depend on which speakers are new? The winners, with other speakers held out.

    python experiments/speakers.py PREPARED WINNERS OUT.csv [--pairs 0-1 2-3] [--search 4]

PREPARED is the prepared file of config/heidelberg.yaml's study, WINNERS a folder with its searches'
winners, docs/results/heidelberg-digits. Speakers 4 and 5 are in the test words alone.
Here they change places with other two: all words of theirs are trained with, and none of the
pair's, whose words are tested on instead. For each neuron model the winner that is best by
validation, or that of one search, is trained so; OUT.csv gets a row for every pair and seed, with
the columns of variations.py. 4-5 is the study's own division. A second start goes on where the
first was stopped.
"""

from __future__ import annotations

import itertools
from dataclasses import replace

import torch

from runs import Job
from spikegrad.config.training import ModelSettings
from spikegrad.data.dataset import SpikeDataset, unseen_speakers
from spikegrad.spikes import SpikeTrains
from variations import NEURONS, Splits, changed, command_line, run_all, winners

PAIRS = ("0-1", "2-3", "6-7", "8-9", "4-5")  # 10 is validated on, and 11 is left


def joined(first: SpikeDataset, second: SpikeDataset) -> SpikeDataset:
    """The samples of both, in that order."""
    own, other = first.spikes, second.spikes
    spikes = SpikeTrains(
        torch.cat([own.times, other.times]),
        torch.cat([own.units, other.units]),
        torch.cat([own.offsets, other.offsets[1:] + own.offsets[-1]]),
        own.duration,
    )
    return replace(
        first,
        spikes=spikes,
        labels=torch.cat([first.labels, second.labels]),
        speakers=torch.cat([first.speakers, second.speakers]),
    )


def exchanged(data: Splits, pair: list[int]) -> Splits:
    """``data`` with the speakers ``pair`` in the place of those of the test words alone.

    Those go over to the training words. Of ``pair`` all words are test words.
    """
    new = data["test"].speakers[unseen_speakers(data["test"], data["train"], data["validation"])]
    if sorted(pair) == new.unique().tolist():
        return data

    def of(split: str, speakers: torch.Tensor | list[int], kept: bool = True) -> SpikeDataset:
        chosen = torch.isin(data[split].speakers, torch.as_tensor(speakers)) == kept
        return data[split].select(chosen.nonzero().squeeze(1))

    test = of("test", new, kept=False)
    for split in ("train", "validation"):
        test = joined(test, of(split, pair))
    return {
        "train": joined(of("train", pair, kept=False), of("test", new)),
        "validation": of("validation", pair, kept=False),
        "test": test,
    }


def main() -> None:
    parser = command_line(__doc__)
    parser.add_argument("--neurons", nargs="+", choices=NEURONS, default=list(NEURONS))
    parser.add_argument("--pairs", nargs="+", metavar="A-B", default=list(PAIRS))
    parser.add_argument("--search", help="default: for each neuron model the best by validation")
    parser.add_argument("--seeds", nargs="+", type=int, default=[0])
    options = parser.parse_args()
    best = winners(options.winners, options.search)
    jobs = [
        {
            "neuron": neuron,
            "search": best[neuron][0],
            "change": "new speakers",
            "to": pair,
            "seed": seed,
        }
        for seed, pair, neuron in itertools.product(options.seeds, options.pairs, options.neurons)
    ]

    def plan(job: Job, data: Splits) -> tuple[ModelSettings, Splits]:
        pair = [int(speaker) for speaker in job["to"].split("-")]
        return changed(job["neuron"], "as found", "", best), exchanged(data, pair)

    run_all(options.prepared, options.out, jobs, plan)


if __name__ == "__main__":
    main()
