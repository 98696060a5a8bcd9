"""The event engine against numerical integration, finite differences and its own symmetries."""

import math
from dataclasses import replace

import numba
import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from networks import DAILY, EVERY, random_layer, random_spikes
from oracle import integrate
from spikegrad.layers import SpikingLayer
from spikegrad.neurons import NEURONS
from spikegrad.neurons.entire import RANGE, A
from spikegrad.neurons.qif_cut import LEAST_DRIVE
from spikegrad.spikes import SpikeTrains

DRIVES = [0.0, 0.2, 0.25, 0.5, 1.25]
seeds = st.integers(0, 2**16)
some = settings(max_examples=10)


def sample_of(spikes: SpikeTrains, b: int) -> tuple[np.ndarray, np.ndarray]:
    a, z = spikes.offsets[b], spikes.offsets[b + 1]
    return spikes.times[a:z].detach().numpy(), spikes.units[a:z].numpy()


def assert_spikes(out: SpikeTrains, b: int, expected: list[tuple[float, int]]) -> None:
    """Sample ``b`` has the neurons and, to 1e-9 s, the times of ``expected``."""
    times, units = sample_of(out, b)
    assert units.tolist() == [i for _, i in expected]
    np.testing.assert_allclose(times, [t for t, _ in expected], rtol=0, atol=1e-9)


@pytest.mark.parametrize("neuron", EVERY)
@pytest.mark.parametrize("dtype", [torch.float32, torch.float64])
def test_a_population_that_spikes_at_once_goes_on(neuron, dtype):
    """No step, however short, parts neurons that a drive alone brings to their threshold."""
    n = 300

    def times(n_out: int) -> torch.Tensor:
        layer = SpikingLayer(1, n_out, neuron, 0.01, recurrent=True, dtype=dtype, drive=1.25)
        for weight in layer.parameters():
            torch.nn.init.zeros_(weight)
        return layer(SpikeTrains.from_arrays([[0.09]], [[0]], 0.1)).times.detach()

    alone = times(1)
    assert len(alone) > 1
    torch.testing.assert_close(times(n), alone.repeat_interleave(n), rtol=0, atol=1e-8)


@pytest.mark.parametrize("neuron", EVERY)
@pytest.mark.parametrize("drive", DRIVES)
@pytest.mark.parametrize("recurrent", [False, True])
def test_spike_times_equal_numerical_integration(neuron, drive, recurrent):
    spikes = random_spikes(1, n_samples=2, n_events=25, n_units=8, duration=0.15)
    layer = random_layer(neuron, spikes, 8, 5, recurrent, 1, scale=4.0, drive=drive)
    with torch.no_grad():
        out = layer(spikes)
    assert len(out.times) > 10
    recurrent_weight = layer.recurrent_weight.detach().numpy() if recurrent else None
    for b in range(2):
        expected = integrate(
            neuron, 0.02, *sample_of(spikes, b), layer.weight.detach().numpy(), recurrent_weight,
            spikes.duration, drive,
        )  # fmt: skip
        assert_spikes(out, b, expected)


@numba.njit
def compiled(square):
    return A(square)


@given(root=st.floats(1e-6, RANGE**0.5))
def test_the_inverse_of_a_qif_step_is_the_arctangent_of_roots(root):
    assert compiled(root**2) == pytest.approx(math.atan(root) / root, rel=1e-15)
    assert compiled(-(root**2)) == pytest.approx(math.atanh(root) / root, rel=1e-14)


def test_a_part_of_kernels_cannot_be_called():
    """Parts have no machine code of their own: an error, no crash."""
    with pytest.raises(KeyError):
        A(0.5)


@pytest.mark.parametrize("neuron", EVERY)
@pytest.mark.parametrize("drive", [0.0, 1.25, -2.0])
def test_long_silent_steps_and_strong_currents(neuron, drive):
    """One volley of strong input into a long silence: many spikes within a single interval."""
    drive = max(drive, LEAST_DRIVE) if neuron == "qif_cut" else drive
    gap = 0.6
    weight = np.array([[40.0, 400.0, -300.0, 2.0]])
    times, units = np.array([0.01, gap]), np.array([0, 0])
    layer = SpikingLayer(1, 4, neuron, tau=0.02, dtype=torch.float64, drive=drive)
    with torch.no_grad():
        layer.weight.copy_(torch.from_numpy(weight))
        out = layer(SpikeTrains.from_arrays([times], [units], gap + 0.2))
    expected = integrate(neuron, 0.02, times, units, weight, None, gap + 0.2, drive)
    assert out.units.tolist() == [i for _, i in expected]
    np.testing.assert_allclose(out.times, [t for t, _ in expected], rtol=0, atol=1e-9)


@pytest.mark.parametrize(
    ("neuron", "dtype"),
    [
        pytest.param(neuron, dtype, marks=() if neuron in DAILY else pytest.mark.weekly)
        for neuron in NEURONS
        for dtype in (torch.float32, torch.float64)
    ],
)
@pytest.mark.parametrize("drive", [0.3, 1.25, 3.0])
def test_an_isolated_driven_neuron_fires_with_its_period(neuron, dtype, drive):
    """Alone: the neurons that fill up registers do not fire."""
    tau, duration = 0.02, 0.5
    layer = SpikingLayer(1, 1, neuron, tau, recurrent=True, dtype=dtype, drive=drive)
    with torch.no_grad():
        layer.recurrent_weight.zero_()
        out = layer(SpikeTrains.from_arrays([[]], [np.array([], int)], duration))
    if neuron.startswith("lif"):
        first = tau * np.log(drive / (drive - 1)) if drive > 1 else np.inf
        period = first + (tau / 5 if neuron == "lif_refractory" else 0.0)
    else:
        nu = np.sqrt(drive - 0.25)
        last = np.arctan(1 / nu) if neuron == "qif_cut" else np.pi / 2  # to V = 3/2 or inf
        period = tau / nu * (np.pi / 2 + last)
        first = tau / nu * (last + np.arctan(0.5 / nu))  # from V = 0
    expected = np.arange(first, duration, period) if np.isfinite(period) else np.empty(0)
    assert len(out.times) == len(expected)
    np.testing.assert_allclose(
        out.times, expected, rtol=0, atol=1e-5 if dtype == torch.float32 else 1e-12
    )


def smooth_loss(out: SpikeTrains, state: tuple[torch.Tensor, ...]) -> torch.Tensor:
    """A loss that depends on every spike time and on each variable of the final state."""
    coefficients = torch.cos(1.0 + torch.arange(len(out.times), dtype=torch.float64))
    end = sum(torch.sin((k + 2) * variable).sum() for k, variable in enumerate(state))
    return (coefficients * out.times).sum() + 0.01 * end


def assert_gradients(
    layers: list[SpikingLayer], spikes: SpikeTrains, more_than: int, brief: float = 0.0
) -> None:
    """All gradients of a loss behind ``layers`` equal central differences.

    Input times, and parameters in [0, ``brief``), which are times, move a thousandth as far as
    others.
    """
    input_times = spikes.times.clone().requires_grad_()

    def loss() -> tuple[torch.Tensor, torch.Tensor]:
        signal, units = replace(spikes, times=input_times), []
        for layer in layers:
            signal, state = layer.run(signal)
            units.append(signal.units)
        return smooth_loss(signal, state), torch.cat(units)

    parameters = [*(p for layer in layers for p in layer.parameters()), input_times]
    value, units = loss()
    assert len(units) > more_than
    gradients = torch.autograd.grad(value, parameters)
    for k, (parameter, gradient) in enumerate(zip(parameters, gradients, strict=True)):
        draw = torch.Generator().manual_seed(k)
        direction = torch.randn(parameter.shape, generator=draw, dtype=torch.float64)
        if parameter is input_times or 0 <= parameter.min() <= parameter.max() < brief:
            direction *= 1e-3
        with torch.no_grad():
            estimates = []
            for h in (2e-6, 1e-6):  # Richardson extrapolation of two central differences
                ends = []
                for sign in (1, -2):
                    parameter += sign * h * direction
                    ends.append(loss())
                parameter += h * direction
                # a difference means something only where the same neurons spike in the same order
                assert all(torch.equal(end[1], units) for end in ends)
                estimates.append((ends[0][0] - ends[1][0]) / (2 * h))
            expected = (4 * estimates[1] - estimates[0]) / 3
        torch.testing.assert_close((gradient * direction).sum(), expected, rtol=1e-6, atol=1e-8)


@pytest.mark.parametrize("neuron", EVERY)
@pytest.mark.parametrize("drive", DRIVES)
@pytest.mark.parametrize(("recurrent", "n_layers"), [(False, 1), (True, 2)])
def test_gradients_equal_central_differences(neuron, drive, recurrent, n_layers):
    spikes = random_spikes(2, n_samples=3, n_events=40, duration=0.15)
    layers = [random_layer(neuron, spikes, 20, 8, recurrent, 3, drive=drive)]
    if n_layers == 2:
        with torch.no_grad():
            hidden = layers[0](spikes)
        layers.append(random_layer(neuron, hidden, 8, 6, recurrent, 4, drive=drive))
    assert_gradients(layers, spikes, more_than=30)


@pytest.mark.parametrize("neuron", EVERY)
@some
@given(seed=seeds, drive=st.sampled_from(DRIVES))
def test_order_of_simultaneous_events_is_irrelevant(seed, neuron, drive):
    spikes = random_spikes(seed)
    grid = torch.round(spikes.times / 0.01) * 0.01
    rng = np.random.default_rng(seed)
    order = np.concatenate(
        [np.lexsort((rng.random(50), grid[b * 50 : b * 50 + 50])) + b * 50 for b in range(3)]
    )
    layer = random_layer(neuron, spikes, seed=seed, drive=drive)
    with torch.no_grad():
        one = layer(replace(spikes, times=grid))
        other = layer(replace(spikes, times=grid[order], units=spikes.units[order]))
    assert torch.equal(one.units, other.units)
    torch.testing.assert_close(one.times, other.times, rtol=0, atol=1e-11)


@pytest.mark.parametrize("neuron", EVERY)
@some
@given(seed=seeds, drive=st.sampled_from(DRIVES), data=st.data())
def test_a_sample_does_not_depend_on_its_batch(seed, neuron, drive, data):
    spikes = random_spikes(seed, 6)
    layer = random_layer(neuron, spikes, seed=seed, drive=drive)
    chosen = torch.tensor(data.draw(st.lists(st.integers(0, 5), min_size=1, max_size=8)))
    with torch.no_grad():
        expected = layer(spikes).select(chosen)
        out = layer(spikes.select(chosen))
    assert torch.equal(out.times, expected.times)
    assert torch.equal(out.units, expected.units)
    assert torch.equal(out.offsets, expected.offsets)


@pytest.mark.parametrize("neuron", EVERY)
@pytest.mark.parametrize("drive", [0.0, 0.5])
def test_float32_follows_float64_on_a_sample_of_shd_size(neuron, drive):
    spikes = random_spikes(0, 1, 8000, 700, 1.0)
    single = random_layer(neuron, spikes, 700, 128, False, 0, torch.float32, scale=1.5, drive=drive)
    double = SpikingLayer(700, 128, neuron, 0.02, dtype=torch.float64, drive=drive)
    with torch.no_grad():
        double.weight.copy_(single.weight)
        one, two = single(spikes), double(spikes)
    assert len(two.times) > 500
    times = [[out.times[out.units == i].numpy() for i in range(128)] for out in (one, two)]
    same = [len(a) == len(b) for a, b in zip(*times, strict=True)]
    # A neuron may lose or gain a spike where it only just reaches threshold, which LIF neurons do.
    assert sum(same) >= (126 if neuron.startswith("lif") else 128)
    for a, b, equal in zip(*times, same, strict=True):
        if equal:
            np.testing.assert_allclose(a, b, rtol=0, atol=1e-5)


@pytest.mark.parametrize("neuron", EVERY)
@pytest.mark.parametrize("drive", [0.0, 0.5])
def test_a_trace_spikes_when_its_layer_does(neuron, drive):
    spikes = random_spikes(5, 2)
    layer = random_layer(neuron, spikes, seed=5, drive=drive)
    with torch.no_grad():
        out = layer(spikes)
    grid = np.linspace(0, 0.2, 4001)
    potential = layer.trace(spikes, 1, 4, grid)
    times, units = sample_of(out, 1)
    own = times[units == 4]
    assert len(own) > 2
    if neuron.startswith("lif"):
        assert potential.max() < 1
        after = np.searchsorted(grid, own)
        assert (np.abs(potential[after]) < 0.2).all()  # reset to 0
        resting = grid[:, None] - own
        refractory = ((resting > 0) & (resting < 0.02 / 5)).any(1)
        assert neuron == "lif" or (potential[refractory] == 0).all()
    else:
        # arctan V falls at each spike, from its threshold to -pi/2, and nowhere else so far
        assert neuron != "qif_cut" or potential.max() < 1.5
        wraps = np.flatnonzero(np.diff(np.arctan(potential)) < -2)
        assert len(wraps) == len(own)
        assert (np.abs(grid[wraps] - own) < 1e-4).all()
