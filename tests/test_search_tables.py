"""What searches say together: closed forms against brute force, positions within bounds."""

from __future__ import annotations

from itertools import combinations

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from study.config.search import Choice, Range
from study.search.bounds import placed
from study.search.search_tables import (
    best_at,
    budget_table,
    expected_of_last,
    rung_table,
    stability_table,
    winner_table,
)
from trainings import settings as model_settings

HALVING = {"per_generation": 4, "epochs": [1], "eta": 2, "per_job": 1}


@given(st.lists(st.floats(0, 1), min_size=1, max_size=8))
@settings(max_examples=30)
def test_the_expected_best_is_the_mean_over_all_subsets(values: list[float]):
    brute = [
        np.mean([max(subset) for subset in combinations(values, k)])
        for k in range(1, len(values) + 1)
    ]
    assert expected_of_last(sorted(values)) == pytest.approx(brute, abs=1e-12)


def trials() -> pd.DataFrame:
    """Two searches of LIF and one of QIF, with the trials' outcomes."""
    rows = [
        # neuron, search, number, outcome, accuracy, after the first rung, the second, presented
        ("lif", 0, 0, "finished", 0.6, 0.3, 0.6, 30),
        ("lif", 0, 1, "finished", 0.5, 0.4, 0.5, 30),
        ("lif", 0, 2, "finished", 0.4, 0.35, 0.4, 30),
        ("lif", 0, 3, "overflow", 0.7, 0.4, np.nan, 10),
        ("lif", 1, 0, "silent", 0.0, np.nan, np.nan, 0),
        ("lif", 1, 1, "timeout", 0.0, 0.5, np.nan, 40),
        ("qif", 0, 0, "stopped", 0.2, 0.2, np.nan, 10),
        ("qif", 0, 1, "memory", 0.0, np.nan, np.nan, 30),
        ("qif", 0, 2, "not finite", 0.1, np.nan, np.nan, 0),
    ]
    columns = ["neuron", "search", "number", "outcome", "validation_accuracy"]
    columns += ["rung0_accuracy", "rung1_accuracy", "presentations"]
    table = pd.DataFrame(rows, columns=columns)
    failed = ~table["outcome"].isin(["finished", "stopped"])
    return table.assign(failed=failed, fold="own")


def test_the_budget_of_each_search_ends_at_its_best_trial():
    table = budget_table(trials(), budget=100)
    sizes = table.groupby(["neuron", "search"])["k"].agg(list)
    assert sizes.to_dict() == {("lif", 0): [1, 2, 3, 4], ("lif", 1): [1, 2], ("qif", 0): [1, 2, 3]}
    last = table.groupby(["neuron", "search"])["expected_best"].last()
    assert last.to_dict() == {("lif", 0): 0.7, ("lif", 1): 0.0, ("qif", 0): 0.2}
    assert table["presentations"].iloc[:4].tolist() == [25, 50, 75, 100]
    assert table["share"].iloc[:4].tolist() == [0.25, 0.5, 0.75, 1.0]


def test_searches_are_compared_where_they_have_cost_the_same():
    table = budget_table(trials(), budget=100)
    found = best_at(table[table["neuron"] == "lif"], [0.1, 0.3, 0.5, 1.0])
    own = table["expected_best"].tolist()
    between = own[0] + 0.2 * (own[1] - own[0])  # 30 lies so far between 25 and 50
    assert found[0].tolist() == pytest.approx([np.nan, between, own[1], own[3]], nan_ok=True)
    assert found[1].tolist() == pytest.approx([np.nan, 0.0, 0.0, 0.0], nan_ok=True)


def test_divergence_is_kept_apart_from_limits_of_the_machine_and_costs_are_counted():
    winners = [
        {"neuron": n, "fold": "own", "search": s, "presentations": {"budget_spent": s == 0}}
        for n, s in (("qif", 0), ("lif", 1), ("lif", 0))
    ]
    table = stability_table(trials(), winners)
    counts = ["search", "trials", "diverged", "failed_otherwise"]
    assert table[counts].to_numpy().tolist() == [[0, 4, 1, 0], [1, 2, 1, 1], [0, 3, 1, 1]]
    assert table["presentations"].tolist() == [100, 40, 40]
    assert table["failed_presentations"].tolist() == [10, 40, 30]
    assert table["budget_spent"].tolist() == [True, False, True]


def test_ranking_by_rungs_and_by_the_finalists():
    runs = pd.DataFrame(
        [
            ("lif", 0, -1, 0.9),  # the unchanged configuration is no trial
            ("lif", 0, 0, 0.1), ("lif", 0, 0, 0.7),
            ("lif", 0, 1, 0.5), ("lif", 0, 1, 0.5),
            ("lif", 0, 2, 0.6), ("lif", 0, 2, 0.6),
            ("qif", 0, 0, 0.5),
        ],
        columns=["neuron", "search", "number", "validation_accuracy"],
    ).assign(fold="own", validation_loss=1.0)  # fmt: skip
    table = rung_table(trials(), runs)
    assert table["rung"].tolist() == [0, 1] * 3
    assert table["next_rung"].tolist() == [1, 2] * 3
    assert table["trials"].tolist() == [3, 3, 0, 0, 0, 0]
    # ranks 1, 3, 2 and 3, 2, 1, then 3, 2, 1 and 1, 2, 3: 1 - 6 (4 + 1 + 1) / (3 * 8)
    assert table["spearman"].iloc[:2].tolist() == pytest.approx([-0.5, -1.0])
    assert table["spearman"].iloc[2:].isna().all()


SPACE = [
    Range(key="network.tau", low=0.01, high=0.02),  # the model has the upper end
    Range(key="network.init.mean", low=0.0, high=1.0),  # 0.6
    Range(key="training.sample_clip", low=0.3, high=10.0, log=True),  # null
    Range(key="training.augmentation.time_stretch", low=0.05, high=0.3),  # the lower end
    Choice(key="training.batch_size", choices=(8, 16)),
]


def test_winners_at_bounds_are_found():
    places = placed(SPACE, model_settings())
    assert [place["at_bound"] for place in places.values()] == [True, False, False, True, False]
    assert [place["position"] for place in places.values()] == pytest.approx(
        [1.0, 0.6, None, 0.0, None]
    )
    table = winner_table([{"neuron": "qif", "fold": "own", "search": 1, "places": places}])
    assert table["parameter"].tolist() == [parameter.key for parameter in SPACE]
    assert table["value"].tolist() == pytest.approx([0.02, 0.6, np.nan, 0.05, 8], nan_ok=True)


@pytest.mark.parametrize(
    ("key", "low", "high", "value", "found"),
    [
        ("training.augmentation.time_stretch", 0.0, 0.3, 0.0, False),  # nothing below 0
        ("network.init.mean", 0.0, 1.2, 1.19, True),
        ("training.augmentation.blend", 0.0, 1.0, 0.99, False),  # a share
        ("training.augmentation.blend", 0.0, 0.5, 0.49, True),
        ("training.augmentation.channel_shift", 0, 40, 40, True),
    ],
)
def test_natural_ends_are_no_bounds(key: str, low: float, high: float, value: float, found: bool):
    parameter = Range(key=key, low=low, high=high, integer=isinstance(value, int))
    model = model_settings().with_parameters({key: value})
    assert placed([parameter], model)[key]["at_bound"] == found
