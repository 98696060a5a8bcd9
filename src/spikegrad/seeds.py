"""Random numbers that depend on a seed and on what they are for, never on global state.

Different purposes (such as a stream's number and an epoch) give independent streams, so that work
can stop and go on anywhere without the state of a generator.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    import torch


def generator(seed: int, *purpose: int) -> torch.Generator:
    """A torch generator for ``seed`` and ``purpose``."""
    import torch  # here, since it takes seconds, and other random numbers need none

    state = _sequence(seed, purpose).generate_state(1, np.uint64)
    return torch.Generator().manual_seed(int(state[0]))


def numpy_generator(seed: int, *purpose: int) -> np.random.Generator:
    """A NumPy generator for ``seed`` and ``purpose``."""
    return np.random.default_rng(_sequence(seed, purpose))


def generator_of_name(seed: int, name: str) -> np.random.Generator:
    """A NumPy generator for ``seed`` and whatever is called ``name``, such as a file."""
    return np.random.default_rng([seed, *name.encode()])


def derived_seed(seed: int, *purpose: int) -> int:
    """Another seed, of 32 bits, for ``seed`` and ``purpose``."""
    return int(_sequence(seed, purpose).generate_state(1)[0])


def _sequence(seed: int, purpose: tuple[int, ...]) -> np.random.SeedSequence:
    return np.random.SeedSequence(seed, spawn_key=purpose)
