"""Measures of fragmentation on functions whose values are known."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st

from spikegrad.landscape.fragmentation import (
    line_table,
    longest_stretch,
    missed_change,
    parts,
    persistence,
    plane_table,
    variation,
)

VALUES = st.lists(st.integers(-50, 50), min_size=2, max_size=40, unique=True)


@given(VALUES)
def test_a_line_has_as_many_persistent_minima_as_one_counts(values: list[int]):
    padded = np.array([99, *values, 99])
    minima = (padded[1:-1] < padded[:-2]) & (padded[1:-1] < padded[2:])
    depths = persistence(np.array(values, float))
    assert len(depths) == minima.sum()
    assert depths[0] == np.ptp(values)


@given(VALUES, st.floats(0.1, 10), st.floats(-5, 5))
def test_depths_follow_the_scale_and_not_the_offset(values: list[int], scale: float, shift: float):
    array = np.array(values, float)
    np.testing.assert_allclose(
        persistence(scale * array + shift), scale * persistence(array), atol=1e-9
    )


def test_depth_is_the_rise_to_the_lower_pass():
    np.testing.assert_array_equal(persistence(np.array([5.0, 0, 4, 2, 3, 1, 6])), [6, 3, 1])


@given(VALUES)
def test_variation_is_one_only_where_monotone(values: list[int]):
    array = np.array(values, float)
    assert variation(np.sort(array)) == pytest.approx(1)
    steps = np.diff(array)
    monotone = (steps > 0).all() or (steps < 0).all()
    assert (variation(array) < 1 + 1e-12) == monotone


def test_slopes_miss_jumps_at_any_resolution():
    for points in (101, 1001):
        x = np.linspace(0, 1, points)
        assert missed_change(x, x**2, 2 * x) < 1e-12
        jump = x + (x > 0.55)  # half of the change is a jump
        assert missed_change(x, jump, np.ones(points)) == pytest.approx(0.5)


def test_parts_of_two_wells():
    x = np.linspace(-2, 2, 41)
    wells = (x[:, None] ** 2 - 1) ** 2 + x[None, :] ** 2
    below, above = parts(wells, 129)
    assert below[0] == 2
    assert below[-1] == 1
    assert above[-1] == 4  # the corners
    assert len(persistence(wells)) == 2


def test_longest_stretch():
    finite = np.array([True, False, True, True, True, False, True, True])
    assert longest_stretch(finite) == slice(2, 5)


def test_tables_hold_each_resolution_and_cut_runaway_points():
    x = np.linspace(0, 1, 33)
    line = pd.DataFrame({"x": x, "loss": x, "slope_x": 1.0})
    line = line.assign(neuron="lif", seed=0, state="trained", direction="filter0")
    line.loc[30:, "loss"] = np.nan
    table = line_table(line)
    assert list(table["points"]) == [30, 15]
    np.testing.assert_allclose(table["variation"], 1)
    assert (table["missed_change"] < 1e-12).all()
    x, y = (a.ravel() for a in np.meshgrid(np.linspace(-1, 1, 17), np.linspace(-1, 1, 17)))
    plane = pd.DataFrame({"x": x, "y": y, "loss": x**2 + y**2})
    plane = plane.assign(neuron="qif", seed=0, state="trained", direction="a", direction2="b")
    table = plane_table(plane, levels=3)
    assert sorted(table["points"].unique()) == [9, 17]
    assert (table["minima"] == 1).all()
    assert (table["parts_below"] == 1).all()
