"""The estimate as tables, and as text for the terminal."""

from __future__ import annotations

from collections.abc import Sequence
from typing import cast

import pandas as pd

from study.config.landscape import DIRECTIONS
from study.config.study import Neuron, Study
from study.estimate.memory import MB, memory
from study.estimate.seconds import Job, longest_chain, wall_seconds
from study.estimate.size import ACTIVITY, IN_TRAINING, UNKNOWN, n_weights, size_of, snapshots
from study.estimate.work import Wildcards
from study.storage.columns import Table

HOUR = 3600.0
WORTHWHILE = 0.9  # twice the cores have to take at most this share of the time
SHOWN = 8  # jobs of the longest chain
FAMILIES = (
    "data",
    "search",
    "training",
    "landscapes",
    "variants",
    "ntk",
    "figures",
)  # in order

# Measured on the kept studies; bytes of an event in events.h5; in SHD's layout, compressed.
PREPARED, LAYOUT = 10, 5.5
ARCHIVE = 340 * MB  # of the Heidelberg Digits
TABLES, FIGURE = 0.5 * MB, 0.2 * MB  # of a job that writes nothing else; a figure as PNG and PDF


def disk(study: Study, rule: str, wildcards: Wildcards) -> float:
    """Megabytes that a job of ``rule`` leaves."""
    size = size_of(study.data)
    match rule:
        case "download_archive":
            left = ARCHIVE
        case "merge_encoded":
            left = LAYOUT * size.samples * size.events
        case "download":
            samples = {"test": size.test, "validation": size.validation}  # the latter SSC's alone
            left = LAYOUT * samples.get(wildcards["split"], size.train) * size.events
        case "prepare":
            left = PREPARED * size.samples * size.events
        case "train" | "train_equal_activity" | "train_variant":
            # The last weights, those of snapshots, and the step after each but the last.
            neuron = cast(Neuron, wildcards["neuron"])
            kept = 2 if rule == "train_variant" else snapshots(study, neuron)
            left = 4 * 2 * kept * n_weights(study, neuron)
        case "landscape_directions":
            vectors = 4 * (1 + len(DIRECTIONS))
            left = 8 * vectors * sum(n_weights(study, n) for n in study.neurons)
        case _:
            left = FIGURE if rule.startswith("plot_") else TABLES
    return left / MB


RULES_TABLE = Table(
    files=("estimate/rules.csv",),
    says="What `snakemake estimate` expects of the study on this machine, a row for each rule.",
    columns={
        "family": "part of the study",
        "rule": "the rule",
        "jobs": "its jobs",
        "core_hours": "hours that all of them take, on one core",
        "longest": "hours of the longest",
        "memory_mb": "megabytes that one job takes at its peak",
        "disk_mb": "megabytes that all leave",
    },
)


def rule_table(
    study: Study, jobs: Sequence[Job], seconds: Sequence[float], start: float
) -> pd.DataFrame:
    """A row for each rule; ``start`` is the memory in megabytes that any job takes."""
    rows = [
        {
            "family": job.family,
            "rule": job.rule,
            "hours": time / HOUR,
            "memory_mb": memory(study, job.rule, start),
            "disk_mb": disk(study, job.rule, job.wildcards),
        }
        for job, time in zip(jobs, seconds, strict=True)
        if job.rule != "all"
    ]
    return (
        pd.DataFrame(rows)
        .groupby(["family", "rule"], sort=False)
        .agg(
            jobs=("hours", "size"),
            core_hours=("hours", "sum"),
            longest=("hours", "max"),
            memory_mb=("memory_mb", "max"),
            disk_mb=("disk_mb", "sum"),
        )
        .reset_index()
        .sort_values("family", key=lambda names: names.map(FAMILIES.index), kind="stable")
    )


CORES_TABLE = Table(
    files=("estimate/cores.csv",),
    says="The same for all jobs together.",
    columns={
        "cores": "how many cores",
        "hours": "until the study is done on these",
        "memory_mb": "megabytes if all of them run the largest job",
    },
)


def wall_table(
    jobs: Sequence[Job], seconds: Sequence[float], memory_mb: float, cores: int
) -> pd.DataFrame:
    """A row for 1, 2, 4, ... cores, as long as more of them help, and for ``cores``."""
    hours = {1: wall_seconds(jobs, seconds, 1) / HOUR}
    while (n := 2 * max(hours)) <= len(jobs):
        hours[n] = wall_seconds(jobs, seconds, n) / HOUR
        if hours[n] > WORTHWHILE * hours[n // 2]:
            break
    hours[cores] = wall_seconds(jobs, seconds, cores) / HOUR
    rows = [{"cores": n, "hours": hours[n], "memory_mb": n * memory_mb} for n in sorted(hours)]
    return pd.DataFrame(rows)


def text(
    study: Study,
    rules: pd.DataFrame,
    walls: pd.DataFrame,
    jobs: Sequence[Job],
    seconds: Sequence[float],
    measured: bool,
) -> str:
    families = rules.groupby("family", sort=False).agg(
        {"jobs": "sum", "core_hours": "sum", "memory_mb": "max", "disk_mb": "sum"}
    )
    lines = [f"\n{'':12} {'jobs':>5} {'core time':>10} {'memory of a job':>16} {'disk':>9}"]
    families.loc["all"] = {**families.sum(), "memory_mb": families["memory_mb"].max()}
    for family, row in families.iterrows():
        lines.append(
            f"{family!s:12} {row['jobs']:5.0f} {_duration(row['core_hours']):>10}"
            f" {row['memory_mb']:13.0f} MB {row['disk_mb']:6.0f} MB"
        )
    lines.append(f"\n{'cores':>6} {'wall time':>10} {'memory':>9}")
    for row in walls.itertuples():
        lines.append(f"{row.cores:6} {_duration(row.hours):>10} {row.memory_mb / 1e3:6.1f} GB")
    chain = longest_chain(jobs, seconds)
    whole = _duration(sum(seconds[k] for k in chain) / HOUR)
    lines.append(f"\nThe longest chain of jobs takes {whole}, whatever the cores; most of it are:")
    shown = sorted(sorted(chain, key=lambda k: -seconds[k])[:SHOWN], key=chain.index)
    lines += [f"{_duration(seconds[k] / HOUR):>10}  {jobs[k]}" for k in shown]
    return "\n".join([*lines, "", _assumed(study, measured)])


def _assumed(study: Study, measured: bool) -> str:
    size = size_of(study.data)
    own = ", as SHD has: your own are not looked at" if study.data.source in UNKNOWN else ""
    pace = "this machine's pace, with nothing beside it"
    if not measured:
        pace = "the pace of a core with AVX-512; `estimate_here` measures yours"
    active = ", ".join(f"{IN_TRAINING[n]:g}, then {ACTIVITY[n]:g} ({n})" for n in study.neurons)
    return (
        f"Assumed: {size.train} samples to train on, of which an inner fold validates with"
        f" {size.validation}, and {size.test} to test with, of {size.events:.0f} events each{own};"
        " spikes of a neuron in a sample,"
        f" in training and after it: {active}; {pace}. docs/performance.md says more."
    )


def _duration(hours: float) -> str:
    if hours >= 10:
        return f"{hours:.0f} h"
    if hours >= 1:
        return f"{hours:.1f} h"
    return f"{60 * hours:.0f} min" if hours >= 0.05 else f"{HOUR * hours:.0f} s"
