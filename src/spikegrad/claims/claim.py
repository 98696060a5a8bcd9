"""What a claim is."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from spikegrad.claims.comparison import Cases
from spikegrad.claims.estimates import Criterion
from spikegrad.claims.results import Tables


@dataclass(frozen=True)
class Claim:
    """One statement of an abstract, and what decides about it.

    Attributes
    ----------
    name
        Identifies the claim in tables.
    paper
        arXiv number.
    statement
        What the abstract says; in brackets, where it is not in the abstract.
    measure
        The number that it is judged by.
    criterion
        Where that number must lie.
    estimate
        Computes it from the tables and a seed of random permutations, for each case.
    """

    name: str
    paper: str
    statement: str
    measure: str
    criterion: Criterion
    estimate: Callable[[Tables, int], Cases]
