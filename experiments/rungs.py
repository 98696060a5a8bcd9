"""Do short trainings rank configurations as long ones do? A search's first points, none stopped.

    python experiments/rungs.py PREPARED OUT.csv --neurons lif qif [--schedules 3000x12 3000x4]
    python experiments/rungs.py --ranks OUT.csv

PREPARED is the prepared file of config/heidelberg.yaml's study. The points are those that its first
search starts with. Each is trained once by every schedule, a number of words and of epochs with the
whole cosine; OUT.csv gets a row for every epoch, with the presentations so far and the accuracy on
the validation words. A second start goes on where the first was stopped. --ranks says how well
short trainings, starts of the longest schedule or others, rank the points as the longest does: the
table of docs/search.md.
"""

from __future__ import annotations

import argparse
import itertools
import tempfile
from pathlib import Path

import pandas as pd
import torch
import yaml
from snakemake.utils import update_config

from runs import append, remaining
from spikegrad.config.base import validate
from spikegrad.config.study import Study
from spikegrad.data.dataset import load
from spikegrad.search.sampling import suggest
from spikegrad.search.seeds import repeat_seed
from spikegrad.seeds import generator
from spikegrad.training.loop import train

CONFIG = Path(__file__).parents[1] / "config"
STARTS = (2, 4, 6)
COLUMNS = ["neuron", "trial", "schedule", "outcome", "epoch", "presentations", "accuracy"]


def study() -> Study:
    """The settings of config/heidelberg.yaml."""
    settings: dict = {}
    for name in ("config.yaml", "heidelberg.yaml"):
        update_config(settings, yaml.safe_load((CONFIG / name).read_text()))
    return validate(Study, settings)


def ranks(table: pd.DataFrame) -> pd.DataFrame:
    """Spearman's correlation of a short training's best accuracy with the longest one's.

    One row for each neuron and short training, which is the first epochs of the longest schedule or
    the whole of another one: over all points, and over that half of them which the longest ranks
    first.
    """
    rows = []
    for neuron, own in table.groupby("neuron"):
        runs = own.groupby("schedule")["presentations"].max().sort_values()
        *shorter, longest = runs.index
        of_longest = own[own["schedule"] == longest]
        goal = of_longest.groupby("trial")["accuracy"].max()
        better = goal.nlargest(len(goal) // 2).index
        short = {f"{name}, whole": own[own["schedule"] == name] for name in shorter}
        for epochs in STARTS:
            start = of_longest[of_longest["epoch"] <= epochs]
            short[f"first {epochs} epochs of {longest}"] = start
        for name, epochs in short.items():
            best = epochs.groupby("trial")["accuracy"].max()
            rows.append(
                {
                    "neuron": neuron,
                    "training": name,
                    "words presented": epochs["presentations"].max(),
                    "all": best.corr(goal, method="spearman"),
                    "better half": best[better].corr(goal[better], method="spearman"),
                }
            )
    return pd.DataFrame(rows).sort_values(["neuron", "words presented"])


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--ranks", type=Path, help="say what a table of runs says, and stop")
    parser.add_argument(
        "prepared", nargs="?", help="prepared data of config/heidelberg.yaml's study"
    )
    parser.add_argument("out", nargs="?", type=Path, help="table of the runs, which is appended to")
    parser.add_argument("--neurons", nargs="+", default=["lif", "qif"])
    parser.add_argument("--schedules", nargs="+", default=["3000x12", "3000x4"])
    parser.add_argument("--trials", type=int, default=16)
    options = parser.parse_args()
    if options.ranks is not None:
        print(ranks(pd.read_csv(options.ranks)).round(2).to_markdown(index=False))
        return
    if options.out is None:
        parser.error("PREPARED and OUT.csv are needed")
    torch.set_num_threads(1)
    settings = study()
    search = settings.search
    seed = repeat_seed(search.seed, 0)
    trials = suggest(search.sampling, search.trials.epochs, seed, options.trials, 0, [])
    words, validation = (load(options.prepared, split) for split in ("train", "validation"))
    jobs = [
        {"neuron": neuron, "trial": trial.number, "schedule": schedule}
        for trial, neuron, schedule in itertools.product(trials, options.neurons, options.schedules)
    ]
    for job in remaining(options.out, jobs):
        trial, neuron = trials[job["trial"]], job["neuron"]
        n_words, epochs = map(int, job["schedule"].split("x"))
        model = settings.model(neuron).with_parameters(
            {**trial.parameters, "training.epochs": epochs, "training.snapshots": 2}
        )
        data = words.draw(n_words, generator(seed))
        with tempfile.TemporaryDirectory() as folder:
            run = train(model, neuron, trial.seed, data, validation, Path(folder) / "state", "")
        # A run that diverges before it is validated once still has a row.
        history = run.history or [{"epoch": 0, "presentations": 0, "validation_accuracy": 0.0}]
        about = job | {"outcome": run.outcome}
        rows = [about | row | {"accuracy": row["validation_accuracy"]} for row in history]
        append(options.out, COLUMNS, rows)


if __name__ == "__main__":
    main()
