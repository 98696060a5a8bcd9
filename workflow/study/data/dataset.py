"""Prepared samples in memory: spike trains, labels and speakers."""

from __future__ import annotations

from dataclasses import dataclass, replace
from pathlib import Path

import h5py
import numpy as np
import torch
from torch import Tensor

from spikegrad.spikes import SpikeTrains
from study.data.layout import DAMAGE, DataError
from study.data.prepare import SPLITS


@dataclass(frozen=True, eq=False)
class SpikeDataset:
    """Labelled spike trains of one split.

    Attributes
    ----------
    spikes
        The samples' spike trains.
    labels, speakers
        Class and speaker of each sample, int64 [n_samples].
    n_units, n_classes
        Number of input channels and of classes.
    name
        Name of the data, for figures and tables.
    class_names
        The word of each class.
    """

    spikes: SpikeTrains
    labels: Tensor
    speakers: Tensor
    n_units: int
    n_classes: int
    name: str
    class_names: tuple[str, ...]

    def __len__(self) -> int:
        return len(self.labels)

    def select(self, indices: Tensor) -> SpikeDataset:
        """The samples ``indices`` (int64 [n]), in that order; DataError if there is none."""
        for i in indices[(indices < 0) | (indices >= len(self))].tolist()[:1]:
            raise DataError(f"{self.name}: sample {i} is asked for, but there are {len(self)}")
        return replace(
            self,
            spikes=self.spikes.select(indices),
            labels=self.labels[indices],
            speakers=self.speakers[indices],
        )

    def draw(self, n_samples: int, generator: torch.Generator) -> SpikeDataset:
        """``n_samples`` of them, or all if there are fewer, drawn at random, in their order."""
        order = torch.randperm(len(self), generator=generator)
        return self.select(order[:n_samples].sort().values)


def load(path: str | Path, split: str) -> SpikeDataset:
    """The samples of ``split`` ("train", "validation" or "test") from a prepared file.

    Raises
    ------
    DataError
        If the file is absent, cut short or not one that :mod:`study.data.prepare` wrote.
    """
    if split not in SPLITS:
        raise DataError(f"unknown split '{split}': choose one of {', '.join(SPLITS)}")
    try:
        with h5py.File(path, "r") as file:
            data = _read(file, SPLITS.index(split))
        data.spikes.check(data.n_units)
    except DAMAGE as problem:
        raise DataError(
            f"{path}: not a whole prepared file ({problem}); prepare it again"
        ) from None
    return data


def _read(file: h5py.File, split: int) -> SpikeDataset:
    # samples are ordered by split
    first, last = np.searchsorted(file["split"][()], [split, split + 1])
    offsets = file["offsets"][first : last + 1]
    events = slice(offsets[0], offsets[-1])
    attributes = file.attrs
    return SpikeDataset(
        spikes=SpikeTrains(
            times=torch.from_numpy(file["times"][events]),
            units=torch.from_numpy(file["units"][events].astype(np.int64)),
            offsets=torch.from_numpy(offsets - offsets[0]),
            duration=float(attributes["duration"]),
        ),
        labels=torch.from_numpy(file["labels"][first:last]),
        speakers=torch.from_numpy(file["speakers"][first:last]),
        n_units=int(attributes["n_units"]),
        n_classes=int(attributes["n_classes"]),
        name=attributes["name"].decode(),
        class_names=tuple(word.decode() for word in attributes["class_names"]),
    )


def unseen_speakers(data: SpikeDataset, *used: SpikeDataset) -> Tensor:
    """Which samples of ``data`` come from speakers that none of ``used`` holds, bool [n_samples].

    With the training and validation sets as ``used``: voices that no weight and no choice has met.
    """
    return ~torch.isin(data.speakers, torch.cat([other.speakers for other in used]))
