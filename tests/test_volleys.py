"""Spikes that arrive together: as rows of what they bring, against one event after another."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

import spikegrad.autograd
from networks import EVERY, random_counts, random_layer, random_spikes, repeated
from spikegrad import DelayLine, SpikeTrains
from spikegrad.delays import DelayedCopies
from spikegrad.engine.rows import LANES
from spikegrad.engine.synapses import collect_all, collected, deposit_all, deposited, shares
from spikegrad.layers import SpikingLayer
from spikegrad.parallel import Input, taken

seeds = st.integers(0, 2**16)
some = settings(max_examples=10)
Found = tuple[SpikeTrains, dict[str, torch.Tensor]]


def run(layer: SpikingLayer, spikes: SpikeTrains) -> Found:
    """The layer's spikes, and gradients of its parameters and of input times."""
    times = spikes.times.clone().requires_grad_()
    out, state = layer.run(replace(spikes, times=times))
    weight = torch.linspace(-1, 1, len(out.times), dtype=torch.float64)
    loss = (weight * torch.sin(40 * out.times)).sum()
    loss = loss + sum(torch.sin(3 * v + torch.arange(v.numel()).view(v.shape)).sum() for v in state)
    names = ["times", *(name for name, _ in layer.named_parameters())]
    found = torch.autograd.grad(loss, [times, *layer.parameters()])
    return out, dict(zip(names, found, strict=True))


def one_by_one(layer: SpikingLayer, spikes: SpikeTrains) -> Found:
    """The same where the engine is given each event."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(spikegrad.autograd, "taken", Input)
        return run(layer, spikes)


def in_volleys(layer: SpikingLayer, spikes: SpikeTrains, monkeypatch: pytest.MonkeyPatch) -> Found:
    """:func:`run`, and that all samples came as volleys."""
    seen = []
    with monkeypatch.context() as patch:
        patch.setattr(
            spikegrad.autograd, "taken", lambda *own: seen.append(taken(*own)) or seen[-1]
        )
        found = run(layer, spikes)
    assert seen
    assert all(len(own.bounds) > 1 for own in seen)
    return found


def assert_alike(found: Found, expected: Found, spikes: SpikeTrains, times: bool) -> None:
    """Equal spikes and gradients; those of ``times`` of single events or of volleys."""
    (out, gradients), (wanted, others) = found, expected
    assert torch.equal(out.units, wanted.units)
    torch.testing.assert_close(out.times, wanted.times, rtol=0, atol=1e-11)
    volley = torch.cat([torch.ones(1, dtype=torch.bool), spikes.times.diff() != 0]).cumsum(0)
    for name, gradient in gradients.items():
        other = others[name]
        if name == "times" and not times:
            gradient, other = (torch.bincount(volley, own) for own in (gradient, other))
        scale = float(other.abs().max())
        torch.testing.assert_close(gradient, other, rtol=1e-8, atol=1e-9 * scale)


@pytest.mark.parametrize("neuron", EVERY)
@some
@given(
    seed=seeds,
    drive=st.sampled_from([0.0, 0.5]),
    counted=st.booleans(),
    clip=st.sampled_from([None, 0.5]),
    options=st.sampled_from([{}, {"delays": "axonal", "copies": 2}, {"train_tau": True}]),
)
def test_volleys_do_what_their_events_do(seed, neuron, drive, counted, clip, options):
    """In any order within a volley. Of δ-QIF's times only the sums over volleys have one value."""
    spikes = random_counts(seed, n_samples=5)
    spikes = spikes if counted else repeated(spikes)
    layer = random_layer(neuron, spikes, seed=seed, drive=drive, scale=1.5, **options)
    if options.get("delays"):
        with torch.no_grad():
            layer.input_delay.copy_(torch.round(layer.input_delay / 0.02) * 0.02)
    layer.sample_clip = clip
    with pytest.MonkeyPatch.context() as monkeypatch:
        found = in_volleys(layer, spikes, monkeypatch)
    expected = one_by_one(layer, spikes)
    if neuron == "qif_delta" and options.get("delays"):  # a sum over volleys of many arrivals
        for _, gradients in (found, expected):
            assert float(gradients.pop("input_delay").abs().max()) > 0
            gradients["times"] = gradients["times"].sum(0, keepdim=True)
        spikes = replace(spikes, times=spikes.times[:1])
    assert_alike(found, expected, spikes, times=neuron != "qif_delta")


@pytest.mark.parametrize("clip", [None, 0.5])
def test_weights_beyond_the_cache_are_taken_by_channels(monkeypatch, clip):
    """Their gradients are summed by channel after all samples have run."""
    spikes = random_counts(5, n_samples=6, n_events=3000, n_units=1500)
    layer = random_layer("qif", spikes, 1500, 60, seed=2, scale=1.5)
    layer.sample_clip = clip
    assert_alike(in_volleys(layer, spikes, monkeypatch), one_by_one(layer, spikes), spikes, True)


def weights_of(layer: SpikingLayer, spikes: SpikeTrains) -> Found:
    """The layer's spikes, and gradients of its parameters."""
    out = layer(spikes)
    weight = torch.linspace(-1, 1, len(out.times), dtype=torch.float64)
    names = [name for name, _ in layer.named_parameters()]
    loss = (weight * torch.sin(40 * out.times)).sum()
    return out, dict(zip(names, torch.autograd.grad(loss, [*layer.parameters()]), strict=True))


@pytest.mark.parametrize("neuron", EVERY)
@some
@given(
    seed=seeds,
    copies=st.integers(1, 4),
    step=st.sampled_from([0.02, 0.06, 0.0117]),
    counted=st.booleans(),
    clip=st.sampled_from([None, 0.5]),
    train_tau=st.booleans(),
)
def test_copies_arrive_together_as_each_would(seed, neuron, copies, step, counted, clip, train_tau):
    """Of a delay line whose copies' events are never made, on the grid of its input or off it."""
    spikes = random_counts(seed, n_samples=5)
    line = DelayLine(20, copies, step)(spikes if counted else repeated(spikes))
    assert isinstance(line, DelayedCopies)
    layer = random_layer(neuron, line.made, copies * 20, seed=seed, scale=1.5, train_tau=train_tau)
    layer.sample_clip = clip
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(spikegrad.autograd, "taken", None)
        patch.setattr(DelayedCopies, "made", None)
        found = weights_of(layer, line)
    assert_alike(found, weights_of(layer, line.made), spikes, times=True)


@pytest.mark.parametrize(("clip", "kept"), [(None, 1 << 28), (0.5, 1 << 28), (0.5, 0)])
def test_copies_beyond_the_cache_are_summed_by_channels(monkeypatch, clip, kept):
    spikes = random_counts(5, n_samples=6, n_events=3000, n_units=500)
    line = DelayLine(500, 3, 0.04)(spikes)
    layer = random_layer("qif", line.made, 1500, 60, seed=2, scale=1.5)
    layer.sample_clip = clip
    monkeypatch.setattr(spikegrad.autograd, "KEPT", kept)
    assert_alike(weights_of(layer, line), weights_of(layer, line.made), spikes, True)


def test_copies_are_spike_trains_to_all_others():
    spikes = random_counts(3, n_samples=4)
    line = DelayLine(20, 3, 0.04)(spikes)
    assert (len(line), line.n_units, line.duration) == (4, 60, spikes.duration)
    some_copies = line.select(torch.tensor([2, 0]))
    for own, other in ((line, line.made), (some_copies, line.made.select(torch.tensor([2, 0])))):
        for name in ("times", "units", "offsets", "counts"):
            assert torch.equal(getattr(own, name), getattr(other, name))
    with pytest.raises(spikegrad.SpikeError, match="60 neurons or channels, but 20 are expected"):
        line.check(20)
    moved = DelayLine(20, 3, 0.04)(replace(spikes, times=spikes.times.clone().requires_grad_()))
    layer = random_layer("lif", line.made, 60, seed=3)
    layer(moved).times.sum().backward()  # by way of the copies' own times
    assert float(moved.origin.times.grad.abs().max()) > 0


def test_samples_in_volleys_and_others_make_one_gradient():
    """A batch of both has the gradient of its samples one after the other."""
    together, apart = random_counts(3, n_samples=2), random_spikes(4, n_samples=2)
    spikes = SpikeTrains.concatenate(
        [together, replace(apart, counts=torch.ones_like(apart.units))]
    )
    layer = random_layer("lif", spikes, seed=3)
    _, found = run(layer, spikes)
    weight = torch.zeros_like(layer.weight)
    out, _ = layer.run(spikes)
    factors = torch.linspace(-1, 1, len(out.times), dtype=torch.float64)
    for b in range(len(spikes)):
        own, state = layer.run(spikes[b : b + 1])
        part = factors[out.offsets[b] : out.offsets[b + 1]]
        loss = (part * torch.sin(40 * own.times)).sum()
        for v in state:
            places = torch.arange(b * v.numel(), (b + 1) * v.numel())
            loss = loss + torch.sin(3 * v + places.view(v.shape)).sum()
        weight += torch.autograd.grad(loss, layer.weight)[0]
    torch.testing.assert_close(found["weight"], weight, rtol=1e-9, atol=1e-11)


@some
@given(seed=seeds, counted=st.booleans())
def test_spikes_on_the_grid_are_shared_as_any_others(seed, counted):
    """Receiver by receiver, as spike by spike; the latter is tested against integration."""
    rng = np.random.default_rng(seed)
    n_in, n, n_times = 7, LANES, 40
    weight, lag = rng.normal(size=(n_in, n)), rng.uniform(0, 15, (n_in, n))
    lag[0, 0] = 3.0  # whole: nothing comes late
    units = rng.integers(0, n_in, 60)
    places = np.sort(rng.integers(0, n_times, 60))
    counts = rng.integers(1, 4, 60).astype(float) if counted else np.empty(0)
    rows = np.zeros((n_times, n))
    deposit_all(rows, weight, lag, n_in, places.astype(float), units, counts)
    whole, channels, own = places.astype(np.uint32), units.astype(np.uint32), shares(weight, lag)
    found = deposited(own, n_times, whole, channels, counts)
    np.testing.assert_allclose(found, rows, rtol=0, atol=1e-12)
    gradient = rng.normal(size=rows.shape)
    expected = np.zeros_like(weight), np.zeros_like(lag)
    at = places.astype(float), units, counts
    collect_all(gradient, weight, lag, n_in, *at, *expected, np.empty(60))
    sums = np.zeros_like(weight), np.zeros_like(lag)
    collected(own, gradient, whole, channels, counts, weight, *sums)
    for mine, other in zip(sums, expected, strict=True):
        np.testing.assert_allclose(mine, other, rtol=0, atol=1e-11)
