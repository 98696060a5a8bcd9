"""Training networks and recording them: the costly part of every experiment."""

from __future__ import annotations

from itertools import pairwise

import numpy as np
import pandas as pd
import torch

from spikegrad.ntk.activations import Sign
from study.config.ntk import NTKExperiment
from study.ntk import build
from study.ntk.dense_networks import empirical_kernel, initialise, outputs
from study.ntk.ensemble import Descent, flush_subnormal
from study.ntk.sign_descent import SignDescent

AT_ONCE = 5000
"""Steps; sign networks' weights gather the rounding of as many."""


@flush_subnormal()  # psi underflows
def networks(experiment: NTKExperiment, job: int) -> pd.DataFrame:
    """Train the networks of one job in single precision; one row per network, step and point.

    ``network``, ``seed`` and ``width`` stand for certain initial parameters. What is recorded is
    computed in double precision.
    """
    task = build.problem_of(experiment)
    x, middle = torch.from_numpy(task.inputs), torch.from_numpy(task.middle)
    training_set = x[task.train].float(), torch.from_numpy(task.targets[task.train]).float()
    recorded = experiment.record_steps
    stops = sorted({*recorded, *range(AT_ONCE, recorded[-1], AT_ONCE)})
    tables = []
    for spec, width, members in experiment.jobs()[job]:
        phi = build.activation(spec)
        architecture = build.architecture(experiment, width)
        psi = build.surrogate(experiment.surrogate, phi)
        kind = SignDescent if isinstance(phi, Sign) else Descent
        descent = kind(architecture, phi, psi, *training_set, build.LEARNING_RATE)
        generators = build.network_generators(width, members)
        block = initialise(architecture, generators, torch.float32)
        for start, step in pairwise([0, *stops]):
            descent.advance(block, step - start)
            if step not in recorded:
                continue
            exact = block.to(torch.float64)
            columns = {
                "network": np.repeat(members, len(x)),
                task.place: np.tile(task.places, len(members)),
                "output": outputs(architecture, exact, x, phi).flatten().numpy(),
            }
            if not isinstance(phi, Sign):
                kernel = empirical_kernel(architecture, exact, x, middle, phi, psi)
                columns["kernel"] = kernel.flatten().numpy()
            table = pd.DataFrame(columns)
            tables.append(table.assign(step=step, seed=build.SEED, slope=phi.slope, width=width))
    return pd.concat(tables, ignore_index=True)
