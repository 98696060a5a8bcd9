"""Along training's steps: known losses, and runs of training that were really made."""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from types import SimpleNamespace

import numpy as np
import pytest
import torch
from torch import Tensor
from torch.nn.functional import cross_entropy

from landscapes import random_objective
from spikegrad.layers import SpikeOverflowError
from spikegrad.network import save_network
from spikegrad.saving import save_tensors
from spikegrad.seeds import generator
from study.config.landscape import Updates
from study.landscape.census import search_line
from study.landscape.gradients import Update, along, breaks_met, clipped_cosine, kept_updates
from study.landscape.isolation import Line
from study.landscape.objective import Objective
from study.training.loop import train
from study.training.run import snapshot_tensors
from trainings import TRAIN, VALIDATION, settings


class Known(Objective):
    """An objective whose loss is a formula, of one sample and two weights."""

    network = SimpleNamespace(weights=["w"], named_parameters=lambda: [("w", START)])

    def __init__(self, loss: Callable[[Tensor], Tensor]) -> None:
        self.loss, self.data = loss, [None]

    def gradient(
        self, weights: Tensor, clip: float | None = None
    ) -> tuple[SimpleNamespace, Tensor]:
        weights = weights.clone().requires_grad_()
        loss = self.loss(weights)
        return SimpleNamespace(losses=loss.detach()[None]), torch.autograd.grad(loss, weights)[0]


START, CHANGE = torch.tensor([3.0, 4.0]).double(), torch.tensor([-1.0, -1.0]).double()


def test_a_bowl_is_predicted_in_part():
    """|w|^2 / 2: the gradient is w itself."""
    facts, table = along(Known(lambda w: (w @ w) / 2), START, CHANGE, 5)
    points = [START + t * CHANGE for t in range(5)]
    assert table["loss"].tolist() == pytest.approx([float(p @ p) / 2 for p in points])
    assert table["t"].tolist() == [0, 1, 2, 3, 4]
    assert facts["length"] == pytest.approx(math.sqrt(2) / 5)
    assert facts["predicted"] == pytest.approx(-7)
    assert facts["change"] == pytest.approx(-6)
    assert facts["error"] == pytest.approx(1)
    assert facts["cosine"] == pytest.approx(18 / (5 * math.sqrt(13)))
    norms = [float(p.norm()) for p in points]
    assert facts["norm_variation"] == pytest.approx(np.log10(norms).std())
    assert not facts["runaway"]
    assert table["gradient_norm"].tolist() == pytest.approx([5 * n for n in norms])


def test_where_the_network_diverges_there_are_no_values():
    def loss(weights: Tensor) -> Tensor:
        if weights[0] < 1.5:
            raise SpikeOverflowError
        return weights.sum()

    facts, table = along(Known(loss), START, CHANGE, 5)
    assert facts["runaway"]
    assert facts["change"] == pytest.approx(-2)
    assert math.isnan(facts["norm_variation"])
    assert table["loss"].isna().tolist() == [False, False, True, True, True]
    facts, _ = along(Known(loss), START, 2 * CHANGE, 5)
    assert math.isnan(facts["change"])
    assert math.isnan(facts["cosine"])


@pytest.fixture(scope="module")
def files(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, Path]:
    """A short run's files, as rule train writes them."""
    path = tmp_path_factory.mktemp("run")
    options = settings(activity={"strength": 0.0, "target": 1.0}, snapshots=3)
    run = train(options, "lif", 0, TRAIN, VALIDATION, path / "state", "")
    about = {"seed": 0, "training": options.training.model_dump(mode="json")}
    save_network(path / "best", run.network, about, run.trained)
    save_tensors(path / "snapshots", snapshot_tensors(run))
    return path / "best", path / "snapshots"


def test_kept_updates_lead_downhill_on_their_own_batch(files: tuple[Path, Path]):
    steps = list(kept_updates(*files, TRAIN, 5))
    assert [step.epoch for step in steps] == [0, 2]
    assert [step.epoch for step in kept_updates(*files, TRAIN, 1)] == [0]
    for step in steps:
        assert len(step.batch) == 8
        facts, table = along(Objective(step.network, step.batch), step.weights, step.change, 5)
        assert facts["length"] == pytest.approx(step.length)
        assert facts["predicted"] < 0
        for t in (0, 1):  # the loss by another route
            with torch.no_grad():
                torch.nn.utils.vector_to_parameters(
                    step.weights + t * step.change, step.network.parameters()
                )
                logits = step.network(step.batch.spikes).logits
            assert table["loss"][t] == pytest.approx(
                float(cross_entropy(logits, step.batch.labels))
            )


@pytest.mark.parametrize("neuron", ["lif", "qif"])
def test_breaks_met_are_those_of_the_census(neuron: str):
    """On all of a step, and on a piece of it that is drawn and counts for all of it."""
    objective, weights, direction = random_objective(neuron, 1, n_samples=2)
    step = 0.004 * direction
    update = Update(objective.network, neuron, 0, 3, weights, step, objective.data, None)
    places = []
    for sample in range(2):
        line = Line(objective.select(torch.tensor([sample])), weights, direction)
        changes, _ = search_line(line, np.linspace(0, 0.004, 9), "breaks")
        places.append([c["x"] for c in changes if c["cause"] in ("input swap", "spike swap")])
    expected = sum(map(len, places))
    assert (expected > 3) == (neuron == "lif")
    options = Updates(samples=2, points=9, length=1.0, max_runs=100_000)
    found = breaks_met(update, options, generator(0))
    assert (found["samples"], found["counted"]) == (2, expected)
    assert found["breaks_per_update"] == pytest.approx(expected)
    piece = options.model_copy(update={"points": 5, "length": 0.002})
    for seed in range(2):
        starts = [0.002 * u for u in torch.rand(2, generator=generator(seed), dtype=torch.float64)]
        within = sum(
            bool(start <= x <= start + 0.002)
            for start, own in zip(starts, places, strict=True)
            for x in own
        )
        found = breaks_met(update, piece, generator(seed))
        assert found["length"] == pytest.approx(0.004)
        assert found["counted"] == within
        assert found["breaks_per_update"] == pytest.approx(within / 0.004 * 0.004 * 2)


def test_clipped_gradients_are_the_sum_of_samples_none_much_longer_than_the_median(
    files: tuple[Path, Path],
):
    step = next(kept_updates(*files, TRAIN, 1))
    step = replace(step, clip=0.5)
    objective = Objective(step.network, step.batch)
    sides = []
    for weights in (step.weights, step.weights + step.change):
        few = [objective.select(torch.tensor([k])) for k in range(len(step.batch))]
        parts = torch.stack([sample.gradient(weights)[1] for sample in few])
        hidden = sum(p.numel() for layer in step.network.hidden for p in layer.parameters())
        norms = parts[:, :hidden].norm(dim=1)
        largest = 0.5 * norms[norms > 0].quantile(0.5, interpolation="midpoint")
        parts[:, :hidden] *= (largest / norms.clamp(min=largest))[:, None]
        sides.append(parts.mean(0))
        assert torch.allclose(objective.gradient(weights, 0.5)[1], sides[-1], rtol=1e-9)
    expected = sides[0] @ sides[1] / (sides[0].norm() * sides[1].norm())
    assert clipped_cosine(objective, step) == pytest.approx(float(expected), rel=1e-9)
    assert (
        clipped_cosine(objective, step)
        != along(objective, step.weights, step.change, 5)[0]["cosine"]
    )
