"""Memory and disk that jobs take, from the settings alone; measured on the kept studies."""

from __future__ import annotations

from collections.abc import Mapping
from typing import cast

from study.config.study import Neuron, Study
from study.estimate.size import n_weights, size_of, variants

MB = 1e6
READ = 16  # bytes of an event in memory: time and channel
PREPARED = 10  # the same in events.h5
LAYOUT = 5.5  # in SHD's layout, compressed
ARCHIVE = 340 * MB  # of the Heidelberg Digits
TABLES = 0.5 * MB  # of a job that writes tables and nothing else
FIGURE = 0.2 * MB  # as PNG and PDF
COUNTED = 28  # bytes of an event while statistics are taken
COMPARED = 200 * MB  # spikes and weights while changes are explained

LOADS = (
    "train", "search_trials", "search_finalists", "silence", "evaluate", "measure_network",
    "train_variant", "score_variant",
)  # fmt: skip
FOLLOWS = ("landscape_census", "landscape_examples")


def memory(study: Study, rule: str, start: float) -> float:
    """Megabytes that a job of ``rule`` takes at its peak; ``start`` of them before it begins."""
    size = size_of(study.data)
    if rule == "data_statistics":
        return start + COUNTED * size.samples * size.events / MB
    if rule.removesuffix("_equal_activity") in LOADS:
        return start + READ * (size.train + size.validation) * size.events / MB
    if rule.startswith("landscape_"):
        more = COMPARED if rule in FOLLOWS else 0.0
        return start + (READ * size.train * size.events + more) / MB
    return start


def disk(study: Study, rule: str, wildcards: Mapping[str, str]) -> float:
    """Megabytes that a job of ``rule`` leaves."""
    size = size_of(study.data)
    options = study.landscape
    match rule:
        case "download_archive":
            return ARCHIVE / MB
        case "merge_encoded":
            return LAYOUT * size.samples * size.events / MB
        case "download":
            split = {"train": size.train, "test": size.test}.get(wildcards["split"])
            return LAYOUT * (size.validation if split is None else split) * size.events / MB
        case "prepare":
            return PREPARED * size.samples * size.events / MB
        case "search_data":
            return PREPARED * (size.train + size.validation) * size.events / MB
        case "train" | "train_equal_activity" | "train_variant":
            # The best weights, those of snapshots, and the step after each but the last.
            neuron = cast(Neuron, wildcards["neuron"])
            snapshots = 2 if rule == "train_variant" else study.model(neuron).training.snapshots
            kept = 2 * snapshots
            return 4 * kept * _weights(study, neuron) / MB
        case "landscape_directions":
            vectors = 4 * (1 + len(options.directions.names()))
            return 8 * vectors * sum(_weights(study, n) for n in study.neurons) / MB
    return (FIGURE if rule.startswith("plot_") else TABLES) / MB


def _weights(study: Study, neuron: Neuron) -> float:
    """Weights of a network, the mean over those that a search tries."""
    size = size_of(study.data)
    networks = variants(study, neuron)
    return sum(n_weights(n, study.data.n_units, size.classes) for n in networks) / len(networks)
