"""How rough the loss is around trained networks, with steps of one length for all.

The steps of training are of another length for each neuron model, network and epoch. Here all
go equally far down the gradient, itself or with each sample's part clipped, as training does.
Distances are in units of each weight matrix's own norm, whatever that is: one network has large
weights where another has small ones.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from contextlib import suppress
from typing import Any

import pandas as pd
import torch
from torch import Tensor

from spikegrad.network import Network, load_network
from spikegrad.seeds import generator
from study.config.landscape import JUDGED_DEPTHS, LandscapeSettings, Profiles
from study.data.dataset import SpikeDataset
from study.landscape.constants import CAUSES, OF_SAMPLES, height_column
from study.landscape.directions import draw
from study.landscape.isolation import Line
from study.landscape.objective import (
    FAILURES,
    Objective,
    cosine,
    held,
    landscape_samples,
    matrices,
    weights_of,
)
from study.landscape.profiles import profile
from study.training.trained import TrainedNetwork

DRAWS = 3  # of samples and a direction
LENGTHS = (1e-5, 1e-4, 1e-3, 3e-3, 1e-2)  # steps of training are 1e-3 to 5e-3 of all weights' norm
CLIPS = {"no": None, "yes": 1.0}  # each sample's gradient, at the median of their norms
STEP = ("clipped", "length", "predicted", "changed", "turned")


def around_samples(
    objective: Objective, weights: Tensor, direction: Tensor, options: Profiles
) -> dict[str, float]:
    """Means over single samples along ``direction``: ``word_variation`` of the loss in nats,
    ``word_in_jumps`` (the share of it), ``word_minima`` deeper than the first of
    :data:`JUDGED_DEPTHS`."""
    profiles, minima = [], []
    for k in range(options.samples):
        line = Line(objective.select(torch.tensor([k])), weights, direction)
        facts, depths = profile(line, options)
        profiles.append(facts)
        minima += [row["minima"] for row in depths if row["depth"] == JUDGED_DEPTHS[0]]
    heights = sum(p[height_column(cause)] for p in profiles for cause in CAUSES)
    variation = sum(p["variation"] for p in profiles)
    return {
        "word_variation": variation / len(profiles),
        "word_in_jumps": heights / variation if variation else 0.0,
        "word_minima": sum(minima) / len(minima),
    }


def scales(weights: Tensor, network: Network) -> Tensor:
    """For each of ``weights`` the norm of the matrix that it stands in, 0 for a time constant,
    [n_weights]."""
    norms = torch.empty_like(weights)
    for part, own in zip(matrices(norms, network), matrices(weights, network), strict=True):
        part.fill_(own.norm())
    return norms.masked_fill_(held(network), 0.0)


def down_the_gradient(
    objective: Objective, weights: Tensor, clip: float | None, lengths: Sequence[float]
) -> list[dict[str, float]]:
    """Of steps of these ``lengths`` against the gradient, each matrix in units of its norm: the
    change of the loss in nats that each ``predicted``, by how much that ``changed``, and how far
    the gradient ``turned`` (the cosine); NaN where there is none."""
    unit = scales(weights, objective.network)
    before, start = objective.gradient(weights, clip)
    gradient = start * unit
    rows = []
    for length in lengths:
        step = -gradient * (length / gradient.norm())
        changed = turned = math.nan
        with suppress(*FAILURES):
            after, end = objective.gradient(weights + step * unit, clip)
            other = end * unit
            changed = float(after.loss - before.loss)
            turned = cosine(gradient, other)
        predicted = float(gradient @ step)
        rows.append(
            {"length": length, "predicted": predicted, "changed": changed, "turned": turned}
        )
    return rows


def around(
    network: Network,
    data: SpikeDataset,
    options: LandscapeSettings,
    seed: int,
    lengths: Sequence[float],
) -> list[dict[str, Any]]:
    """:func:`around_samples` along a random direction, with :func:`down_the_gradient` for each of
    :data:`CLIPS` and ``lengths``, on samples of ``data`` that ``seed`` draws.

    No row if the network diverges on these, or has no gradient; it keeps its weights.
    """
    objective = Objective(network, landscape_samples(data, options, seed))
    weights = weights_of(network)
    fixed = held(network)
    direction = draw("filter", weights, network, generator(seed)).masked_fill_(fixed, 0.0)
    direction *= weights[~fixed].norm() / direction.norm()
    try:
        steps = [
            {"clipped": clipped, **step}
            for clipped, clip in CLIPS.items()
            for step in down_the_gradient(objective, weights, clip, lengths)
        ]
        of_samples = around_samples(objective, weights, direction, options.profiles)
    except FAILURES:
        return []
    finally:
        objective.set_weights(weights)
    return [{**of_samples, **step} for step in steps]


def roughness(trained: TrainedNetwork, landscape: LandscapeSettings) -> pd.DataFrame:
    """Rows of :func:`around` for each draw and each of :data:`LENGTHS`."""
    network, _ = load_network(trained.checkpoint)
    rows = [
        {**trained.about, "draw": seed, **row}
        for seed in range(DRAWS)
        for row in around(network, trained.train, landscape, seed, LENGTHS)
    ]
    return pd.DataFrame(rows, columns=["neuron", "network", "draw", *OF_SAMPLES, *STEP])
