"""What jobs are made of: operations of some kinds, counted from the settings alone."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from typing import Any, cast

from study.config.study import Neuron, Study
from study.estimate.size import size_of

Operation = tuple[Any, ...]
"""Kind, and what it depends on: neuron model; or experiment, width and networks of a block.

``start``: a process that imports the library and loads the engine. ``other``: a second of the
machine that the constants below were measured on. ``update``, ``response``: a sample of training,
and of a forward pass. ``loss``, ``gradient``: the same in double precision, of a sample among many.
``line loss``, ``line gradient``: of a sample alone. ``census run``: the same with the
comparison of spikes. ``step``: of a block of networks beside the SG-NTK.
"""
Work = dict[Operation, float]
Wildcards = Mapping[str, str]


def jobs_share(n: int, job: int, jobs: int) -> int:
    """How many of ``n`` pieces number ``job`` of ``jobs`` jobs gets."""
    return len(range(job, n, jobs))


def neuron_of(wildcards: Wildcards) -> Neuron:
    return cast(Neuron, wildcards["neuron"])


def other(seconds: float) -> Callable[[Study, Wildcards], Work]:
    """Work of a job that always takes the same, its start included."""
    return lambda study, wildcards: {("other",): seconds}


def training(study: Study, neuron: Neuron, epochs: int, samples: int | None = None) -> Work:
    """Epochs, each with its validation, and the validation before; on ``samples`` if fewer."""
    size = size_of(study.data)
    n = min(size.train, samples or size.train)
    return {
        ("update", neuron): epochs * n,
        ("response", neuron): (epochs + 1) * size.validation,
    }


def total(works: Iterable[Work]) -> Work:
    """What all of ``works`` have to do together."""
    whole: Work = {}
    for work in works:
        for operation, amount in work.items():
            whole[operation] = whole.get(operation, 0.0) + amount
    return whole


def times(work: Work, factor: float) -> Work:
    return {operation: factor * amount for operation, amount in work.items()}


def started(*works: Work) -> Work:
    """The sum, in one process."""
    return total([{("start",): 1.0}, *works])
