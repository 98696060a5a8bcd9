"""Other speakers in the test set than those that the data keep for it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

import torch
from torch import Tensor

from spikegrad.spikes import SpikeTrains
from study.data.dataset import SpikeDataset, unseen_speakers
from study.data.layout import DataError


def exchanged(
    train: SpikeDataset, validation: SpikeDataset, test: SpikeDataset, speakers: Sequence[int]
) -> tuple[SpikeDataset, SpikeDataset, SpikeDataset]:
    """Training, validation and test set with ``speakers`` in the place of those that ``test`` alone
    has, whose samples go over to the training set; of ``speakers`` all samples are for testing.

    Raises
    ------
    DataError
        If one of ``speakers`` is not in the data.
    """
    known = torch.cat([own.speakers for own in (train, validation, test)])
    for speaker in set(speakers) - set(known.tolist()):
        raise DataError(
            f"{train.name}: test_speakers has {speaker}, of whom there is no sample; name others"
        )
    new = test.speakers[unseen_speakers(test, train, validation)]
    if set(speakers) == set(new.tolist()):
        return train, validation, test
    chosen = torch.tensor(speakers)
    return (
        _joined(_of(train, chosen, False), _of(test, new, True)),
        _of(validation, chosen, False),
        _joined(_of(test, new, False), _of(train, chosen, True), _of(validation, chosen, True)),
    )


def _of(data: SpikeDataset, speakers: Tensor, kept: bool) -> SpikeDataset:
    """The samples of ``speakers``, or those of all others."""
    return data.select((torch.isin(data.speakers, speakers) == kept).nonzero()[:, 0])


def _joined(*parts: SpikeDataset) -> SpikeDataset:
    """All samples, in that order."""
    spikes = [part.spikes for part in parts]
    counts = torch.cat([own.offsets.diff() for own in spikes])
    return replace(
        parts[0],
        spikes=SpikeTrains(
            torch.cat([own.times for own in spikes]),
            torch.cat([own.units for own in spikes]),
            torch.cat([counts.new_zeros(1), counts.cumsum(0)]),
            spikes[0].duration,
        ),
        labels=torch.cat([part.labels for part in parts]),
        speakers=torch.cat([part.speakers for part in parts]),
    )
