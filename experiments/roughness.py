"""How broken and how rough the loss is around trained networks, with steps of one length for all.

    python experiments/roughness.py PREPARED KEPT OUT.csv [--draws 3]

PREPARED is the prepared file of config/heidelberg.yaml's study, KEPT a folder with networks that
experiments/keep.py has kept. For each network and draw of 64 training words and a direction,
OUT.csv gets a row for every one of :data:`LENGTHS` and :data:`CLIPS`. A second start goes on where
the first was stopped.

The steps of training are of another length for each neuron model, network and epoch. Here all
go equally far down the gradient, itself or with each word's part clipped, as training does.
Distances are in units of each weight matrix's own norm, whatever that is: one network has large
weights where another has small ones.
"""

from __future__ import annotations

import argparse
import itertools
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import torch
from torch import Tensor

from rungs import study
from runs import WORDS, append, remaining
from spikegrad.config.landscape import LandscapeSettings, Profiles
from spikegrad.data.dataset import SpikeDataset, load
from spikegrad.landscape.census import Line
from spikegrad.landscape.constants import CAUSES, JUDGED, height_column
from spikegrad.landscape.directions import draw
from spikegrad.landscape.objective import Objective, landscape_samples, matrices, weights_of
from spikegrad.landscape.profiles import profile
from spikegrad.network import Network, load_network
from spikegrad.seeds import generator

LENGTHS = (1e-5, 1e-4, 1e-3, 3e-3, 1e-2)  # steps of training are 1e-3 to 5e-3 of all weights' norm
CLIPS = {"no": None, "yes": 1.0}  # each word's gradient, at the median of their norms
STEP = ("clipped", "length", "predicted", "changed", "turned")


def around_words(
    objective: Objective, weights: Tensor, direction: Tensor, options: Profiles
) -> dict[str, float]:
    """Means over single words along ``direction``: ``word_variation`` of the loss in nats,
    ``word_in_jumps`` (the share of it), ``word_minima`` deeper than the first of :data:`JUDGED`."""
    profiles, minima = [], []
    for k in range(options.samples):
        line = Line(objective.select(torch.tensor([k])), weights, direction)
        facts, depths = profile(line, options)
        profiles.append(facts)
        minima += [row["minima"] for row in depths if row["depth"] == JUDGED[0]]
    heights = sum(p[height_column(cause)] for p in profiles for cause in CAUSES)
    variation = sum(p["variation"] for p in profiles)
    return {
        "word_variation": variation / len(profiles),
        "word_in_jumps": heights / variation if variation else 0.0,
        "word_minima": sum(minima) / len(minima),
    }


def scales(weights: Tensor, network: Network) -> Tensor:
    """For each of ``weights`` the norm of the matrix that it stands in, [n_weights]."""
    norms = torch.empty_like(weights)
    for part, own in zip(matrices(norms, network), matrices(weights, network), strict=True):
        part.fill_(own.norm())
    return norms


def down_the_gradient(
    objective: Objective, weights: Tensor, clip: float | None, lengths: Sequence[float]
) -> list[dict[str, float]]:
    """Of steps of these ``lengths`` against the gradient, each matrix in units of its norm: the
    change of the loss in nats that each ``predicted``, by how much that ``changed``, and how far
    the gradient ``turned`` (the cosine)."""
    unit = scales(weights, objective.network)
    before, start = objective.gradient(weights, clip)
    gradient = start * unit
    rows = []
    for length in lengths:
        step = -gradient * (length / gradient.norm())
        after, end = objective.gradient(weights + step * unit, clip)
        turned = end * unit
        rows.append(
            {
                "length": length,
                "predicted": float(gradient @ step),
                "changed": float(after.loss - before.loss),
                "turned": float(gradient @ turned / (gradient.norm() * turned.norm())),
            }
        )
    return rows


def roughness(
    network: Network,
    words: SpikeDataset,
    options: LandscapeSettings,
    seed: int,
    lengths: Sequence[float],
) -> list[dict[str, Any]]:
    """What :func:`around_words` says along a random direction, with what :func:`down_the_gradient`
    says of each of :data:`CLIPS` and ``lengths``; the network keeps its weights."""
    objective = Objective(network, words)
    weights = weights_of(network)
    direction = draw("filter", weights, network, generator(seed))
    direction *= weights.norm() / direction.norm()
    of_words = around_words(objective, weights, direction, options.profiles)
    steps = [
        {"clipped": clipped, **step}
        for clipped, clip in CLIPS.items()
        for step in down_the_gradient(objective, weights, clip, lengths)
    ]
    objective.set_weights(weights)
    return [{**of_words, **step} for step in steps]


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("prepared", help="prepared data of config/heidelberg.yaml's study")
    parser.add_argument("kept", type=Path, help="folder with networks")
    parser.add_argument("out", type=Path, help="table that is appended to")
    parser.add_argument("--draws", type=int, default=3)
    options = parser.parse_args()
    torch.set_num_threads(1)
    data, landscape = load(options.prepared, "train"), study().landscape
    names = sorted(file.name for file in options.kept.glob("*.safetensors"))
    jobs = [{"network": n, "draw": d} for n, d in itertools.product(names, range(options.draws))]
    for job in remaining(options.out, jobs):
        network, about = load_network(options.kept / job["network"])
        words = landscape_samples(data, landscape, job["draw"])
        rows = roughness(network, words, landscape, job["draw"], LENGTHS)
        columns = ("neuron", *job, *WORDS, *STEP)
        append(options.out, columns, [{"neuron": about["neuron"], **job, **row} for row in rows])


if __name__ == "__main__":
    main()
