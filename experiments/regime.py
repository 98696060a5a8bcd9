"""LIF, QIF, driven QIF and delta-QIF at the same random hyperparameters, samples clipped or not.

    python experiments/regime.py PREPARED OUT.csv [--configurations N] [--epochs N]

PREPARED is the prepared file of a study with unseen speakers in its test set, as of
config/heidelberg.yaml. A third of its training words is trained on, at most 128 recurrent neurons,
one seed a configuration. Every run appends a row to OUT.csv; a second start goes on where the first
was stopped. docs/regime.md has the results, experiments/plot_regime.py draws them.

With --best K it trains the K best configurations of each column in OUT.csv, chosen by validation,
on all training words for --epochs epochs instead, and appends these rows with the stage "final".
"""

from __future__ import annotations

import argparse
import itertools
import tempfile
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
import pandas as pd
import torch

from runs import append, remaining
from spikegrad.config.base import validate
from spikegrad.config.search import Sampling
from spikegrad.config.training import ModelSettings
from spikegrad.data.dataset import SpikeDataset, load, unseen_speakers
from spikegrad.layers import SpikeOverflowError
from spikegrad.search.sampling import suggest
from spikegrad.training.loop import train
from spikegrad.training.response import respond
from spikegrad.training.run import CLIP_METRICS

SPACE = {
    "sampler": {"kind": "random"},
    "space": [
        {"key": "network.tau", "low": 0.015, "high": 0.15, "log": True},
        {"key": "network.drive", "low": 0.25, "high": 1.25},
        {"key": "network.init.mean", "low": 0.0, "high": 0.8},
        {"key": "network.init.scale", "low": 0.75, "high": 12.0, "log": True},
        {"key": "network.init.recurrent_scale", "low": 0.03, "high": 0.5, "log": True},
        {"key": "network.readout.window", "low": 0.1, "high": 0.6, "log": True},
        {"key": "network.readout.tau_out", "low": 0.005, "high": 0.1, "log": True},
        {"key": "training.learning_rate", "low": 0.005, "high": 0.3, "log": True},
        {"key": "training.readout_learning_rate", "low": 0.02, "high": 0.5, "log": True},
    ],
}
BATCH = 32


class Column(NamedTuple):
    """What is compared."""

    neuron: str
    driven: bool
    clipped: bool


COLUMNS = [
    Column(neuron, driven, clipped)
    for (neuron, driven), clipped in itertools.product(
        [("lif", False), ("qif", False), ("qif", True), ("qif_delta", True)], [False, True]
    )
]


def settings(parameters: dict[str, Any], column: Column, epochs: int) -> ModelSettings:
    """The settings of a run; without clipping, a clip that never acts still measures the norms."""
    p = {key.split(".")[-1]: value for key, value in parameters.items()}
    return validate(
        ModelSettings,
        {
            "network": {
                "layers": [128],
                "tau": p["tau"],
                "recurrent": True,
                "drive": p["drive"] if column.driven else 0.0,
                "max_spikes": 150,
                "init": {
                    "mean": p["mean"],
                    "scale": p["scale"],
                    "recurrent_scale": p["recurrent_scale"],
                },
                "readout": {"kind": "integrated", "tau_out": p["tau_out"], "window": p["window"]},
            },
            "training": {
                "epochs": epochs,
                "batch_size": BATCH,
                "learning_rate": p["learning_rate"],
                "readout_learning_rate": p["readout_learning_rate"],
                "schedule": {"kind": "cosine"},
                "clip": 1.0,
                "sample_clip": 1.0 if column.clipped else 1e9,
                "activity": {"strength": 0.0, "target": 3.0},
                "augmentation": {"channel_shift": 20, "time_stretch": 0.0},
            },
        },
    )


def every(data: SpikeDataset, n: int) -> SpikeDataset:
    """Every ``n``-th sample, of an order drawn once."""
    order = torch.from_numpy(np.random.default_rng(0).permutation(len(data)))
    return data.select(order[::n].sort().values)


def run(
    model: ModelSettings,
    column: Column,
    data: SpikeDataset,
    validation: SpikeDataset,
    unseen: SpikeDataset,
) -> dict[str, Any]:
    """Train one network; a run that runs away has accuracy 0, and that of its best weights."""
    with tempfile.TemporaryDirectory() as folder:
        done = train(model, column.neuron, 0, data, validation, Path(folder) / "state", "")
    row: dict[str, Any] = {"outcome": done.outcome}
    if not done.history:
        return row
    best = done.history[done.best_epoch or 0]
    row |= {
        "validation": best["validation_accuracy"],
        "epochs": len(done.history) - 1,
        "spikes": best["spikes_per_neuron"],
        "silent": best["silent_fraction"],
        **{name: np.nanmax([h[name] for h in done.history[1:]] or [np.nan]) for name in NORMS},
    }
    done.network.load_state_dict(done.best)
    for name, samples in (("unseen", unseen), ("training", every(data, 3))):
        try:
            row[name] = respond(done.network, samples, BATCH).accuracy
        except SpikeOverflowError:
            row[name] = 0.0
    return row


NORMS = [*CLIP_METRICS, "gradient_norm_max"]
FIELDS = [
    "stage", "configuration", *Column._fields, "outcome", "validation", "unseen", "training",
    "epochs", "spikes", "silent", *NORMS, *(p["key"] for p in SPACE["space"]),
]  # fmt: skip


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("prepared", help="prepared data of a study")
    parser.add_argument("out", type=Path, help="table of the runs, which is appended to")
    parser.add_argument("--configurations", type=int, default=24)
    parser.add_argument("--epochs", type=int, default=4)
    parser.add_argument("--best", type=int, help="train the best of each column on all words")
    options = parser.parse_args()
    torch.set_num_threads(1)
    data, validation, test = (load(options.prepared, s) for s in ("train", "validation", "test"))
    unseen = test.select(unseen_speakers(test, data, validation).nonzero()[:, 0])
    trials = suggest(validate(Sampling, SPACE), [options.epochs], 0, options.configurations, 0, [])
    if options.best is None:
        stage = "random"
        data, validation, unseen = every(data, 3), every(validation, 3), every(unseen, 2)
        jobs = list(itertools.product(range(len(trials)), COLUMNS))
    else:
        stage = "final"
        table = pd.read_csv(options.out)
        good = table[(table["stage"] == "random") & (table["outcome"] == "finished")]
        jobs = [
            (int(number), Column(*key))
            for key, rows in good.groupby([*Column._fields])
            for number in rows.nlargest(options.best, "validation")["configuration"]
        ]
    named = [{"stage": stage, "configuration": n, **column._asdict()} for n, column in jobs]
    for job in remaining(options.out, named):
        parameters = trials[job["configuration"]].parameters
        column = Column(*[job[name] for name in Column._fields])
        model = settings(parameters, column, options.epochs)
        row = run(model, column, data, validation, unseen)
        append(options.out, FIELDS, [job | row | parameters])


if __name__ == "__main__":
    main()
