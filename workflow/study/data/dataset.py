"""Prepared samples in memory: spike trains, labels and speakers."""

from __future__ import annotations

from collections.abc import Sequence
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
    """Labelled spike trains of one split."""

    spikes: SpikeTrains
    labels: Tensor  # class of each sample, int64 [n_samples]
    speakers: Tensor  # likewise
    n_units: int  # input channels
    n_classes: int
    name: str  # of the data, for figures and tables
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

    Raises DataError if that is not a whole file that :mod:`study.data.prepare` wrote.
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


def exchanged(
    train: SpikeDataset, validation: SpikeDataset, test: SpikeDataset, speakers: Sequence[int]
) -> tuple[SpikeDataset, SpikeDataset, SpikeDataset]:
    """Training, validation and test set with ``speakers`` as those that ``test`` alone has.

    All samples of ``speakers`` are for testing; those of the speakers whose place they take go over
    to the training set. Raises DataError if one of ``speakers`` is not in the data.
    """
    known = torch.cat([train.speakers, validation.speakers, test.speakers])
    for speaker in set(speakers) - set(known.tolist()):
        raise DataError(
            f"{train.name}: test_speakers has {speaker}, of whom there is no sample; name others"
        )
    new = test.speakers[unseen_speakers(test, train, validation)]
    if set(speakers) == set(new.tolist()):
        return train, validation, test

    def part(data: SpikeDataset, speakers: Tensor, wanted: bool) -> SpikeDataset:
        """The samples of ``speakers``, or those of all others."""
        return data.select((torch.isin(data.speakers, speakers) == wanted).nonzero()[:, 0])

    chosen = torch.tensor(speakers)
    return (
        _joined(part(train, chosen, False), part(test, new, True)),
        part(validation, chosen, False),
        _joined(part(test, new, False), part(train, chosen, True), part(validation, chosen, True)),
    )


def _joined(*parts: SpikeDataset) -> SpikeDataset:
    return replace(
        parts[0],
        spikes=SpikeTrains.concatenate([part.spikes for part in parts]),
        labels=torch.cat([part.labels for part in parts]),
        speakers=torch.cat([part.speakers for part in parts]),
    )
