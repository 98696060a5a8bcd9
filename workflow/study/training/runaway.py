"""Why LIF networks diverge and QIF networks cannot: simulations, and trained networks.

docs/runaway.md explains it.
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import torch

from spikegrad.layers import SpikeOverflowError, SpikingLayer, assign
from spikegrad.saving import load_tensors
from spikegrad.seeds import numpy_generator
from spikegrad.spikes import SpikeTrains
from study.config.study import Runaway
from study.training.mean_field import CURRENT, RATES, TAU, mean_field
from study.training.run import by_epoch

WEIGHTS, INPUT = range(2)  # purposes of random numbers
SECONDS = 1.0
INPUT_WEIGHT = 0.1
INPUT_RATE = 2 * CURRENT / (INPUT_WEIGHT * TAU)  # of Poisson spikes to each neuron
LIMIT = 3000  # spikes of a neuron, above which a network has diverged
SCALES = (0.0, 0.5, 1.0, 1.5, 2.0, 2.25, 2.5, 2.7, 2.9, 3.5, 5.0, 8.0, 15.0)
CURRENTS = np.geomspace(0.3, 30.0, 13)


def random_weights(n: int, seed: int) -> np.ndarray:
    """Recurrent weights [n, n] of scale 1."""
    return numpy_generator(seed, WEIGHTS).normal(size=(n, n)) / n**0.5


@torch.no_grad()
def simulated(neuron: str, recurrent: np.ndarray, seed: int) -> float:
    """Mean rate of a network with the weights ``recurrent`` [n, n] on Poisson input, in the second
    half of the input; inf if it diverges."""
    n, rng = len(recurrent), numpy_generator(seed, INPUT)
    counts = rng.poisson(INPUT_RATE * SECONDS, n)
    times = rng.uniform(0, SECONDS, counts.sum())
    units = np.repeat(np.arange(n), counts)
    unit = 0.5 if neuron == "qif_delta" else 1.0  # a delta synapse moves twice the charge
    layer = SpikingLayer(
        n, n, neuron, tau=TAU, recurrent=True, dtype=torch.float64, max_spikes=LIMIT
    )
    assign(layer, "weight", unit * INPUT_WEIGHT * torch.eye(n, dtype=torch.float64))
    assign(layer, "recurrent_weight", unit * torch.from_numpy(recurrent))
    try:
        spikes = layer(SpikeTrains.from_arrays([times], [units], SECONDS))
    except SpikeOverflowError:
        return math.inf
    return int((spikes.times > SECONDS / 2).sum()) / n / (SECONDS / 2)


@torch.no_grad()
def single(neuron: str, current: float) -> float:
    """Spikes a second of one neuron of the engine with a constant drive of ``current``."""
    layer = SpikingLayer(1, 1, neuron, TAU, dtype=torch.float64, max_spikes=50_000, drive=current)
    assign(layer, "weight", torch.zeros(1, 1, dtype=torch.float64))
    times = layer(SpikeTrains.from_arrays([[0.0]], [[0]], 10.0)).times
    return float((len(times) - 1) / (times[-1] - times[0])) if len(times) > 1 else 0.0


def gain(recurrent: np.ndarray) -> float:
    """By how much LIF activity that no input supports comes back through ``recurrent`` [n, n].

    Far above threshold a LIF neuron's rate is its current over tau, and a spike of weight w a
    current of w tau/2 on average. So rates x follow tau x' = -x + [recurrentᵀ x / 2]+, and the
    gain is 1 plus the rate of the fastest growth (per tau): above 1, the network diverges.
    """
    rng, step = numpy_generator(0), 0.1
    fastest = 0.0
    for _ in range(5):
        x = rng.uniform(size=len(recurrent))
        growth = []
        for _ in range(2000):
            new = x + step * (np.maximum(recurrent.T @ x / 2, 0.0) - x)
            size = np.linalg.norm(new)
            growth.append(math.log(size / np.linalg.norm(x)))
            x = new / size
        fastest = max(fastest, 1 + math.expm1(float(np.mean(growth[1000:]))) / step)
    return fastest


def rates(neurons: Iterable[str], n_neurons: int, n_networks: int) -> pd.DataFrame:
    """Single neurons and random networks of the engine, each beside its theory.

    For each scale there are ``n_networks`` networks of ``n_neurons`` neurons. Neuron models without
    a formula in :data:`RATES` are left out.
    """
    rows: list[tuple[str, str, float, int, float, float]] = []
    for neuron in [neuron for neuron in neurons if neuron in RATES]:
        rate = RATES[neuron]
        for current in CURRENTS:
            theory = float(rate(np.array(current)))
            rows.append((neuron, "current", current, 0, single(neuron, current), theory))
        for scale in SCALES:
            theory = mean_field(rate, scale)
            for seed in range(n_networks):
                found = simulated(neuron, scale * random_weights(n_neurons, seed), seed)
                rows.append((neuron, "scale", scale, seed, found, theory))
    return pd.DataFrame(rows, columns=["neuron", "of", "value", "seed", "rate", "theory"])


def gains(
    outcomes: Sequence[Mapping[str, Any]],
    histories: Sequence[pd.DataFrame],
    snapshots: Sequence[str | Path],
) -> pd.DataFrame:
    """The largest :func:`gain` of a layer, of each LIF network after each epoch of its snapshots.

    All are those of the same runs in the same order. The gain is 0 without recurrence;
    of spikes that arrive in several copies, these count together, whatever their delays.
    """
    rows = []
    for ended, history, weights_file in zip(outcomes, histories, snapshots, strict=True):
        outcome, active = ended["outcome"], history.set_index("epoch")
        tensors, _ = load_tensors(weights_file)
        for epoch, weights in by_epoch(tensors, "epoch").items():
            recurrent = [w for name, w in weights.items() if name.endswith("recurrent_weight")]
            copies = (w.double().numpy().reshape(-1, w.shape[1], w.shape[1]) for w in recurrent)
            found = max((gain(each.sum(0)) for each in copies), default=0.0)
            row = active.loc[epoch]
            rows.append((row["seed"], epoch, found, row["spikes_per_neuron"], outcome))
    return pd.DataFrame(rows, columns=["seed", "epoch", "gain", "spikes_per_neuron", "outcome"])


def runaway(
    outcomes: list[dict[str, Any]],
    histories: list[pd.DataFrame],
    snapshots: list[Path],
    neurons: list[str],
    random: Runaway,
) -> dict[str, pd.DataFrame]:
    """Random networks of all ``neurons`` beside the theory, and gains of trained LIF networks."""
    return {
        "rates": rates(neurons, random.neurons, random.networks),
        "gains": gains(outcomes, histories, snapshots),
    }
