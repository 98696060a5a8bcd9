"""Small spike files in SHD's layout for the tests of the data steps."""

from __future__ import annotations

from pathlib import Path

import h5py
import numpy as np

from study.data.layout import Sample, write_spike_file

CLASSES = ["zero", "one", "two"]


def random_samples(
    seed: int, n_speakers: int, per_class: int, n_units: int = 30, duration: float = 1.0
) -> list[Sample]:
    """``per_class`` samples of each class by each speaker, with 1 to 40 spikes each."""
    rng = np.random.default_rng(seed)
    samples = []
    for speaker in range(n_speakers):
        for label in range(len(CLASSES)):
            for _ in range(per_class):
                n = rng.integers(1, 40)
                times = np.sort(rng.uniform(0, duration, n)).astype(np.float32)
                samples.append(Sample(times, rng.integers(0, n_units, n), label, speaker))
    return samples


def shd_file(path: Path, seed: int = 0, n_speakers: int = 4, per_class: int = 5) -> Path:
    """A file of random samples, as :func:`write_spike_file` makes it."""
    write_spike_file(path, random_samples(seed, n_speakers, per_class), CLASSES)
    return path


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
