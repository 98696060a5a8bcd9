"""What the claims about the surrogate-gradient NTK measure (arXiv 2405.15539).

Numbers of finite networks are those of each experiment by itself.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence

import numpy as np
import pandas as pd

from study.claims.estimates import NOTHING, Estimate, exact_estimate
from study.claims.results import Cases, Tables
from study.intervals import last_exponent
from study.ntk import SAME_TIME, SG_NTK, TRUE_DERIVATIVE

POWER = ("exponent", "low", "high")

NORMAL = 1.96
"""Standard errors on either side of a mean in its 95 % interval."""


def ntk_growth(tables: Tables) -> Cases:
    """Power of the slope m with which the NTK's diagonal grows at the steepest slopes, minus L - 1.

    By the closed form; and by the gradients of the widest finite networks, before training.
    """
    naive = tables.rows("diagonals", "depth", "slope", "kernel", surrogate=TRUE_DERIVATIVE)
    powers = [
        last_exponent(k["slope"], k["kernel"]) - (depth - 1) for depth, k in naive.groupby("depth")
    ]
    cases = {"closed form, all depths": exact_estimate(np.array(powers), len(powers), "depths")}
    for experiment, found in tables.experiments("growth", "width", "n_networks", "theory", *POWER):
        if found.empty:  # one slope only
            continue
        row = found.loc[found["width"].idxmax()]
        case = f"gradients of finite networks ({experiment}), width {row['width']:g}"
        cases[case] = _network_estimate(row, row[[*POWER]].astype(float) - row["theory"])
    return cases


def sg_ntk_convergence(tables: Tables) -> Cases:
    """Power of the slope m with which the SG-NTK's diagonal comes closer to its limit."""
    table = tables.matching_rows("diagonals", "surrogate", "depth", "slope", "kernel")
    powers = []
    for _, own in table[table["surrogate"] != TRUE_DERIVATIVE].groupby(["surrogate", "depth"]):
        limit = own.loc[np.isinf(own["slope"]), "kernel"].item()
        powers.append(last_exponent(own["slope"], (1 - own["kernel"] / limit).abs()))
    return {"all depths and surrogates": exact_estimate(np.array(powers), len(powers), "kernels")}


def width_power(tables: Tables, quantity: str, last: bool) -> Cases:
    """Power of the width that ``quantity`` follows at the first or last step, by experiment.

    Of the slopes of the activation, the one whose interval reaches highest.
    """
    cases = {}
    columns = ("slope", "step", "n_networks", *POWER)
    for experiment, own in tables.experiments("exponents", *columns, quantity=quantity):
        if own.empty:  # one width only
            continue
        step = own["step"].max() if last else own["step"].min()
        worst = own[own["step"] == step].sort_values("high").iloc[-1]
        cases[f"{experiment}, slope {worst['slope']:g}"] = _network_estimate(worst, worst[[*POWER]])
    return cases


def regression_distance(tables: Tables) -> Cases:
    """Distance of trained networks' mean from SG-NTK regression, over the target's rms."""
    scale = _target_rms(tables)
    cases = {}
    columns = ("excess", "excess_low", "excess_high")
    for experiment, table in _trained_rows(tables, "distances", *columns):
        row = table.set_index("kernel").loc[SG_NTK]
        found = _network_estimate(row, row[[*columns]].astype(float) / scale)
        above = ", above 0" if found.low > 0 else ""
        cases[f"{experiment}, width {row['width']:g}{above}"] = found
    return cases


def spread_excess(tables: Tables) -> Cases:
    """By how much single networks scatter more, or less, than the SG-NTK's flow.

    The case says which. Root of the size of the difference of the variances over the target's rms,
    in the widest networks after training.
    """
    scale = _target_rms(tables)
    cases = {}
    columns = ("width", "step", "points", "std", "low", "high", "std_predicted", "n_networks")
    for experiment, table in tables.experiments("spreads", *columns):
        for _, row in _last_of_widest(table).iterrows():
            squares = np.array([row[name] ** 2 for name in ("std", "low", "high")])
            differences = squares - row["std_predicted"] ** 2
            value, *ends = np.sqrt(np.abs(differences)) / scale
            same = differences[1] < 0 < differences[2]
            side = "" if same else ", more" if differences[0] > 0 else ", less"
            case = f"{experiment}, width {row['width']:g}, {row['points']} points{side}"
            cases[case] = _network_estimate(row, (value, 0.0 if same else min(ends), max(ends)))
    return cases


def width_trend(tables: Tables, quantities: Sequence[str]) -> Cases:
    """Power of the width in what trained networks and the SG-NTK's flow differ by.

    Where nothing is left to fall at some width there is no power to measure.
    """
    cases = {}
    columns = ("quantity", "widths", "n_networks", *POWER)
    for experiment, table in tables.experiments("trends", *columns):
        if table.empty:  # one width only
            continue
        for _, row in table[table["quantity"].isin(quantities)].iterrows():
            case = f"{experiment}, {row['widths']} widths, {row['quantity']}"
            known = np.isfinite(row["exponent"])
            cases[case] = _network_estimate(row, row[[*POWER]]) if known else NOTHING
    return cases


def advantage(tables: Tables, table: str, kernels: Sequence[str] = ()) -> Cases:
    """By how much the SG-NTK's mean squared distance is smaller than the best other kernel's.

    The best of ``kernels`` (of all, if none is named) is the one whose interval reaches lowest.
    """
    cases = {}
    for experiment, found in _trained_rows(tables, table, "advantage", "advantage_se"):
        others = found[found["kernel"] != SG_NTK]
        if kernels:
            others = others[others["kernel"].isin(kernels)]
        low = others["advantage"] - NORMAL * others["advantage_se"]
        row = others.loc[low.idxmin()]
        value, margin = row["advantage"], NORMAL * row["advantage_se"]
        case = f"{experiment}, beside {row['kernel']}"
        cases[case] = _network_estimate(row, (value, value - margin, value + margin))
    return cases


def _network_estimate(row: pd.Series, numbers: Iterable[float]) -> Estimate:
    value, low, high = numbers
    return Estimate(value, low, high, int(row["n_networks"]), "networks")


def _last_of_widest(rows: pd.DataFrame) -> pd.DataFrame:
    widest = rows[rows["width"] == rows["width"].max()]
    return widest[widest["step"] == widest["step"].max()]


def _trained_rows(tables: Tables, name: str, *columns: str) -> Iterator[tuple[str, pd.DataFrame]]:
    """Of each experiment the trained networks beside the kernels' flows after as many steps."""
    columns = ("kernel", "width", "step", "n_networks", *columns)
    for experiment, rows in tables.experiments(name, *columns, at=SAME_TIME):
        yield experiment, _last_of_widest(rows)


def _target_rms(tables: Tables) -> float:
    """Root of the mean square of what is to be learned."""
    return float(np.sqrt((tables.matching_rows("problem", "target")["target"] ** 2).mean()))
