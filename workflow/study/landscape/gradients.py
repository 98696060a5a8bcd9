"""Gradients of single samples."""

from __future__ import annotations

import pandas as pd
import torch

from study.landscape.directions import Centre
from study.landscape.objective import Objective
from study.storage.columns import Table, shared

SAMPLE_GRADIENTS_TABLE = Table(
    files=("landscape/sample_gradients.parquet", "landscape/gradients/*/*/*.samples.parquet"),
    says="Loss and gradient of single samples at the networks.",
    columns={
        **shared("sample", "gradient_norm", "neuron", "seed", "state"),
        "loss": "of the sample",
    },
)


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
