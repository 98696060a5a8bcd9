"""Changes of spikes that are built by hand, where the place and the cause are known."""

from __future__ import annotations

import math
from typing import Any

import numpy as np
import pytest

from landscapes import TAU, built_objective
from study.landscape.causes import Bracket, lingering, unmatched
from study.landscape.census import search_line
from study.landscape.isolation import Line
from study.landscape.signature import Spikes

START = 0.01


def lif_time(weight: float) -> float:
    """When a LIF neuron at rest spikes after one input: e = (1 + sqrt(1 - 4 / w)) / 2."""
    return START - TAU * math.log((1 + math.sqrt(1 - 4 / weight)) / 2)


def lif_weight(time: float) -> float:
    """The input weight that makes it spike then: e (1 - e) w = 1."""
    e = math.exp((START - time) / TAU)
    return 1 / (e * (1 - e))


def changes(
    built: tuple, reach: tuple[float, float], search: str = "swaps", points: int = 3
) -> list[dict[str, Any]]:
    return search_line(Line(*built), np.linspace(*reach, points), search)[0]


def only(found: list[dict[str, Any]]) -> dict[str, Any]:
    assert len(found) == 1
    return found[0]


@pytest.mark.parametrize("search", ["swaps", "breaks"])
def test_a_threshold_that_is_just_reached(search: str):
    # From rest, one input of weight w lifts the potential to w / 4, at half-decay of e.
    built = built_objective("lif", [START], [[4.0]], [[0.0]], 0.1)
    change = only(changes(built, (-0.31, 0.17), search))
    assert change["x"] == pytest.approx(0.0, abs=1e-12)
    assert (change["cause"], change["breaks"], change["unit"]) == ("grazing", True, 0)
    assert (change["appeared"], change["vanished"], change["moved"]) == (1, 0, 0)
    assert change["time"] == pytest.approx(START + TAU * math.log(2), abs=1e-6)
    assert abs(change["loss_jump"]) > 1e-4
    assert change["gradient_right"] > 1e4 * change["gradient_left"]


@pytest.mark.parametrize("search", ["swaps", "breaks"])
def test_a_lif_spike_pushed_out_at_the_end(search: str):
    end = START + 0.3 * TAU
    built = built_objective("lif", [START], [[lif_weight(end)]], [[0.0]], end)
    change = only(changes(built, (-0.21, 0.3), search))
    assert change["x"] == pytest.approx(0.0, abs=1e-12)
    assert (change["cause"], change["breaks"]) == ("end", True)
    assert (change["appeared"], change["vanished"], change["moved"]) == (1, 0, 0)
    assert abs(change["loss_jump"]) < 1e-12


@pytest.mark.parametrize("search", ["swaps", "breaks"])
@pytest.mark.parametrize("duration", [0.03, 0.3, 0.6])
def test_a_qif_spike_leaves_at_the_end_without_a_jump(search: str, duration: float):
    """The longer it lingers at the separatrix, the faster it leaves: exp(-30) at 0.6 s."""
    built = built_objective("qif", [START], [[20.0]], [[0.0]], duration)
    found = changes(built, (-18.0, 2.0), search, points=30)
    change = only([c for c in found if c["breaks"]])
    assert (change["cause"], change["appeared"], change["vanished"]) == ("end", 1, 0)
    assert abs(change["loss_jump"]) < 1e-12


@pytest.mark.parametrize(
    ("time", "expected"),
    [
        (lambda x: 0.1 - 0.02 * math.log(x), True),
        (lambda x: 0.1 - 0.001 * math.log(x) + x, True),
        (lambda x: 0.1 + math.sqrt(x), False),
        (lambda x: 0.1 + 50 * x, False),
        (lambda x: 0.1 + 1e-3 * x, False),
        (lambda x: 0.1, False),
    ],
    ids=["lingers", "lingers less", "grazes", "moves", "moves hardly", "rests"],
)
@pytest.mark.parametrize("inner", [1e-18, 1e-15, 1e-13])
def test_a_spike_that_lingers_is_distinguished(time, expected: bool, inner: float):
    width = 1e-13

    def point(distance: float, moves: bool) -> Spikes:
        """One neuron that spikes at a time of its own, beside one that rests."""
        own = time(distance) if moves else 0.1
        times, units, none = np.array([0.05, own]), np.array([0, 1]), np.empty(0, int)
        return Spikes(0.0, 0.0, [none, times], [none, units], [], 10.0, none)

    for side in (0, 1):  # on one side of the change it moves, on the other it rests
        low, high = point(inner, side == 0), point(inner, side == 1)
        before, after = point(inner + width, side == 0), point(inner + width, side == 1)
        assert lingering(Bracket(before, low, high, after)) == expected


def test_a_spike_may_linger_before_the_samples_end():
    """Under inhibition the separatrix repels strongly: 50 halvings do not lead to the end.

    The second neuron, driven by the first, follows it in time: nothing jumps.
    """
    weight = [[20.0, 0.0], [-300.0, 0.0]]
    recurrent = [[0.0, 3.0], [0.0, 0.0]]
    built = built_objective("qif", [START, START + 0.004], weight, recurrent, 0.6)
    found = changes(built, (-10.0, 300.0), "breaks", points=60)
    lingering = [c for c in found if c["lingers"]]
    assert lingering
    for change in found:
        assert change["cause"] == "end"
        assert abs(change["loss_jump"]) < 1e-12
    assert any(change["time"] < 0.2 for change in lingering)


def test_two_unconnected_neurons_swap():
    built = built_objective("lif", [START], [[5.0, 6.0]], [[0.0, 0.0], [0.0, 0.0]], 0.1)
    change = only(changes(built, (0.2, 1.15)))
    assert change["x"] == pytest.approx(1.0, abs=1e-12)
    assert (change["cause"], change["breaks"]) == ("spike swap", False)
    assert change["time"] == pytest.approx(lif_time(6.0), abs=1e-12)
    assert abs(change["loss_jump"]) < 1e-12
    assert not change["interacts"]
    assert (change["later"], change["aside_later"]) == (0, 0)
    assert changes(built, (0.2, 1.15), "breaks", points=30) == []


def test_a_neuron_that_overtakes_another_and_inhibits_it_takes_its_spike():
    back = [[0.0, -20.0], [0.0, 0.0]]
    built = built_objective("lif", [START], [[5.0, 6.0]], back, 0.1)
    for search in ("swaps", "breaks"):
        change = only(changes(built, (0.2, 1.15), search))
        assert change["x"] == pytest.approx(1.0, abs=1e-12)
        assert (change["cause"], change["breaks"], change["unit"]) == ("spike swap", True, 1)
        assert (change["appeared"], change["vanished"], change["moved"]) == (0, 1, 0)
        assert abs(change["loss_jump"]) > 1e-4


def test_the_same_inhibition_does_nothing_to_a_qif_spike():
    back = [[0.0, -20.0], [0.0, 0.0]]
    built = built_objective("qif", [START], [[9.0, 11.0]], back, 0.1)
    change = only([c for c in changes(built, (0.5, 3.1)) if c["cause"] == "spike swap"])
    assert change["x"] == pytest.approx(2.0, abs=1e-12)
    assert not change["breaks"]
    assert abs(change["loss_jump"]) < 1e-12
    # at V = inf no current matters: not even the gradient jumps
    assert change["gradient_jump"] < 1e-6 * change["gradient_left"]


@pytest.mark.parametrize(
    ("second", "breaks", "vanished"), [(0.5, False, 0), (-20.0, True, 1)], ids=["pass", "cut"]
)
def test_a_spike_meets_an_input(second: float, breaks: bool, vanished: int):
    """Strong inhibition cuts off the spike that would come just after it."""
    when = lif_time(5.0)
    built = built_objective("lif", [START, when], [[5.0], [second]], [[0.0]], when + 0.05)
    change = only(changes(built, (-0.3, 0.7)))
    assert change["x"] == pytest.approx(0.0, abs=1e-12)
    assert (change["cause"], change["breaks"]) == ("input swap", breaks)
    assert change["appeared"] == vanished  # towards larger weights, that is, earlier spikes
    assert (abs(change["loss_jump"]) > 1e-4) == breaks


def test_a_cut_spike_that_comes_back_later_has_moved():
    """What inhibition cuts off, a later excitation makes up for: the count stays the same."""
    when = lif_time(5.0)
    weight = [[5.0], [-20.0], [80.0]]
    built = built_objective("lif", [START, when, when + 0.004], weight, [[0.0]], when + 0.005)
    change = only(changes(built, (-0.3, 0.7), "breaks"))
    assert change["x"] == pytest.approx(0.0, abs=1e-12)
    assert (change["cause"], change["breaks"]) == ("input swap", True)
    assert (change["appeared"], change["vanished"], change["moved"]) == (0, 0, 1)
    assert (change["begins"], change["later"]) == (1, 0)
    assert change["aside_later"] == 0


@pytest.mark.parametrize(("back", "later"), [(6.0, 1), (0.01, 0)], ids=["strong", "weak"])
def test_what_follows_a_spike_that_vanishes(back: float, later: int):
    """A second neuron spikes after the first one only if that drives it, with or without steps."""
    when = lif_time(5.0)
    recurrent = [[0.0, back], [0.0, 0.0]]
    weight = [[5.0, 0.0], [-20.0, 0.0]]
    built = built_objective("lif", [START, when], weight, recurrent, when + 0.05)
    change = only(changes(built, (-0.3, 0.7), "breaks"))
    assert (change["cause"], change["unit"]) == ("input swap", 0)
    assert (change["begins"], change["later"], change["aside_later"]) == (1, later, later)
    assert change["interacts"]
    assert change["inhibitory"]


@pytest.mark.parametrize(("step", "breaks"), [(1e-10, False), (1e-8, True), (1e-3, True)])
def test_a_spike_jumps_if_it_moves_by_more_than_rounding(step: float, breaks: bool):
    def spikes(time: float) -> Spikes:
        events = [np.array([0.04]), np.array([time])]
        return Spikes(0.0, 0.0, events, [np.zeros(1, int)] * 2, [np.ones(1, int)], 0.1, np.ones(1))

    here, there = spikes(0.05), spikes(0.05 + step)
    assert bool(unmatched(Bracket(here, here, there, there))) == breaks


@pytest.mark.parametrize(("slope", "height"), [(1e9, 0.0), (1e3, 1e-7)])
def test_no_jump_is_what_the_slope_explains(slope: float, height: float):
    def spikes(x: float, loss: float) -> Spikes:
        return Spikes(x, loss, [], [], [], 0.1, np.empty(0))

    losses = [0.5, 0.5, 0.5 + 1e-7, 0.5 + 1e-7]
    around = Bracket(*(spikes(1e-13 * k, loss) for k, loss in enumerate(losses)))
    assert around.loss_jump({"lingers": False}, slope) == pytest.approx(height, rel=1e-6)
    assert around.loss_jump({"lingers": True}, 0.0) == 0.0
