"""Points and directions in weight space: norms, activity, and where they lead."""

from __future__ import annotations

import math
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
import torch

from landscapes import dataset, network
from networks import random_spikes
from spikegrad.seeds import generator
from study.config.landscape import DIRECTIONS
from study.landscape.constants import STATES
from study.landscape.directions import (
    centre,
    draw,
    load_centres,
    n_principal,
    principal,
    save_centres,
)
from study.landscape.objective import Objective, held, matrices, weights_of
from study.landscape.states import TrainingRun, equal_loss, snapshot_losses, states

SPIKES = random_spikes(0, n_samples=4)
DATA = dataset(SPIKES, 20)


def training_run(neuron: str, seed: int, **more: Any) -> TrainingRun:
    """A run that has gone a crooked way from its initial weights."""
    net = network(neuron, 20, (10,), **more)
    net.initialise(SPIKES, generator(seed))
    start = weights_of(net)
    steps = torch.randn(5, len(start), generator=generator(seed, 9), dtype=torch.float64)
    trajectory = start + torch.cat([torch.zeros(1, len(start)), (0.02 * steps).cumsum(0)])
    header = {
        "network": net.settings.model_dump(mode="json"),
        "n_units": 20,
        "n_classes": 2,
        "neuron": neuron,
        "seed": seed,
        "outcome": {"epochs": 5},
    }
    return TrainingRun(net, header, trajectory[-1], list(range(6)), trajectory)


def centres(neuron: str = "qif", **more: Any):
    own, other = (training_run(neuron, seed, **more) for seed in (0, 1))
    objective = Objective(own.network, DATA)
    losses = snapshot_losses(own, objective)
    level = equal_loss([losses])
    active = training_run(neuron, 2, **more)
    active.header["seed"] = own.header["seed"]  # other weights, but the same run's
    here = states(own, losses, level, active)
    there = states(other, snapshot_losses(other, objective), level, other)
    return {name: centre(name, here[name], there[name], objective, 2) for name in STATES}, (
        own,
        other,
    )


def test_every_direction_is_as_long_as_the_weights():
    found, _ = centres()
    for point in found.values():
        assert set(point.directions) == set(DIRECTIONS)
        for direction in point.directions.values():
            assert float(direction.norm()) == pytest.approx(float(point.weights.norm()))


def test_directions_hold_time_constants():
    found, (own, _) = centres(train_tau=True)
    fixed = held(own.network)
    assert int(fixed.sum()) == 1
    for point in found.values():
        assert point.weights[fixed].item() == pytest.approx(math.log(0.02), abs=0.2)
        for direction in point.directions.values():
            assert not direction[fixed].any()
            assert float(direction.norm()) == pytest.approx(float(point.weights[~fixed].norm()))


@pytest.mark.parametrize("kind", ["filter", "layer"])
def test_random_directions_are_scaled_to_neurons_or_layers(kind: str):
    net = training_run("lif", 0).network
    weights = weights_of(net)
    direction = draw(kind, weights, net, generator(3))
    assert torch.equal(direction, draw(kind, weights, net, generator(3)))
    for part, weight in zip(matrices(direction, net), matrices(weights, net), strict=True):
        if kind == "filter":
            torch.testing.assert_close(part.norm(dim=0), weight.norm(dim=0))
        torch.testing.assert_close(part.norm(), weight.norm())


def test_the_difference_leads_to_the_other_network():
    found, (_, other) = centres()
    for state, target in (("untrained", other.trajectory[0]), ("trained", other.trained)):
        start, end = found[state].span("difference", reach=0.1)
        assert start == 0.0
        torch.testing.assert_close(found[state].at(("difference",), (end,)), target)
    assert found["trained"].span("filter0", reach=0.1) == (-0.1, 0.1)


def test_down_the_gradient_the_loss_falls_as_fast_as_it_says():
    found, (own, _) = centres()
    objective = Objective(own.network, DATA)
    point = found["trained"]
    step = 1e-6
    losses = [float(objective.evaluate(point.at(("gradient",), (s,))).loss) for s in (-step, step)]
    slope = (losses[1] - losses[0]) / (2 * step)
    assert slope == pytest.approx(point.about["gradient_norm"], rel=1e-4)


def test_principal_directions_span_a_flat_way():
    basis = torch.linalg.qr(torch.randn(30, 2, generator=generator(0), dtype=torch.float64)).Q
    steps = torch.randn(8, 2, generator=generator(1), dtype=torch.float64)
    found = principal(steps @ basis.T, 2)
    torch.testing.assert_close(found.T @ found, basis @ basis.T)


def test_runs_share_the_directions_of_the_one_that_failed_first():
    runs = [training_run("qif", 0), training_run("lif", 0)]
    assert n_principal(runs) == 2
    early = replace(runs[1], epochs=[0, 1], trajectory=runs[1].trajectory[:2])
    assert n_principal([runs[0], early]) == 1
    at_once = replace(early, epochs=[0], trajectory=early.trajectory[:1])
    assert n_principal([runs[0], at_once]) == 0
    assert len(principal(at_once.trajectory, 0)) == 0


def test_what_is_saved_is_what_is_loaded(tmp_path: Path):
    found, (own, _) = centres()
    save_centres(tmp_path / "0.safetensors", own, found)
    net, loaded = load_centres(tmp_path / "0.safetensors")
    assert net.neuron == "qif"
    for state, point in loaded.items():
        assert torch.equal(point.weights, found[state].weights)
        assert point.directions.keys() == found[state].directions.keys()
        for name, direction in point.directions.items():
            assert torch.equal(direction, found[state].directions[name])
        assert point.about == found[state].about
