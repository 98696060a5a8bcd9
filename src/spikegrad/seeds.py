"""Random generators that depend on a seed and on what they are for, never on global state."""

from __future__ import annotations

import numpy as np
import torch


def generator(seed: int, *purpose: int) -> torch.Generator:
    """A torch generator for ``seed`` and ``purpose`` (such as a stream's number and an epoch).

    Different purposes give independent streams, so that work can stop and go on at any
    epoch without the state of a generator.
    """
    state = np.random.SeedSequence(seed, spawn_key=purpose).generate_state(1, np.uint64)
    return torch.Generator().manual_seed(int(state[0]))
