"""Trials as long as the final training: who is better when no short training decides what goes on?

    python experiments/long_trials.py PREPARED OUT.csv [--neurons lif qif] [--trials 16]

PREPARED is the prepared file of config/heidelberg.yaml's study. The settings are those that its
first search starts with, a quasi-random sequence which is the same for all neuron models. Each is
trained once, on all training words for all epochs; OUT.csv gets a row for every run, with the
columns of variations.py. A second start goes on where the first was stopped.
"""

from __future__ import annotations

import argparse
from pathlib import Path

from rungs import first_points, study
from runs import Job
from spikegrad.config.training import ModelSettings
from variations import NEURONS, Splits, run_all


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("prepared", help="prepared data of config/heidelberg.yaml's study")
    parser.add_argument("out", type=Path, help="table of the runs, which is appended to")
    parser.add_argument("--neurons", nargs="+", choices=NEURONS, default=["lif", "qif"])
    parser.add_argument("--trials", type=int, default=16)
    options = parser.parse_args()
    settings = study()
    points = {
        (point.neuron, point.trial): point
        for point in first_points(settings, options.neurons, options.trials)
    }
    jobs = [
        {"neuron": neuron, "search": 0, "change": "trial", "to": trial, "seed": point.seed}
        for (neuron, trial), point in points.items()
    ]

    def plan(job: Job, data: Splits) -> tuple[ModelSettings, Splits]:
        parameters = points[job["neuron"], job["to"]].parameters
        changes = {**parameters, "training.snapshots": 2}
        return settings.model(job["neuron"]).with_parameters(changes), data

    run_all(options.prepared, options.out, jobs, plan)


if __name__ == "__main__":
    main()
