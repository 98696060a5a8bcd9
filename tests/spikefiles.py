"""Small spike files in SHD's layout for the tests of the data steps."""

from __future__ import annotations

from pathlib import Path

import h5py
import numpy as np

from spikegrad.settings import validate
from study.config.data import DataConfig, Validation
from study.data.layout import ORIGINS, Sample, open_spike_file, write_spike_file
from study.data.prepare import prepare
from study.data.splits import split
from study.storage.tables import write_table

CLASSES = ["zero", "one", "fünf"]


def random_samples(seed: int, n_speakers: int, per_class: int) -> list[Sample]:
    """``per_class`` samples of each class by each speaker, with 1 to 40 spikes each."""
    rng = np.random.default_rng(seed)
    samples = []
    for speaker in range(n_speakers):
        for label in range(len(CLASSES)):
            for _ in range(per_class):
                n = rng.integers(1, 40)
                times = np.sort(rng.uniform(0, 1, n)).astype(np.float32)
                samples.append(Sample(times, rng.integers(0, 30, n), label, speaker))
    return samples


def shd_file(path: Path, seed: int = 0, n_speakers: int = 4, per_class: int = 5) -> Path:
    """A file of random samples, as :func:`write_spike_file` makes it."""
    write_spike_file(path, random_samples(seed, n_speakers, per_class), CLASSES)
    return path


def config(**changes: object) -> DataConfig:
    """Settings for such files."""
    files = {"train": "train.h5", "test": "test.h5"}
    return validate(
        DataConfig, {"source": "files", "files": files, "n_units": 30, "duration": 1.0, **changes}
    )


def prepared_file(folder: Path) -> Path:
    """Prepared events of a training file, and of a test file with two speakers more; beside it
    split.parquet, with two inner folds of a speaker each."""
    files = {
        "train": shd_file(folder / "train.h5", seed=1),
        "test": shd_file(folder / "test.h5", seed=2, n_speakers=6, per_class=2),
    }
    prepare("files-ü", config(), files, folder / "events.h5")
    write_split(folder / "events.h5")
    return folder / "events.h5"


def write_split(events: Path) -> Path:
    """The parts of the samples in the fold that the data come with, beside ``events``."""
    with h5py.File(events, "r") as file:
        labels, speakers, origins = (file[name][()] for name in ("labels", "speakers", "origin"))
    options = Validation(folds=2, speakers=1)
    table = split(labels, speakers, origins, origins == ORIGINS.index("test"), options)
    write_table(table, events.with_name("split.parquet"))
    return events.with_name("split.parquet")


def read_all(path: Path, n_units: int = 700, duration: float = 1.4) -> list[Sample]:
    """All samples of a spike file."""
    with open_spike_file(path) as spikes:
        return list(spikes.samples(np.ones(len(spikes), bool), n_units, duration))


def original_file(path: Path, n_samples: int, n_classes: int) -> Path:
    """A file with the number types of the published ones: float16 times and byte strings."""
    rng = np.random.default_rng(n_samples)
    with h5py.File(path, "w") as file:
        times = file.create_dataset("spikes/times", (n_samples,), h5py.vlen_dtype(np.float16))
        units = file.create_dataset("spikes/units", (n_samples,), h5py.vlen_dtype(np.uint16))
        for i in range(n_samples):
            n = rng.integers(1, 20)
            times[i] = np.sort(rng.uniform(0, 1, n)).astype(np.float16)
            units[i] = rng.integers(0, 700, n)
        file["labels"] = (np.arange(n_samples) % n_classes).astype(np.uint16)
        file["extra/speaker"] = (np.arange(n_samples) % 5).astype(np.uint16)
        file["extra/keys"] = np.array([f"word{i}" for i in range(n_classes)], "S")
    return path
