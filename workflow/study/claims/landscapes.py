"""What the claims about landscapes and gradients of :mod:`study.claims.qif_paper` measure."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial

from study.claims.estimates import NOTHING, Estimate
from study.claims.results import LIF, Cases, Tables, Units
from study.config.landscape import JUDGED_DEPTHS
from study.landscape.constants import STATES, have_settled

BATCHES = {"on the step's own batch": ("own",), "on a fixed batch": ("fixed",)}


def line_minima(tables: Tables) -> Cases:
    """Of all lines, where nearly all have settled; else nothing is known."""

    def density(neuron: str, state: str, depth: float) -> Units:
        columns, place = ("minima", "length", "settled"), {"state": state, "depth": depth}
        rows = tables.rows("line_minima", *columns, neuron=neuron, **place)
        return tables.unit_ratios(rows if have_settled(rows) else rows[:0], "minima", "length")

    return _minima(tables, density)


def plane_minima(tables: Tables) -> Cases:
    def density(neuron: str, state: str, depth: float) -> Units:
        columns, place = ("minima", "area"), {"state": state, "depth": depth}
        rows = tables.rows("plane_minima", *columns, neuron=neuron, **place)
        return tables.unit_ratios(rows, "minima", "area")

    return _minima(tables, density)


def sample_minima(tables: Tables) -> Cases:
    def count(neuron: str, state: str, depth: float) -> Units:
        rows = tables.rows("profile_minima", "minima", neuron=neuron, state=state, depth=depth)
        return tables.units(rows, "minima")

    return _minima(tables, count)


def _minima(tables: Tables, count: Callable[[str, str, float], Units]) -> Cases:
    def beside(qif: str, state: str, depth: float) -> Estimate:
        of_lif, of_qif = (count(neuron, state, depth) for neuron in (LIF, qif))
        if not of_lif.any() and not of_qif.any():  # the floor says nothing of either
            return NOTHING
        return tables.difference(of_lif, of_qif)

    return tables.comparisons(
        lambda qif: {
            f"{state}, deeper than {depth:g} nats": beside(qif, state, depth)
            for state in STATES
            for depth in JUDGED_DEPTHS
        }
    )


def prediction_error(tables: Tables) -> Cases:
    """Share of the predicted change of loss by which training's steps miss it, LIF minus QIF.

    For each unit the summed |change - prediction| of its updates over their summed |prediction|.
    """

    def error(neuron: str, batch: str) -> Units:
        rows = tables.rows("steps", "error", "predicted", neuron=neuron, batch=batch)
        rows = rows.dropna(subset="error")
        predicted = rows["predicted"].abs()
        return tables.unit_ratios(rows.assign(predicted=predicted), "error", "predicted")

    return tables.lif_minus_qif(error, BATCHES)


def gradient_turn(tables: Tables) -> Cases:
    """Cosine between the gradients before and after a step of training, QIF minus LIF.

    Of the gradients themselves, and of those that training follows, with each sample's clipped.
    """
    columns = {"": "cosine", ", samples clipped": "cosine_clipped"}
    cases = {
        f"{name}{how}": (*batch, column)
        for how, column in columns.items()
        for name, batch in BATCHES.items()
    }
    cosines = partial(_step_means, tables)
    return tables.comparisons(
        lambda qif: {
            name: tables.difference(cosines(qif, *case), cosines(LIF, *case))
            for name, case in cases.items()
        }
    )


def gradient_norm_variation(tables: Tables) -> Cases:
    column = "norm_variation"
    return tables.lif_minus_qif(
        lambda neuron, batch: _step_means(tables, neuron, batch, column), BATCHES
    )


def _step_means(tables: Tables, neuron: str, batch: str, column: str) -> Units:
    return tables.units(tables.rows("steps", column, neuron=neuron, batch=batch), column)
