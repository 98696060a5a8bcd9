"""Delays and trained time constants: by integration and differences; test_pairs has more."""

from dataclasses import replace

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from networks import EVERY, random_counts, random_layer, random_spikes, repeated
from oracle import assert_gradients, assert_spikes, integrate, sample_of, shares, shifted
from spikegrad.delay_line import DelayLine
from spikegrad.engine import grid_delays
from spikegrad.engine.rows import LANES

seeds = st.integers(0, 2**16)
some = settings(max_examples=8)
# Steps end with each spike where delays may be 0, and never where all are longer than 0.5 ms.
SHORT, LONG = {"min_delay": 0.0}, {"min_delay": 0.002}
AXONAL = {"delays": "axonal", "max_delay": 0.06}
GRID = 0.004
SYNAPTIC = {"delays": "synaptic", "grid": GRID, "max_delay": 0.06}
GRIDDED = {"delays": "axonal", "grid": GRID, "max_delay": 0.06}


@pytest.mark.parametrize("neuron", EVERY)
@pytest.mark.parametrize("drive", [0.0, 0.5])
@pytest.mark.parametrize(("copies", "bounds"), [(1, LONG), (2, LONG), (2, SHORT)])
def test_spike_times_equal_integration_with_delayed_arrivals(neuron, drive, copies, bounds):
    spikes = random_spikes(1, n_samples=2, n_events=25, n_units=8, duration=0.15)
    options = {**AXONAL, **bounds, "copies": copies}
    layer = random_layer(neuron, spikes, 8, 5, seed=1, scale=4.0, drive=drive, **options)
    with torch.no_grad():
        if bounds is SHORT:
            layer.recurrent_delay[0, :3] = 0.0
        out = layer(spikes)
    assert len(out.times) > 10
    arriving = shifted(spikes, layer.input_delay.detach().numpy())
    for b in range(2):
        expected = integrate(
            neuron, 0.02, *sample_of(arriving, b), layer.weight.detach().numpy(),
            layer.recurrent_weight.detach().numpy(), spikes.duration, drive,
            layer.recurrent_delay.detach().numpy().ravel(),
        )  # fmt: skip
        assert_spikes(out, b, expected)


@pytest.mark.parametrize("neuron", EVERY)
@pytest.mark.parametrize("drive", [0.0, 0.5])
@pytest.mark.parametrize("options", [SYNAPTIC, GRIDDED])
@pytest.mark.parametrize("step", [1e-3, GRID])
def test_arrivals_are_shared_between_times_of_the_grid(neuron, drive, options, step):
    """Integrated with what arrives at each time; so too where events stand for several spikes, and
    where inputs are on the grid themselves."""
    spikes = random_counts(3, step, n_samples=2, n_events=25, n_units=8, duration=0.15)
    layer = random_layer(neuron, spikes, 8, 5, seed=1, scale=2.5, drive=drive, **options)
    with torch.no_grad():
        out = layer(spikes)
    assert len(out.times) > 10
    weight = layer.weight.detach().numpy()
    lag, back = (
        np.broadcast_to(d.detach().numpy().reshape(n, -1), (n, 5))
        for d, n in ((layer.input_delay, 8), (layer.recurrent_delay, 5))
    )
    alone = repeated(spikes)
    for b in range(2):
        t, u = sample_of(alone, b)
        coming = [
            own
            for when, unit in zip(t, u, strict=True)
            for own in shares(when, weight[unit], lag[unit], GRID)
            if own[0] <= spikes.duration
        ]
        coming.sort(key=lambda own: own[0])
        expected = integrate(
            neuron, 0.02, np.array([when for when, _ in coming]), np.arange(len(coming)),
            np.array([row for _, row in coming]), layer.recurrent_weight.detach().numpy(),
            spikes.duration, drive, back, GRID,
        )  # fmt: skip
        assert_spikes(out, b, expected)


@pytest.mark.parametrize("neuron", EVERY)
@pytest.mark.parametrize("drive", [0.0, 0.5])
@pytest.mark.parametrize(
    "options",
    [
        {**AXONAL, **SHORT},
        {**AXONAL, **LONG, "copies": 2},
        SYNAPTIC,
        {**GRIDDED, "copies": 2},
    ],
)
def test_gradients_equal_central_differences(neuron, drive, options):
    """Of two layers: input times, weights, delays and time constants."""
    spikes = random_spikes(9, n_samples=3, n_events=30, duration=0.15)
    options = {**options, "train_tau": True}
    layers = [random_layer(neuron, spikes, 20, 8, seed=3, drive=drive, **options)]
    with torch.no_grad():
        hidden = layers[0](spikes)
    layers.append(random_layer(neuron, hidden, 8, 6, seed=4, drive=drive, **options))
    assert sum(len(list(layer.parameters())) for layer in layers) == 10
    assert_gradients(layers, spikes, more_than=20, brief=0.1)


def test_copies_on_a_grid_stay_on_it_and_keep_counts():
    """Times that only rounding tells apart are one: else each would be a step of its own."""
    step = 0.02
    spikes = random_counts(0, step)
    out = DelayLine(20, 5, 2 * step)(spikes)
    grid = torch.unique(out.times)
    assert len(grid) == len(torch.unique(torch.round(grid / step)))
    torch.testing.assert_close(grid, torch.round(grid / step) * step, rtol=0, atol=1e-15)
    first = out.units < 20
    assert torch.equal(out.counts[first], spikes.counts)


def test_copies_are_spike_trains_to_all_others():
    spikes = random_counts(3, n_samples=4)
    line = DelayLine(20, 3, 0.04)(spikes)
    assert (len(line), line.n_units, line.duration) == (4, 60, spikes.duration)
    some_copies, others = line[[2, 0]], line.made[[2, 0]]
    for name in ("times", "units", "offsets", "counts"):
        assert torch.equal(getattr(some_copies, name), getattr(others, name))
    moved = DelayLine(20, 3, 0.04)(replace(spikes, times=spikes.times.clone().requires_grad_()))
    layer = random_layer("lif", line.made, 60, seed=3)
    layer(moved).times.sum().backward()  # by way of the copies' own times
    assert float(moved.origin.times.grad.abs().max()) > 0


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
    grid_delays.deposit_all(rows, weight, lag, n_in, places.astype(float), units, counts)
    whole, channels = places.astype(np.uint32), units.astype(np.uint32)
    own = grid_delays.shares(weight, lag)
    found = grid_delays.deposited(own, n_times, whole, channels, counts)
    np.testing.assert_allclose(found, rows, rtol=0, atol=1e-12)
    gradient = rng.normal(size=rows.shape)
    expected = np.zeros_like(weight), np.zeros_like(lag)
    at = places.astype(float), units, counts
    grid_delays.collect_all(gradient, weight, lag, n_in, *at, *expected, np.empty(60))
    sums = np.zeros_like(weight), np.zeros_like(lag)
    grid_delays.collected(own, gradient, whole, channels, counts, weight, *sums)
    for mine, other in zip(sums, expected, strict=True):
        np.testing.assert_allclose(mine, other, rtol=0, atol=1e-11)
