"""Small networks whose landscapes the tests know or search."""

from __future__ import annotations

from typing import Any

import numpy as np
import torch

from networks import random_spikes
from spikegrad.network import Network
from spikegrad.network_settings import Initial, Integrated, NetworkSettings
from spikegrad.seeds import generator
from spikegrad.spikes import SpikeTrains
from study.data.dataset import SpikeDataset
from study.landscape.isolation import Line
from study.landscape.objective import Objective, weights_of

TAU = 0.02


def network(neuron: str, n_units: int, layers: tuple[int, ...], **more: Any) -> Network:
    settings = NetworkSettings(
        **more,
        layers=layers,
        tau=TAU,
        recurrent=True,
        init=Initial(mean=0.8, scale=2.5, recurrent_scale=1.5),
        readout=Integrated(kind="integrated", tau_out=0.02, window=0.1),
    )
    return Network(settings, n_units, 2, neuron, torch.float64)


def dataset(spikes: SpikeTrains, n_units: int) -> SpikeDataset:
    labels = torch.arange(len(spikes)) % 2
    return SpikeDataset(spikes, labels, torch.zeros_like(labels), n_units, 2, "toy", ("a", "b"))


def scan(line: Line, reach: float, points: int) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """x and loss on a fine grid, and what its changes have beyond the integrated slope: jumps."""
    x = np.linspace(-reach, reach, points)
    found = [line.objective.gradient(line.point(float(p))) for p in x]
    loss = np.array([float(point.loss) for point, _ in found])
    slope = np.array([float(gradient @ line.direction) for _, gradient in found])
    return x, loss, np.abs(np.diff(loss) - np.diff(x) * (slope[1:] + slope[:-1]) / 2)


def random_objective(
    neuron: str, seed: int = 0, layers: tuple[int, ...] = (10,), n_samples: int = 1
) -> tuple[Objective, torch.Tensor, torch.Tensor]:
    """An untrained recurrent network on random spikes, its weights, and a random direction."""
    spikes = random_spikes(seed, n_samples=n_samples, n_events=60)
    net = network(neuron, 20, layers)
    net.initialise(spikes, generator(seed))
    weights = weights_of(net)
    direction = torch.randn(weights.shape, generator=generator(seed, 1), dtype=torch.float64)
    direction *= weights.norm() / direction.norm()
    return Objective(net, dataset(spikes, 20)), weights, direction


def built_objective(
    neuron: str,
    times: list[float],
    weight: list[list[float]],
    recurrent: list[list[float]],
    duration: float,
) -> tuple[Objective, torch.Tensor, torch.Tensor]:
    """Input channel k spikes once, at ``times[k]``, over ``weight[k]`` to each neuron.

    Returns the objective, its weights, and the direction in which the first weight grows.
    """
    units = torch.arange(len(times))
    spikes = SpikeTrains(
        torch.tensor(times, dtype=torch.float64), units, torch.tensor([0, len(times)]), duration
    )
    net = network(neuron, len(times), (len(recurrent),))
    with torch.no_grad():
        net.hidden[0].weight.copy_(torch.tensor(weight, dtype=torch.float64))
        net.hidden[0].recurrent_weight.copy_(torch.tensor(recurrent, dtype=torch.float64))
        net.readout.weight.copy_(torch.arange(2 * len(recurrent)).view(len(recurrent), 2) ** 2)
    weights = weights_of(net)
    direction = torch.zeros_like(weights)
    direction[0] = 1.0
    return Objective(net, dataset(spikes, len(times))), weights, direction
