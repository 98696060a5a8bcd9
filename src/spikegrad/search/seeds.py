"""Seeds of a search, in a module without Optuna, which trials need not import."""

from __future__ import annotations

from spikegrad.seeds import derived_seed

START, NEXT, TRAIN, AGAIN, REPEAT = range(5)  # independent streams of the search's seed


def repeat_seed(seed: int, repeat: int) -> int:
    """The seed of one of the independent searches of a study with ``seed``."""
    return derived_seed(seed, REPEAT, repeat)
