"""The census against brute force; continuity of QIF networks."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

from landscapes import random_objective, scan
from study.landscape.census import search_line
from study.landscape.constants import JUMP
from study.landscape.examples import choose
from study.landscape.isolation import WIDTH, Line
from study.landscape.network_measures import census_summary

REACH = 0.004
GRID = np.linspace(-REACH, REACH, 17)


def test_lif_jumps_are_those_of_brute_force():
    line = Line(*random_objective("lif", 1))
    x, _, unexplained = scan(line, REACH, 401)
    found = search_line(line, GRID, "breaks")[0]
    places = np.array([change["x"] for change in found])
    heights = np.abs([change["loss_jump"] for change in found])
    assert (heights > 1e-2).any()  # there is something to find
    for k in np.flatnonzero(unexplained > 1e-3):
        assert ((places > x[k] - WIDTH) & (places < x[k + 1] + WIDTH)).any()
    for place in places[heights > 1e-2]:
        k = int(np.searchsorted(x, place)) - 1
        assert unexplained[k] > 1e-3
    for change in found:
        assert 0 < change["width"] <= 3 * WIDTH
        assert not change["lingers"]


@pytest.mark.parametrize(("layers", "search"), [((10,), "swaps"), ((8, 6), "breaks")])
def test_qif_networks_with_integrated_readout_have_no_jump(layers: tuple[int, ...], search: str):
    line = Line(*random_objective("qif", 3, layers))
    found, facts = search_line(line, GRID, search)
    swaps = facts["harmless_input_swaps"] + facts["harmless_spike_swaps"]
    assert len(found) + swaps > 10
    # not even what changes across a bracket comes near
    assert max((abs(change["loss_change"]) for change in found), default=0.0) < 1e-9
    assert {change["cause"] for change in found if change["breaks"]} <= {"end"}


def test_both_searches_find_the_same_breaks_and_other_swaps_change_nothing():
    line = Line(*random_objective("lif", 2))
    slow, fast = (search_line(line, GRID[7:10], search)[0] for search in ("swaps", "breaks"))
    breaks = [c["x"] for c in slow if c["breaks"]]
    assert breaks
    np.testing.assert_allclose([c["x"] for c in fast], breaks, atol=2 * WIDTH)
    harmless = [abs(c["loss_jump"]) for c in slow if not c["breaks"]]
    assert len(harmless) > 10
    assert max(harmless) < 1e-9


def test_a_search_that_ends_early_says_how_far_it_came():
    whole, facts = search_line(Line(*random_objective("lif", 2)), GRID, "breaks")
    assert facts["length"] == 2 * REACH
    some, part = search_line(Line(*random_objective("lif", 2)), GRID, "breaks", 200)
    assert 200 <= part["runs"] < 300 < facts["runs"]
    assert 0 < part["length"] < facts["length"]
    end = GRID[0] + part["length"]
    assert [c["x"] for c in some] == [c["x"] for c in whole if c["x"] < end]
    assert some


def test_swaps_passed_over_are_as_many_as_isolated_ones():
    line = Line(*random_objective("qif", 0))
    grid = np.linspace(-0.002, 0.002, 9)
    found, _ = search_line(line, grid, "swaps")
    few, _ = search_line(line, grid, "swaps", 5)
    assert few == found[:5] != found
    _, facts = search_line(line, grid, "breaks")
    counted = [facts["harmless_input_swaps"], facts["harmless_spike_swaps"]]
    causes = [change["cause"] for change in found]
    assert counted == [causes.count("input swap"), causes.count("spike swap")]


def test_the_summary_of_a_network_counts_what_is_its_own():
    key = {"neuron": "lif", "seed": 0, "direction": "filter0", "sample": 0}
    line = {"length": 0.5, "harmless_input_swaps": 90, "harmless_spike_swaps": 8}
    line |= {"harmless_inhibitory": 38, "same_as": None}
    change = {"loss_jump": 0.1, "cause": "input swap", "interacts": True}
    lines, changes = [], []
    for state, same_as in {"untrained": None, "trained": "untrained"}.items():
        for search in ("breaks", "swaps"):
            lines.append({**key, "state": state, "search": search, **line, "same_as": same_as})
        own = {**key, "state": state, **change}
        changes += [{**own, "search": "breaks", "breaks": True}] * 2
        changes.append({**own, "search": "breaks", "breaks": True, "cause": "grazing"})
        changes += [{**own, "search": "swaps", "breaks": False, "loss_jump": 1e-15}] * 7
        changes.append({**own, "search": "swaps", "breaks": False, "interacts": False})
    table = census_summary(pd.DataFrame(changes), pd.DataFrame(lines)).set_index("state")
    assert table["certified_swaps"].to_dict() == {"untrained": 7, "trained": 0}
    assert table["largest_certified_jump"]["untrained"] == 1e-15
    for state in table.index:
        assert table["jumps_per_length"][state] == 6
        assert table["order_changes"][state] == 100
        assert table["breaking_share"][state] == 0.02
        assert table["breaking_share_of_inhibitory"][state] == 0.05


def test_the_largest_and_the_median_break_are_the_examples():
    def chosen(jumps: list[float], breaks: bool | list[bool] = True) -> dict[str, float]:
        changes = pd.DataFrame({"state": "trained", "breaks": breaks, "loss_jump": jumps})
        return {kind: row["loss_jump"] for kind, row in choose(changes).items()}

    assert chosen([0.1, -0.5, 0.2, 0.3, 0.0]) == {"largest": -0.5, "typical": 0.2}
    assert chosen([0.1, 0.7], [True, False]) == {"largest": 0.1, "typical": 0.1}
    assert chosen([0.0, JUMP / 2, -JUMP]).keys() == {"typical"}
    assert chosen([]) == {}
