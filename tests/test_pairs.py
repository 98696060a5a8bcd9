"""This input equals that input: two ways to the same spikes, states and gradients."""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import replace
from typing import Any, NamedTuple

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from torch import Tensor

import spikegrad.autograd
from networks import EVERY, random_counts, random_layer, random_spikes, repeated, sum_of_copies
from oracle import shifted
from spikegrad import DelayLine, SpikeTrains
from spikegrad.delay_line import DelayedCopies
from spikegrad.engine import batch as engine
from spikegrad.layers import SpikingLayer

Found = dict[str, Tensor]
GRID = {"grid": 0.004, "max_delay": 0.06}
AXONAL = {"delays": "axonal", "max_delay": 0.06}
TIMES = "input times"


class Case(NamedTuple):
    neuron: str
    seed: int
    drive: float
    recurrent: bool
    counted: bool
    clip: float | None
    copies: int

    def layer(self, spikes: SpikeTrains, n_in: int = 20, **options: Any) -> SpikingLayer:
        options = {"recurrent": self.recurrent, "drive": self.drive, "scale": 1.5, **options}
        own = random_layer(self.neuron, spikes, n_in, seed=self.seed, **options)
        own.sample_clip = self.clip
        return own

    def together(self) -> SpikeTrains:
        """Five samples of spikes many of which come at once."""
        spikes = random_counts(self.seed, n_samples=5)
        return spikes if self.counted else repeated(spikes)


def run(layer: SpikingLayer, spikes: SpikeTrains, times: bool = True) -> Found:
    """Spikes, final state, and gradients of parameters and input ``times``, by a loss that is a sum
    over samples."""
    if times:
        spikes = replace(spikes, times=spikes.times.detach().clone().requires_grad_())
    out, state = layer.run(spikes)
    loss = torch.cos(out.times / 0.02 + out.units).sum()
    for k, variable in enumerate(state):
        phase = torch.arange(variable.shape[1], dtype=variable.dtype)
        loss = loss + 0.01 * torch.sin((k + 2) * variable + phase).sum()
    names = [name for name, _ in layer.named_parameters()] + [TIMES] * times
    wanted = [*layer.parameters(), *([spikes.times] if times else [])]
    found = dict(zip(names, torch.autograd.grad(loss, wanted), strict=True))
    states = {f"state {k}": variable.detach() for k, variable in enumerate(state)}
    return {"times": out.times.detach(), "units": out.units, **states, **found}


def assert_alike(found: Found, expected: Found, tolerance: float) -> None:
    """The same spikes, and all that both have, relative to its largest."""
    assert torch.equal(found["units"], expected["units"])
    assert len({*found} & {*expected}) > 1
    for name in {*found} & {*expected}:
        one, other = found[name], expected[name]
        if tolerance == 0:
            assert torch.equal(one, other), name
        else:
            scale = float(other.abs().max()) if other.numel() else 1.0
            torch.testing.assert_close(one, other, rtol=0, atol=tolerance * scale, msg=name)


def taken(layer: SpikingLayer, spikes: SpikeTrains, together: bool) -> Found:
    """What is found where all events are taken as volleys, or all one by one."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(spikegrad.autograd, "LARGE", 0.0 if together else math.inf)
        patch.setattr(spikegrad.autograd, "FEW", -math.inf)
        out, _ = layer.run(spikes)
        log = spikegrad.autograd.log_of(out.times.grad_fn.saved_tensors[-1])
        assert (engine.together(log.samples) == together).all()
        return run(layer, spikes)


def volleys(case: Case) -> tuple[Found, Found]:
    """Rows of what arrives at once are events one after another, in any order. Of δ-QIF's times
    only the sums over volleys have one value, and behind delays the sum over all."""
    spikes = case.together()
    options: dict[str, Any] = [{}, {**AXONAL, "copies": 2}, {"train_tau": True}][case.copies % 3]
    layer = case.layer(spikes, recurrent=True, **options)
    if "delays" in options:
        layer.input_delay.data = torch.round(layer.input_delay.data / 0.02) * 0.02
    pair = taken(layer, spikes, True), taken(layer, spikes, False)
    if case.neuron == "qif_delta":
        first = torch.ones(1, dtype=torch.bool)
        volley = torch.cat([first, spikes.times.diff() != 0]).cumsum(0)
        for found in pair:
            if "delays" in options:
                assert found.pop("input_delay").any()
                volley = torch.zeros_like(volley)
            found[TIMES] = torch.bincount(volley, found[TIMES])
    return pair


def counts(case: Case) -> tuple[Found, Found]:
    """An event with a count is as many events; initial weights and traces are the same, too."""
    spikes = random_counts(case.seed, n_samples=5)
    alone = repeated(spikes)
    layer, other = case.layer(spikes), case.layer(alone)
    assert torch.equal(layer.weight, other.weight)
    probes = np.linspace(0, spikes.duration, 31)
    traces = [np.arctan(layer.trace(own, 1, 3, probes)) for own in (spikes, alone)]
    np.testing.assert_allclose(*traces, rtol=0, atol=1e-8)
    found, expected = run(layer, spikes), run(layer, alone)
    expected[TIMES] = sum_of_copies(expected[TIMES], spikes)
    return found, expected


def line_by_hand(case: Case) -> tuple[Found, Found]:
    spikes, step = random_spikes(case.seed), (0.004, 0.0117)[case.counted]
    times = spikes.times.clone().requires_grad_()
    out = DelayLine(20, case.copies, step)(replace(spikes, times=times))
    by_hand = shifted(spikes, np.arange(case.copies)[:, None] * step * np.ones(20))
    assert torch.equal(out.offsets, by_hand.offsets)
    (gradient,) = torch.autograd.grad(out.times.sum(), times)
    kept = sum((spikes.times + c * step <= spikes.duration).double() for c in range(case.copies))
    found = {"times": out.times.detach(), "units": out.units, TIMES: gradient}
    return found, {"times": by_hand.times, "units": by_hand.units, TIMES: kept}


def lines(case: Case) -> tuple[Found, Found]:
    """A line whose copies' events are never made, on the grid of its input or off it."""
    step = [0.02, 0.06, 0.0117][case.seed % 3]
    line = DelayLine(20, case.copies, step)(case.together())
    layer = case.layer(line.made, case.copies * 20, recurrent=True, train_tau=case.recurrent)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(DelayedCopies, "made", None)
        found = run(layer, line, times=False)
    return found, run(layer, line.made, times=False)


def no_recurrence(case: Case) -> tuple[Found, Found]:
    """On a grid, a layer without it and one of weights 0: one knows from the rows how strong
    currents become, the other looks at these."""
    spikes = random_counts(case.seed, 1e-3, n_samples=5, n_events=60)
    kind = {"delays": "synaptic"} if case.counted else {"delays": "axonal", "copies": 2}
    case = case._replace(clip=None)  # whose norms have the gradient of those weights, too
    layer = case.layer(spikes, recurrent=True, scale=4.0, **kind, **GRID)
    layer.recurrent_weight.data.zero_()
    other = case.layer(spikes, recurrent=False, **kind, **GRID)
    other.load_state_dict({name: layer.state_dict()[name] for name in other.state_dict()})
    return run(layer, spikes), run(other, spikes)


def a_step_later(case: Case) -> tuple[Found, Found]:
    """Recurrent spikes on a grid, and axonal delays of one step that the input has not; the input
    on the grid, whose copies may be a line, and off it."""
    spikes = random_counts(case.seed, 4e-3, n_samples=5, n_events=60)
    if not case.counted:
        moved = (spikes.times + 1e-3).clamp(max=spikes.duration)
        spikes = replace(spikes, times=moved)
    line = DelayLine(20, case.copies, 0.008)(spikes)
    made = line.made if case.copies > 1 else line
    layer = case.layer(made, case.copies * 20, recurrent=True, scale=4.0, grid=4e-3)
    options = {"delays": "axonal", "min_delay": 4e-3, "initial_delay": 4e-3, **GRID}
    other = case.layer(made, case.copies * 20, recurrent=True, **options)
    for name, weight in layer.named_parameters():
        getattr(other, name).data.copy_(weight.data)
    other.input_delay.data.zero_()
    other.recurrent_delay.data.fill_(4e-3)
    found = run(layer, line, times=False)
    return found, run(other, made, times=False)


def samples_alone(case: Case) -> tuple[Found, Found]:
    """In any batch, in which some come in volleys, others one by one, or twice."""
    apart = random_spikes(case.seed + 1)
    apart = replace(apart, counts=torch.ones_like(apart.units))
    spikes = SpikeTrains.concatenate([random_counts(case.seed, n_samples=2), apart])
    spikes = spikes.select(torch.tensor([4, 0, 0, 2]))
    layer = case._replace(clip=None).layer(spikes)
    parts = [run(layer, spikes[b]) for b in range(4)]
    sums = {name: sum(part[name] for part in parts) for name, _ in layer.named_parameters()}
    rows = {
        name: torch.cat([part[name] for part in parts]) for name in parts[0] if name not in sums
    }
    found = run(layer, spikes)
    assert torch.equal(found["times"], rows["times"])
    return found, {**sums, **rows}


PAIRS: dict[Callable[[Case], tuple[Found, Found]], float] = {
    volleys: 1e-8,
    counts: 1e-9,
    line_by_hand: 1e-14,
    lines: 1e-8,
    no_recurrence: 1e-8,
    a_step_later: 1e-9,
    samples_alone: 1e-9,
}
"""And how far gradients may differ, relative to the largest."""


@pytest.mark.parametrize("neuron", EVERY)
@pytest.mark.parametrize("pair", PAIRS, ids=lambda pair: pair.__name__)
@settings(max_examples=8)
@given(
    seed=st.integers(0, 2**16),
    drive=st.sampled_from([0.0, 0.5]),
    recurrent=st.booleans(),
    counted=st.booleans(),
    clip=st.sampled_from([None, 0.5]),
    copies=st.integers(1, 3),
)
def test_two_ways_are_one(pair, neuron, seed, drive, recurrent, counted, clip, copies):
    found, expected = pair(Case(neuron, seed, drive, recurrent, counted, clip, copies))
    assert len(found["units"]) > 3
    assert_alike(found, expected, PAIRS[pair])


@pytest.mark.parametrize(("clip", "kept"), [(None, 1 << 28), (0.5, 1 << 28), (0.5, 0)])
@pytest.mark.parametrize("copies", [1, 3])
def test_weights_beyond_the_cache_are_summed_by_channels(monkeypatch, copies, clip, kept):
    """After all samples have run."""
    spikes = random_counts(5, n_samples=6, n_events=3000, n_units=1500 // copies)
    monkeypatch.setattr(spikegrad.autograd, "KEPT", kept)
    line = DelayLine(1500 // copies, copies, 0.04)(spikes)
    layer = random_layer("qif", line.made, 1500, 60, seed=2, scale=1.5)
    layer.sample_clip = clip
    if copies == 1:
        assert_alike(taken(layer, spikes, True), taken(layer, spikes, False), 1e-8)
    else:
        assert_alike(run(layer, line, times=False), run(layer, line.made, times=False), 1e-8)
