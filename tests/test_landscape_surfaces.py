"""Surfaces and the census as jobs share them: the same points whatever the number of jobs."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pandas as pd
import pytest
import torch

from spikegrad.settings import ConfigError, validate
from study.config.landscape import LandscapeSettings
from study.jobs import share
from study.landscape.census_jobs import census_tables, census_tasks
from study.landscape.constants import STATES
from study.landscape.directions import load_centre, save_centres
from study.landscape.objective import Objective, landscape_samples
from study.landscape.summary import census_summary
from study.landscape.surfaces import line_table, plane_table, points, rays
from test_config import settings
from test_landscape_directions import DATA, centres


def options(**changes: object) -> LandscapeSettings:
    return validate(LandscapeSettings, {**settings("smoke.yaml")["landscape"], **changes})


@pytest.fixture
def directions(tmp_path: Path) -> Path:
    found, (own, _) = centres("lif")
    save_centres(tmp_path / "0.safetensors", own, found)
    return tmp_path / "0.safetensors"


@pytest.mark.parametrize("jobs", [1, 3, 7])
def test_jobs_share_all_lines_and_points_and_none_twice(jobs: int):
    states = len(STATES)
    for work, number in ((rays(options()), states * 2), (points(options()), states * 5 * 5)):
        assert len(set(work)) == len(work) == number
        shared = [piece for job in range(jobs) for piece in share(work, job, jobs)]
        assert sorted(shared, key=work.index) == work


def test_lines_hold_the_loss_where_it_was_looked_at(
    directions: Path, caplog: pytest.LogCaptureFixture
):
    changes = {"directions": ["filter0", "difference"], "points": 6, "reach": 0.1}
    changes |= {"tolerance": 1e-3, "spacing": 1e-5, "most": 60}
    small = options(lines=changes)
    caplog.set_level("INFO")
    table = line_table(rays(small), directions, DATA, small)
    assert f"lines: 1 of {len(rays(small))} done" in caplog.text
    assert list(table["state"].unique()) == list(STATES)
    network, centre = load_centre(directions, "trained", ("filter0",))
    assert set(table["seed"]) == {centre.run["seed"]}
    objective = Objective(network, landscape_samples(DATA, small, centre.run["seed"]))
    line = table[(table["state"] == "trained") & (table["direction"] == "filter0")]
    assert 7 <= len(line) <= 60
    assert line["x"].is_monotonic_increasing
    assert {-0.1, 0.0, 0.1} <= set(line["x"])
    for row in line.iloc[::7].itertuples():
        assert row.loss == float(objective.answer(centre.at(("filter0",), (row.x,))).loss)
    there = table[(table["state"] == "trained") & (table["direction"] == "difference")]
    assert there["x"].min() == 0.0


def test_slopes_are_those_of_the_surface(directions: Path):
    planes = {"directions": [["filter0", "filter1"]], "points": 3, "reach": 1e-7}
    small = options(
        planes={**planes, "gradient_every": 1}, directions={"seed": 0, "random": 2, "principal": 1}
    )
    table = plane_table(points(small), directions, DATA, small)
    assert len(table) == len(STATES) * 9
    for _, plane in table.groupby("state"):
        loss = plane.pivot_table(index="x", columns="y", values="loss")
        slopes = plane[(plane["x"] == 0) & (plane["y"] == 0)].iloc[0]
        for axis, name in enumerate(("slope_x", "slope_y")):
            slope = np.gradient(loss, 1e-7, axis=axis)[1, 1]
            np.testing.assert_allclose(slope, slopes[name], rtol=1e-3, atol=1e-3)


def test_directions_that_a_run_lacks_are_left_out(directions: Path):
    lacking = {"directions": ["filter0", "principal5"], "points": 3, "reach": 1e-3}
    small = options(
        lines={**lacking, "tolerance": 1e-3, "spacing": 1e-5, "most": 3},
        planes={
            "directions": [["filter0", "filter1"], ["gradient", "principal5"]],
            "points": 3,
            "reach": 1e-3,
            "gradient_every": 5,
        },
        directions={"seed": 0, "random": 2, "principal": 6},
    )
    lines = line_table(rays(small), directions, DATA, small)
    assert set(lines["direction"]) == {"filter0"}
    assert list(lines["state"].unique()) == list(STATES)
    planes = plane_table(points(small), directions, DATA, small)
    assert set(planes["direction2"]) == {"filter1"}
    assert len(planes) == len(STATES) * 9


@pytest.mark.parametrize("section", ["lines", "census", "profiles"])
def test_what_a_run_may_lack_is_not_what_all_figures_need(section: str):
    whole = settings("smoke.yaml")["landscape"]
    changes = {section: {**whole[section], "directions": ["principal0"]}}
    with pytest.raises(ConfigError, match=rf"{section}\.directions: 'principal0' is not there"):
        options(**changes)


def test_samples_are_the_seeds_own():
    small = options(samples=2)
    drawn = [landscape_samples(DATA, small, seed).spikes.times for seed in range(6)]
    again = [landscape_samples(DATA, small, seed).spikes.times for seed in range(6)]
    assert all(map(torch.equal, drawn, again))
    assert len({tuple(times.tolist()) for times in drawn}) > 1


def test_the_census_is_the_same_in_any_number_of_jobs(directions: Path):
    small = options(
        census={
            "directions": ["filter0"],
            "samples": 2,
            "breaks": {"points": 5, "reach": 0.002, "most": 10_000},
            "swaps": {"points": 3, "reach": 1e-4, "most": 20},
            "aside": 1e-6,
        }
    )
    tasks = census_tasks(small)
    whole = census_tables(tasks, directions, DATA, small)
    parts = [census_tables(share(tasks, job, 2), directions, DATA, small) for job in range(2)]
    keys = ["state", "sample", "search"]
    for one, *halves in zip(whole, *parts, strict=True):
        joined = pd.concat([h for h in halves if len(h)], ignore_index=True)
        order = [*keys, *(["x"] if "x" in one else [])]
        pd.testing.assert_frame_equal(
            joined.sort_values(order, ignore_index=True),
            one.sort_values(order, ignore_index=True),
        )
    summary = census_summary(*whole[:2])
    breaks = whole[0][(whole[0]["search"] == "breaks")]
    assert summary["breaks"].sum() == len(breaks)
    np.testing.assert_allclose(summary["length"], 2 * 0.004)


def test_an_unknown_direction_is_named():
    with pytest.raises(ConfigError, match=r"census\.directions: 'filter9' is not one of gaussian0"):
        options(
            census={
                "directions": ["filter9"],
                "samples": 1,
                "breaks": {"points": 5, "reach": 0.1, "most": 10_000},
                "swaps": {"points": 5, "reach": 0.1, "most": 20},
                "aside": 1e-6,
            }
        )


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"depths": [0.01, 0.2]}, r"depths.*claims are judged at the depths \[0\.01, 0\.1\]"),
        (
            {"lines": {"tolerance": 0.003}},
            r"lines\.tolerance' = 0\.003: .* less than or equal to 0\.0025",
        ),
    ],
)
def test_depths_that_lines_cannot_be_judged_by_are_named(changes: dict, message: str):
    with pytest.raises(ConfigError, match=message):
        options(**changes)
