"""Directions in weight space, along which landscapes are looked at from each state.

A direction is scaled to the norm of its point's weights: coordinates are relative distances.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import torch
from torch import Tensor

from spikegrad.network import Network, network_of
from spikegrad.saving import load_tensors, save_tensors
from spikegrad.seeds import generator
from study.config.landscape import N_PRINCIPAL, N_RANDOM, RANDOM
from study.landscape.constants import SEED, STATES
from study.landscape.objective import FAILURES, Objective, gradient_norm, held, matrices
from study.landscape.states import State, TrainingRun


@dataclass(frozen=True)
class Centre:
    """A point in weight space, and directions from it."""

    weights: Tensor
    """The point, float64 [n_weights]."""
    directions: dict[str, Tensor]
    """By name, each with the norm of ``weights``."""
    about: dict[str, Any]
    """Loss, accuracy, activity, ... at the point, and for each direction its seed, norm before
    scaling and, where it ends at another network, that distance."""

    def at(self, names: tuple[str, ...], position: tuple[float, ...]) -> Tensor:
        """The point at coordinates ``position`` along the directions ``names``."""
        point = self.weights
        for name, x in zip(names, position, strict=True):
            point = torch.add(point, self.directions[name], alpha=x)
        return point

    def span(self, name: str, reach: float) -> tuple[float, float]:
        """Where a line along a direction starts and ends."""
        distance = self.about["directions"][name].get("distance")
        return (-reach, reach) if distance is None else (0.0, distance)


def draw(kind: str, weights: Tensor, network: Network, generator: torch.Generator) -> Tensor:
    """A random direction of ``kind``, one of :data:`study.config.landscape.RANDOM`.

    "filter" gives each neuron's part, in each weight matrix, the norm of that neuron's weights
    (Li et al., arXiv 1712.09913); "layer" does so with whole matrices.
    """
    direction = torch.randn(weights.shape, generator=generator, dtype=torch.float64)
    if kind != "gaussian":
        own = matrices(weights, network)
        for part, weight in zip(matrices(direction, network), own, strict=True):
            if kind == "filter":
                part *= weight.norm(dim=0) / part.norm(dim=0)
            else:
                part *= weight.norm() / part.norm()
    return direction


def n_principal(runs: Iterable[TrainingRun]) -> int:
    """Principal directions that all ``runs`` have; one that failed early has few."""
    return min(N_PRINCIPAL, *(len(run.trajectory) - 1 for run in runs))


def principal(trajectory: Tensor, number: int) -> Tensor:
    """Main directions of a ``trajectory`` [n_snapshots, n_weights]: [number, n_weights].

    Principal components of its steps from the last snapshot, at most one fewer than snapshots.
    """
    steps = trajectory[:-1] - trajectory[-1]
    return torch.linalg.svd(steps, full_matrices=False).Vh[:number]


def centre(name: str, state: State, other: State, objective: Objective, n_principal: int) -> Centre:
    """The state called ``name`` with all directions from it, ``n_principal`` of them main ones.

    ``other`` is the state of another seed's network that "difference" leads to. Directions hold
    time constants. ValueError if the network has no gradient at the state. Landscapes tell the
    order of spikes as they are sent, not as they arrive: settings allow them no learned delays.
    """
    run, weights = state.run, state.weights
    seed, fixed = run.header["seed"], held(run.network)
    try:
        found, gradient = objective.gradient(weights)
    except FAILURES as problem:
        raise ValueError(
            f"{run.header['neuron']}, seed {seed}, {name}: the network has no gradient on the"
            f" landscape's samples ({problem}); leave the seed out of landscape.seeds"
        ) from problem
    raw: dict[str, Tensor] = {}
    about: dict[str, dict[str, Any]] = {}
    for kind_number, kind in enumerate(RANDOM):
        for k in range(N_RANDOM):
            stream = (seed, STATES.index(name), kind_number, k)
            raw[f"{kind}{k}"] = draw(kind, weights, run.network, generator(SEED, *stream))
            about[f"{kind}{k}"] = {"seed": SEED, "stream": list(stream)}
    raw["gradient"] = gradient
    raw["difference"] = other.weights - weights
    path = run.trajectory.masked_fill(fixed, 0.0)
    for k, component in enumerate(principal(path, n_principal)):
        raw[f"principal{k}"] = component
    norm = weights[~fixed].norm()
    directions = {}
    for label, whole in raw.items():
        direction = whole.masked_fill(fixed, 0.0)
        if direction.norm() == 0:
            raise ValueError(
                f"{run.header['neuron']}, seed {seed}, {name}: direction '{label}' is zero"
            )
        directions[label] = direction * (norm / direction.norm())
        about.setdefault(label, {})["norm"] = float(direction.norm())
    about["difference"] |= {"other_seed": other.run.header["seed"]}
    about["difference"]["distance"] = about["difference"]["norm"] / float(norm)
    facts = {
        "neuron": run.header["neuron"],
        "seed": seed,
        "state": name,
        "epoch": state.epoch,
        **found.scores(run.network.settings.layers),
        "norm": float(norm),
        "gradient_norm": gradient_norm(gradient, weights, run.network),
    }
    return Centre(weights, directions, {**facts, "directions": about})


def save_centres(path: str | Path, run: TrainingRun, centres: Mapping[str, Centre]) -> None:
    """Write the states of ``run`` with their directions."""
    tensors = {}
    for state, point in centres.items():
        tensors[f"{state}.centre"] = point.weights.clone()  # a file holds no tensor twice
        tensors |= {f"{state}.{name}": d for name, d in point.directions.items()}
    header = {**run.header, "centres": {state: c.about for state, c in centres.items()}}
    save_tensors(path, tensors, header)


def load_centres(path: str | Path) -> tuple[Network, dict[str, Centre]]:
    """A network, float64, and its states with their directions."""
    tensors, header = load_tensors(path)
    return network_of(header, path, torch.float64), {
        state: Centre(
            tensors[f"{state}.centre"],
            {name: tensors[f"{state}.{name}"] for name in about["directions"]},
            about,
        )
        for state, about in header["centres"].items()
    }
