"""Sums over samples in a fixed order, so that no bit depends on the number of threads."""

from __future__ import annotations

from spikegrad.engine import njit
from spikegrad.engine.rows import KERNEL

WIDE = {**KERNEL, "fastmath": {"contract", "reassoc"}}  # the order may be any fixed one


@njit(**WIDE)
def square_sum(array):
    """Sum of the squares of an array [rows, n], each row in the array's type, rows in float64."""
    total = 0.0
    for r in range(array.shape[0]):
        row = array.dtype.type(0)
        for i in range(array.shape[1]):
            row += array[r, i] * array[r, i]
        total += row
    return total


@njit(**KERNEL)
def weighted_sum(parts, factors, first, last, total):
    """``total[r] = sum_b factors[b] * parts[b, r]`` for the rows from ``first`` until ``last``.

    ``parts`` is [n_parts, rows, n], ``factors`` [n_parts] of the same type.
    """
    for r in range(first, last):
        for i in range(total.shape[1]):
            total[r, i] = 0
        for b in range(parts.shape[0]):
            for i in range(total.shape[1]):
                total[r, i] += factors[b] * parts[b, r, i]
