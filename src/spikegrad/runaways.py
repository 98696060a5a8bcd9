"""Batches without the samples that run away."""

from __future__ import annotations

from collections.abc import Callable
from typing import TypeVar

import torch
from torch import Tensor

from spikegrad.layers import SpikeOverflowError
from spikegrad.spikes import SpikeTrains

R = TypeVar("R")


def without_runaways(run: Callable[[SpikeTrains], R], spikes: SpikeTrains) -> tuple[R, Tensor]:
    """``run``, such as a layer or a network, of those samples of ``spikes`` that do not run away.

    Returns what it gives, and the numbers of these samples, int64 [n_kept]. It is what ``run``
    gives for a batch that never had the others, gradients included: the batch is run again for each
    sample that runs away, and ends early where it does. If all run away, ``run`` is given an empty
    batch.
    """
    kept = torch.arange(len(spikes))
    while True:
        try:
            return run(spikes if len(kept) == len(spikes) else spikes.select(kept)), kept
        except SpikeOverflowError as error:
            if error.sample is None:
                raise
            kept = torch.cat([kept[: error.sample], kept[error.sample + 1 :]])
