"""How long a cluster grants a job: its work, on a slow core, with a wide margin.

Nothing is timed: the workflow asks whenever it is parsed, on whatever machine.
"""

from __future__ import annotations

import math

from study.config.study import Study
from study.estimate.operations import Operation, Wildcards
from study.estimate.size import UNKNOWN, update_seconds, variants
from study.estimate.work import work_of

LEAST = 30  # minutes
DAY = 24 * 60
MARGIN = 4  # a core half as fast, and twice the work: networks of high activity
RELATIVE = {
    "update": 1.0,
    "response": 0.5,
    "loss": 0.6,
    "gradient": 1.5,
    "line loss": 1.0,
    "line gradient": 2.5,
    "census run": 2.2,
}
"""What operations take of the time of a sample's update."""
BATCHED = ("update", "response", "loss", "gradient")
ALONE = 1e-3  # seconds that a call takes, for whatever is done for one sample at a time
FLOPS = 5e9  # of matrix products, in a second
STEP = 3e-4  # seconds of a step without these


def limit(study: Study, rule: str, wildcards: Wildcards) -> int:
    """Minutes for a job of ``rule``; at least a day where settings do not tell the data's size."""
    work = work_of(study, rule, wildcards)
    seconds = sum(amount * _seconds(study, operation) for operation, amount in work.items())
    untold = study.data.source in UNKNOWN and not rule.startswith("ntk_")
    return max(DAY if untold else LEAST, math.ceil(MARGIN * seconds / 60))


def _seconds(study: Study, operation: Operation) -> float:
    """What one operation takes on the machine that the constants above were measured on."""
    match operation:
        case ("start",):
            return 3.0
        case ("other",):
            return 1.0
        case ("step", name, width, n_networks):
            return STEP + n_networks * _flops(study, name, width) / FLOPS
        case (kind, neuron):
            update = max(update_seconds(study, neuron, n) for n in variants(study, neuron))
            return RELATIVE[kind] * update + (ALONE if kind not in BATCHED else 0.0)
    raise KeyError(operation)


def _flops(study: Study, name: str, width: int) -> float:
    """Of a step of one network's gradient descent."""
    experiment, n_train = study.ntk.experiment(name), study.ntk.problem.n_train
    n_inputs = experiment.gaussian_inputs or 2
    weights = width * (n_inputs + 1 + width * (experiment.hidden_layers - 1))
    return 6.0 * n_train * weights
