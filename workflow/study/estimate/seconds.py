"""What operations take on one machine, and from that the time that a cluster grants a job.

`snakemake estimate` measures the same on the present machine: :mod:`study.estimate.timing`.
"""

from __future__ import annotations

import math
from collections.abc import Mapping

from study.config.study import Study
from study.estimate.size import UNKNOWN
from study.estimate.work import Operation, Wildcards, Work, counted, work_of

SECONDS: dict[Operation, float] = {
    ("start",): 2.5,
    ("other",): 1.0,
    ("call",): 6e-4,
    **{
        (kind, neuron): 1e-9 * value
        for kind, values in {
            "update": (0.54, 0.80, 0.70),
            "response": (0.35, 0.36, 0.28),
            "loss": (0.40, 0.80, 0.38),
            "gradient": (0.80, 2.00, 1.00),
        }.items()
        for neuron, value in zip(("lif", "qif", "qif_delta"), values, strict=True)
    },
}
"""Measured for config/heidelberg.yaml on one of two shared virtual cores with AVX-512. QIF networks
of one shape and activity differ by a factor of two in double precision."""
LEAST = 30  # minutes
DAY = 24 * 60
MARGIN = 4  # a core half as fast, and twice the work: networks of high activity


def job_seconds(work: Work, seconds: Mapping[Operation, float] = SECONDS) -> float:
    """What ``work`` takes, by the ``seconds`` of each operation; a new neuron model costs what QIF
    does."""
    return sum(
        amount * (seconds[operation] if operation in seconds else seconds[operation[0], "qif"])
        for operation, amount in work.items()
    )


def limit(study: Study, rule: str, wildcards: Wildcards) -> int:
    """Minutes that a cluster grants a job of ``rule``; at least a day where settings do not say how
    large the data are. A new measure of landscapes gets the time of surfaces."""
    known = rule if counted(rule) else "landscape_surfaces"
    seconds = job_seconds(work_of(study, known, wildcards))
    unknown = study.data.source in UNKNOWN and not rule.startswith("ntk_")
    return max(DAY if unknown else LEAST, math.ceil(MARGIN * seconds / 60))
