"""Delays and trained time constants: by integration, differences, and inputs shifted by hand."""

from dataclasses import replace

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from torch.nn.functional import cross_entropy

from networks import EVERY, random_counts, random_layer, random_spikes, repeated
from oracle import assert_gradients, assert_spikes, integrate, sample_of, shares, smooth_loss
from spikegrad import SpikeTrains
from spikegrad.delays import DelayLine
from spikegrad.layers import SpikingLayer
from spikegrad.readouts import MaximumReadout

seeds = st.integers(0, 2**16)
some = settings(max_examples=8)
# Steps end with each spike where delays may be 0, and never where all are longer than 0.5 ms.
SHORT, LONG = {"min_delay": 0.0}, {"min_delay": 0.002}
AXONAL = {"delays": "axonal", "max_delay": 0.06}
GRID = 0.004
SYNAPTIC = {"delays": "synaptic", "grid": GRID, "max_delay": 0.06}
GRIDDED = {"delays": "axonal", "grid": GRID, "max_delay": 0.06}


def shifted(spikes: SpikeTrains, delay: np.ndarray) -> SpikeTrains:
    """Copies of ``spikes``, those of unit u after delay[c, u], as further units; by NumPy."""
    times, units = [], []
    for b in range(len(spikes)):
        t, u = sample_of(spikes, b)
        late = np.concatenate([t + own[u] for own in delay])
        rows = np.concatenate([u + c * delay.shape[1] for c in range(len(delay))])
        times.append(late[late <= spikes.duration])
        units.append(rows[late <= spikes.duration])
    return SpikeTrains.from_arrays(times, units, spikes.duration)


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


@pytest.mark.parametrize("neuron", EVERY)
@some
@given(
    seed=seeds,
    drive=st.sampled_from([0.0, 0.5]),
    counted=st.booleans(),
    clip=st.sampled_from([None, 1.0]),
)
def test_delays_of_zero_change_no_bit(seed, neuron, drive, counted, clip):
    spikes = random_counts(seed) if counted else random_spikes(seed)
    plain = random_layer(neuron, spikes, drive=drive)
    delayed = random_layer(neuron, spikes, drive=drive, **AXONAL)
    with torch.no_grad():
        delayed.weight.copy_(plain.weight)
        delayed.recurrent_weight.copy_(plain.recurrent_weight)
        delayed.input_delay.zero_()
        delayed.recurrent_delay.zero_()
    found = []
    for layer in (plain, delayed):
        times = spikes.times.clone().requires_grad_()
        layer.sample_clip = clip
        out, state = layer.run(replace(spikes, times=times))
        smooth_loss(out, state).backward()
        weights = layer.weight.grad, layer.recurrent_weight.grad
        found.append([out.times, out.units, *state, times.grad, *weights])
    for one, other in zip(*found, strict=True):
        assert torch.equal(one, other)


@pytest.mark.parametrize("neuron", EVERY)
@pytest.mark.parametrize("seed", range(4))
def test_recurrence_without_delays_is_that_of_delays_that_vanish(seed, neuron):
    """Which the engine runs by other loops: those whose spikes arrive later.

    The gradients of delays of 0, their bound, are those of delays beside it.
    """
    spikes = random_spikes(seed)
    plain = random_layer(neuron, spikes)
    layers = [plain, *(random_layer(neuron, spikes, **AXONAL, **SHORT) for _ in range(2))]
    for layer, delay in zip(layers[1:], (0.0, 1e-12), strict=True):
        with torch.no_grad():
            layer.weight.copy_(plain.weight)
            layer.recurrent_weight.copy_(plain.recurrent_weight)
            layer.input_delay.zero_()
            layer.recurrent_delay.fill_(delay)
    found = []
    for layer in layers:
        out, state = layer.run(spikes)
        smooth_loss(out, state).backward()
        found.append([out.times, out.units, *(own.grad for own in layer.parameters())])
    assert len(found[0][0]) > 50
    assert found[1][-1].any()
    for other in found[1:]:
        for one, another in zip(
            found[0], other, strict=False
        ):  # but for delays, of which it has none
            torch.testing.assert_close(one, another, rtol=1e-6, atol=1e-8)
    for one, another in zip(found[1], found[2], strict=True):
        torch.testing.assert_close(one, another, rtol=1e-6, atol=1e-8)


@pytest.mark.parametrize("neuron", EVERY)
@some
@given(seed=seeds, copies=st.integers(1, 3))
def test_input_delays_are_inputs_shifted_by_hand(seed, neuron, copies):
    """And dLoss/d(delay) is the sum of the gradients of its arrivals' times."""
    spikes = random_spikes(seed)
    layer = random_layer(neuron, spikes, recurrent=False, copies=copies, **AXONAL)
    by_hand = shifted(spikes, layer.input_delay.detach().numpy())
    other = SpikingLayer(copies * 20, 10, neuron, 0.02, dtype=torch.float64)
    with torch.no_grad():
        other.weight.copy_(layer.weight)
    times = by_hand.times.requires_grad_()
    outs = layer(spikes), other(replace(by_hand, times=times))
    assert torch.equal(outs[0].units, outs[1].units)
    torch.testing.assert_close(outs[0].times, outs[1].times, rtol=0, atol=1e-13)
    for out in outs:
        torch.sin(60 * out.times).sum().backward()
    sums = torch.zeros(copies * 20, dtype=torch.float64)
    sums.index_add_(0, by_hand.units, times.grad)
    torch.testing.assert_close(layer.input_delay.grad.flatten(), sums, rtol=1e-9, atol=1e-9)


@some
@given(seed=seeds, copies=st.integers(1, 4), step=st.sampled_from([0.004, 0.0117]))
def test_a_delay_line_is_the_input_shifted_by_hand(seed, copies, step):
    spikes = random_spikes(seed)
    times = spikes.times.clone().requires_grad_()
    out = DelayLine(20, copies, step)(replace(spikes, times=times))
    by_hand = shifted(spikes, np.arange(copies)[:, None] * step * np.ones(20))
    assert torch.equal(out.units, by_hand.units)
    assert torch.equal(out.offsets, by_hand.offsets)
    torch.testing.assert_close(out.times, by_hand.times, rtol=0, atol=1e-15)
    out.times.sum().backward()
    kept = sum(((spikes.times + c * step) <= spikes.duration).double() for c in range(copies))
    assert torch.equal(times.grad, kept)


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


@pytest.mark.parametrize("neuron", EVERY)
@pytest.mark.parametrize("options", [{**AXONAL, **LONG, "copies": 2}, SYNAPTIC, GRIDDED])
def test_a_trace_with_delays_spikes_when_its_layer_does(neuron, options):
    spikes = random_spikes(5)
    layer = random_layer(neuron, spikes, drive=0.3, **options)
    with torch.no_grad():
        out = layer(spikes)
    k = len(out.times) // 2
    sample, unit, when = int(out.samples[k]), int(out.units[k]), float(out.times[k])
    before, after = layer.trace(spikes, sample, unit, np.array([when - 1e-7, when + 1e-7]))
    assert before > 0.99
    assert after < before - 0.5


@pytest.mark.parametrize("options", [{**AXONAL, "copies": 2}, SYNAPTIC, {**GRIDDED, "copies": 2}])
def test_no_bit_depends_on_the_number_of_threads(options):
    spikes = random_spikes(6, n_samples=9)
    layer = random_layer("lif", spikes, train_tau=True, **options)
    found = []
    for number in (1, 3):
        torch.set_num_threads(number)
        out, state = layer.run(spikes)
        found.append(torch.autograd.grad(smooth_loss(out, state), [*layer.parameters()]))
    assert all(torch.equal(one, other) for one, other in zip(*found, strict=True))


@pytest.mark.parametrize("options", [SYNAPTIC, {**GRIDDED, "copies": 2}])
def test_a_layer_without_recurrence_does_what_one_with_weights_of_zero_does(options):
    """It knows from the rows how strong currents become, the other looks at these."""
    spikes = random_counts(7, 1e-3, n_samples=5, n_events=60)
    found = []
    for recurrent in (True, False):
        layer = random_layer("qif", spikes, recurrent=recurrent, scale=8.0, **options)
        with torch.no_grad():
            layer.weight.copy_(torch.sin(torch.arange(layer.weight.numel())).view_as(layer.weight))
            layer.weight.mul_(3)
            layer.input_delay.fill_(0.0033)
            if recurrent:
                layer.recurrent_weight.zero_()
        out = layer(spikes)
        wanted = [layer.weight, layer.input_delay]
        found.append((out, torch.autograd.grad(torch.sin(50 * out.times).sum(), wanted)))
    (one, gradients), (other, expected) = found
    assert len(one.times) > 50
    torch.testing.assert_close(one.times, other.times, rtol=0, atol=1e-11)
    for mine, theirs in zip(gradients, expected, strict=True):
        torch.testing.assert_close(mine, theirs, rtol=1e-8, atol=1e-9 * float(theirs.abs().max()))


def lags(n_samples: int, seed: int) -> tuple[SpikeTrains, torch.Tensor]:
    """A spike in each of two channels, 60 ms apart in class 0, and 120 ms in class 1."""
    rng = np.random.default_rng(seed)
    labels = rng.integers(0, 2, n_samples)
    first = rng.uniform(0.02, 0.1, n_samples)
    times = [np.array([t, t + 0.06 * (1 + label)]) for t, label in zip(first, labels, strict=True)]
    spikes = SpikeTrains.from_arrays(times, [np.array([0, 1])] * n_samples, 0.6)
    return spikes, torch.from_numpy(labels)


@pytest.mark.parametrize("neuron", EVERY)
@pytest.mark.parametrize("delays", [None, "axonal"])
def test_lags_beyond_all_time_constants_are_told_apart_by_delays_alone(neuron, delays):
    """Time constants are 5 ms: without delays, both classes look the same to all neurons, and to
    the readout, which knows how many of them spike together."""
    torch.manual_seed(1)  # of which some initial delays differ by about one lag
    copies = 1 if delays is None else 8
    layer = SpikingLayer(
        2, 12, neuron, 0.005, dtype=torch.float64, delays=delays, copies=copies, max_delay=0.2
    )
    spikes, labels = lags(60, 0)
    layer.weight.data.normal_(1.0, 2.0).mul_(0.5 / layer.neuron.charge())
    readout = MaximumReadout(12, 2, tau_out=0.005, dtype=torch.float64)
    parameters = [*layer.parameters(), *readout.parameters()]
    rates = [0.002 if p is layer.input_delay else 0.05 for p in parameters]
    groups = [{"params": [p], "lr": rate} for p, rate in zip(parameters, rates, strict=True)]
    optimizer = torch.optim.Adam(groups)
    for _ in range(60):
        optimizer.zero_grad()
        cross_entropy(readout(*layer.run(spikes)), labels).backward()
        optimizer.step()
        layer.bound()
    with torch.no_grad():
        tested, right = lags(100, 1)
        share = (readout(*layer.run(tested)).argmax(1) == right).double().mean()
    assert share > 0.95 if delays else share < 0.65


def test_what_is_wrong_with_delays_is_said():
    for options, message in (
        ({"delays": "dendritic"}, "None, 'axonal' or 'synaptic'"),
        ({"copies": 2}, "only axonal delays have copies"),
        ({"delays": "synaptic"}, "synaptic delays need one"),
        ({"grid": 0.001}, "a grid has a positive"),
        ({"delays": "axonal", "grid": -0.001}, "a grid has a positive"),
        ({"delays": "axonal", "max_delay": -1.0}, "0 <= min_delay"),
        ({"delays": "axonal", "min_delay": 0.2, "initial_delay": 0.1}, "initial_delay"),
        ({"delays": "axonal", "grid": 0.2}, "grid's step below initial_delay"),
        ({"train_tau": True, "tau": 5e-4}, "trained tau"),
        ({"train_tau": True, "tau": 0.9, "n_in": 2.5}, "n_in must be a whole"),
    ):
        with pytest.raises(ValueError, match=message):
            SpikingLayer(**{"n_in": 3, "n_out": 2, **options})
    for arguments, message in (
        ((0, 1, 0.1), "n_units"),
        ((1, 0, 0.1), "copies"),
        ((1, 1, 0.0), "step"),
        ((3, 1.5, 0.1), "copies"),
    ):
        with pytest.raises(ValueError, match=message):
            DelayLine(*arguments)
    spikes = random_spikes(0, n_units=3)
    layer = SpikingLayer(3, 2, "lif", delays="axonal", train_tau=True)
    with torch.no_grad():
        layer.input_delay[0, 1] = -0.1
    with pytest.raises(
        ValueError, match=r"'input_delay' must lie between 0\.0 and 0\.3 s, not -0\.1"
    ):
        layer(spikes)
    layer.bound()
    layer(spikes)
    with torch.no_grad():
        layer.log_tau += 10
    with pytest.raises(ValueError, match="trained tau"):
        layer(spikes)
    layer.float()
    layer.bound()
    with pytest.raises(ValueError, match="must be float64"):
        layer(spikes)


def test_whoever_looks_at_copies_leaves_their_gradients() -> None:
    spikes = random_spikes(0, n_units=3)
    below = random_layer("qif", spikes, n_out=4, seed=1, recurrent=False)
    found = []
    for looks in (False, True):
        copies = DelayLine(4, 2, 0.01)(below(spikes))
        if looks:
            with torch.no_grad():
                assert len(copies.sizes) == len(spikes)
        found += torch.autograd.grad(copies.times.square().sum(), [below.weight])
    assert found[0].any()
    torch.testing.assert_close(found[0], found[1], rtol=0, atol=0)


def test_nothing_runs_away_where_nothing_spikes() -> None:
    """Steps are as short as the shortest delay, and many in a long sample."""
    silent = SpikeTrains.from_arrays([[]], [[]], 10.0)
    options = {"delays": "axonal", "min_delay": 6e-4, "initial_delay": 6e-4}
    layer = SpikingLayer(3, 4, "lif", recurrent=True, **options)
    assert len(layer(silent).times) == 0


def test_an_empty_batch_has_gradients_of_zero() -> None:
    spikes = random_spikes(0, n_units=3)
    layer = random_layer("lif", spikes, n_out=4, seed=1, **GRIDDED)
    nothing = layer.run(spikes[[]])[1][0].sum()
    for gradient in torch.autograd.grad(nothing, list(layer.parameters())):
        assert not gradient.any()


@pytest.mark.parametrize(
    "changed", ["weight", "recurrent_weight", "input_delay", "recurrent_delay"]
)
def test_a_later_step_of_an_optimiser_changes_no_gradient_of_tau(changed: str) -> None:
    """A gradient is that of the parameters which the forward pass had, or an error."""
    spikes = random_spikes(3)

    def slope(change: bool) -> float:
        torch.manual_seed(0)
        layer = SpikingLayer(
            20, 5, recurrent=True, delays="axonal", train_tau=True, dtype=torch.float64,
            max_delay=0.1, min_delay=0.001,
        )  # fmt: skip
        with torch.no_grad():
            layer.weight.mul_(3)
        loss = layer(spikes).times.square().sum()
        if change:
            with torch.no_grad():
                getattr(layer, changed).mul_(0.5).add_(0.002)
        loss.backward()
        return layer.log_tau.grad.item()

    assert slope(True) == slope(False) != 0


def test_fields_of_delayed_copies_can_be_replaced() -> None:
    copies = DelayLine(20, 3, 0.05)(random_spikes(3))
    plain = replace(copies, duration=2 * copies.duration)
    assert type(plain) is SpikeTrains
    assert plain.duration == 2 * copies.duration
    torch.testing.assert_close(plain.times, copies.times, rtol=0, atol=0)
    assert len(SpikingLayer(60, 4)(plain)) == len(copies)
