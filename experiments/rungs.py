"""Do short trainings rank configurations as long ones do? Points of a search, none stopped.

    python experiments/rungs.py PREPARED OUT.csv --neurons lif qif [--schedules 3000x12 3000x4]
    python experiments/rungs.py PREPARED OUT.csv --points POINTS.csv
    python experiments/rungs.py --ranks OUT.csv [--points POINTS.csv]

PREPARED is the prepared file of config/heidelberg.yaml's study. The points are those that its first
search starts with, or those of POINTS.csv: neuron, trial, the accuracy that a training of the final
budget had, and the parameters (empty: unchanged). Each is trained once by every schedule, a number
of words and of epochs with the whole cosine; OUT.csv gets a row for every epoch, with the
presentations so far and the accuracy on the validation words. A second start goes on where the
first was stopped. --ranks says how well short trainings, starts of the longest schedule or others,
rank the points as the longest does, or as the accuracies of POINTS.csv do: the tables of
docs/search.md.
"""

from __future__ import annotations

import argparse
import itertools
import tempfile
from collections.abc import Sequence
from pathlib import Path
from typing import Any, NamedTuple

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
SEED = 7  # of given points
COLUMNS = ["neuron", "trial", "schedule", "outcome", "epoch", "presentations", "accuracy"]


class Point(NamedTuple):
    """A configuration to train: its neuron model, a name, a seed and parameters by key."""

    neuron: str
    trial: str
    seed: int
    parameters: dict[str, Any]


def study() -> Study:
    """The settings of config/heidelberg.yaml."""
    settings: dict = {}
    for name in ("config.yaml", "heidelberg.yaml"):
        update_config(settings, yaml.safe_load((CONFIG / name).read_text()))
    return validate(Study, settings)


def ranks(table: pd.DataFrame, goals: pd.DataFrame | None = None) -> pd.DataFrame:
    """Spearman's correlation of a short training's best accuracy with that of a long one.

    ``goals`` has the long one's, by neuron and trial; without it they are those of the longest
    schedule, whose first epochs are among the short trainings then. One row for each neuron and
    short training: over all points, and over that half of them which the long one ranks first.
    """
    rows = []
    for neuron, own in table.groupby("neuron"):
        schedules = own.groupby("schedule")["presentations"].max().sort_values().index
        whole = schedules if goals is not None else schedules[:-1]
        short = {f"{name}, whole": own[own["schedule"] == name] for name in whole}
        if goals is None:
            longest = own[own["schedule"] == schedules[-1]]
            goal = longest.groupby("trial")["accuracy"].max()
            for epochs in STARTS:
                start = longest[longest["epoch"] <= epochs]
                short[f"first {epochs} epochs of {schedules[-1]}"] = start
        else:
            goal = goals[goals["neuron"] == neuron].set_index("trial")["accuracy"]
        better = goal.nlargest(len(goal) // 2).index
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


def first_points(settings: Study, neurons: Sequence[str], number: int) -> list[Point]:
    """The first ``number`` points of the first search, for each of ``neurons``."""
    search = settings.search
    seed = repeat_seed(search.seed, 0)
    trials = suggest(search.sampling, search.trials.epochs, seed, number, 0, [])
    return [Point(n, str(t.number), t.seed, t.parameters) for t in trials for n in neurons]


def points_of(table: pd.DataFrame) -> list[Point]:
    """Those of a table with their parameters, which are columns with a dot in their names."""
    found = []
    for row in table.to_dict("records"):
        parameters = {k: v for k, v in row.items() if "." in k and not pd.isna(v)}
        whole = {k: int(v) for k, v in parameters.items() if k.endswith("channel_shift")}
        found.append(Point(row["neuron"], row["trial"], SEED, parameters | whole))
    return found


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--ranks", type=Path, help="say what a table of runs says, and stop")
    parser.add_argument(
        "prepared", nargs="?", help="prepared data of config/heidelberg.yaml's study"
    )
    parser.add_argument("out", nargs="?", type=Path, help="table of the runs, which is appended to")
    parser.add_argument("--points", type=Path, help="table of points to train")
    parser.add_argument("--neurons", nargs="+", default=["lif", "qif"])
    parser.add_argument("--schedules", nargs="+", default=["3000x12", "3000x4"])
    parser.add_argument("--trials", type=int, default=16)
    options = parser.parse_args()
    given = None if options.points is None else pd.read_csv(options.points, dtype={"trial": str})
    if options.ranks is not None:
        table = pd.read_csv(options.ranks, dtype={"trial": str})
        print(ranks(table, given).round(2).to_markdown(index=False))
        return
    if options.out is None:
        parser.error("PREPARED and OUT.csv are needed")
    torch.set_num_threads(1)
    settings = study()
    if given is None:
        found = first_points(settings, options.neurons, options.trials)
    else:
        found = points_of(given)
    points = {(point.neuron, point.trial): point for point in found}
    words, validation = (load(options.prepared, split) for split in ("train", "validation"))
    jobs = [
        {"neuron": neuron, "trial": trial, "schedule": schedule}
        for (neuron, trial), schedule in itertools.product(points, options.schedules)
    ]
    for job in remaining(options.out, jobs):
        point = points[job["neuron"], job["trial"]]
        n_words, epochs = map(int, job["schedule"].split("x"))
        model = settings.model(point.neuron).with_parameters(
            {**point.parameters, "training.epochs": epochs, "training.snapshots": 2}
        )
        data = words.draw(n_words, generator(repeat_seed(settings.search.seed, 0)))
        with tempfile.TemporaryDirectory() as folder:
            state = Path(folder) / "state"
            run = train(model, point.neuron, point.seed, data, validation, state, "")
        # A run that diverges before it is validated once still has a row.
        history = run.history or [{"epoch": 0, "presentations": 0, "validation_accuracy": 0.0}]
        about = job | {"outcome": run.outcome}
        rows = [about | row | {"accuracy": row["validation_accuracy"]} for row in history]
        append(options.out, COLUMNS, rows)


if __name__ == "__main__":
    main()
