"""Minima by depth, on functions whose minima are known."""

from __future__ import annotations

import numpy as np
import pandas as pd
from hypothesis import given
from hypothesis import strategies as st

from study.landscape.fragmentation import (
    between,
    finite_range,
    line_minima,
    persistence,
    plane_minima,
)

VALUES = st.lists(st.integers(-50, 50), min_size=2, max_size=40, unique=True)


@given(VALUES, st.integers(0, 40))
def test_deeper_minima_are_the_parts_that_a_rising_level_leaves_apart(values, depth):
    """Walk from each minimum both ways to a lower point; the lower of the two passes is its rim."""
    rims = []
    for k, value in enumerate(values):
        sides = values[:k][::-1], values[k + 1 :]
        if any(side and side[0] < value for side in sides):
            continue
        passes = []
        for side in sides:
            lower = [j for j, other in enumerate(side) if other < value]
            if lower:
                passes.append(max(side[: lower[0]], default=value))
        if passes:
            rims.append(min(passes) - value)
    deepest, *others = persistence(np.array(values, float))
    assert deepest == np.ptp(values)
    assert sum(other > depth for other in others) == sum(rim > depth for rim in rims)


def test_the_finite_part_of_a_line():
    x = np.array([-1, -0.5, -0.25, 0, 0.5, 1])
    values = np.array([1, np.nan, 2, 3, np.nan, 4])
    assert finite_range(x, values) == (-0.25, 0)
    np.testing.assert_array_equal(between(x, values, -0.125, 0), [2.5, 3])
    np.testing.assert_array_equal(between(x, np.arange(6.0), -0.5, 0.75), [1, 2, 3, 4, 4.5])


def line(neuron: str, loss: np.ndarray, seed: int = 0, **others: object) -> pd.DataFrame:
    x = np.linspace(-1, 1, len(loss))
    keys = {"neuron": neuron, "seed": seed, "state": "trained", "direction": "filter0"}
    return pd.DataFrame({"x": x, "loss": loss, "residual": 0.0}).assign(**{**keys, **others})


def test_neuron_models_are_compared_where_none_diverges():
    x = np.linspace(-1, 1, 201)
    waves = 0.1 * np.cos(10 * np.pi * x)  # a minimum of depth 0.2 every 0.2
    runaway = np.where(np.abs(x) < 0.405, waves, np.nan)
    table = line_minima(pd.concat([line("lif", runaway), line("qif", waves)]), [0.05, 0.25])
    table = table.set_index(["neuron", "depth"])
    np.testing.assert_allclose(table["length"], 0.8)
    assert (table.loc[("lif", 0.05), "minima"], table.loc[("qif", 0.05), "minima"]) == (3, 3)
    assert table.loc[("qif", 0.25), "minima"] == 0
    whole = line_minima(line("qif", waves), [0.05])
    assert whole["minima"].item() == 9


def test_a_line_that_has_not_settled_says_so():
    lines = pd.concat(
        [line("lif", np.ones(5)).assign(residual=0.04), line("qif", np.ones(7))], ignore_index=True
    )
    table = line_minima(lines, [0.1, 0.2]).set_index(["neuron", "depth"])
    assert table["settled"].to_dict() == {
        ("lif", 0.1): False, ("lif", 0.2): True, ("qif", 0.1): True, ("qif", 0.2): True,
    }  # fmt: skip


def plane(neuron: str, loss: np.ndarray) -> pd.DataFrame:
    grid = np.linspace(-1, 1, len(loss))
    x, y = (a.ravel() for a in np.meshgrid(grid, grid, indexing="ij"))
    table = pd.DataFrame({"x": x, "y": y, "loss": loss.ravel()})
    return table.assign(neuron=neuron, seed=0, state="trained", direction="a", direction2="b")


def test_planes_have_the_minima_deeper_than_a_depth():
    grid = np.linspace(-1, 1, 41)
    waves = 0.1 * np.cos(2 * np.pi * grid)[:, None] + 0.1 * np.cos(2 * np.pi * grid)[None, :]
    table = plane_minima(plane("qif", waves), [0.1, 0.3]).set_index("depth")
    assert list(table["minima"]) == [3, 0]  # four wells, with passes 0.2 above
    assert (table["area"] == 1).all()


def test_a_wall_where_one_model_diverges_is_a_basin_of_none():
    grid = np.linspace(-1, 1, 41)
    x, y = np.meshgrid(grid, grid, indexing="ij")
    bowl = x**2 + y**2
    walled = np.where((np.abs(x - 0.5) < 0.08) | (x < -0.82), np.nan, bowl)
    wells = bowl - (np.hypot(x - 0.8, y) < 0.1) - (np.hypot(x + 0.6, y) < 0.1)
    table = plane_minima(pd.concat([plane("lif", walled), plane("qif", wells)]), [0.05])
    table = table.set_index("neuron")
    np.testing.assert_allclose(table["area"], 25 / 41)  # from x = -0.8 to 0.4
    assert table.loc["lif", "minima"] == 0
    assert table.loc["qif", "minima"] == 1  # the bowl's, beside the well that is left
    alone = plane_minima(plane("qif", wells), [0.05])
    assert alone["minima"].item() == 2
