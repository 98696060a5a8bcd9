"""TPE against random search at equal budget, on spoken digits: one row per search, then a table.

    python benchmarks/search.py results/spoken-digits/search/events.h5 comparison.csv

The searches are small, about a minute each on one core: 32 neurons, 300 samples to train on and 400
to validate, 48 trials of 2 or 6 epochs. Both samplers, for each search seed, train their trials
with the same seeds. The winner is chosen as in the workflow, by training the best trials again; its
score is the mean accuracy over further seeds, on utterances that the search has not seen. Searches
that stand in the table are not repeated, so that a killed comparison goes on. The trials are kept
beside the table.
"""

from __future__ import annotations

import argparse
import tempfile
from dataclasses import replace
from itertools import product
from pathlib import Path

import numpy as np
import pandas as pd
import torch
import yaml
from scipy.stats import bootstrap
from snakemake.utils import update_config

from spikegrad.config.base import validate
from spikegrad.config.search import TPE, RandomSearch, Sampling, Selection, Trials
from spikegrad.config.study import Study
from spikegrad.config.training import ModelSettings
from spikegrad.search.halving import entrants, start_records
from spikegrad.search.records import UNCHANGED, Record, best_first
from spikegrad.search.sampling import suggest
from spikegrad.search.seeds import AGAIN
from spikegrad.search.selection import contenders, finalist_runs, run_table, trial_table
from spikegrad.search.trials import Bench, open_bench, run_again, run_rung
from spikegrad.seeds import derived_seed, generator
from spikegrad.storage.files import atomic

ROOT = Path(__file__).parents[1]
TRIALS = Trials(
    per_generation=8, epochs=(2, 6), eta=4, per_job=8, samples=None, timeout=120.0, memory_mb=4000
)
TRAINED, VALIDATED = 300, 400  # samples
GENERATIONS, STARTUP = 6, 16
SELECTION = Selection(finalists=3, seeds=3)
JUDGED = 4
SAMPLERS = {"tpe": TPE(kind="tpe", startup=STARTUP), "random": RandomSearch(kind="random")}
NETWORK = {"network.layers": [32]}


def study() -> Study:
    config = yaml.safe_load((ROOT / "config" / "config.yaml").read_text())
    update_config(config, yaml.safe_load((ROOT / "config" / "demo.yaml").read_text()))
    return validate(Study, config)


def small_benches(
    events: Path, neuron: str, model: ModelSettings, seed: int, states: Path
) -> tuple[Bench, Bench]:
    """The search's bench, and another one to judge its winner by.

    ``seed`` draws from the training data of ``events`` what to train on, what to validate on, and,
    with the rest, what to judge winners by.
    """
    bench = open_bench(neuron, model, TRIALS, events, seed, [], states)
    drawn = torch.randperm(len(bench.data), generator=generator(seed))
    parts = [TRAINED, VALIDATED, len(drawn) - TRAINED - VALIDATED]
    train, validation, judged = map(bench.data.select, drawn.split(parts))
    bench = replace(bench, data=train, validation=validation)
    return bench, replace(bench, validation=judged)


def search(bench: Bench, sampling: Sampling, seed: int) -> list[Record]:
    """All records of a search, without Snakemake: the same steps in one process."""
    records: list[Record] = []
    for generation in range(GENERATIONS):
        trials = suggest(sampling, TRIALS.epochs, seed, TRIALS.per_generation, generation, records)
        latest = {record.trial.number: record for record in start_records(trials)}
        entered = list(latest.values())
        for rung in TRIALS.rungs:
            done = [run_rung(bench, record, rung) for record in entered]
            latest |= {record.trial.number: record for record in done}
            if rung + 1 in TRIALS.rungs:
                entered = entrants(done, TRIALS, rung + 1)
        records += latest.values()
    return records


def scores(bench: Bench, judge: Bench, records: list[Record], seed: int) -> dict[str, float]:
    """What became of a search.

    ``best`` is the accuracy of its best trial, ``again`` that trial's mean over the finalists'
    fresh seeds, on the same validation data. ``score`` is the mean accuracy, over ``JUDGED``
    further seeds and on other data, of the winner, chosen as in the workflow.
    """
    finalists = [t for t in finalist_runs(records, SELECTION, seed) if t.number != UNCHANGED]
    (best,) = best_first(contenders(records), 1)
    table = run_table([run_again(bench, trial) for trial in finalists])
    means = table.groupby("number")["validation_accuracy"].mean()
    winner = next(trial for trial in finalists if trial.number == means.idxmax())
    fresh = (derived_seed(seed, AGAIN, SELECTION.seeds + k) for k in range(JUDGED))
    runs = [run_again(judge, replace(winner, seed=s)) for s in fresh]
    return {
        "best": best.quality[0],
        "again": float(means[best.trial.number]),
        "score": float(run_table(runs)["validation_accuracy"].mean()),
    }


def compare(events: Path, table_file: Path, n_seeds: int) -> pd.DataFrame:
    """One row for each neuron, sampler and seed."""
    rows = pd.read_csv(table_file).to_dict("records") if table_file.exists() else []
    done = {(row["neuron"], row["sampler"], row["seed"]) for row in rows}
    config = study()
    assert config.search is not None
    for seed, neuron, name in product(range(n_seeds), config.neurons, SAMPLERS):
        if (neuron, name, seed) in done:
            continue
        about = {"neuron": neuron, "sampler": name, "seed": seed}
        with tempfile.TemporaryDirectory() as states:
            model = config.model(neuron).with_parameters(NETWORK)
            bench, judge = small_benches(events, neuron, model, seed, Path(states))
            sampling = Sampling(sampler=SAMPLERS[name], space=config.search.sampling.space)
            records = search(bench, sampling, seed)
            row = {
                **about,
                **scores(bench, judge, records, seed),
                "failed": sum(r.failed for r in records),
                "presentations": sum(r.presentations for r in records),
            }
        rows.append(row)
        print(row, flush=True)
        trials = table_file.with_suffix("") / f"{neuron}-{name}-{seed}.parquet"
        trials.parent.mkdir(exist_ok=True)
        with atomic(trials) as part:
            trial_table(records, TRIALS).to_parquet(part)
        with atomic(table_file) as part:
            pd.DataFrame(rows).to_csv(part, index=False)
    return pd.DataFrame(rows)


def summary(rows: pd.DataFrame) -> pd.DataFrame:
    """Medians over searches, and the median of the paired difference with its 95 % interval."""
    lines = []
    for neuron, group in [*rows.groupby("neuron"), ("both", rows)]:
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


def progress(rows: pd.DataFrame, folder: Path) -> pd.DataFrame:
    """Means over searches: what trials learn from each other, and what of it was luck.

    ``first`` and ``last`` are the mean accuracies of the first and the last ``STARTUP`` trials
    after their first rung; ``best``, ``again`` and ``score`` as in :func:`scores`.
    """
    first, last = [], []
    for about in rows[["neuron", "sampler", "seed"]].itertuples(index=False):
        trials = pd.read_parquet(folder / f"{'-'.join(map(str, about))}.parquet")
        accuracy = trials["rung0_accuracy"].fillna(0.0)  # of a trial that failed
        first.append(accuracy[:STARTUP].mean())
        last.append(accuracy[-STARTUP:].mean())
    measures = ["first", "last", "best", "again", "score"]
    return rows.assign(first=first, last=last).groupby(["neuron", "sampler"])[measures].mean()


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("events", type=Path, help="prepared file with train and validation")
    parser.add_argument("table", type=Path, help="CSV file to write, or to go on with")
    parser.add_argument("--seeds", type=int, default=5, help="search seeds, at least 2")
    options = parser.parse_args()
    torch.set_num_threads(1)
    rows = compare(options.events, options.table, options.seeds)
    print(summary(rows).round(3).to_string())
    print(progress(rows, options.table.with_suffix("")).round(3).to_string())
