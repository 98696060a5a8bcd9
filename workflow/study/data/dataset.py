"""Prepared samples in memory: spike trains, labels and speakers."""

from __future__ import annotations

from dataclasses import dataclass, replace
from pathlib import Path

import h5py
import numpy as np
import torch
from torch import Tensor

from spikegrad.spikes import SpikeTrains
from study.data.layout import DataError, prepared
from study.data.splits import with_role
from study.storage.tables import read_table


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


def load(
    events: str | Path, split: str | Path, role: str, inner: int | None = None
) -> SpikeDataset:
    """The samples that have a ``role`` in an outer fold.

    Parameters
    ----------
    events
        A file that :mod:`study.data.prepare` wrote.
    split
        The outer fold's table, which :mod:`study.data.splits` made of that file.
    role
        "test"; "validation", those that the inner fold holds out; or "train", all others.
    inner
        Number of an inner fold. None holds nothing out: all but the test samples are for training.

    Raises
    ------
    DataError
        If the files are no such, are not whole, or do not belong together.
    """
    parts = read_table(split)
    wanted = with_role(parts, role, inner)
    with prepared(events) as file:
        if len(file["labels"]) != len(parts):
            raise DataError(f"{split}: {len(parts)} samples, of which {events} has others")
        data = _read(file, np.flatnonzero(wanted))
        data.spikes.check(data.n_units)
    return data


def _read(file: h5py.File, wanted: np.ndarray) -> SpikeDataset:
    """The samples ``wanted``, int64 [n_samples], ascending."""
    offsets = file["offsets"][()]
    ends = np.flatnonzero(np.diff(wanted, append=-1) != 1)  # of runs of neighbours
    starts = np.concatenate([[0], ends + 1])[: len(ends)]
    bounds = zip(offsets[wanted[starts]], offsets[wanted[ends] + 1], strict=True)
    runs = [slice(*pair) for pair in bounds]

    def events(name: str, dtype: type) -> torch.Tensor:
        parts = [file[name][run] for run in runs]
        return torch.from_numpy(np.concatenate([np.empty(0, dtype), *parts]).astype(dtype))

    attributes = file.attrs
    return SpikeDataset(
        spikes=SpikeTrains(
            times=events("times", np.float64),
            units=events("units", np.int64),
            offsets=torch.from_numpy(np.cumsum([0, *np.diff(offsets)[wanted]])),
            duration=float(attributes["duration"]),
            counts=events("counts", np.int64) if "counts" in file else None,
        ),
        labels=torch.from_numpy(file["labels"][()][wanted]),
        speakers=torch.from_numpy(file["speakers"][()][wanted]),
        n_units=int(attributes["n_units"]),
        n_classes=int(attributes["n_classes"]),
        name=attributes["name"].decode(),
        class_names=tuple(word.decode() for word in attributes["class_names"]),
    )


def unseen_speakers(data: SpikeDataset, *used: SpikeDataset) -> Tensor:
    """Which samples of ``data`` are by speakers of whom ``used`` have none, bool [n_samples]."""
    return ~torch.isin(data.speakers, torch.cat([other.speakers for other in used]))
