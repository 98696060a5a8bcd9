"""Peak memory of a training job on data of SHD's size, with the settings of config/config.yaml.

    python benchmarks/memory.py FOLDER [--batch-size N]

Events are random: SHD's 8,156 training samples, with 8,000 spikes each (SHD has 7,850 on average).
They go to a file in FOLDER (0.7 GB) and are read from it as the workflow does. Training sees a few
batches of them: memory depends on a batch, not on how many there are.
"""

from __future__ import annotations

import argparse
import resource
from pathlib import Path

import h5py
import numpy as np
import torch
import yaml

from spikegrad.settings import validate
from study.config.study import Study
from study.data.dataset import load
from study.training.loop import train

ROOT = Path(__file__).parents[1]
SAMPLES, SPIKES, HELD_OUT = 8156, 8000, 816


def write_events(path: Path, n_units: int, duration: float, n_classes: int = 20) -> None:
    """A prepared file of the same layout and types, see study.data.prepare."""
    rng = np.random.default_rng(0)
    with h5py.File(path, "w", libver=("v110", "v110")) as file:
        n = SAMPLES * SPIKES
        for name, dtype in (("times", np.float64), ("units", np.uint16)):
            file.create_dataset(name, (n,), dtype, chunks=(2**17,), fletcher32=True)
        for first in range(0, n, 100 * SPIKES):
            shape = (min(100 * SPIKES, n - first) // SPIKES, SPIKES)
            block = slice(first, first + shape[0] * SPIKES)
            file["times"][block] = np.sort(rng.uniform(0, duration, shape)).ravel()
            file["units"][block] = rng.integers(0, n_units, shape[0] * SPIKES)
        file["offsets"] = np.arange(0, n + 1, SPIKES)
        file["labels"] = np.arange(SAMPLES) % n_classes
        file["speakers"] = np.arange(SAMPLES) % 10
        file["split"] = (np.arange(SAMPLES) >= SAMPLES - HELD_OUT).astype(np.uint8)
        file.attrs.update(
            name=np.bytes_("random"),
            n_units=n_units,
            n_classes=n_classes,
            duration=duration,
            class_names=np.array([f"{k}" for k in range(n_classes)], np.bytes_),
        )


def peak_mb() -> float:
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024


parser = argparse.ArgumentParser(description=__doc__)
parser.add_argument("folder", type=Path)
parser.add_argument("--batch-size", type=int)
options = parser.parse_args()

torch.set_num_threads(1)
study = validate(Study, yaml.safe_load((ROOT / "config" / "config.yaml").read_text()))
events = options.folder / "events.h5"
if not events.exists():
    write_events(events, study.data.n_units, study.data.duration)
data, validation = load(events, "train"), load(events, "validation")
print(f"data read: {peak_mb():.0f} MB")
for neuron in study.neurons:
    model = study.model(neuron)
    batch_size = options.batch_size or model.training.batch_size
    changed = model.training.model_copy(update={"batch_size": batch_size, "epochs": 1})
    state = options.folder / f"{neuron}.safetensors"
    state.unlink(missing_ok=True)  # of an earlier measurement
    few = torch.arange(2 * batch_size)
    train(
        model.model_copy(update={"training": changed}),
        neuron,
        0,
        data.select(few),
        validation.select(few),
        state,
        "memory",
    )
    print(f"{neuron} trained in batches of {batch_size}: {peak_mb():.0f} MB")
