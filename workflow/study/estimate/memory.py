"""The memory that jobs take, by the size of the data."""

from __future__ import annotations

import math

from study.config.study import Study
from study.estimate.seconds import USUAL
from study.estimate.size import size_of

MB = 1e6
# Measured on the kept studies; bytes of an event in memory: time and channel; while statistics are
# taken.
READ, COUNTED = 16, 28
COMPARED = 200 * MB  # spikes and weights while changes are explained
READERS = ("train", "search_trials", "search_finalists", "silence", "evaluate", "landscape_",
           "measure_network", "score_variant")  # fmt: skip
SPARE = 1.3
"""What a cluster grants, of what a job takes."""


def memory(study: Study, rule: str, start: float) -> float:
    """Megabytes that a job of ``rule`` takes at its peak; ``start`` of them before it begins."""
    size = size_of(study.data)
    more = 0.0
    if rule == "data_statistics":
        more = COUNTED * size.samples * size.events
    elif rule.startswith(READERS):
        more = READ * size.train * size.events
    if rule in ("landscape_census", "landscape_examples"):
        more += COMPARED
    return start + more / MB


def granted(study: Study, rule: str) -> int:
    """Megabytes that a cluster grants a job of ``rule``, as far as its data ask for them."""
    return math.ceil(SPARE * memory(study, rule, USUAL.memory))
