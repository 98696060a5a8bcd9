"""Jumps and minima of profiles: functions with known answers, and networks by brute force."""

from __future__ import annotations

import math
from collections.abc import Callable

import numpy as np
import pytest

from landscapes import random_objective, scan
from study.config.landscape import Profiles
from study.landscape.causes import jump_height
from study.landscape.constants import TOLERANCE
from study.landscape.fragmentation import persistence
from study.landscape.isolation import WIDTH, Line
from study.landscape.profiles import Cliff, profile, steepest, without
from study.landscape.section import section

GRID = np.linspace(-0.3, 0.3, 17)
OPTIONS = Profiles(
    directions=("filter0",),
    samples=1,
    points=129,
    reach=0.02,
    max_points=10_000,
)


def heights(function: Callable[[float], float]) -> list[tuple[float, float]]:
    """Where ``function`` jumps, and by how much."""
    found = section(function, GRID, TOLERANCE, WIDTH, 20_000)
    assert found.residual == 0
    jumps = []
    for low, high in steepest(found):
        width = high - low
        values = [function(x) for x in (low - width, low, high, high + width)]
        if height := jump_height(values):
            jumps.append((low, height))
    return jumps


@pytest.mark.parametrize(
    ("function", "expected"),
    [
        (lambda x: math.sin(20 * x), []),
        (lambda x: math.tanh(x / 1e-9), []),
        (lambda x: math.tanh((x - 0.1234) / 1e-11), []),
        (lambda x: math.sqrt(abs(x)), []),
        (lambda x: 0.5 * (x > 0.1) - 0.2 * (x > 0.2), [(0.1, 0.5), (0.2, -0.2)]),
        (lambda x: math.sin(20 * x) + 0.01 * (x > -0.05), [(-0.05, 0.01)]),
        # a threshold that is just reached: a jump, from which on the change goes with the root
        (lambda x: 0.1 + math.sqrt(x) if x > 0 else 0.0, [(0.0, 0.1)]),
    ],
    ids=["smooth", "cliff", "steeper cliff", "root", "steps", "step on a slope", "grazing"],
)
def test_steps_are_jumps_and_cliffs_are_not(function, expected):
    found = heights(function)
    assert len(found) == len(expected)
    for (place, height), (x, size) in zip(found, expected, strict=True):
        assert place == pytest.approx(x, abs=WIDTH)
        assert height == pytest.approx(size, rel=1e-4)


def test_without_jumps_the_rest_remains():
    x = np.linspace(-1, 1, 2001)
    smooth = np.sin(7 * x)
    jumps = [Cliff(float(x[k]), h, h, "grazing") for k, h in ((500, 0.3), (1500, -0.8))]
    broken = smooth + sum(j.jump * (x >= j.x) for j in jumps)
    np.testing.assert_allclose(without(x, broken, jumps), smooth, atol=1e-15)
    assert (persistence(without(x, broken, jumps))[1:] > 0.1).sum() == 2
    assert (persistence(broken)[1:] > 0.1).sum() == 3


def test_a_lif_networks_jumps_are_those_of_brute_force():
    line = Line(*random_objective("lif", 1))
    facts, minima = profile(line, OPTIONS)
    assert facts["settled"]
    assert facts["length"] == pytest.approx(2 * OPTIONS.reach)
    _, loss, missed = scan(line, OPTIONS.reach, 1501)
    large = missed > 2 * TOLERANCE
    jumps = sum(facts[f"jump_{cause}"] for cause in ("end", "grazing", "spike_swap", "input_swap"))
    assert jumps > 0.1
    assert jumps == pytest.approx(missed[large].sum(), rel=0.02)
    assert facts["n_jumps"] == pytest.approx(large.sum(), abs=2)
    assert facts["variation"] == pytest.approx(np.abs(np.diff(loss)).sum(), rel=0.05)
    for row in minima:
        depths = persistence(loss)[1:]
        least, most = ((depths > row["depth"] + s * 2 * TOLERANCE).sum() for s in (1, -1))
        assert least <= row["minima"] <= most


def test_where_qif_spikes_linger_the_loss_does_not_jump():
    """On long lines there are cliffs that double precision does not resolve."""
    options = OPTIONS.model_copy(update={"points": 65, "reach": 1.0})
    facts, _ = profile(Line(*random_objective("qif", 3)), options)
    assert facts["settled"]
    assert facts["n_jumps"] == 0
    assert 0.01 < facts["unresolved"] < 0.1 * facts["variation"]
