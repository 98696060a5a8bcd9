"""Surfaces and the census as jobs share them: the same points whatever the number of jobs."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from spikegrad.config.base import ConfigError, validate
from spikegrad.config.landscape import LandscapeSettings
from spikegrad.landscape.directions import save_centres
from spikegrad.landscape.summary import census_summary
from spikegrad.landscape.surfaces import share, surface_points, surface_table
from spikegrad.landscape.tables import census_tables, census_tasks
from spikegrad.landscape.terms import STATES
from test_config import settings
from test_landscape_directions import DATA, centres


def options(**changes: object) -> LandscapeSettings:
    return validate(LandscapeSettings, {**settings("smoke.yaml")["landscape"], **changes})


@pytest.fixture
def files(tmp_path: Path) -> dict[int, str]:
    found, (own, _) = centres("lif")
    save_centres(tmp_path / "0.safetensors", own, found)
    return dict.fromkeys((0, 1), str(tmp_path / "0.safetensors"))


@pytest.mark.parametrize("jobs", [1, 3, 7])
def test_jobs_share_all_points_and_none_twice(jobs: int):
    points = surface_points(options())
    assert len(set(points)) == len(points) == 2 * len(STATES) * (2 * 11 + 5 * 5)
    shared = [point for job in range(jobs) for point in share(points, job, jobs)]
    assert sorted(shared, key=points.index) == points


def test_slopes_are_those_of_the_surface(files: dict[int, str]):
    lines = {"directions": ["filter0"], "points": 3, "reach": 1e-7}
    small = options(lines=lines)
    points = [p for p in surface_points(small) if len(p.index) == 1 and p.seed == 0]
    table = surface_table(points, files, DATA, small)
    for _, line in table.groupby("state"):
        slope = np.gradient(line["loss"], line["x"])
        np.testing.assert_allclose(slope[1], line["slope_x"].iloc[1], rtol=1e-3, atol=1e-3)
        assert (line["gradient_norm"] >= line["slope_x"].abs() - 1e-9).all()


def test_the_census_is_the_same_in_any_number_of_jobs(files: dict[int, str]):
    small = options(
        census={
            "directions": ["filter0"],
            "samples": 2,
            "breaks": {"points": 5, "reach": 0.002},
            "swaps": {"points": 3, "reach": 1e-4},
        }
    )
    tasks = [task for task in census_tasks(small) if task.seed == 0]
    whole = census_tables(tasks, files, DATA, small)
    parts = [census_tables(share(tasks, job, 2), files, DATA, small) for job in range(2)]
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
                "breaks": {"points": 5, "reach": 0.1},
                "swaps": {"points": 5, "reach": 0.1},
            }
        )
