"""What the claims about landscapes and gradients measure (arXiv 2606.03935)."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from functools import partial

import numpy as np

from study.claims.comparison import LIF, Cases, comparisons
from study.claims.estimates import NOTHING, Estimate, Values, difference
from study.claims.results import Tables
from study.config.landscape import JUDGED
from study.landscape.constants import SETTLED, STATES

BATCHES = {"own": "on the step's own batch", "fixed": "on a fixed batch"}


def line_minima(tables: Tables, seed: int) -> Cases:
    """Minima on lines per relative distance, LIF minus QIF, at each judged depth and state."""
    return _minima(tables, seed, _settled(tables, "line_minima", "length"))


def plane_minima(tables: Tables, seed: int) -> Cases:
    """Minima on planes per relative area, LIF minus QIF, at each judged depth and state."""
    return _minima(tables, seed, _settled(tables, "plane_minima", "area"))


def sample_minima(tables: Tables, seed: int) -> Cases:
    """Minima of single samples' losses on a line, LIF minus QIF, at each judged depth and state."""

    def count(neuron: str, state: str, depth: float) -> Values:
        rows = tables.rows("profile_minima", "minima", neuron=neuron, state=state, depth=depth)
        return tables.units(rows, "minima")

    return _minima(tables, seed, count)


def _settled(tables: Tables, table: str, extent: str) -> Callable[[str, str, float], Values]:
    """Minima per ``extent`` of a neuron model in a state, at a depth; none if not settled."""

    def count(neuron: str, state: str, depth: float) -> Values:
        rows = tables.rows(table, "minima", extent, neuron=neuron, state=state, depth=depth)
        if "settled" in rows and rows["settled"].mean() < SETTLED:
            return np.array([])
        return tables.unit_ratios(rows, "minima", extent)

    return count


def _minima(tables: Tables, seed: int, count: Callable[[str, str, float], Values]) -> Cases:
    def beside(rival: str, state: str, depth: float) -> Estimate:
        lif, qif = (count(neuron, state, depth) for neuron in (LIF, rival))
        if not lif.any() and not qif.any():  # the floor says nothing of either
            return NOTHING
        return difference(lif, qif, seed, tables.unit)

    return comparisons(
        tables,
        lambda rival: {
            f"{state}, deeper than {depth:g} nats": beside(rival, state, depth)
            for state in STATES
            for depth in JUDGED
        },
    )


def misled(tables: Tables, seed: int) -> Cases:
    """Share of the predicted change of loss by which training's steps miss it, LIF minus QIF.

    For each unit the summed |change - prediction| of its updates over their summed |prediction|.
    """

    def error(neuron: str, batch: str) -> Values:
        rows = tables.rows("steps", "error", "predicted", neuron=neuron, batch=batch)
        rows = rows.dropna(subset="error")
        predicted = rows["predicted"].abs()
        return tables.unit_ratios(rows.assign(predicted=predicted), "error", "predicted")

    return _along_steps(tables, seed, {"": error}, sign=1)


def turned(tables: Tables, seed: int) -> Cases:
    """Cosine between the gradients before and after a step of training, QIF minus LIF.

    Of the gradients themselves, and of those that training follows, with each sample's clipped.
    """
    of = partial(_of_steps, tables)
    values = {"": partial(of, "cosine"), ", samples clipped": partial(of, "cosine_clipped")}
    return _along_steps(tables, seed, values, sign=-1)


def varied(tables: Tables, seed: int) -> Cases:
    """Standard deviation of log10 of the gradient's norm along a step, LIF minus QIF."""
    values = partial(_of_steps, tables, "norm_variation")
    return _along_steps(tables, seed, {"": values}, sign=1)


def _of_steps(tables: Tables, column: str, neuron: str, batch: str) -> Values:
    return tables.units(tables.rows("steps", column, neuron=neuron, batch=batch), column)


def _along_steps(
    tables: Tables, seed: int, values: Mapping[str, Callable[[str, str], Values]], sign: int
) -> Cases:
    """LIF minus QIF, for ``sign`` -1 QIF minus LIF, of ``values`` of a neuron and batch: a case for
    each batch and each of these, with their names at its end."""

    def compare(rival: str) -> Cases:
        more, less = (LIF, rival)[::sign]
        return {
            f"{name}{how}": difference(of(more, batch), of(less, batch), seed, tables.unit)
            for how, of in values.items()
            for batch, name in BATCHES.items()
        }

    return comparisons(tables, compare)
