"""How long operations take on this machine, in processor time of one thread."""

from __future__ import annotations

import subprocess
import sys
import time
from collections.abc import Callable, Collection
from typing import NamedTuple

import torch

from study.config.study import Study
from study.estimate.networks import ENGINE, engine_seconds
from study.estimate.operations import Operation
from study.ntk import build
from study.ntk.dense_networks import initialise
from study.ntk.ensemble import flush_subnormal
from study.ntk.experiments import descent_of

STEPS = 50  # of gradient descent that are timed together, as a run makes thousands
LEAST = 0.05  # seconds that a round takes
ROUNDS = 4  # so that what else the machine does matters less
REFERENCE = 2.2  # seconds of a start, on the machine that "other" work was measured on
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
    """Mean processor time of ``call``, once it has run before, in the best of some rounds."""
    call()
    return min(_round(call) for _ in range(ROUNDS))


def _round(call: Callable[[], object]) -> float:
    begin, n = time.process_time(), 0
    while (now := time.process_time()) < begin + LEAST:
        call()
        n += 1
    return (now - begin) / n


class Start(NamedTuple):
    """What a job takes before its own work begins: seconds, and megabytes of memory."""

    seconds: float
    memory: float


def measure_start(study: Study) -> Start:
    """A process that imports the library and loads the engine, which is compiled before."""
    kinds = [kind for neuron in study.neurons for kind in study.kinds(neuron)]
    command = [sys.executable, "-c", START.format(kinds=kinds)]
    starts = []
    for _ in range(3):  # the first may compile
        run = subprocess.run(command, check=True, stdout=subprocess.PIPE, text=True)
        starts.append(Start(*map(float, run.stdout.split())))
    return min(starts)


def measure(
    study: Study, operations: Collection[Operation], start: Start
) -> dict[Operation, float]:
    """Seconds of each of ``operations``."""
    found: dict[Operation, float] = {("start",): start.seconds}
    found["other",] = start.seconds / REFERENCE
    for neuron in study.neurons:
        if any(operation[0] in ENGINE and operation[1] == neuron for operation in operations):
            times = engine_seconds(study, neuron, seconds)
            found |= {(kind, neuron): value for kind, value in times.items()}
    for operation in operations:
        if operation[0] == "step":
            found[operation] = step_seconds(study, *operation[1:])
    return found


@flush_subnormal()
def step_seconds(study: Study, name: str, width: int, n_networks: int) -> float:
    """A step of gradient descent of a block of networks beside the SG-NTK."""
    experiment = study.ntk.experiment(name)
    problem = build.problem_of(study.ntk.problem, experiment)
    phi = build.activation(experiment.activations[0])
    descent = descent_of(study.ntk.problem, experiment, problem, width, phi)
    generators = build.network_generators(study.ntk.problem.seed, width, range(n_networks))
    block = initialise(descent.architecture, generators, torch.float32)
    return seconds(lambda: descent.advance(block, STEPS)) / STEPS
