"""Close-ups: the loss and its gradient on small, fine planes around trained networks.

Of several reaches, of single samples and of the mean of several: what looks rough from afar may be
smooth from near by, and the mean of many samples hides what each of them does.
"""

from __future__ import annotations

from itertools import product
from operator import mul

import numpy as np
import pandas as pd
import torch

from study.landscape.job import Job
from study.landscape.objective import gradient_norm

STATE = "trained"
AXES = ("filter0", "filter1")
"""Directions that span the planes."""
MEAN = "mean"
"""In place of a sample's name: all of them."""


def closeups(job: Job) -> dict[str, pd.DataFrame]:
    """Loss and gradient at each point of each plane, of the mean and of the first sample."""
    options, centre = job.options.closeups, job.centres[STATE]
    first, others = torch.arange(options.samples).split([1, options.samples - 1])
    parts = [first, others] if len(others) else [first]  # whose mean is that of all
    shares = [len(part) / options.samples for part in parts]
    objectives = [job.objective.select(part) for part in parts]
    side = np.linspace(-1.0, 1.0, options.points)
    rows = []
    for reach, across, up in job.share(list(product(options.reaches, side, side)), "points"):
        x, y = reach * across, reach * up
        weights = centre.at(AXES, (x, y))
        found = [own.gradient_or_nan(weights) for own in objectives]
        losses, gradients = zip(*found, strict=True)
        losses = (torch.cat(losses), *losses)
        gradients = (sum(map(mul, shares, gradients)), *gradients)
        for of, own, gradient in zip((MEAN, "sample 0"), losses, gradients, strict=False):
            loss = float(own.mean())
            norm = gradient_norm(gradient, centre.weights, job.network)
            place = {**job.key, "reach": reach, "of": of, "x": x, "y": y}
            rows.append({**place, "loss": loss, "norm": norm})
    return {"closeups": pd.DataFrame(rows)}
