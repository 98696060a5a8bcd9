"""How far a gradient tells the truth: about its neighbours, the loss ahead, and other samples."""

from __future__ import annotations

import pandas as pd
import torch
from torch.nn.functional import cosine_similarity

from spikegrad.landscape.directions import Centre
from spikegrad.landscape.objective import Objective
from spikegrad.layers import SpikeOverflowError


def agreement(
    objective: Objective, centre: Centre, directions: tuple[str, ...], distances: tuple[float, ...]
) -> pd.DataFrame:
    """The gradient at a network against loss and gradient at a distance from it.

    Returns
    -------
    DataFrame
        For each direction and, to both sides, each distance: direction, distance, ``cosine``
        between the two gradients, ``change`` of the loss and its ``linear_error``, by which
        distance times slope is wrong, in nats. Places where the network runs away are left out.
    """
    answer, gradient = objective.gradient(centre.weights)
    rows = []
    for name in directions:
        slope = float(gradient @ centre.directions[name])
        for distance in (s * d for d in distances for s in (-1, 1)):
            try:
                there, other = objective.gradient(centre.at((name,), (distance,)))
            except SpikeOverflowError:  # the network runs away there: nothing to compare
                continue
            change = float(there.loss - answer.loss)
            rows.append(
                {
                    "direction": name,
                    "distance": distance,
                    "cosine": float(cosine_similarity(gradient, other, dim=0)),
                    "change": change,
                    "linear_error": abs(change - distance * slope),
                }
            )
    return pd.DataFrame(rows)


def sample_gradients(objective: Objective, centre: Centre) -> pd.DataFrame:
    """Loss and gradient_norm (nats per relative distance) of each sample alone."""
    rows = []
    for sample in range(len(objective.data)):
        answer, gradient = objective.select(torch.tensor([sample])).gradient(centre.weights)
        rows.append(
            {
                "sample": sample,
                "loss": float(answer.loss),
                "gradient_norm": float(gradient.norm()) * centre.about["norm"],
            }
        )
    return pd.DataFrame(rows)
