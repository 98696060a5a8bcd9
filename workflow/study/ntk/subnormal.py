"""Subnormal numbers, which processors handle ten times slower, taken for 0 for a while."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

import torch


def flushed() -> bool:
    """Whether this thread takes subnormal numbers for 0."""
    return bool(torch.tensor(1e-310, dtype=torch.float64).mul(0.5) == 0)


@contextmanager
def flush_subnormal() -> Iterator[None]:
    """Within, this thread takes subnormal numbers for 0; afterwards it does as before.

    Left so, it would change the results of whatever the process calculates next.
    """
    before = flushed()
    torch.set_flush_denormal(True)
    try:
        yield
    finally:
        torch.set_flush_denormal(before)
