"""Seeds of a search, in a module without Optuna, which trials need not import."""

from __future__ import annotations

import numpy as np

START, NEXT, TRAIN, AGAIN, REPEAT = range(5)  # independent streams of the search's seed


def derived_seed(seed: int, *purpose: int) -> int:
    """A 32-bit seed for ``purpose``: a stream of the search's seed, and a number in it."""
    return int(np.random.SeedSequence(seed, spawn_key=purpose).generate_state(1)[0])


def repeat_seed(seed: int, repeat: int) -> int:
    """The seed of one of the independent searches of a study with ``seed``."""
    return derived_seed(seed, REPEAT, repeat)
