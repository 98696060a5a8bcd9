"""How well a study's networks know validation words of speakers that they were not trained with.

    python experiments/validation.py PREPARED TRAINING KEPT

PREPARED is the study's prepared file, TRAINING the folder of its final networks, such as
results/heidelberg-digits/training, KEPT the folder that experiments/keep.py has kept the study in.
Searches choose by the accuracy on all validation words. KEPT/validation.csv gets a row for every
network with that on words of new speakers and of heard ones.
"""

from __future__ import annotations

import argparse
from pathlib import Path

import pandas as pd
import torch

from spikegrad.data.dataset import SpikeDataset, load, unseen_speakers
from spikegrad.network import load_network
from spikegrad.storage.tables import write_table
from spikegrad.training.response import respond


def by_novelty(
    runs: pd.DataFrame, training: Path, words: SpikeDataset, heard: SpikeDataset
) -> pd.DataFrame:
    """Of each of ``runs`` the accuracy on ``words`` of speakers that ``heard`` lacks, and has."""
    new = unseen_speakers(words, heard)
    rows = []
    for run in runs.itertuples():
        network, about = load_network(training / f"{run.neuron}/{run.seed}/best.safetensors")
        answer = respond(network, words, about["training"]["batch_size"])
        right = (answer.predictions == words.labels).double()
        scores = {
            "accuracy_new": float(right[new].mean()),
            "accuracy_heard": float(right[~new].mean()),
        }
        rows.append({"neuron": run.neuron, "search": run.search, "seed": run.seed, **scores})
    return pd.DataFrame(rows)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("prepared", help="the study's prepared data")
    parser.add_argument("training", type=Path, help="folder of its final networks")
    parser.add_argument("kept", type=Path, help="folder that the study is kept in")
    options = parser.parse_args()
    torch.set_num_threads(1)
    train, words = (load(options.prepared, split) for split in ("train", "validation"))
    runs = pd.read_csv(options.kept / "training_reached.csv").dropna(subset="best_epoch")
    table = by_novelty(runs, options.training, words, train)
    write_table(table, options.kept / "validation.csv", digits=6)


if __name__ == "__main__":
    main()
