"""An epoch's batches: drawn, blended and augmented, each epoch by streams of its own."""

from __future__ import annotations

import math
from collections.abc import Iterator
from dataclasses import replace

import torch
from torch import Tensor

from spikegrad.seeds import generator
from study.config.training import TrainingSettings
from study.data.dataset import SpikeDataset
from study.training.augmentation import Augmenter, Blender

INITIAL, ORDER, AUGMENTATION, BLENDING = range(4)  # independent streams of one training seed


def number_of_batches(data: SpikeDataset, options: TrainingSettings) -> int:
    """Updates in an epoch."""
    return math.ceil(len(data) / options.batch_size)


def first_samples(data: SpikeDataset, options: TrainingSettings, seed: int) -> Tensor:
    """A batch of samples, int64 [batch_size], by whose activity networks are initialised."""
    return _order(len(data), seed, 0)[: options.batch_size]


def epoch_batches(
    data: SpikeDataset, options: TrainingSettings, seed: int, epoch: int
) -> Iterator[SpikeDataset]:
    """The batches of training epoch ``epoch`` (from 1) with ``seed``, in order.

    They depend on nothing else, so that any of them can be had again.
    """
    n_samples = len(data)
    augment = Augmenter(
        options.augmentation, n_samples, data.n_units, generator(seed, AUGMENTATION, epoch)
    )
    blend = Blender(options.augmentation.blend, data, generator(seed, BLENDING, epoch))
    for indices in _order(n_samples, seed, epoch).split(options.batch_size):
        yield replace(
            data,
            spikes=augment(blend(indices), indices),
            labels=data.labels[indices],
            speakers=data.speakers[indices],
        )


def _order(n_samples: int, seed: int, epoch: int) -> Tensor:
    return torch.randperm(n_samples, generator=generator(seed, ORDER, epoch))
