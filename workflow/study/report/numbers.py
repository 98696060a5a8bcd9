"""Numbers as pages show them, and tables of them in Markdown."""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

import pandas as pd

EXACT = ("depths", "kernels")
"""Units of claims whose numbers have no sampling error: not an interval, but the range over these
stands beside the median."""
RAISED = str.maketrans("-0123456789", "⁻⁰¹²³⁴⁵⁶⁷⁸⁹")


def number(value: float, digits: int = 3) -> str:
    """Some significant digits, and words for what is no number."""
    if math.isnan(value):
        return "none"
    if math.isinf(value):
        return "∞" if value > 0 else "−∞"
    if 1000 <= abs(value) < 1e6:
        return f"{value:,.0f}".replace("-", "−")
    mantissa, power, exponent = f"{value:.{digits}g}".partition("e")
    if power:
        ten = f"10{str(int(exponent)).translate(RAISED)}"
        mantissa = ten if mantissa == "1" else f"{mantissa} × {ten}"
    return mantissa.replace("-", "−")


def with_interval(value: float, low: float, high: float, show: Any = number) -> str:
    """A number with its interval; alone where that has no end, or none but the number itself."""
    if low == high or not (math.isfinite(low) or math.isfinite(high)):
        return show(value)
    return f"{show(value)} ({show(low)} to {show(high)})"


def share(value: float, digits: int = 0) -> str:
    """A share in per cent."""
    return "-" if math.isnan(value) else f"{100 * value:.{digits}f} %"


def mean_percent(row: Mapping[str, Any]) -> str:
    """A mean share in per cent with its interval, unless that excludes nothing."""
    if math.isnan(row["mean"]):
        return "-"
    text, ends = f"{100 * row['mean']:.1f} %", (row["low"], row["high"])
    if max(ends[0], 0.0) == 0.0 and min(ends[1], 1.0) == 1.0:
        return text
    return f"{text} ({' to '.join(f'{100 * end:.1f}' for end in ends)})"


def points(value: float) -> str:
    """A difference of shares in points, with its sign."""
    return f"{100 * value:+.1f}".replace("-", "−")


def estimate_with_interval(case: Mapping[str, Any], unit: str = "") -> str:
    """The estimate of a row of claims.csv with its interval, of an exact one with its range; shares
    in points or %, if its ``unit`` begins so. Differences of shares end at 100 points."""
    if math.isnan(case["estimate"]):
        return "nothing to measure"
    values = (case["estimate"], case["low"], case["high"])
    if case.get("unit") in EXACT:
        value, *ends = map(number, values)
        return f"{value} (range {' to '.join(ends)}) {unit}".strip()
    if unit.startswith("points"):
        if math.isfinite(case["low"]):
            values = (case["estimate"], max(case["low"], -1.0), min(case["high"], 1.0))
        return f"{with_interval(*values, show=points)} {unit}"
    if unit.startswith("%"):
        return f"{with_interval(*(100 * v for v in values))} {unit}"
    return f"{with_interval(*values)} {unit}".strip()


def criterion(case: Mapping[str, Any], unit: str = "") -> str:
    """What the number of a row of claims.csv must fulfil, shown as :func:`estimate_with_interval`
    shows the number."""
    side, threshold = case["criterion"].split()
    of_shares, in_percent = unit.startswith(("points", "%")), unit.startswith("%")
    value = number(float(threshold) * (100 if of_shares else 1))
    return f"{side} {value}{' %' if in_percent else ''}"


def count_with_unit(n: int, units: str) -> str:
    """ "1 search", "2 searches"."""
    many, of, whom = units.partition(" of ")
    one = many.removesuffix("es" if many.endswith("ches") else "s") + of + whom
    return f"{n:,} {one if n == 1 else units}"


def join_words(items: Iterable[Any]) -> str:
    """ "a, b and c"."""
    *texts, last = map(str, [*items] or [""])
    return f"{', '.join(texts)} and {last}" if texts else last


def cell(value: Any) -> str:
    """What a table shows of a value: numbers to three digits, nothing as a dash."""
    if isinstance(value, float):
        return "-" if pd.isna(value) else number(value)
    return str(value)


def markdown_table(header: Sequence[str], rows: Iterable[Sequence[Any]]) -> str:
    """A table of strings and numbers."""
    first, *others = (f"| {' | '.join(map(cell, line))} |" for line in (header, *rows))
    return "\n".join([first, "|---" * len(header) + "|", *others]) + "\n"
