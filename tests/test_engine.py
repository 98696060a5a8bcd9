"""The event engine against numerical integration, finite differences and its own symmetries."""

import math
from dataclasses import replace

import numba
import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.integrate import solve_ivp

from networks import DAILY, EVERY, SINGLE, random_counts, random_layer, random_spikes
from oracle import EQUATIONS, REFRACTORY, assert_gradients, assert_spikes, integrate, sample_of
from spikegrad.layers import SpikingLayer
from spikegrad.neurons import NEURONS
from spikegrad.neurons.entire import RANGE, A
from spikegrad.neurons.qif_cut import LEAST_DRIVE
from spikegrad.spikes import SpikeTrains

DRIVES = [0.0, 0.2, 0.25, 0.5, 1.25]
seeds = st.integers(0, 2**16)
some = settings(max_examples=10)
every_type = pytest.mark.parametrize(
    ("neuron", "dtype"),
    [
        pytest.param(neuron, dtype, marks=() if neuron in daily else pytest.mark.weekly)
        for dtype, daily in ((torch.float64, DAILY), (torch.float32, SINGLE))
        for neuron in NEURONS
    ],
)


@every_type
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
    rounding = n * torch.finfo(dtype).eps * 0.01  # each spike ends a step, which rounds states
    torch.testing.assert_close(times(n), alone.repeat_interleave(n), rtol=0, atol=1e-12 + rounding)


@pytest.mark.parametrize("neuron", EVERY)
@pytest.mark.parametrize("drive", DRIVES)
@pytest.mark.parametrize("recurrent", [False, True])
def test_spike_times_equal_numerical_integration(neuron, drive, recurrent):
    """The first input comes with the sample's beginning, the last with its end."""
    spikes = random_spikes(1, n_samples=2, n_events=25, n_units=8, duration=0.15)
    spikes.times[spikes.offsets[:-1]], spikes.times[spikes.offsets[1:] - 1] = 0.0, 0.15
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


@every_type
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


@pytest.mark.parametrize(
    "neuron",
    [pytest.param(n, marks=() if n in SINGLE else pytest.mark.weekly) for n in NEURONS],
)
@pytest.mark.parametrize("drive", [0.0, 0.5])
@pytest.mark.parametrize("recurrent", [False, True])
def test_float32_gradients_are_near_those_of_float64(neuron, drive, recurrent):
    """What training takes beside what all other tests compare with independent routes."""
    spikes = random_spikes(2)
    single = random_layer(
        neuron, spikes, recurrent=recurrent, dtype=torch.float32, scale=1.5, drive=drive
    )
    double = random_layer(neuron, spikes, recurrent=recurrent, drive=drive)
    double.load_state_dict(single.state_dict())
    found = []
    for layer in (single, double):
        times = spikes.times.clone().requires_grad_()
        out = layer(replace(spikes, times=times))
        loss = torch.sin(50 * out.times).sum()
        found.append((out, torch.autograd.grad(loss, [*layer.parameters(), times])))
    (one, ones), (two, twos) = found
    assert len(two.times) > 30
    assert torch.equal(one.units, two.units)
    np.testing.assert_allclose(one.times.detach(), two.times.detach(), rtol=0, atol=1e-5)
    for a, b in zip(ones, twos, strict=True):
        assert (a - b).norm() < 1e-3 * b.norm()


def integrated_membrane(
    neuron: str, arrivals: list[tuple[float, float]], own: np.ndarray, probes: np.ndarray, drive
) -> list[float]:
    """V of a LIF neuron, arctan V of a QIF one at ``probes``, which spikes at times ``own`` and to
    which weights come at the times of ``arrivals``."""
    rates, _, reset, arrive = EQUATIONS[neuron]
    y, current, now, free, found = 0.0, 0.0, 0.0, 0.0, []
    rest = 0.02 * REFRACTORY.get(neuron, 0.0)
    events = [(t, 0, 0.0) for t in own] + [(t, 1, w) for t, w in arrivals]
    events += [(t + rest, 3, 0.0) for t in own] + [(t, 2, 0.0) for t in probes]
    for t, kind, w in sorted(events):
        if t > now:
            speed = (now >= free) / 0.02
            solution = solve_ivp(
                lambda _, s, v=speed: [v * rates(s[0], s[1] + drive), -2 * s[1] / 0.02], (now, t),
                [y, current], method="DOP853", rtol=1e-12, atol=1e-13,
            )  # fmt: skip
            (y, current), now = solution.y[:, -1], t
        if kind == 0:
            y, free = reset, t + rest
        elif kind == 1:
            y, current = arrive(y, current, w)
        elif kind == 2:
            found.append(float(y))
    return found


@pytest.mark.parametrize("neuron", EVERY)
@pytest.mark.parametrize("drive", [0.0, 0.3])
def test_potentials_between_spikes_are_those_of_the_equations(neuron, drive):
    """Of the neuron that spikes most, which figures and gradients along spikes take."""
    spikes = random_spikes(5, 2)
    layer = random_layer(neuron, spikes, seed=5, drive=drive)
    with torch.no_grad():
        out = layer(spikes)
    (inputs, rows), (times, units) = sample_of(spikes, 1), sample_of(out, 1)
    unit = int(np.bincount(units).argmax())
    own = times[units == unit]
    weight, back = (w.detach().numpy()[:, unit] for w in layer.parameters())
    arrivals = [*zip(inputs, weight[rows], strict=True), *zip(times, back[units], strict=True)]
    probes = np.random.default_rng(0).uniform(0, spikes.duration, 30)
    potential = layer.trace(spikes, 1, unit, probes)
    values = potential if neuron.startswith("lif") else np.arctan(potential)
    expected = integrated_membrane(neuron, arrivals, own, probes, drive)
    assert len(own) > 2
    np.testing.assert_allclose(values[np.argsort(probes)], expected, rtol=0, atol=1e-7)


@pytest.mark.parametrize("neuron", EVERY)
@pytest.mark.parametrize("drive", [0.0, 0.5])
@pytest.mark.parametrize("copies", [1, 2])
def test_initial_weights_bring_the_currents_that_are_asked_for(neuron, drive, copies):
    """Currents and drive have the mean 2 mean; weights the spread that docstrings give."""
    spikes = random_counts(0, n_samples=4, n_events=400, n_units=300)
    delays = {"delays": "axonal", "max_delay": 0.01, "copies": copies} if copies > 1 else {}
    layer = SpikingLayer(300, 200, neuron, 0.02, True, torch.float64, drive=drive, **delays)
    layer.initialise(spikes, 0.7, 1.5, 0.4, torch.Generator().manual_seed(0))
    counts = np.bincount(spikes.units, spikes.multiplicities, minlength=300)
    events = copies * counts.sum() / (4 * spikes.duration) * 0.02 / 2  # within tau / 2
    unit = 0.5 if neuron == "qif_delta" else 1.0
    weight, back = layer.weight.detach().numpy(), layer.recurrent_weight.detach().numpy()
    assert weight.mean() * events / unit == pytest.approx(1.4 - drive, abs=0.05)
    assert weight.std() * events**0.5 / unit == pytest.approx(1.5, rel=0.02)
    assert back.std() * len(back) ** 0.5 / unit == pytest.approx(0.4, rel=0.02)
    assert abs(back.mean()) < 0.1 * back.std()
