"""TPE against random search at equal budget, on spoken digits: one row per search, then a table.

    python benchmarks/search.py results/spoken-digits/search/events.h5 comparison.csv

The searches are small, under a minute each on one core: the English digits, 32
neurons, 200 training samples, 24 trials of 2 or 6 epochs. Both samplers, for each search seed,
train their trials with the same seeds. The winner of a search, its best trial, is judged by
training it again with fresh seeds; the score is the mean of these validation accuracies.
Searches that stand in the table are not repeated, so that a killed comparison goes on.
"""

from __future__ import annotations

import argparse
import tempfile
import time
from dataclasses import replace
from pathlib import Path

import numpy as np
import pandas as pd
import torch
import yaml
from scipy.stats import bootstrap
from snakemake.utils import update_config

from spikegrad.config.base import validate
from spikegrad.config.search import TPE, RandomSearch, Sampling, Selection, Trials, with_parameters
from spikegrad.config.study import Study
from spikegrad.config.training import ModelSettings
from spikegrad.files import atomic
from spikegrad.search.records import UNCHANGED, Record
from spikegrad.search.sampling import suggest
from spikegrad.search.selection import finalist_runs
from spikegrad.search.trials import (
    Bench,
    entrants,
    open_bench,
    run_again,
    run_rung,
    start_records,
    subset,
)

ROOT = Path(__file__).parents[1]
TRIALS = Trials(
    per_generation=8, epochs=(2, 6), eta=4, per_job=8, samples=None, timeout=120.0, memory_mb=4000
)
TRAINING_SAMPLES = 200
GENERATIONS = 3
SELECTION = Selection(finalists=1, seeds=3)
SAMPLERS = {"tpe": TPE(kind="tpe", startup=8), "random": RandomSearch(kind="random")}
NETWORK = {"network.layers": [32], "training.batch_size": 16}
N_CLASSES = 10  # the first ten words are the English digits


def study() -> Study:
    config = yaml.safe_load((ROOT / "config" / "config.yaml").read_text())
    update_config(config, yaml.safe_load((ROOT / "config" / "demo.yaml").read_text()))
    return validate(Study, config)


def small_bench(events: Path, neuron: str, model: ModelSettings, seed: int, states: Path) -> Bench:
    """The English digits alone, with ``TRAINING_SAMPLES`` to train on, drawn by ``seed``."""
    bench = open_bench(neuron, model, TRIALS, events, seed, [], states)
    data, validation = (
        split.select((split.labels < N_CLASSES).nonzero()[:, 0])
        for split in (bench.data, bench.validation)
    )
    return replace(bench, data=subset(data, TRAINING_SAMPLES, seed), validation=validation)


def search(bench: Bench, sampling: Sampling, seed: int) -> list[Record]:
    """All records of a search, without Snakemake: the same steps in one process."""
    records: list[Record] = []
    for generation in range(GENERATIONS):
        trials = suggest(sampling, seed, TRIALS.per_generation, generation, records)
        latest = {record.trial.number: record for record in start_records(trials)}
        entered = list(latest.values())
        for rung in TRIALS.rungs:
            done = [run_rung(bench, record, rung) for record in entered]
            latest |= {record.trial.number: record for record in done}
            if rung + 1 in TRIALS.rungs:
                entered = entrants(done, TRIALS, rung + 1)
        records += latest.values()
    return records


def score(bench: Bench, records: list[Record], seed: int) -> float:
    """Mean validation accuracy of the best trial over fresh seeds."""
    runs = [t for t in finalist_runs(records, SELECTION, seed) if t.number != UNCHANGED]
    again = [run_again(bench, trial) for trial in runs]
    return float(np.mean([r.rungs[-1]["validation_accuracy"] if r.rungs else 0.0 for r in again]))


def compare(events: Path, table_file: Path, n_seeds: int) -> pd.DataFrame:
    """One row for each neuron, sampler and seed."""
    rows = pd.read_csv(table_file).to_dict("records") if table_file.exists() else []
    done = {(row["neuron"], row["sampler"], row["seed"]) for row in rows}
    config = study()
    assert config.search is not None
    for seed in range(n_seeds):
        for neuron in config.neurons:
            for name, sampler in SAMPLERS.items():
                if (neuron, name, seed) in done:
                    continue
                start = time.process_time()
                with tempfile.TemporaryDirectory() as states:
                    model = with_parameters(config.model(neuron), NETWORK)
                    bench = small_bench(events, neuron, model, seed, Path(states))
                    sampling = Sampling(sampler=sampler, space=config.search.sampling.space)
                    records = search(bench, sampling, seed)
                    row = {
                        "neuron": neuron,
                        "sampler": name,
                        "seed": seed,
                        "score": score(bench, records, seed),
                        "best_trial": max(
                            r.rungs[-1]["validation_accuracy"]
                            for r in records
                            if r.outcome == "finished"
                        ),
                        "failed": sum(r.failed for r in records),
                        "presentations": sum(r.presentations for r in records),
                        "cpu_seconds": time.process_time() - start,
                    }
                rows.append(row)
                with atomic(table_file) as part:
                    pd.DataFrame(rows).to_csv(part, index=False)
                print(row, flush=True)
    return pd.DataFrame(rows)


def summary(rows: pd.DataFrame) -> pd.DataFrame:
    """Medians over seeds, and the median of the paired difference with its 95 % interval."""
    lines = []
    groups = [*rows.groupby("neuron"), ("both", rows)]
    for neuron, group in groups:
        pairs = group.pivot_table(index=["neuron", "seed"], columns="sampler", values="score")
        difference = (pairs["tpe"] - pairs["random"]).dropna().to_numpy()
        interval = bootstrap(
            (difference,), np.median, method="percentile", rng=np.random.default_rng(0)
        ).confidence_interval
        lines.append(
            {
                "neuron": neuron,
                "searches": len(difference),
                "median tpe": pairs["tpe"].median(),
                "median random": pairs["random"].median(),
                "median difference": np.median(difference),
                "low": interval.low,
                "high": interval.high,
            }
        )
    return pd.DataFrame(lines)


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("events", type=Path, help="prepared file with train and validation")
    parser.add_argument("table", type=Path, help="CSV file to write, or to go on with")
    parser.add_argument("--seeds", type=int, default=5, help="search seeds, at least 2")
    options = parser.parse_args()
    torch.set_num_threads(1)
    print(summary(compare(options.events, options.table, options.seeds)).round(3).to_string())
