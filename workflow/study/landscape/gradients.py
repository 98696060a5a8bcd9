"""Gradients of single samples."""

from __future__ import annotations

import pandas as pd
import torch

from study.landscape.directions import Centre
from study.landscape.objective import Objective


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
