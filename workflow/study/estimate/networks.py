"""What a sample costs in networks of the study's own shapes, with random events for data.

Samples have as many events as the study's own, and weights are scaled so that neurons spike as
often as they do in training, or when it is done.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from statistics import mean

import numpy as np
import torch

from spikegrad.layers import SpikeOverflowError
from spikegrad.network import Network
from spikegrad.network_settings import Initial, NetworkSettings
from spikegrad.seeds import generator, numpy_generator
from spikegrad.spikes import SpikeTrains
from study.config.study import Neuron, Study
from study.config.training import TrainingSettings
from study.data.dataset import SpikeDataset
from study.estimate.size import ACTIVITY, IN_TRAINING, size_of, variants
from study.landscape.census import search_line
from study.landscape.isolation import Line
from study.landscape.objective import Objective, weights_of
from study.training.loop import further_epochs
from study.training.optimizer import Adam
from study.training.response import respond

ENGINE = (
    "update", "response", "loss", "gradient", "line loss", "line gradient", "census run"
)  # fmt: skip
"""The operations that are timed here."""
SPREAD = 0.25  # of the logarithm of a sample's events, as in SHD
MOST = 64  # samples to time with, at most
INITIAL = Initial(mean=0.5, scale=2.0, recurrent_scale=0.2)
STILL = 1e-12  # learning rate: weights stay as they are while updates are timed

Timer = Callable[[Callable[[], object]], float]


def engine_seconds(study: Study, neuron: Neuron, timer: Timer) -> dict[str, float]:
    """Seconds of each of :data:`ENGINE`, by kind, the mean over the networks that a search tries.

    ``timer`` gives the seconds of a call.
    """
    networks = variants(study, neuron)
    kinds = {(n.layers, n.recurrent, n.drive != 0): n for n in networks}
    training = study.model(neuron).training
    times = {kind: _times(study, neuron, n, training, timer) for kind, n in kinds.items()}
    every = [times[n.layers, n.recurrent, n.drive != 0] for n in networks]
    return {kind: mean(each[kind] for each in every) for kind in ENGINE}


def _times(
    study: Study,
    neuron: Neuron,
    settings: NetworkSettings,
    training: TrainingSettings,
    timer: Timer,
) -> dict[str, float]:
    data = random_data(study, min(MOST, max(training.batch_size, study.landscape.samples)))
    learning = active_network(settings, neuron, data, IN_TRAINING[neuron])
    batch = data.select(torch.arange(min(training.batch_size, len(data))))
    options = training.model_copy(
        update={"learning_rate": STILL, "readout_learning_rate": STILL, "batch_size": len(batch)}
    )
    optimizer = Adam(learning, STILL, STILL)
    answer = timer(lambda: respond(learning, batch, len(batch)))
    both = timer(lambda: list(further_epochs(learning, optimizer, batch, batch, options, 0, [1])))
    few = data.select(torch.arange(min(study.landscape.samples, len(data))))
    trained = active_network(settings, neuron, data, ACTIVITY[neuron])
    objective = Objective(trained, few)
    weights = weights_of(trained)
    direction = _direction(weights)
    lines = [Line(objective.select(torch.tensor([k])), weights, direction) for k in range(4)]
    return {
        "update": (both - answer) / len(batch),
        "response": answer / len(batch),
        "loss": timer(lambda: objective.evaluate(weights)) / len(few),
        "gradient": timer(lambda: objective.gradient(weights)) / len(few),
        "line loss": timer(lambda: [line.spikes(0.0) for line in lines]) / len(lines),
        "line gradient": timer(lambda: [line.gradient(0.0) for line in lines]) / len(lines),
        "census run": _census_seconds(lines[0], timer),
    }


def _direction(weights: torch.Tensor) -> torch.Tensor:
    """A random direction of the norm of ``weights``."""
    direction = torch.randn(len(weights), generator=generator(0), dtype=torch.float64)
    return direction * (weights.norm() / direction.norm())


def _census_seconds(line: Line, timer: Timer) -> float:
    """A run of the network within a census, gradients at what it finds included."""
    runs = []

    def search() -> None:
        line.losses.clear()
        _, facts = search_line(line, np.linspace(-1e-5, 1e-5, 3), "swaps", 3)
        runs.append(facts["runs"])

    return timer(search) / runs[-1]


def random_data(study: Study, n_samples: int) -> SpikeDataset:
    """Samples with as many random events as the study's, on the grid of its times."""
    size, step = size_of(study.data), study.data.time_step
    rng = numpy_generator(0)
    times, units = [], []
    for factor in rng.lognormal(-(SPREAD**2) / 2, SPREAD, n_samples):
        count = max(1, int(factor * size.events))
        own = rng.uniform(0, min(size.seconds, study.data.duration), count)
        times.append(own if step is None else np.floor(own / step) * step)
        units.append(rng.integers(0, study.data.n_units, count))
    return SpikeDataset(
        spikes=SpikeTrains.from_arrays(times, units, study.data.duration),
        labels=torch.arange(n_samples) % size.classes,
        speakers=torch.zeros(n_samples, dtype=torch.int64),
        n_units=study.data.n_units,
        n_classes=size.classes,
        name="random",
        class_names=tuple(map(str, range(size.classes))),
    )


def active_network(
    settings: NetworkSettings, neuron: Neuron, data: SpikeDataset, activity: float
) -> Network:
    """A network whose neurons spike ``activity`` times a sample.

    Nearly: the weights :data:`INITIAL` of its hidden layers are multiplied by what bisection finds.
    """
    some = replace(data, spikes=data.spikes[:16], labels=data.labels[:16])
    settings = settings.model_copy(update={"init": INITIAL})
    network = Network(settings, data.n_units, data.n_classes, neuron)
    network.initialise(some.spikes, generator(0))
    initial = {name: weights.clone() for name, weights in network.state_dict().items()}

    def scale(factor: float) -> None:
        scaled = {n: w * factor if n.startswith("hidden") else w for n, w in initial.items()}
        network.load_state_dict(scaled)

    low, high = -3.0, 3.0  # of the factor's logarithm
    for _ in range(12):
        middle = (low + high) / 2
        scale(float(np.exp(middle)))
        try:
            few = respond(network, some, 16).spikes_per_neuron < activity
        except SpikeOverflowError:
            few = False
        low, high = (middle, high) if few else (low, middle)
    scale(float(np.exp(low)))
    return network
