"""What a careless user does: every call ends in a right result or one clear error."""

from __future__ import annotations

import re
import subprocess
import sys

import numpy as np
import pytest
import torch
from torch import Tensor
from torch.func import functional_call
from torch.nn.utils import parametrizations, parametrize

from networks import random_layer, random_spikes
from spikegrad.activity import spike_counts
from spikegrad.first_spike import FirstSpikeReadout
from spikegrad.layers import SpikeOverflowError, SpikingLayer
from spikegrad.network import Network
from spikegrad.neurons import NEURONS
from spikegrad.readouts import IntegratedReadout, MaximumReadout
from spikegrad.spikes import SpikeError, SpikeTrains
from study.training.loop import activity_penalty, smooth_counts
from study.training.optimizer import Adam
from test_training import N_CLASSES, N_UNITS, TRAIN, settings

ALL = sorted(NEURONS)
every_neuron = pytest.mark.parametrize("neuron", ALL)
every_driven_neuron = pytest.mark.parametrize(
    ("neuron", "drive"), [(neuron, drive) for neuron in ALL for drive in (0.0, 0.5)]
)


def altered(spikes: SpikeTrains, **changes) -> SpikeTrains:
    parts = {"times": spikes.times, "units": spikes.units, "offsets": spikes.offsets}
    return SpikeTrains(**{**parts, "duration": spikes.duration, **changes})


def readout(kind: str, neuron: str, n_in: int = 10):
    if kind == "integrated":
        made = IntegratedReadout(n_in, 3, 0.02, 0.2, dtype=torch.float64)
    elif kind == "maximum":
        made = MaximumReadout(n_in, 3, 0.02, dtype=torch.float64)
    else:
        made = FirstSpikeReadout(n_in, 3, neuron, 0.02, 0.01, dtype=torch.float64)
    with torch.no_grad():
        for weight in made.parameters():
            weight.normal_(1.0, 2.0, generator=torch.Generator().manual_seed(3))
    return made


every_readout = pytest.mark.parametrize("kind", ["integrated", "maximum", "first"])

# --- spike trains ----------------------------------------------------------------------------


@pytest.mark.parametrize("duration", [float("nan"), -1.0, 0.0, float("inf"), "long", None])
def test_a_duration_that_is_none_is_refused(duration):
    with pytest.raises(SpikeError, match="duration must be a positive, finite number of seconds"):
        altered(random_spikes(0), duration=duration)


@every_neuron
def test_a_duration_is_any_number(neuron):
    spikes = random_spikes(0)
    layer = random_layer(neuron, spikes)
    for duration in (torch.tensor(1.0), np.float32(1.0), 1):
        out = layer(altered(spikes, duration=duration))
        assert type(out.duration) is float
        assert torch.equal(out.times, layer(altered(spikes, duration=1.0)).times)


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"times": random_spikes(0).times.float()}, "spike times must be float64 seconds"),
        ({"times": random_spikes(0).times.half()}, "spike times must be float64 seconds"),
        ({"times": random_spikes(0).times[None]}, "times must be a list of numbers"),
        ({"units": random_spikes(0).units.float()}, "units must be whole numbers"),
        ({"units": random_spikes(0).units > 3}, "units must be whole numbers"),
        ({"units": random_spikes(0).units[:, None]}, "units must be a list of numbers"),
        ({"offsets": random_spikes(0).offsets.double()}, "offsets must be whole numbers"),
        ({"times": random_spikes(0).times.numpy()}, "times must be a tensor, not ndarray"),
        ({"times": random_spikes(0).times.to("meta")}, "times are on meta"),
    ],
)
def test_types_and_shapes_are_refused_by_name(changes, message):
    with pytest.raises(SpikeError, match=message):
        altered(random_spikes(0), **changes)


@every_neuron
def test_integers_of_any_width_and_views_are_converted(neuron):
    spikes = random_spikes(0)
    layer = random_layer(neuron, spikes)
    wide = torch.stack([spikes.times, spikes.times], 1)[:, 0]
    narrow = altered(
        spikes, times=wide, units=spikes.units.to(torch.int32), offsets=spikes.offsets.int()
    )
    assert torch.equal(layer(narrow).times, layer(spikes).times)
    assert (narrow.units.dtype, narrow.offsets.dtype) == (torch.int64, torch.int64)
    assert narrow.times.is_contiguous()


def test_samples_are_selected_from_either_end_or_not_at_all():
    spikes = random_spikes(0, n_samples=4)
    last = spikes.select(torch.tensor([-1, 0]))
    same = spikes.select(torch.tensor([3, 0]))
    last.check(20)
    assert torch.equal(last.times, same.times)
    assert torch.equal(last.offsets, same.offsets)
    for wrong in ([4], [-5], [0, 17]):
        with pytest.raises(IndexError, match="there is no sample"):
            spikes.select(torch.tensor(wrong))
    for wrong in (torch.tensor([True] * 4), torch.tensor([0.0]), torch.tensor(1)):
        with pytest.raises(IndexError, match="select takes a list of whole numbers"):
            spikes.select(wrong)


@every_neuron
@every_readout
def test_units_beyond_a_readout_or_penalty_do_not_count_for_the_next_sample(neuron, kind):
    spikes = random_spikes(0, n_units=10)
    _, state = random_layer(neuron, spikes, n_in=10, n_out=6).run(spikes)
    with pytest.raises(SpikeError, match=r"sample 0: a unit is outside 0\.\.5"):
        readout(kind, neuron, n_in=6)(spikes, state)
    for function in (spike_counts, smooth_counts):
        with pytest.raises(SpikeError, match=r"a unit is outside 0\.\.5"):
            function(spikes, 6)
    with pytest.raises(SpikeError, match=r"a unit is outside 0\.\.5"):
        activity_penalty(spikes, 6, 1.0)


# --- weights ---------------------------------------------------------------------------------


@every_driven_neuron
@pytest.mark.parametrize("name", ["weight", "recurrent_weight"])
def test_weights_of_another_shape_or_type_are_refused(neuron, drive, name):
    spikes = random_spikes(0)
    layer = random_layer(neuron, spikes, drive=drive)
    weight = getattr(layer, name).detach()
    for wrong in (weight[:3], weight[:, :3], weight[0], torch.cat([weight, weight])):
        with pytest.raises(ValueError, match=rf"'{name}' must have the shape \[\d+, 10\]"):
            functional_call(layer, {name: wrong}, (spikes,))
    with pytest.raises(ValueError, match="float16"):
        functional_call(layer, {name: weight.half()}, (spikes,))
    with pytest.raises(ValueError, match="float32"):
        functional_call(layer, {name: weight.float()}, (spikes,))


@every_neuron
def test_half_precision_is_refused(neuron):
    spikes = random_spikes(0)
    with pytest.raises(ValueError, match="weights must be float32 or float64 on the CPU"):
        random_layer(neuron, spikes).half()(spikes)


@pytest.mark.parametrize("kind", ["integrated", "maximum"])
def test_half_precision_is_refused_by_readouts(kind):
    with pytest.raises(ValueError, match="readout's weights must be float32 or float64"):
        readout(kind, "lif", 20).half()(random_spikes(0))


@pytest.mark.parametrize(
    "changes", [{"n_in": 0}, {"n_out": 0}, {"n_out": -2}, {"max_spikes": 0}, {"tau": float("inf")}]
)
def test_layers_of_no_size_are_refused(changes):
    with pytest.raises(ValueError, match=f"{next(iter(changes))} must be"):
        SpikingLayer(**{"n_in": 3, "n_out": 2, **changes})


@pytest.mark.parametrize("value", [0.0, -1.0, float("nan"), float("inf")])
def test_readouts_of_no_time_constant_are_refused(value):
    for make in (
        lambda: IntegratedReadout(3, 2, value, 0.1),
        lambda: IntegratedReadout(3, 2, 0.1, value),
        lambda: MaximumReadout(3, 2, value),
        lambda: FirstSpikeReadout(3, 2, "qif", 0.1, value),
    ):
        with pytest.raises(ValueError, match="must be a positive, finite number of seconds"):
            make()


@every_neuron
def test_a_readout_of_another_neuron_is_refused(neuron):
    spikes = random_spikes(0)
    other = "lif" if neuron == "qif" else "qif"
    out, state = random_layer(other, spikes).run(spikes)
    with pytest.raises(ValueError, match="the sending neurons' state must be"):
        readout("first", neuron)(out, state)


@every_driven_neuron
def test_a_trace_of_nothing_is_refused(neuron, drive):
    spikes = random_spikes(0)
    layer = random_layer(neuron, spikes, drive=drive)
    times = np.linspace(0, 0.2, 5)
    assert np.isfinite(layer.trace(spikes, 2, 9, times)).all()
    for sample, unit, name in ((3, 0, "sample"), (-1, 0, "sample"), (0, 10, "neuron")):
        with pytest.raises(IndexError, match=f"{name} must be one of"):
            layer.trace(spikes, sample, unit, times)
    for wrong in ([0.3], [-0.1], [float("nan")]):
        with pytest.raises(ValueError, match="times must lie within the trial"):
            layer.trace(spikes, 0, 0, wrong)
    with pytest.raises(SpikeError, match="a unit is outside"):
        layer.trace(altered(spikes, units=spikes.units + 5), 0, 0, times)


# --- initialising and learning ---------------------------------------------------------------


def network(neuron: str, layers: list[int], **readout) -> Network:
    given = settings(layers=layers, **({"readout": readout} if readout else {}))
    return Network(given.network, N_UNITS, N_CLASSES, neuron)


@every_neuron
def test_a_recurrent_layer_of_one_neuron_learns(neuron):
    net = network(neuron, [1])
    net.initialise(TRAIN.spikes, torch.Generator().manual_seed(0))
    before = [weight.detach().clone() for weight in net.parameters()]
    optimizer = Adam(net, 0.01, 0.01)
    net(TRAIN.spikes).logits.square().sum().backward()
    optimizer.clip(1.0)
    optimizer.step(1.0)
    assert all(weight.isfinite().all() for weight in net.parameters())
    assert any(not torch.equal(*pair) for pair in zip(net.parameters(), before, strict=True))


def test_weights_without_scale_are_not_trained():
    net = network("lif", [6])
    torch.nn.init.zeros_(net.hidden[0].weight)
    with pytest.raises(ValueError, match=r"'hidden.0.weight' have no scale.*initialise first"):
        Adam(net, 0.01, 0.01)


def test_the_state_of_an_optimizer_is_a_copy():
    net = network("lif", [6])
    net.initialise(TRAIN.spikes, torch.Generator().manual_seed(0))
    optimizer = Adam(net, 0.01, 0.01)
    before = optimizer.state()
    given = {name: value.clone() for name, value in before.items()}
    optimizer.load(given)
    net(TRAIN.spikes).logits.square().sum().backward()
    optimizer.step(1.0)
    for name, value in before.items():
        assert not value.any()
        assert not given[name].any()
    assert any(value.any() for value in optimizer.state().values())


class Doubled(torch.nn.Module):
    def forward(self, x: Tensor) -> Tensor:
        return 2 * x


@every_neuron
def test_a_parametrised_layer_is_initialised_or_refused(neuron):
    spikes = random_spikes(0)
    plain = random_layer(neuron, spikes)
    layer = SpikingLayer(20, 10, neuron, 0.02, recurrent=True, dtype=torch.float64)
    with torch.no_grad():
        for weight in layer.parameters():
            weight.fill_(1.0)
    for name in ("weight", "recurrent_weight"):
        parametrizations.weight_norm(layer, name)
    layer.initialise(spikes, 0.8, 2.5, 0.8, torch.Generator().manual_seed(0))
    torch.testing.assert_close(layer.weight, plain.weight)
    torch.testing.assert_close(layer.recurrent_weight, plain.recurrent_weight)
    one_way = SpikingLayer(20, 10, neuron, dtype=torch.float64)
    parametrize.register_parametrization(one_way, "weight", Doubled())
    with pytest.raises(ValueError, match=r"cannot set 'weight'.*initialise first"):
        one_way.initialise(spikes, 0.8, 2.5, 0.8, torch.Generator())


@pytest.mark.parametrize("kind", ["integrated", "maximum"])
def test_a_parametrised_readout_is_initialised(kind):
    made, plain = readout(kind, "lif", 20), readout(kind, "lif", 20)
    parametrizations.weight_norm(made)
    for each in (made, plain):
        each.initialise(random_spikes(0), (), torch.Generator().manual_seed(0))
    torch.testing.assert_close(made.weight, plain.weight)


# --- gradients -------------------------------------------------------------------------------


@every_driven_neuron
def test_second_derivatives_are_refused(neuron, drive):
    spikes = random_spikes(0)
    layer = random_layer(neuron, spikes, drive=drive)
    loss = layer(spikes).times.square().sum()
    (gradient,) = torch.autograd.grad(loss, layer.weight, create_graph=True)
    with pytest.raises(RuntimeError, match="differentiate twice"):
        gradient.square().sum().backward()


@every_neuron
@every_readout
def test_second_derivatives_of_readouts_are_refused(neuron, kind):
    spikes = random_spikes(0)
    out, state = random_layer(neuron, spikes).run(spikes)
    out = altered(out, times=out.times.detach().requires_grad_())
    logits = readout(kind, neuron)(out, tuple(s.detach() for s in state))
    (gradient,) = torch.autograd.grad(logits.square().sum(), out.times, create_graph=True)
    with pytest.raises(RuntimeError, match="differentiate twice"):
        gradient.square().sum().backward()


@every_driven_neuron
def test_a_second_backward_pass_is_refused_unless_the_graph_is_kept(neuron, drive):
    spikes = random_spikes(0)
    layer = random_layer(neuron, spikes, drive=drive)
    loss = layer(spikes).times.sum()
    loss.backward(retain_graph=True)
    first = layer.weight.grad.clone()
    loss.backward()
    assert torch.equal(layer.weight.grad, 2 * first)
    with pytest.raises(RuntimeError, match="second time"):
        loss.backward()
    assert torch.equal(layer.weight.grad, 2 * first)


@every_neuron
def test_the_log_goes_with_the_backward_pass(neuron):
    spikes = random_spikes(0)
    layer = random_layer(neuron, spikes)
    out = layer(spikes)
    held = out.times.grad_fn.log
    assert len(held().records) == 3
    out.times.sum().backward()
    assert held() is None


@every_neuron
def test_no_log_is_kept_without_gradients(neuron, monkeypatch):
    import spikegrad.autograd

    spikes = random_spikes(0)
    layer = random_layer(neuron, spikes)
    logs = []

    class Log(spikegrad.autograd._Log):
        def __array_finalize__(self, source):
            logs.append(self)

    monkeypatch.setattr(spikegrad.autograd, "_Log", Log)
    with torch.no_grad():
        layer(spikes)
    layer.requires_grad_(False)(spikes)
    assert [log.records for log in logs if hasattr(log, "records")] == [[], []]


@every_neuron
@pytest.mark.parametrize("name", ["times", "units", "offsets"])
def test_changes_in_place_before_the_backward_pass_are_refused(neuron, name):
    spikes = random_spikes(0)
    layer = random_layer(neuron, spikes)
    loss = layer(spikes).times.sum()
    getattr(spikes, name)[1] += 1
    with pytest.raises(RuntimeError, match="modified by an inplace operation"):
        loss.backward()


@every_driven_neuron
def test_an_inhibited_output_has_a_finite_first_spike_and_gradient(neuron, drive):
    spikes = random_spikes(0)
    hidden = random_layer(neuron, spikes, dtype=torch.float32, drive=drive)
    for inhibition in (-1e1, -3e2, -3e3):
        made = FirstSpikeReadout(10, 3, neuron, 0.02, 0.01, drive=drive)
        made.layer.weight.data.fill_(inhibition)
        logits = made(*hidden.run(spikes))
        assert logits.isfinite().all()
        loss = torch.nn.functional.cross_entropy(logits, torch.tensor([0, 1, 2]))
        gradients = torch.autograd.grad(loss, [*made.parameters(), *hidden.parameters()])
        assert all(gradient.isfinite().all() for gradient in gradients)


# --- processes and compilers -----------------------------------------------------------------

FORKED = """
import multiprocessing
import torch
from torch.utils.data import DataLoader, Dataset
from spikegrad.layers import SpikingLayer
from spikegrad.spikes import SpikeTrains
torch.set_num_threads(1)  # as in the workers of a DataLoader
times = torch.linspace(0.001, 0.09, 40, dtype=torch.float64)
spikes = SpikeTrains(times, torch.arange(40) % 5, torch.tensor([0, 40]), 0.1)
layer = SpikingLayer(5, 4, NEURON)
layer.weight.data.fill_(4.0)
def spike_sum(_=None):
    with torch.no_grad():
        return float(layer(spikes).times.sum())
class Sums(Dataset):
    def __len__(self):
        return 2
    def __getitem__(self, index):
        return spike_sum()
expected = spike_sum()  # in the parent: its pool now has threads
assert list(DataLoader(Sums(), batch_size=None, num_workers=1)) == [expected] * 2
with multiprocessing.get_context("fork").Pool(1) as pool:
    assert pool.map(spike_sum, [0]) == [expected]
print("done")
"""


@every_neuron
def test_forked_children_do_not_hang(neuron):
    code = FORKED.replace("NEURON", repr(neuron))
    out = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, timeout=120, check=False
    )
    assert out.stdout == "done\n", out.stderr


@pytest.mark.filterwarnings("error:Dynamo detected a call")
@pytest.mark.parametrize("kind", ["integrated", "maximum", "first"])
def test_the_compiler_breaks_its_graph_around_the_library(kind):
    spikes = random_spikes(0)
    graphs = []

    def keep(graph, _):
        graphs.append(graph)
        return graph

    layer, made = random_layer("qif", spikes), readout(kind, "qif")

    def loss(spikes: SpikeTrains) -> Tensor:
        return torch.sigmoid(made(*layer.run(spikes))).sum()

    torch._dynamo.reset()
    compiled = torch.compile(loss, backend=keep)
    values = [function(spikes) for function in (loss, compiled)]
    assert torch.equal(*values)
    gradients = [torch.autograd.grad(value, layer.weight)[0] for value in values]
    assert torch.equal(*gradients)
    assert len(graphs) == 1  # the sigmoid and the sum; nothing of the library


# --- numbers too large -----------------------------------------------------------------------


@every_driven_neuron
@pytest.mark.parametrize("recurrent", [False, True])
@pytest.mark.parametrize("dtype", [torch.float32, torch.float64])
def test_huge_weights_end_soon_and_name_sample_and_neuron(neuron, drive, recurrent, dtype):
    times = torch.linspace(0.01, 0.1, 20, dtype=torch.float64).repeat(2)
    units = torch.cat([torch.zeros(20), torch.ones(20)]).long()
    spikes = SpikeTrains(times, units, torch.tensor([0, 20, 40]), 0.2)
    layer = SpikingLayer(2, 3, neuron, 0.02, recurrent, dtype, drive=drive)
    for weight in (-1e4, -1e8, -1e15, -3e38, 1e8, 1e15, 3e38):
        with torch.no_grad():
            layer.weight[1, 2] = weight
        try:
            out, state = layer.run(spikes)
        except SpikeOverflowError as error:
            problem = str(error)
        else:
            assert all(variable.isfinite().all() for variable in (out.times, *state))
            continue
        assert re.match(r"sample 1(:|, neuron 2:) .*lower the", problem)


@pytest.mark.parametrize("neuron", ["qif"])
def test_inhibition_without_measure_is_named(neuron):
    spikes = random_spikes(0)
    layer = random_layer(neuron, spikes)
    with torch.no_grad():
        layer.weight[:, 3] = -1e15
    with pytest.raises(SpikeOverflowError, match=r"sample 0: more than \d+ steps.*neuron 3's I is"):
        layer(spikes)


@every_neuron
def test_a_huge_drive_ends_soon(neuron):
    spikes = random_spikes(0)
    for drive in (-1e30, -1e8, 1e8, 1e30):
        layer = SpikingLayer(20, 3, neuron, drive=drive)
        torch.nn.init.zeros_(layer.weight)
        if drive < 0 and neuron == "lif":
            assert len(layer(spikes).times) == 0
            continue
        with pytest.raises(SpikeOverflowError, match="sample 0: more than"):
            layer(spikes)


@pytest.mark.parametrize("dtype", [torch.float32, torch.float64])
@pytest.mark.parametrize("drive", [0.0, 0.75])
def test_a_lif_neuron_that_touches_its_threshold_does_not_spike(dtype, drive):
    """From rest, V = drive, the potential rises by I / 4: to exactly 1."""
    touching = 4 * (1 - drive)
    start = 2.0 if drive else 0.01  # by then the membrane has come to rest
    spikes = SpikeTrains(
        torch.tensor([start], dtype=torch.float64),
        torch.tensor([0]),
        torch.tensor([0, 1]),
        start + 0.2,
    )
    for recurrent in (False, True):
        layer = SpikingLayer(1, 2, "lif", 0.02, recurrent, dtype, drive=drive)
        if recurrent:
            torch.nn.init.zeros_(layer.recurrent_weight)
        for factor, number in ((1, 0), (1 + 1e-5, 1), (1 - 1e-5, 0)):
            with torch.no_grad():
                layer.weight.copy_(torch.tensor([[touching * factor, 5.0]]))
            out = layer(spikes)
            assert (out.units == 0).sum() == number
            # a loss that ignores the first neuron
            (gradient,) = torch.autograd.grad(out.times[out.units == 1].sum(), layer.weight)
            assert gradient[0, 0] == 0
            assert -1 < gradient[0, 1] < 0


# --- layouts ---------------------------------------------------------------------------------


@every_driven_neuron
def test_many_channels_cost_what_their_events_cost(neuron, drive):
    """The gradient of the channels without an event is zero, of the others as without the rest."""
    spikes = random_spikes(0)
    few = random_layer(neuron, spikes, drive=drive, dtype=torch.float32)
    many = SpikingLayer(5000, 10, neuron, 0.02, True, drive=drive)
    channels = torch.randperm(5000, generator=torch.Generator().manual_seed(1))[:20]
    with torch.no_grad():
        many.weight[channels] = few.weight
        many.recurrent_weight.copy_(few.recurrent_weight)
    gradients = []
    for layer, units in ((few, spikes.units), (many, channels[spikes.units])):
        times = spikes.times.clone().requires_grad_()
        out = layer(altered(spikes, times=times, units=units))
        loss = out.times.square().sum()
        gradients.append(torch.autograd.grad(loss, [*layer.parameters(), times]))
    assert torch.equal(gradients[1][0][channels], gradients[0][0])
    assert gradients[1][0].count_nonzero() == gradients[0][0].count_nonzero()
    for one, other in zip(gradients[0][1:], gradients[1][1:], strict=True):
        assert torch.equal(one, other)


@every_driven_neuron
@pytest.mark.parametrize("reverse", [False, True])
def test_a_volley_of_spikes_comes_in_order(neuron, drive, reverse):
    n = 2000
    layer = SpikingLayer(1, n, neuron, 0.02, drive=drive, dtype=torch.float64)
    weights = torch.linspace(20.0, 60.0, n, dtype=torch.float64).repeat_interleave(2)[:n]
    with torch.no_grad():
        layer.weight[0] = weights.flip(0) if reverse else weights
    spikes = SpikeTrains(
        torch.tensor([0.01], dtype=torch.float64), torch.tensor([0]), torch.tensor([0, 1]), 0.2
    )
    out = layer(spikes)
    assert len(out.times) >= n
    rise = out.times.diff()
    assert (rise >= 0).all()
    assert (out.units.diff()[rise == 0] > 0).all()
    loss = torch.autograd.grad(out.times.sum(), layer.weight)[0]
    assert torch.equal(loss[0, 0::2], loss[0, 1::2])  # neurons of equal weight, equal gradients
