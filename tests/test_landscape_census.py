"""The census against brute force; continuity of QIF networks."""

from __future__ import annotations

import itertools

import numpy as np
import pandas as pd
import pytest
import torch

from landscapes import random_objective
from study.landscape.census import WIDTH, Line, census
from study.landscape.summary import census_summary

REACH, ASIDE = 0.01, 1e-6


def scan(line: Line, points: int) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """x, loss and slope on a fine grid."""
    x = np.linspace(-REACH, REACH, points)
    answers = [line.objective.gradient(line.point(float(p))) for p in x]
    loss = np.array([float(answer.loss) for answer, _ in answers])
    slope = np.array([float(gradient @ line.direction) for _, gradient in answers])
    return x, loss, slope


@pytest.mark.parametrize("seed", [0, 1])
def test_lif_jumps_are_those_of_brute_force(seed: int):
    line = Line(*random_objective("lif", seed))
    x, loss, slope = scan(line, 1001)
    unexplained = np.abs(np.diff(loss) - np.diff(x) * (slope[1:] + slope[:-1]) / 2)
    found = census(line, np.linspace(-REACH, REACH, 41), "breaks", ASIDE)[0]
    places = np.array([change["x"] for change in found])
    heights = np.abs([change["loss_jump"] for change in found])
    assert (heights > 1e-3).any()  # there is something to find
    for k in np.flatnonzero(unexplained > 1e-3):
        assert ((places > x[k] - WIDTH) & (places < x[k + 1] + WIDTH)).any()
    for place in places[heights > 1e-2]:
        k = int(np.searchsorted(x, place)) - 1
        assert unexplained[k] > 1e-3
    for change in found:
        assert 0 < change["width"] <= 3 * WIDTH
        assert not change["lingers"]


@pytest.mark.parametrize("layers", [(10,), (8, 6)])
@pytest.mark.parametrize("search", ["swaps", "breaks"])
def test_qif_networks_with_integrated_readout_have_no_jump(layers: tuple[int, ...], search: str):
    line = Line(*random_objective("qif", 3, layers))
    found, facts = census(line, np.linspace(-REACH, REACH, 41), search, ASIDE)
    swaps = facts["harmless_input_swaps"] + facts["harmless_spike_swaps"]
    assert len(found) + swaps > 20
    # not even what changes across a bracket comes near
    assert max((abs(change["loss_change"]) for change in found), default=0.0) < 1e-9
    assert {change["cause"] for change in found if change["breaks"]} <= {"end"}


def test_harmless_swaps_of_lif_spikes_change_nothing():
    line = Line(*random_objective("lif", 1))
    found = census(line, np.linspace(-0.002, 0.002, 11), "swaps", ASIDE)[0]
    harmless = [change for change in found if not change["breaks"]]
    assert len(harmless) > 50
    assert max(abs(change["loss_jump"]) for change in harmless) < 1e-9


def test_a_search_that_ends_early_says_how_far_it_came():
    grid = np.linspace(-REACH, REACH, 41)
    whole, facts = census(Line(*random_objective("lif", 2)), grid, "breaks", ASIDE)
    assert facts["length"] == 2 * REACH
    some, part = census(Line(*random_objective("lif", 2)), grid, "breaks", ASIDE, 400)
    assert 400 <= part["runs"] < 500 < facts["runs"]
    assert 0 < part["length"] < facts["length"]
    end = grid[0] + part["length"]
    assert [c["x"] for c in some] == [c["x"] for c in whole if c["x"] < end]
    assert some


def test_both_searches_find_the_same_breaks():
    line = Line(*random_objective("lif", 2))
    grid = np.linspace(-0.0015, 0.0015, 11)
    slow, fast = (
        [c["x"] for c in census(line, grid, search, ASIDE)[0] if c["breaks"]]
        for search in ("swaps", "breaks")
    )
    assert slow
    np.testing.assert_allclose(fast, slow, atol=2 * WIDTH)


def test_swaps_passed_over_are_as_many_as_isolated_ones():
    line = Line(*random_objective("qif", 0))
    grid = np.linspace(-0.002, 0.002, 9)
    found, _ = census(line, grid, "swaps", ASIDE)
    _, facts = census(line, grid, "breaks", ASIDE)
    counted = [facts["harmless_input_swaps"], facts["harmless_spike_swaps"]]
    causes = [change["cause"] for change in found]
    assert counted == [causes.count("input swap"), causes.count("spike swap")]


def test_the_search_for_swaps_ends_after_so_many():
    line = Line(*random_objective("qif", 0))
    grid = np.linspace(-0.002, 0.002, 9)
    every, few = (census(line, grid, "swaps", ASIDE, most)[0] for most in (None, 5))
    assert len(every) > 5
    assert [change["x"] for change in few] == [change["x"] for change in every[:5]]


@pytest.mark.parametrize(("neuron", "monotone"), [("qif", True), ("lif", False)])
def test_variation_is_the_range_where_the_slope_keeps_its_sign(neuron: str, monotone: bool):
    """A jump against the slope is variation that the gradient knows nothing of."""
    excess = 0.0
    for seed in range(2):
        x, loss, slope = scan(Line(*random_objective(neuron, seed)), 601)
        sign = np.sign(slope)
        starts = [0, *(np.flatnonzero(np.diff(sign)) + 1), len(x)]
        for a, b in itertools.pairwise(starts):
            stretch = loss[a:b]
            if len(stretch) > 1:
                excess += np.abs(np.diff(stretch)).sum() - np.ptp(stretch)
    assert (excess < 1e-9) == monotone


def test_the_objective_is_the_mean_over_its_samples():
    objective, weights, _ = random_objective("qif", 0, n_samples=3)
    together, gradient = objective.gradient(weights)
    alone = [objective.select(torch.tensor([k])).gradient(weights) for k in range(3)]
    torch.testing.assert_close(together.losses, torch.cat([a.losses for a, _ in alone]))
    torch.testing.assert_close(gradient, torch.stack([g for _, g in alone]).mean(0))


def test_the_summary_of_a_network_counts_what_is_its_own():
    key = {"neuron": "lif", "seed": 0, "direction": "filter0", "sample": 0}
    line = {"length": 0.5, "spikes": 10, "harmless_input_swaps": 90, "harmless_spike_swaps": 8}
    line |= {"harmless_inhibitory": 38, "same_as": None}
    twin = {**line, "same_as": "untrained"}
    change = {"loss_jump": 0.1, "cause": "input swap", "interacts": True}
    lines, changes = [], []
    for state, facts in {"untrained": line, "trained": twin}.items():
        for search in ("breaks", "swaps"):
            lines.append({**key, "state": state, "search": search, **facts})
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
        assert table["inhibitory_overtakes"][state] == 40
        assert table["breaking_share_of_inhibitory"][state] == 0.05
        assert table["share_grazing"][state] == pytest.approx(1 / 3)
