"""Points and directions in weight space: where landscapes are looked at, and along what.

Around each trained network lie three points, the states: ``untrained``, its initial weights;
``trained``, its best; and ``matched``, the trained network with its hidden weights scaled down
until it spikes as little as the least active of the neuron models that are compared. A direction
is scaled to the norm of its point's weights, so that coordinates are relative distances.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import torch
from scipy.optimize import bisect
from torch import Tensor

from spikegrad.config.base import validate
from spikegrad.config.landscape import Directions
from spikegrad.config.network import NetworkSettings
from spikegrad.landscape.objective import Objective, matrices, weights_of
from spikegrad.landscape.terms import STATES
from spikegrad.network import Network, load_network
from spikegrad.seeds import generator
from spikegrad.tensors import CheckpointError, load_tensors, save_tensors

RANDOM = ("gaussian", "filter", "layer")


@dataclass(frozen=True)
class Centre:
    """A point in weight space, and directions from it.

    Attributes
    ----------
    weights
        The point, float64 [n_weights].
    directions
        By name, each with the norm of ``weights``.
    about
        What is known of the point (loss, accuracy, activity, ...), and for each direction its
        seed, norm before scaling and, where it ends at another network, that distance.
    """

    weights: Tensor
    directions: dict[str, Tensor]
    about: dict[str, Any]

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


@dataclass(frozen=True)
class TrainingRun:
    """Where one training run has been: a network, and weights at points of its way."""

    network: Network
    header: dict[str, Any]
    untrained: Tensor
    trained: Tensor
    way: Tensor = field(repr=False)
    """[n_snapshots, n_weights]"""


def load_run(checkpoint: str | Path, snapshots: str | Path) -> TrainingRun:
    """A training run from the files of rule train.

    Raises
    ------
    CheckpointError
        If a file is damaged, or holds no weights since the run failed before its first epoch.
    """
    network, header = load_network(checkpoint)
    trained = weights_of(network)
    names = list(network.state_dict())
    tensors, _ = load_tensors(snapshots)
    epochs = sorted({int(key.split(".")[1]) for key in tensors})
    way = [torch.cat([tensors[f"epoch.{e}.{name}"].flatten() for name in names]) for e in epochs]
    if not way:
        raise CheckpointError(
            f"{snapshots}: the network failed before its first epoch "
            f"({header['outcome']['reason']}); leave seed {header['seed']} out of landscape.seeds"
        )
    points = torch.stack(way).double()
    return TrainingRun(network, header, points[0], trained, points)


def states(
    runs: Mapping[str, TrainingRun], objectives: Mapping[str, Objective]
) -> dict[str, dict[str, tuple[Tensor, float]]]:
    """For each neuron model, the weights of each state and the gain of its hidden weights.

    ``runs`` holds one run of each neuron model that is compared, ``objectives`` their losses.
    """
    activity = {n: _activity(objectives[n], run.trained) for n, run in runs.items()}
    target = min(activity.values())
    result = {}
    for neuron, run in runs.items():
        gain, matched = _matched(objectives[neuron], run.trained, activity[neuron], target)
        result[neuron] = {
            "untrained": (run.untrained, 1.0),
            "trained": (run.trained, 1.0),
            "matched": (matched, gain),
        }
    return result


def _activity(objective: Objective, weights: Tensor) -> float:
    answer = objective.answer(weights)
    return answer.spikes_per_neuron(objective.network.settings.layers)


def _matched(
    objective: Objective, weights: Tensor, activity: float, target: float
) -> tuple[float, Tensor]:
    """Gain and weights at which a network of ``activity`` spikes as little as ``target``.

    The readout is scaled up as the activity falls, so that logits keep their size. A network whose
    drive makes it spike more often by itself stays as it is.
    """
    if activity <= target:
        return 1.0, weights
    hidden = sum(p.numel() for layer in objective.network.hidden for p in layer.parameters())

    def scaled(gain: float) -> Tensor:
        return torch.cat([gain * weights[:hidden], activity / target * weights[hidden:]])

    if _activity(objective, scaled(0.0)) > target:
        return 1.0, weights
    gain = bisect(lambda g: _activity(objective, scaled(g)) - target, 0.0, 1.0, xtol=1e-3)
    return gain, scaled(gain)


def draw(kind: str, weights: Tensor, network: Network, generator: torch.Generator) -> Tensor:
    """A random direction of ``kind``, one of :data:`RANDOM`.

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


def principal(way: Tensor, number: int) -> Tensor:
    """Main directions of a training run with ``way`` [n_snapshots, n_weights]: [number, n_weights].

    Principal components of its steps from the last snapshot.
    """
    steps = way[:-1] - way[-1]
    return torch.linalg.svd(steps, full_matrices=False).Vh[:number]


def centre(
    state: str,
    weights: Tensor,
    gain: float,
    run: TrainingRun,
    other: TrainingRun,
    objective: Objective,
    options: Directions,
) -> Centre:
    """A state of ``run`` with all directions from it; ``other`` is the run of the next seed."""
    answer, gradient = objective.gradient(weights)
    seed = run.header["seed"]
    raw: dict[str, Tensor] = {}
    about: dict[str, dict[str, Any]] = {}
    for kind_number, kind in enumerate(RANDOM):
        for k in range(options.random):
            stream = (seed, STATES.index(state), kind_number, k)
            raw[f"{kind}{k}"] = draw(kind, weights, run.network, generator(options.seed, *stream))
            about[f"{kind}{k}"] = {"seed": options.seed, "stream": list(stream)}
    raw["gradient"] = gradient
    if state == "untrained":
        raw["difference"] = other.untrained - run.untrained
    else:
        raw["difference"] = other.trained - run.trained
    for k, component in enumerate(principal(run.way, options.principal)):
        raw[f"principal{k}"] = component
    norm = weights.norm()
    directions = {}
    for name, direction in raw.items():
        if direction.norm() == 0:
            raise ValueError(
                f"{run.header['neuron']}, seed {seed}, {state}: direction '{name}' is zero"
            )
        directions[name] = direction * (norm / direction.norm())
        about.setdefault(name, {})["norm"] = float(direction.norm())
    about["difference"] |= {"other_seed": other.header["seed"]}
    about["difference"]["distance"] = about["difference"]["norm"] / float(norm)
    facts = {
        "neuron": run.header["neuron"],
        "seed": seed,
        "state": state,
        "norm": float(norm),
        "gain": gain,
        "loss": float(answer.loss),
        "accuracy": answer.accuracy,
        "gradient_norm": float(gradient.norm() * norm),
        "spikes_per_neuron": answer.spikes_per_neuron(run.network.settings.layers),
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


def load_centre(
    path: str | Path, state: str, names: tuple[str, ...] = ()
) -> tuple[Network, Centre]:
    """A network, float64, and one of its states with the directions ``names``."""
    tensors, header = load_tensors(path)
    weights = tensors[f"{state}.centre"]
    directions = {name: tensors[f"{state}.{name}"] for name in names}
    settings = validate(NetworkSettings, header["network"], where=str(path))
    network = Network(
        settings, header["n_units"], header["n_classes"], header["neuron"], torch.float64
    )
    return network, Centre(weights, directions, header["centres"][state])
