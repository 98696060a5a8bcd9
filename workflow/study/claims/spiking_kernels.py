"""What the claims about exact and surrogate gradients of spiking networks measure."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import pandas as pd

from study.claims.estimates import NOTHING, Estimate
from study.claims.performance import UNEQUAL, equal_budgets
from study.claims.results import NO_SURROGATES, Cases, NotMade, Tables
from study.config.neurons import SURROGATE
from study.joining import EXACT, LABEL, after_training, nearest
from study.statistics import power_law

ROUNDING = 1e-12
"""Nats below which a residual is rounding."""
FITTED = 3
"""Of the steps whose residual is above that, the shortest, which a power is fitted to."""

NEAREST = "nearest surrogate"


def _each_neuron(table: pd.DataFrame, find: Callable[[str, pd.DataFrame], Cases]) -> Cases:
    """What ``find`` says of the rows of each neuron model."""
    return {
        f"{neuron}: {case}": estimate
        for neuron, own in table.groupby("neuron", sort=False)
        for case, estimate in find(str(neuron), own).items()
    }


def residual_power(tables: Tables) -> Cases:
    """Power of a step's length that what the kernel misses follows at the shortest steps."""
    columns = ("neuron", "seed", "epoch", "rule", "length", "residual")
    table = tables.rows("steps", *columns)
    table = table[table["residual"] > ROUNDING]
    powers = [
        {"neuron": neuron, "seed": seed, "rule": rule, "power": _power(own)}
        for (neuron, seed, _, rule), own in table.groupby(["neuron", "seed", "epoch", "rule"])
        if len(own) >= FITTED
    ]
    found = pd.DataFrame(powers, columns=["neuron", "seed", "rule", "power"])

    def of(_: str, own: pd.DataFrame) -> Cases:
        exact = own["rule"] == EXACT
        parts = {"exact steps": own[exact], "surrogate steps": own[~exact]}
        return {name: tables.mean(tables.units(part, "power")) for name, part in parts.items()}

    return _each_neuron(found, of)


def _power(steps: pd.DataFrame) -> float:
    shortest = steps.nsmallest(FITTED, "length")
    return power_law(shortest["length"], shortest["residual"])[0]


def changed_ratio(tables: Tables) -> Cases:
    """How many times more a sample's loss misses what the kernel predicts where the number of some
    neuron's spikes changes than where none does: log10, at the length at which about half change.
    """
    columns = ("seed", "epoch", "length", "residual", "residual_changed", "samples_changed")
    table = tables.rows("steps", "neuron", *columns, rule=EXACT)
    share = table["samples_changed"]
    changed = table["residual_changed"] / share
    same = (table["residual"] - table["residual_changed"]) / (1 - share)
    table = table.assign(ratio=np.log10(changed / same), middle=(share - 0.5).abs())
    table = table[(share > 0) & (share < 1) & (same > 0)]
    nearest = table.loc[table.groupby(["neuron", "seed", "epoch"])["middle"].idxmin()]
    return _each_neuron(
        nearest, lambda _, own: {"exact steps": tables.mean(tables.units(own, "ratio"))}
    )


def _trained(table: pd.DataFrame) -> pd.DataFrame:
    """The rows of each network's last epoch, with a name of the surrogate."""
    own = after_training(table)
    names = [LABEL.format(*row) for row in zip(own["surrogate"], own["pseudo_width"], strict=True)]
    return own.assign(name=names)


def _nearest(tables: Tables) -> dict[str, str]:
    """Of each neuron model the surrogate whose gradients are nearest to the exact ones."""
    table = tables.rows("agreement", "neuron", "seed", "epoch", *_OF, "cosine")
    return {
        row.neuron: LABEL.format(row.surrogate, row.pseudo_width)
        for row in nearest(table, "neuron").itertuples()
    }


_OF = ("surrogate", "pseudo_width")


def nearest_cosine(tables: Tables) -> Cases:
    """Cosine of exact and surrogate gradients of trained networks' hidden weights."""
    tables.need_both()  # the statement is one about both
    table = _trained(tables.rows("agreement", "neuron", "seed", "epoch", *_OF, "cosine"))
    return _of_surrogates(tables, table, "cosine")


def least_eigenvalue(tables: Tables) -> Cases:
    """Least real part of the SG-NTK's eigenvalues over their largest size, in trained networks."""
    table = _trained(tables.rows("spectra", "neuron", "seed", "epoch", *_OF, "least"))
    return _of_surrogates(tables, table, "least")


def _of_surrogates(tables: Tables, table: pd.DataFrame, column: str) -> Cases:
    """Means of ``column``, from -1 to 1, with the nearest surrogate and with each other one."""
    near = _nearest(tables)

    def of(neuron: str, own: pd.DataFrame) -> Cases:
        cases: Cases = {}
        for name, rows in sorted(
            own.groupby("name", sort=False), key=lambda group: group[0] != near[neuron]
        ):
            case = f"{NEAREST}, {name}" if name == near[neuron] else str(name)
            cases[case] = tables.mean(tables.units(rows, column), within=(-1.0, 1.0))
        return cases

    return _each_neuron(table, of)


def width_power(tables: Tables, quantity: str) -> Cases:
    """Power of the width that ``quantity`` of trained networks follows."""
    columns = ("neuron", "rule", "scaling", "exponent", "low", "high", "n_networks")
    table = tables.some("growing_powers", *columns, quantity=quantity)
    return {
        f"{row.neuron}: {row.rule}, {row.scaling}": Estimate(
            row.exponent, row.low, row.high, row.n_networks, "networks"
        )
        for row in table.itertuples()
    }


def accuracy_gain(tables: Tables) -> Cases:
    """Test accuracy, exact minus surrogate gradients, of the winners of searches of equal size."""
    runs = tables.rows("runs", "neuron", "seed", "accuracy")
    pairs = [n for n in dict.fromkeys(runs["neuron"]) if n + SURROGATE in set(runs["neuron"])]
    if not pairs:
        raise NotMade(NO_SURROGATES)

    def compare(neuron: str) -> Cases:
        models = neuron, neuron + SURROGATE
        if not equal_budgets(tables, *models):
            return {f"{neuron}: {UNEQUAL}": NOTHING}
        units = (tables.units(runs[runs["neuron"] == model], "accuracy") for model in models)
        return {f"{neuron}: all voices": tables.difference(*units)}

    return {name: found for neuron in pairs for name, found in compare(neuron).items()}
