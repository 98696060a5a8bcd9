"""Measures as jobs share them, and their settings."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

import numpy as np
import pandas as pd
import pytest
import torch

from configs import settings
from spikegrad.layers import NotFiniteError
from spikegrad.settings import validate
from study.config.landscape import LandscapeSettings
from study.landscape.census import census
from study.landscape.closeups import closeups
from study.landscape.constants import STATES
from study.landscape.job import Job
from study.landscape.network_measures import census_summary
from study.landscape.objective import Objective
from study.landscape.profiles import profiles
from study.landscape.roughness import around
from study.landscape.surfaces import surfaces
from test_landscape_directions import DATA, centres

SMOKE = settings("smoke.yaml")["landscape"]
SMALL = {
    "lines": {"directions": ["filter0", "difference"], "points": 3, "max_points": 9},
    "planes": {"directions": [["filter0", "filter1"]], "points": 3, "reach": 1e-7},
    "closeups": {"points": 3, "reaches": [1e-7, 1e-6], "samples": 2},
    "census": {
        "directions": ["filter0"],
        "samples": 2,
        "breaks": {"points": 3, "reach": 5e-4, "max_runs": 10_000},
        "swaps": {"points": 3, "reach": 1e-4, "max_changes": 20},
    },
    "profiles": {"directions": ["filter0"], "samples": 2, "points": 3, "max_points": 9},
}
FOUND, (OWN, _) = centres("lif")


def options(jobs: int = 1, **changes: dict) -> LandscapeSettings:
    """Those of a small landscape, with ``changes`` in its sections."""
    laid = {name: {**SMOKE[name], **SMALL[name], **changes.pop(name, {})} for name in SMALL}
    return validate(LandscapeSettings, {**SMOKE, **laid, **changes, "jobs": jobs})


def job(settings: LandscapeSettings, number: int = 0) -> Job:
    return Job(settings, OWN.network, FOUND, DATA, number)


@pytest.mark.parametrize("measure", [surfaces, closeups, census, profiles])
def test_any_number_of_jobs_find_the_same(measure: Callable[[Job], dict[str, pd.DataFrame]]):
    whole = measure(job(options()))
    parts = [measure(job(options(jobs=3), number)) for number in range(3)]
    for name, table in whole.items():
        joined = pd.concat([p[name] for p in parts if len(p[name])], ignore_index=True)
        keys = ("state", "direction", "sample", "search", "depth", "reach", "of", "x", "y")
        order = [key for key in keys if key in table]
        pd.testing.assert_frame_equal(
            joined.sort_values(order, ignore_index=True),
            table.sort_values(order, ignore_index=True),
        )
    if measure is census:
        summary = census_summary(whole["changes"], whole["census_lines"])
        assert summary["breaks"].sum() == (whole["changes"]["search"] == "breaks").sum() > 0
        np.testing.assert_allclose(summary["length"], 2 * 0.001)


@pytest.mark.parametrize("measure", [surfaces, closeups, census, profiles])
def test_a_job_without_work_finds_nothing(measure: Callable[[Job], dict[str, pd.DataFrame]]):
    many = 1000
    tables = measure(job(options(jobs=many), many - 1))
    assert all(table.empty for table in tables.values())


def test_lines_hold_the_loss_where_it_was_looked_at():
    few = {"points": 6, "reach": 0.1, "spacing": 1e-5, "max_points": 60}
    one = job(options(lines=few))
    table = surfaces(one)["lines"]
    assert list(table["state"].unique()) == list(STATES)
    assert set(table["seed"]) == {OWN.header["seed"]}
    line = table[(table["state"] == "trained") & (table["direction"] == "filter0")]
    assert 7 <= len(line) <= 60
    assert line["x"].is_monotonic_increasing
    assert {-0.1, 0.0, 0.1} <= set(line["x"])
    for row in line.iloc[::7].itertuples():
        weights = FOUND["trained"].at(("filter0",), (row.x,))
        assert row.loss == float(one.objective.evaluate(weights).loss)
    there = table[(table["state"] == "trained") & (table["direction"] == "difference")]
    assert there["x"].min() == 0.0


def test_closeups_have_the_gradient_of_their_samples():
    """Of the mean and of single samples; no plane is steeper than the whole gradient."""
    wanted = options()
    table = closeups(job(wanted))["closeups"]
    assert len(table) == 2 * 2 * 9
    near = table[table["reach"] == 1e-7]
    for of, samples in (("mean", [0, 1]), ("sample 0", [0])):
        plane = near[near["of"] == of]
        loss = plane.pivot_table(index="x", columns="y", values="loss")
        here = plane[(plane["x"] == 0) & (plane["y"] == 0)].iloc[0]
        alone = job(wanted).objective.select(torch.tensor(samples))
        centre = FOUND["trained"]
        assert here["loss"] == float(alone.evaluate(centre.weights).loss)
        slopes = [own[1, 1] for own in np.gradient(loss.to_numpy(), 1e-7)]
        steepest = centre.weights.norm() * alone.gradient(centre.weights)[1].norm()
        assert here["norm"] == pytest.approx(float(steepest))
        assert 0 < np.hypot(*slopes) < 1.5 * here["norm"]


def test_where_there_is_no_finite_gradient_there_are_no_values(monkeypatch):
    """A neuron that touches its threshold has none; what needs no gradient is measured."""

    def touching(self: Objective, weights: torch.Tensor, clip: float | None = None):
        raise NotFiniteError("a gradient is infinite")

    monkeypatch.setattr(Objective, "gradient", touching)
    found = surfaces(job(options()))
    assert found["lines"]["loss"].notna().all()
    assert found["planes"]["loss"].notna().all()
    assert closeups(job(options()))["closeups"][["loss", "norm"]].isna().all(axis=None)
    searched = census(job(options()))
    assert set(searched["changes"]["cause"]) <= {"input swap"}
    assert around(OWN.network, DATA, options(), 0, [1e-3]) == []
    with pytest.raises(ValueError, match=r"lif, seed \d+, .*no gradient .* leave the seed out"):
        centres("lif")


def test_directions_that_a_run_lacks_are_left_out():
    wanted = options(
        lines={"directions": ["filter0", "principal1"]},
        planes={"directions": [["filter0", "filter1"], ["gradient", "principal1"]]},
    )
    short = {
        state: replace(
            centre, directions={k: v for k, v in centre.directions.items() if k != "principal1"}
        )
        for state, centre in FOUND.items()
    }
    found = surfaces(Job(wanted, OWN.network, short, DATA))
    assert set(found["lines"]["direction"]) == {"filter0"}
    assert list(found["lines"]["state"].unique()) == list(STATES)
    assert set(found["planes"]["direction2"]) == {"filter1"}
    assert len(found["planes"]) == len(STATES) * 9
