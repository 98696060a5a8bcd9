"""How the cost of an update grows with events, neurons, delayed copies and the batch.

On one thread; all points of a curve run by turns.
"""

from __future__ import annotations

from itertools import product
from statistics import median
from typing import Any

from tqdm import tqdm

from contestant import Task, by_turns
from engine import trainer

ROUNDS = 5
FEEDFORWARD, RECURRENT = (Task(128, recurrent, None, 4) for recurrent in (False, True))
LINE = Task(128, True, 4e-3, 4, channels=140)
# What varies, from where, and its values.
CURVES = [
    *(("n_events", task, [500 * 2**k for k in range(8)]) for task in (FEEDFORWARD, RECURRENT)),
    *(("hidden", task, [32 * 2**k for k in range(6)]) for task in (FEEDFORWARD, RECURRENT)),
    ("copies", LINE, [2**k for k in range(5)]),
    ("batch", RECURRENT, [2**k for k in range(8)]),
]


def measure(quick: bool) -> list[dict[str, Any]]:
    """For each curve and neuron, median seconds of an update at each value of what varies."""
    curves = []
    for (varies, task, values), neuron in tqdm([*product(CURVES, ("lif", "qif"))], disable=None):
        x = values[:2] if quick else values
        updates = [trainer(task._replace(**{varies: value}, neuron=neuron)) for value in x]
        seconds = by_turns(updates, 1 if quick else ROUNDS)
        own = {"varies": varies, "recurrent": task.recurrent, "neuron": neuron}
        curves.append({**own, "x": x, "seconds": [median(own) for own in seconds]})
    return curves
