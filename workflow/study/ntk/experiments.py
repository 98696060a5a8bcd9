"""Training networks and recording them: the costly part of every experiment."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pandas as pd
import torch

from spikegrad.ntk.activations import Sign
from spikegrad.ntk.moments import Activation
from study.config.ntk import Cell, NTKExperiment, NTKProblem
from study.ntk import build
from study.ntk.empirical import empirical_kernel
from study.ntk.ensemble import Descent, train
from study.ntk.network import initialise, outputs
from study.ntk.problem import Problem, problem_of
from study.ntk.sign_descent import SignDescent
from study.ntk.subnormal import flush_subnormal
from study.storage.columns import Table, shared

NETWORKS_TABLE = Table(
    files=("ntk/*/networks/*.parquet",),
    says="Finite networks during training.",
    columns={
        **shared("network", "step", "seed", "slope", "width"),
        "angle": "input on the circle, in radians",
        "point": "number of the input, where inputs are Gaussian",
        "output": "the network's",
        "kernel": "its own kernel with the input at angle 0",
    },
)


def descent_of(
    settings: NTKProblem,
    experiment: NTKExperiment,
    problem: Problem,
    width: int,
    phi: Activation,
) -> Descent:
    """Training of an experiment's networks of one width and activation, in single precision."""
    kind = SignDescent if isinstance(phi, Sign) else Descent
    return kind(
        build.architecture(settings, experiment, width),
        phi,
        build.surrogate(experiment.surrogate, phi),
        torch.from_numpy(problem.inputs[problem.train]).float(),
        torch.from_numpy(problem.targets[problem.train]).float(),
        settings.learning_rate,
    )


def train_cells(
    settings: NTKProblem,
    experiment: NTKExperiment,
    cells: list[Cell],
    checkpoints: Path,
    checkpoint_every: int,
    fingerprint: str,
) -> pd.DataFrame:
    """Train the networks of ``cells`` in single precision; one row per network, step and point.

    Columns: ``slope`` of the activation (infinite: sign), ``width``, ``network`` (which with
    ``seed`` and width stands for certain initial parameters), ``step``, ``angle`` in radians (off
    the circle ``point``, a number), the network's ``output`` there and, for smooth activations,
    its tangent ``kernel`` with the point in the middle, at angle 0, both in double precision.

    Killed and called again it resumes from the files in ``checkpoints``; the caller deletes that
    folder.
    """
    problem = problem_of(settings, experiment)
    tables = []
    for cell in cells:
        folder = checkpoints / f"{_slope(cell):g}-{cell.width}-{cell.first_network}"
        tables.append(
            _train_cell(settings, experiment, cell, problem, folder, checkpoint_every, fingerprint)
        )
    return pd.concat(tables, ignore_index=True)


@flush_subnormal()  # psi underflows
def _train_cell(
    settings: NTKProblem,
    experiment: NTKExperiment,
    cell: Cell,
    problem: Problem,
    checkpoints: Path,
    checkpoint_every: int,
    fingerprint: str,
) -> pd.DataFrame:
    networks = range(cell.first_network, cell.first_network + cell.n_networks)
    generators = build.network_generators(settings.seed, cell.width, networks)
    phi = build.activation(cell.activation)
    descent = descent_of(settings, experiment, problem, cell.width, phi)
    architecture, psi = descent.architecture, descent.surrogate
    x = torch.from_numpy(problem.inputs)
    block = initialise(architecture, generators, torch.float32)
    middle = x[len(x) // 2 :][:1]
    tables = []
    for step, trained in train(
        descent, block, experiment.record_steps, checkpoints, checkpoint_every, fingerprint
    ):
        exact = trained.to(torch.float64)
        columns = {"output": outputs(architecture, exact, x, phi)}
        if not isinstance(phi, Sign):
            columns["kernel"] = empirical_kernel(architecture, exact, x, middle, phi, psi)[..., 0]
        tables.append(_long(columns, problem, networks).assign(step=step))
    return pd.concat(tables, ignore_index=True).assign(
        seed=settings.seed, slope=_slope(cell), width=cell.width
    )


def _long(columns: dict[str, torch.Tensor], problem: Problem, networks: range) -> pd.DataFrame:
    """Arrays [network, point] as columns."""
    n_points = len(problem.places)
    return pd.DataFrame(
        {
            "network": np.repeat(networks, n_points),
            problem.place: np.tile(problem.places, len(networks)),
            **{name: values.reshape(-1).numpy() for name, values in columns.items()},
        }
    )


def _slope(cell: Cell) -> float:
    return getattr(cell.activation, "slope", np.inf)
