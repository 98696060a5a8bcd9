"""What a careless user does: every call ends in a right result or one clear error."""

from __future__ import annotations

import re
import warnings
from collections.abc import Callable
from dataclasses import replace
from functools import partial
from typing import Any

import numpy as np
import pytest
import torch
from torch import Tensor
from torch.func import functional_call
from torch.utils.checkpoint import checkpoint

from networks import DAILY, EVERY, random_layer, random_spikes
from spikegrad.activity import spike_counts
from spikegrad.clocked import ClockedLayer
from spikegrad.first_spike import FirstSpikeReadout
from spikegrad.layers import NotFiniteError, SilentWarning, SpikeOverflowError, SpikingLayer
from spikegrad.neurons import NEURONS
from spikegrad.raster import Raster
from spikegrad.readouts import IntegratedReadout, MaximumReadout
from spikegrad.spikes import SpikeError, SpikeTrains, collate

every_driven_neuron = pytest.mark.parametrize(
    ("neuron", "drive"),
    [
        pytest.param(neuron, drive, marks=() if neuron in DAILY else pytest.mark.weekly)
        for neuron in NEURONS
        for drive in (0.0, 0.5)
    ],
)
every_readout = pytest.mark.parametrize("kind", ["integrated", "maximum", "first"])
SPIKES = random_spikes(0)
NAN, INF = float("nan"), float("inf")


def altered(**changes) -> SpikeTrains:
    return replace(SPIKES, **changes)


def passed(name: str, index: int, value: float) -> None:
    """A layer is given spikes of which one number is another."""
    part = getattr(SPIKES, name)
    part = torch.ones_like(SPIKES.units) if part is None else part.clone()
    part[index] = value
    layer()(altered(**{name: part}))


def readout(kind: str, neuron: str = "qif", n_in: int = 10):
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


def layer(**options) -> SpikingLayer:
    return SpikingLayer(**{"n_in": 20, "n_out": 3, "dtype": torch.float64, **options})


def moved_away(name: str, value: float, **options) -> None:
    """A layer runs with parameters that an optimiser has moved."""
    own = layer(recurrent=True, **options)
    torch.nn.init.constant_(getattr(own, name), value)
    own(SPIKES)


def weight_replaced(name: str, change: Callable[[Tensor], Tensor]) -> None:
    own = layer(recurrent=True)
    functional_call(own, {name: change(getattr(own, name))}, (SPIKES,))


def received(kind: str, n_in: int = 10, neuron: str = "qif", other: str = "qif") -> None:
    """A readout for ``n_in`` neurons is given the spikes of ten ``other`` ones."""
    readout(kind, neuron, n_in)(*random_layer(other, SPIKES).run(SPIKES))


def diverged(neuron: str, weight: float) -> None:
    own = layer(n_out=4, neuron=neuron, recurrent=True, max_spikes=50)
    torch.nn.init.constant_(own.weight, weight)
    torch.nn.init.constant_(own.recurrent_weight, 5.0)
    own(SPIKES)


def clipped(clip: float, name: str = "sample_clip", **options: Any) -> None:
    own = layer(**options)
    setattr(own, name, clip)
    own(SPIKES)


arrays, CLOCK = SpikeTrains.from_arrays, partial(ClockedLayer, 20, 3, "lif")
RASTER = Raster(torch.ones(1, 5, 4), 0.01)
FINITE = "must be a positive, finite number of seconds"
MISTAKES: dict[type[Exception], list[tuple[str, Callable[[], object]]]] = {
    SpikeError: [
        # spike trains, as they are made
        (f"duration {FINITE}", lambda: altered(duration=NAN)),
        ("times must be float64 seconds", lambda: altered(times=SPIKES.times.float())),
        ("times must be a tensor, not nd", lambda: altered(times=SPIKES.times.numpy())),
        ("CPU only, not on cuda", lambda: SPIKES.to("cuda")),
        ("units must be whole numbers", lambda: altered(units=SPIKES.units > 3)),
        ("times of 1 samples, but units of 2", lambda: arrays([[0.1]], [[0], [1]], 1.0)),
        (r"sample 1: .* equal length, not of shapes \(2,\)",
         lambda: arrays([[0.1], [0.1, 0.2]], [[0], [1]], 1.0)),
        ("sample 1: a spike at 120 s .* milliseconds",
         lambda: arrays([[0.1], [120.0]], [[0], [0]], 1.0)),
        ("sample 0: a unit is outside", lambda: arrays([[0.1]], [[-1]], 1.0)),
        (r"durations \[0.2, 2.0\] s cannot",
         lambda: SpikeTrains.concatenate([SPIKES, altered(duration=2.0)])),
        ("labels must be whole numbers, not 'up': number your",
         lambda: collate([([0.1], [2], "up")], 1.0)),
        ("sample 0: 0.5 spikes of neuron 1 in step 2",
         lambda: Raster(torch.tensor([[[0.0, 0.0]] * 2 + [[0.0, 0.5]]]), 0.01).trains()),
        # their values, as a layer reads them
        ("sample 1: a spike time is not finite", lambda: passed("times", 60, NAN)),
        ("sample 2: .* is negative", lambda: passed("times", 100, -1e-9)),
        ("sample 2: .* after the sample's end", lambda: passed("times", 149, 0.3)),
        ("sample 0: .* are not sorted", lambda: passed("times", 10, 0.19)),
        ("sample 1: a unit is outside 0..19", lambda: passed("units", 70, 20)),
        ("sample 1: a count is below 1 .event 3:", lambda: passed("counts", 53, 0)),
        ("sample 1: offsets decrease",
         lambda: layer()(altered(offsets=torch.tensor([0, 9, 5, 150])))),
        (r"a unit is outside 0\.\.5", lambda: spike_counts(SPIKES, 6)),
        *(("are of 10 neurons or channels, but 9 are expected", lambda k=k: received(k, 9))
          for k in ("integrated", "maximum", "first")),
        ("of 4 neurons, but 3 are expected", lambda: readout("maximum", n_in=3)(RASTER)),
    ],
    TypeError: [
        (r"not ndarray; SpikeTrains\.from_arr", lambda: layer()(np.zeros((8, 100, 20)))),
        (r"not Tensor; Raster\(x, step\)", lambda: layer()(torch.zeros(8, 100, 20))),
        (r"not Raster; its trains\(\)", lambda: layer()(RASTER)),
        ("exact SpikeTrains, not Raster", lambda: readout("first", n_in=4)(RASTER)),
    ],
    IndexError: [
        ("neuron must be one of", lambda: layer().trace(SPIKES, 0, 3, [0.1])),
        ("there is no sample", lambda: SPIKES.select(torch.tensor([3]))),
        ("takes a list of whole numbers", lambda: SPIKES.select(torch.tensor([True] * 3))),
    ],
    ValueError: [
        # layers, lines and readouts, as they are made
        *(("max_spikes must be a whole number", lambda n=n: layer(max_spikes=n)) for n in (2.5, 0)),
        ("sample_clip must be None or a positive", lambda: clipped(-1.0)),
        ("spike_bound must be None or a positive", lambda: clipped(0.0, "spike_bound")),
        *(("only lif, qif, qif_delta layers", lambda o=o: clipped(1.0, "spike_bound", **o))
          for o in ({"train_tau": "neuron"}, {"neuron": "qif_cut"})),
        (r"'adex' is not known; .*'lif', 'lif_refrac", lambda: layer(neuron="adex")),
        (f"tau {FINITE}", lambda: layer(tau=0.0)),
        ("drive must be", lambda: layer(drive=NAN)),
        ("must be at least -0.75, not -1", lambda: layer(neuron="qif_cut", drive=-1.0)),
        ("dtype must be", lambda: layer(dtype=torch.float16)),
        ("trained tau", lambda: layer(train_tau=True, tau=5e-4)),
        *((message, lambda options=options: layer(**options)) for options, message in (
            ({"delays": "dendritic"}, "None, 'axonal' or 'synaptic'"),
            ({"copies": 2}, "only axonal delays have copies"),
            ({"delays": "synaptic"}, "synaptic delays need one"),
            ({"delays": "axonal", "grid": -0.001}, "a grid has a positive"),
        )),
        (f"window {FINITE}", lambda: IntegratedReadout(3, 2, 0.1, 0.0)),
        ("trained window", lambda: IntegratedReadout(2, 2, 0.05, 5e-5, train_times=True)),
        # weights, delays and times, as they are read
        ("weights are not finite", lambda: moved_away("weight", NAN)),
        (r"'weight' must have the shape \[20, 3\]",
         lambda: weight_replaced("weight", lambda w: w[:2])),
        ("float32", lambda: weight_replaced("recurrent_weight", Tensor.float)),
        ("float32 or float64 on the CPU", lambda: layer().half()(SPIKES)),
        (r"'input_delay' must lie between 0\.0 and 0\.3 s, not -0\.1",
         lambda: moved_away("input_delay", -0.1, delays="axonal")),
        ("trained tau lies between .* call bound",
         lambda: moved_away("log_tau", 6.0, train_tau=True)),
        # what does not fit what comes
        ("the sending neurons' state must be", lambda: received("first", 10, "lif", "qif")),
        (r"0\.2 s does not consist of whole steps of 0\.03 s", lambda: CLOCK(step=0.03)(SPIKES)),
        (r"rasters of 20 neurons and steps of 0\.002 s", lambda: CLOCK(step=2e-3)(RASTER)),
        *(("must lie within the sample", lambda make=make: make().trace(SPIKES, 0, 0, [0.3]))
          for make in (layer, CLOCK)),
    ],
    SpikeOverflowError: [
        ("sample 0: more than 50 spikes per neuron", lambda: diverged("lif", 2.0)),
        (r"sample 0: more than \d+ steps.*neuron \d's I is", lambda: diverged("qif", -1e15)),
    ],
    RuntimeError: [
        ("first derivatives only", lambda: torch.autograd.functional.hessian(
            lambda w: functional_call(OWN, {"weight": w}, (SPIKES,)).times.sum(), OWN.weight)),
    ],
}  # fmt: skip
OWN = random_layer("qif", SPIKES)


@pytest.mark.parametrize("error", MISTAKES, ids=lambda error: error.__name__)
def test_a_mistake_is_named(error):
    for message, mistake in MISTAKES[error]:
        with pytest.raises(error, match=message):
            mistake()


def test_milliseconds_and_silence_are_asked_about():
    with pytest.warns(UserWarning, match="tau = 20 s; times are in seconds: milliseconds"):
        layer(tau=20.0)
    with pytest.warns(UserWarning, match="duration = 200 s"):
        altered(duration=200.0)
    own = random_layer("lif", SPIKES)
    own.weight.data.fill_(-1.0)
    with pytest.warns(SilentWarning, match="raise its weights"):
        own(SPIKES)
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        own(SPIKES[[]])


def test_a_first_spike_readout_stands_in_a_sequence():
    """The state that it needs comes with the spikes."""
    made = readout("first")
    logits = torch.nn.Sequential(OWN, made)(SPIKES)
    assert torch.equal(logits, made(*OWN.run(SPIKES)))
    with pytest.raises(ValueError, match="needs the state of the neurons that send it spikes"):
        made(altered(n_units=None))


# --- autograd, processes and compilers -------------------------------------------------------


def test_checkpoints_repeat_layers():
    own = random_layer("qif", SPIKES, delays="synaptic", grid=0.01)

    def total(*_: Tensor) -> Tensor:
        return own(SPIKES).times.square().sum()

    (plain,) = torch.autograd.grad(total(), own.weight)
    checkpoint(total, torch.ones(1, requires_grad=True), use_reentrant=False).backward()
    assert torch.equal(own.weight.grad, plain)


@pytest.mark.filterwarnings("error:Dynamo detected a call")
@every_readout
def test_the_compiler_breaks_its_graph_around_the_library(kind):
    graphs = []

    def keep(graph, _):
        graphs.append(graph)
        return graph

    made = readout(kind)

    def loss(spikes: SpikeTrains) -> Tensor:
        return torch.sigmoid(made(*OWN.run(spikes))).sum()

    torch._dynamo.reset()
    compiled = torch.compile(loss, backend=keep)
    values = [function(SPIKES) for function in (loss, compiled)]
    assert torch.equal(*values)
    assert torch.equal(*(torch.autograd.grad(value, OWN.weight)[0] for value in values))
    assert len(graphs) == 1  # the sigmoid and the sum; nothing of the library


# --- numbers too large -----------------------------------------------------------------------


@every_driven_neuron
@pytest.mark.parametrize("recurrent", [False, True])
@pytest.mark.parametrize("dtype", [torch.float32, torch.float64])
def test_huge_weights_end_soon_and_name_sample_and_neuron(neuron, drive, recurrent, dtype):
    times = torch.linspace(0.01, 0.1, 20, dtype=torch.float64).repeat(2)
    units = torch.cat([torch.zeros(20), torch.ones(20)]).long()
    spikes = SpikeTrains(times, units, torch.tensor([0, 20, 40]), 0.2)
    own = SpikingLayer(2, 3, neuron, 0.02, recurrent, dtype, drive=drive)
    for weight in (-1e4, -1e15, -3e38, 1e8, 3e38):
        with torch.no_grad():
            own.weight[1, 2] = weight
        try:
            out, state = own.run(spikes)
        except SpikeOverflowError as error:
            problem = str(error)
        else:
            assert all(variable.isfinite().all() for variable in (out.times, *state))
            continue
        assert re.match(r"sample 1(:|, neuron 2:) .*lower the", problem)


@every_driven_neuron
def test_an_inhibited_output_has_a_finite_first_spike_and_gradient(neuron, drive):
    hidden = random_layer(neuron, SPIKES, dtype=torch.float32, drive=drive)
    for inhibition in (-1e1, -3e3):
        made = FirstSpikeReadout(10, 3, neuron, 0.02, 0.01, drive=drive)
        made.layer.weight.data.fill_(inhibition)
        logits = made(*hidden.run(SPIKES))
        assert logits.isfinite().all()
        loss = torch.nn.functional.cross_entropy(logits, torch.tensor([0, 1, 2]))
        gradients = torch.autograd.grad(loss, [*made.parameters(), *hidden.parameters()])
        assert all(gradient.isfinite().all() for gradient in gradients)


@pytest.mark.parametrize("dtype", [torch.float32, torch.float64])
@pytest.mark.parametrize("drive", [0.0, 0.75])
def test_a_lif_neuron_that_touches_its_threshold_does_not_spike(dtype, drive):
    """From rest, V = drive, the potential rises by I / 4: to exactly 1."""
    touching = 4 * (1 - drive)
    start = 2.0 if drive else 0.01  # by then the membrane has come to rest
    spikes = SpikeTrains.from_arrays([[start]], [[0]], start + 0.2)
    for recurrent in (False, True):
        own = SpikingLayer(1, 2, "lif", 0.02, recurrent, dtype, drive=drive)
        if recurrent:
            torch.nn.init.zeros_(own.recurrent_weight)
        for factor, number in ((1, 0), (1 + 1e-5, 1), (1 - 1e-5, 0)):
            with torch.no_grad():
                own.weight.copy_(torch.tensor([[touching * factor, 5.0]]))
            out = own(spikes)
            assert (out.units == 0).sum() == number
            # a loss that ignores the first neuron
            (gradient,) = torch.autograd.grad(out.times[out.units == 1].sum(), own.weight)
            assert gradient[0, 0] == 0
            assert -1 < gradient[0, 1] < 0


@every_driven_neuron
@pytest.mark.parametrize("reverse", [False, True])
def test_a_volley_of_spikes_comes_in_order(neuron, drive, reverse):
    n = 2000
    own = SpikingLayer(1, n, neuron, 0.02, drive=drive, dtype=torch.float64)
    weights = torch.linspace(20.0, 60.0, n, dtype=torch.float64).repeat_interleave(2)[:n]
    with torch.no_grad():
        own.weight[0] = weights.flip(0) if reverse else weights
    out = own(SpikeTrains.from_arrays([[0.01]], [[0]], 0.2))
    assert len(out.times) >= n
    rise = out.times.diff()
    assert (rise >= 0).all()
    assert (out.units.diff()[rise == 0] > 0).all()
    loss = torch.autograd.grad(out.times.sum(), own.weight)[0]
    assert torch.equal(loss[0, 0::2], loss[0, 1::2])  # neurons of equal weight, equal gradients


@pytest.mark.parametrize("train_tau", [False, True])
@pytest.mark.parametrize("neuron", EVERY)
def test_an_endless_gradient_from_behind_is_one_error(neuron, train_tau):
    out = random_layer(neuron, SPIKES, train_tau=train_tau)(SPIKES)
    endless = torch.full_like(out.times, INF)
    endless[::2] = -INF
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        with pytest.raises(NotFiniteError, match="it comes so from behind the layer"):
            out.times.backward(endless)
