"""Trainings of small networks on a task that is easily learned."""

from __future__ import annotations

import itertools
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch

import study.training.loop
from spikegrad.network import Network, save_network
from spikegrad.settings import validate
from spikegrad.spikes import SpikeTrains
from study.config.training import ModelSettings
from study.data.dataset import SpikeDataset
from study.training.loop import train
from study.training.run import Run

N_UNITS, N_CLASSES, DURATION = 12, 2, 0.2

SETTINGS: dict[str, Any] = {
    "network": {
        "max_spikes": 1000,
        "layers": [6],
        "tau": 0.02,
        "recurrent": True,
        "drive": 0.0,
        "train_tau": False,
        "train_drive": False,
        "train_phase": False,
        "delay_line": None,
        "delays": None,
        "surrogate": None,
        "init": {"mean": 0.6, "scale": 1.0, "recurrent_scale": 0.3},
        "readout": {"kind": "integrated", "tau_out": 0.02, "window": 0.2},
    },
    "training": {
        "epochs": 4,
        "batch_size": 8,
        "learning_rate": 0.05,
        "readout_learning_rate": 0.1,
        "ease_in": 0.0,
        "clip": 1.0,
        "spike_bound": None,
        "runaways": 0.01,
        "activity": {"strength": 0.01, "target": 2.0},
        "augmentation": {"channel_shift": 1, "time_stretch": 0.05},
        "dropout": {},
        "average": None,
        "snapshots": 12,
    },
}


def settings(**changes: Any) -> ModelSettings:
    """SETTINGS with some keys of its two sections replaced."""
    assert changes.keys() <= {key for section in SETTINGS.values() for key in section}
    return validate(
        ModelSettings,
        {
            name: {**section, **{k: v for k, v in changes.items() if k in section}}
            for name, section in SETTINGS.items()
        },
    )


def dataset(n_samples: int, seed: int, n_classes: int = N_CLASSES) -> SpikeDataset:
    """Class c fires mostly in its own half of the channels."""
    draw, n = np.random.default_rng(seed), 40
    labels = np.arange(n_samples) % n_classes
    times, units = [], []
    for label in labels:
        times.append(np.sort(draw.uniform(0.01, 0.15, n)))
        own, other = draw.integers(0, 6, n) + 6 * (label % 2), draw.integers(0, N_UNITS, n)
        units.append(np.where(draw.random(n) < 0.9, own, other))
    return SpikeDataset(
        spikes=SpikeTrains.from_arrays(times, units, DURATION),
        labels=torch.from_numpy(labels),
        speakers=torch.from_numpy(draw.integers(0, 3, n_samples)),
        n_units=N_UNITS,
        n_classes=n_classes,
        name="toy",
        class_names=tuple("abcdefgh"[:n_classes]),
    )


TRAIN, VALIDATION = dataset(40, seed=0), dataset(20, seed=1)

WILD = {"mean": 20.0, "scale": 1.0, "recurrent_scale": 400.0}
"""Initial weights with which LIF networks diverge at once."""


def network(neuron: str, dtype: torch.dtype = torch.float32, **changes: Any) -> Network:
    """A network with initial weights."""
    made = Network(settings(**changes).network, N_UNITS, N_CLASSES, neuron, dtype)
    made.initialise(TRAIN.spikes, torch.Generator().manual_seed(0))
    return made


def run(path: Path, neuron: str = "qif", seed: int = 0, identity: str = "same", **changes: Any):
    return train(settings(**changes), neuron, seed, TRAIN, VALIDATION, path / "state", identity)


def same_bits(a: dict[str, torch.Tensor], b: dict[str, torch.Tensor]) -> bool:
    return a.keys() == b.keys() and all(torch.equal(a[name], b[name]) for name in a)


INTEGRATED = SETTINGS["network"]["readout"]


@contextmanager
def killed_after(epoch: int) -> Iterator[None]:
    """A training in this context is killed once the state of ``epoch`` is saved."""
    saved = itertools.count()
    save = study.training.loop.save_state

    def save_then_die(*arguments: Any) -> None:
        save(*arguments)
        if next(saved) == epoch:
            raise KeyboardInterrupt

    with pytest.MonkeyPatch.context() as patched:
        patched.setattr(study.training.loop, "save_state", save_then_die)
        with pytest.raises(KeyboardInterrupt):
            yield


LEARNED = {
    "readout": {"kind": "integrated", "tau_out": 0.02, "window": 0.2, "train_times": True},
    "train_tau": True,
    "train_drive": True,
    "train_phase": True,
    "delay_line": {"copies": 3, "step": 0.02},
    "delays": {"copies": 2, "max_delay": 0.06},
}


def checkpoint(path: Path, result: Run) -> Path:
    """What rule train writes of a run."""
    options = settings().training.model_dump(mode="json")
    about = {
        "model": result.network.neuron,
        "seed": 0,
        "training": options,
        "outcome": result.result(),
    }
    save_network(path, result.network, about, result.trained)
    return path


def without_validation(path: Path, neuron: str = "qif", **changes: Any) -> Run:
    return train(settings(**changes), neuron, 0, TRAIN, None, path / "state", "same")


LIMIT = 60  # spikes of a neuron that loud samples exceed and others do not


def with_loud(data: SpikeDataset, loud: list[int]) -> SpikeDataset:
    """``data`` in which the samples ``loud`` have each event thirty times, in close succession."""
    times, units = [], []
    for k in range(len(data)):
        own = data.spikes[k]
        copies = 30 if k in loud else 1
        times.append(
            np.repeat(own.times.numpy(), copies) + np.tile(1e-5 * np.arange(copies), len(own.times))
        )
        units.append(np.repeat(own.units.numpy(), copies))
    return replace(data, spikes=SpikeTrains.from_arrays(times, units, data.spikes.duration))
