"""How long operations take on this machine, in processor time of one thread.

Those of networks are timed with networks of the study's own shape, which answer random events.
"""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Callable
from time import process_time
from timeit import Timer

import numpy as np
import torch

from spikegrad.network import Network
from spikegrad.network_settings import Initial, NetworkSettings
from spikegrad.seeds import generator, numpy_generator
from spikegrad.spikes import SpikeTrains
from study.config.study import Neuron, Study
from study.data.dataset import SpikeDataset
from study.estimate.seconds import SECONDS, Start
from study.estimate.size import (
    ACTIVITY,
    IN_TRAINING,
    candidates,
    effort,
    leaves_grid,
    size_of,
)
from study.estimate.work import HANDED, Operation
from study.landscape.objective import Objective, weights_of
from study.training.loop import further_epochs
from study.training.optimizer import Adam
from study.training.response import respond

ROUNDS, CALLS = 5, 2
SPREAD = 0.25  # of the logarithm of a sample's events, as in SHD
INITIAL = Initial(mean=0.5, scale=2.0, recurrent_scale=0.2)
MOST = 64  # samples of a trained network
STILL = 1e-12  # learning rate: parameters stay as they are while updates are timed
START = """
import resource
import h5py, optuna, pandas
from study.landscape import surfaces
from spikegrad.layers import warm_up
warm_up({kinds})
used = resource.getrusage(resource.RUSAGE_SELF)
print(used.ru_utime + used.ru_stime, used.ru_maxrss / 1024)
"""


def seconds(call: Callable[[], object]) -> float:
    """Processor time of ``call``, once it has run before, in the best of some rounds."""
    call()
    return min(Timer(call, timer=process_time).repeat(ROUNDS, CALLS)) / CALLS


def measure_start(study: Study) -> Start:
    """A process that imports the library and loads the engine, which is compiled before."""
    kinds = [kind for neuron in study.neurons for kind in study.kinds(neuron)]
    command = [sys.executable, "-c", START.format(kinds=kinds)]
    starts = []
    for _ in range(2):  # the first may compile
        run = subprocess.run(command, check=True, stdout=subprocess.PIPE, text=True)
        starts.append(Start(*map(float, run.stdout.split())))
    return min(starts)


def measure(study: Study, start: Start) -> dict[Operation, float]:
    """The same table as :data:`study.estimate.seconds.SECONDS`, of this machine."""
    found: dict[Operation, float] = {("start",): start.seconds}
    found["other",] = start.seconds / SECONDS["start",]
    for neuron in study.neurons:
        found |= network_seconds(study, neuron)
    return found


def network_seconds(study: Study, neuron: Neuron) -> dict[Operation, float]:
    """Seconds of a network's passes, and of a call."""
    settings = candidates(study, neuron)[0]
    options = study.model(neuron).training
    batch = random_data(study, options.batch_size)
    learning = active_network(settings, neuron, batch, IN_TRAINING[neuron])
    optimizer = Adam(learning, STILL, STILL)
    answer = seconds(lambda: respond(learning, batch, len(batch)))
    both = seconds(lambda: list(further_epochs(learning, optimizer, batch, batch, options, 0, [1])))
    few = random_data(study, min(study.landscape.samples, MOST))
    trained = active_network(settings, neuron, few, ACTIVITY[neuron])
    together, alone = Objective(trained, few), Objective(trained, few.select(torch.tensor([0])))
    weights = weights_of(trained)
    loss = seconds(lambda: together.evaluate(weights)) / len(few)
    activity = IN_TRAINING[neuron]
    each = effort(study, [settings], activity) * len(batch)
    each_update = effort(study, [settings], activity, leaves_grid(study, neuron)) * len(batch)
    each_trained = effort(study, [settings], ACTIVITY[neuron])
    each_call = 1 + len(weights) / HANDED
    return {
        ("update", neuron): (both - answer) / each_update,
        ("response", neuron): answer / each,
        ("loss", neuron): loss / each_trained,
        ("gradient", neuron): seconds(lambda: together.gradient(weights)) / len(few) / each_trained,
        ("call",): max(0.0, seconds(lambda: alone.evaluate(weights)) - loss) / each_call,
    }


def active_network(
    settings: NetworkSettings, neuron: Neuron, data: SpikeDataset, activity: float
) -> Network:
    """A network whose neurons spike about ``activity`` times a sample, found by bisection: no more
    often, and as often as they can without a sample that runs away."""
    few = data.select(torch.arange(min(16, len(data))))
    network = Network(
        settings.model_copy(update={"init": INITIAL}), data.n_units, data.n_classes, neuron
    )
    network.initialise(few.spikes, generator(0))
    initial = {name: weights.clone() for name, weights in network.state_dict().items()}
    hidden = [name for name in network.weights if name.startswith("hidden")]

    def scale(factor: float) -> None:
        network.load_state_dict({n: w * factor if n in hidden else w for n, w in initial.items()})

    low, high = 0.05, 20.0  # the factor of the hidden layers' weights
    for _ in range(12):
        factor = (low * high) ** 0.5
        scale(factor)
        answer = respond(network, few, len(few))
        active = answer.runaways > 0 or answer.spikes_per_neuron > activity
        low, high = (low, factor) if active else (factor, high)
    scale(low)
    return network


def random_data(study: Study, n_samples: int) -> SpikeDataset:
    """Samples with as many random events as the study's, on the grid of its times."""
    size, step = size_of(study.data), study.data.time_step
    rng = numpy_generator(0)
    times, units = [], []
    for factor in rng.lognormal(-(SPREAD**2) / 2, SPREAD, n_samples):
        count = max(1, int(factor * size.events))
        own = rng.uniform(0, min(size.seconds, study.data.duration), count)
        times.append(own if step is None else np.floor(own / step) * step)
        units.append(rng.integers(0, study.data.n_inputs, count))
    return SpikeDataset(
        spikes=SpikeTrains.from_arrays(times, units, study.data.duration),
        labels=torch.arange(n_samples) % size.classes,
        speakers=torch.zeros(n_samples, dtype=torch.int64),
        n_units=study.data.n_inputs,
        n_classes=size.classes,
        name="random",
        class_names=tuple(map(str, range(size.classes))),
    )
