"""What a search may spend on its trials, in training samples that are presented to them.

The budget is the same for all neuron models, whatever becomes of their trials. One that dies at
once costs what it was presented, so that a neuron model whose trials die has more of them.
"""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from spikegrad.settings import ConfigError
from study.config.search import Halving
from study.data.splits import with_role
from study.search.trial_records import TrialRecord
from study.storage.tables import read_table


def epoch_samples(split: str | Path, samples: int | None, inner: int) -> int:
    """Training samples that an epoch of a trial presents: ``samples``, or all if there are fewer,
    or if it is None. ``split`` is the table of the outer fold, whose fold ``inner`` validates."""
    n = int(with_role(read_table(split), "train", inner).sum())
    return min(n, samples or n)


def next_trials(halving: Halving, budget: int, samples: int, records: Sequence[TrialRecord]) -> int:
    """Trials of the generation that follows the ``records`` of all earlier ones.

    As many as the rest of the ``budget`` pays if none fails, where an epoch presents ``samples``.
    So the budget is never exceeded, and what is left when it pays no trial is less than one trial
    costs in all rungs. ConfigError if the whole budget does not pay one.
    """
    used = sum(record.presentations for record in records)
    found = halving.affordable(max(0, budget - used) // samples)
    if not records and found == 0:
        raise ConfigError(
            f"search.budget = {budget} pays no trial: one presents {halving.epochs_of(1)} epochs of"
            f" {samples} samples in all rungs, {halving.epochs_of(1) * samples} in all; raise it"
        )
    return found
