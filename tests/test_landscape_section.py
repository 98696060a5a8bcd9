"""Sections of functions that are known everywhere."""

from __future__ import annotations

import math
from collections.abc import Callable

import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st

from study.landscape.fragmentation import persistence
from study.landscape.section import Section, section

GRID = np.linspace(-1, 1, 17)
WAVES = st.lists(
    st.tuples(st.floats(0.02, 1.0), st.floats(1.0, 12.0), st.floats(0.0, 6.0)),
    min_size=1,
    max_size=3,
)
"""Amplitude, frequency and phase of sine waves."""
STEPS = st.dictionaries(
    st.integers(0, 255), st.tuples(st.floats(0.01, 0.99), st.floats(-1, 1)), max_size=4
)
"""Place and height of jumps, one in an interval: a middle between two equal ones shows none."""


def looked_at(function: Callable[[float], float], **changes: float) -> Section:
    options = {"grid": GRID, "tolerance": 0.01, "spacing": 1e-6, "max_points": 5000, **changes}
    return section(function, **options)


def deeper(values: np.ndarray, depth: float) -> int:
    return int((persistence(values)[1:] > depth).sum())


@settings(max_examples=40)
@given(WAVES, STEPS)
def test_minima_are_those_of_a_fine_grid(waves, steps):
    grid = np.linspace(-1, 1, 257)
    jumps = [(grid[k] + share / 128, height) for k, (share, height) in steps.items()]

    def function(x):
        smooth = sum(a * np.sin(f * x + p) for a, f, p in waves)
        return smooth + sum(height * (x > place) for place, height in jumps)

    found = looked_at(lambda x: float(function(x)), grid=grid)
    assert found.residual == 0
    x = np.union1d(np.linspace(-1, 1, 4001), [place + 1e-12 for place, _ in jumps])
    fine = function(x)
    near = np.any([np.abs(x - place) <= 1e-6 for place, _ in jumps] or [np.zeros(len(x))], axis=0)
    error = np.abs(np.interp(x, found.x, found.values) - fine)[~near].max()
    assert error < 0.03  # a bend may hide a jump of up to twice the tolerance, or so
    for depth in (0.1, 0.3):
        assert deeper(fine, depth + 2 * error) <= deeper(found.values, depth)
        assert deeper(found.values, depth) <= deeper(fine, depth - 2 * error)


@given(st.floats(0.05, 0.95))
def test_the_edge_of_what_is_finite_is_closed_in_on(edge):
    found = looked_at(lambda x: x if x < edge else math.nan)
    assert found.residual == 0
    finite = found.x[np.isfinite(found.values)]
    assert edge - 1e-6 <= finite.max() < edge
    assert found.x.max() == 1


@given(st.integers(20, 200))
def test_what_is_left_is_smaller_than_what_was_followed(max_points):
    """Steps of height 1, 1/2, 1/4, ...: the highest are found first, and the rest is reported."""
    steps = np.array([0.1234, -0.5678, 0.7531, 0.3333, -0.2468])
    heights = 0.5 ** np.arange(5)
    found = looked_at(lambda x: float((heights * (x > steps)).sum()), max_points=max_points)
    assert len(found.x) <= max_points
    missed = [
        h
        for h, at in zip(heights, steps, strict=True)
        if np.diff(found.x)[np.searchsorted(found.x, at) - 1] > 1e-3
    ]
    assert found.residual >= max(missed, default=0.0) / 2 or found.residual == np.inf
