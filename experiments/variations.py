"""What a search's winner loses or gains when one thing about it changes.

    python experiments/variations.py PREPARED WINNERS OUT.csv [--only drive size] [--seeds 0 1]

PREPARED is the prepared file of config/heidelberg.yaml's study, WINNERS a folder with its searches'
winners, docs/results/heidelberg-digits. For each neuron model the winner that is best
by validation is trained as found, with each of the changes below, and with what the searches found
for the other models, on all training words; OUT.csv gets a row for every run: accuracy on test
words of all speakers and of those never heard, on training words, spikes, silent neurons, and how
rough the loss is around the trained network. A second start goes on where the first was stopped.
"""

from __future__ import annotations

import argparse
import itertools
from collections.abc import Callable, Iterable
from pathlib import Path
from typing import Any

import torch
import yaml

from roughness import roughness
from rungs import study
from runs import WORDS, Job, append, remaining
from spikegrad.config.training import ModelSettings
from spikegrad.data.dataset import SpikeDataset, load
from spikegrad.data.prepare import SPLITS
from spikegrad.landscape.objective import landscape_samples
from spikegrad.layers import SpikeOverflowError
from spikegrad.training.evaluation import sample_table, scores
from spikegrad.training.loop import train
from spikegrad.training.response import respond

Splits = dict[str, SpikeDataset]
Winners = dict[str, tuple[str, dict[str, Any]]]  # by neuron model: the search, and its best.yaml
Plan = Callable[[Job, Splits], tuple[ModelSettings, Splits]]

NEURONS = ("lif", "qif", "qif_delta")
CHANGES: dict[str, dict[str, dict[str, Any]]] = {
    "as found": {"": {}},
    "settings of": {neuron: {} for neuron in NEURONS},
    "learning rate": {f"{r:g}": {"training.learning_rate": r} for r in (0.008, 0.03, 0.12)},
    "time constant": {f"{t:g} s": {"network.tau": t} for t in (0.02, 0.06, 0.17)},
    "drive": {f"{d:g}": {"network.drive": d} for d in (0.0, 0.5, 1.0, 2.0)},
    "recurrence": {
        "none": {"network.recurrent": False},
        "initial scale 0.1": {"network.init.recurrent_scale": 0.1},
        "initial scale 4": {"network.init.recurrent_scale": 4.0},
    },
    "size": {
        "two layers of 128": {"network.layers": [128, 128]},
        "256 neurons": {"network.layers": [256]},
        "512 neurons": {"network.layers": [512]},
    },
    "readout": {
        "maximum of the voltage": {  # a smaller step: at those found most logits stay at 0
            "network.readout": {"kind": "maximum", "tau_out": 0.1},
            "training.readout_learning_rate": 0.05,
        },
        "whole trial": {
            "network.readout": {"kind": "integrated", "tau_out": 0.1, "window": 10.0},
        },
    },
    "epochs": {str(n): {"training.epochs": n} for n in (10, 60)},
    "clipping": {
        "no sample": {"training.sample_clip": None},
        "nothing": {"training.sample_clip": None, "training.clip": 1e9},
    },
    "activity": {
        "drawn to 10 spikes a neuron": {
            "training.activity.strength": 0.005,
            "training.activity.target": 10.0,
        }
    },
    "runaway": {"above 1,000 spikes a neuron": {"network.max_spikes": 1000}},
    "augmentation": {
        "none": {
            "training.augmentation.channel_shift": 0,
            "training.augmentation.time_stretch": 0.0,
        },
        "up to 40 channels": {"training.augmentation.channel_shift": 40},
        "blended words, too": {"training.augmentation.blend": 0.5},
    },
}
COLUMNS = (
    "neuron", "search", "change", "to", "seed", "outcome", "best_epoch", "validation_accuracy",
    "train_accuracy", "accuracy", "accuracy_unseen_speakers", "spikes_per_neuron",
    "silent_fraction", *WORDS, "turned", "turned_clipped",
)  # fmt: skip
LENGTH = 1e-3  # of a step down the gradient, whose gradients are compared; see roughness.py


def command_line(doc: str) -> argparse.ArgumentParser:
    """What every script takes that trains winners; ``doc`` is its docstring."""
    parser = argparse.ArgumentParser(description=doc.splitlines()[0])
    parser.add_argument("prepared", help="prepared data of config/heidelberg.yaml's study")
    parser.add_argument("winners", type=Path, help="folder with the searches' winners")
    parser.add_argument("out", type=Path, help="table of the runs, which is appended to")
    return parser


def searches(folder: Path) -> list[dict[str, Any]]:
    """What each search in ``folder`` has found, its best.yaml."""
    return [yaml.safe_load(file.read_text()) for file in sorted(folder.glob("search_*.yaml"))]


def winners(folder: Path, search: str | None = None) -> Winners:
    """Of each neuron model, the best search by validation: its number, and what its winner has.

    With ``search``, that of this name.
    """

    def accuracy(found: dict[str, Any]) -> float:
        return found["winner"]["validation_accuracy"] if "winner" in found else 0.0  # known/

    best: Winners = {}
    for found in searches(folder):
        neuron, name = found["neuron"], str(found["search"])
        if search not in (None, name):
            continue
        if neuron not in best or accuracy(found) > accuracy(best[neuron][1]):
            best[neuron] = name, found
    return best


def changed(neuron: str, change: str, to: str, best: Winners) -> ModelSettings:
    """The settings of a ``neuron``'s winner with one of :data:`CHANGES`; ``best``: all winners."""
    _, found = best[to if change == "settings of" else neuron]
    parameters = {"training.snapshots": 2, **CHANGES[change][to]}
    return study().model(neuron).with_parameters(found["parameters"]).with_parameters(parameters)


def is_change(neuron: str, change: str, to: str, best: Winners) -> bool:
    """Whether the winner does not have that already."""
    found = changed(neuron, "as found", "", best)
    return change == "as found" or changed(neuron, change, to, best) != found


def run_all(prepared: str, out: Path, jobs: Iterable[Job], plan: Plan) -> None:
    """Append a row to ``out`` for each of ``jobs`` that has none.

    ``plan`` says, of a job and the splits in the file ``prepared``, which settings are trained and
    on which splits.
    """
    torch.set_num_threads(1)
    data = {split: load(prepared, split) for split in SPLITS}
    state = out.with_suffix(".safetensors")
    for job in remaining(out, jobs):
        append(out, COLUMNS, [job | run(job, *plan(job, data), state)])
        state.unlink(missing_ok=True)


def run(job: Job, settings: ModelSettings, data: Splits, state: Path) -> dict[str, Any]:
    """Train a network, or go on from ``state``; what the run and its best weights are worth."""
    neuron, seed = job["neuron"], job["seed"]
    identity = f"{job} {settings.model_dump_json()}"
    done = train(settings, neuron, seed, data["train"], data["validation"], state, identity)
    row = done.result()
    if done.best_epoch is None:
        return row
    row["train_accuracy"] = done.history[done.best_epoch]["train_accuracy"]
    done.network.load_state_dict(done.best)
    try:
        answer = respond(done.network, data["test"], settings.training.batch_size)
    except SpikeOverflowError as error:
        return row | {"outcome": "overflow", "reason": str(error), "accuracy": 0.0}
    samples = sample_table(answer, data["test"], data["train"], data["validation"])
    options = study().landscape
    words = landscape_samples(data["train"], options, seed)
    step, clipped = roughness(done.network, words, options, seed, (LENGTH,))
    return row | scores(answer, samples) | step | {"turned_clipped": clipped["turned"]}


def main() -> None:
    parser = command_line(__doc__)
    parser.add_argument("--neurons", nargs="+", choices=NEURONS, help="default: all")
    parser.add_argument("--only", nargs="+", choices=CHANGES, default=list(CHANGES))
    parser.add_argument("--to", nargs="+", help="of these changes, only those to such values")
    parser.add_argument("--seeds", nargs="+", type=int, default=[0])
    options = parser.parse_args()
    best = winners(options.winners)
    changes = [
        (change, to)
        for change in options.only
        for to in CHANGES[change]
        if options.to is None or to in options.to
    ]
    jobs = [
        {"neuron": neuron, "search": best[neuron][0], "change": change, "to": to, "seed": seed}
        for seed, (change, to) in itertools.product(options.seeds, changes)
        for neuron in options.neurons or best
        if (change != "settings of" or to in best) and is_change(neuron, change, to, best)
    ]

    def plan(job: Job, data: Splits) -> tuple[ModelSettings, Splits]:
        return changed(job["neuron"], job["change"], job["to"], best), data

    run_all(options.prepared, options.out, jobs, plan)


if __name__ == "__main__":
    main()
