"""LIF beside each QIF model of a study."""

from __future__ import annotations

from collections.abc import Callable

from study.claims.estimates import NOTHING, Estimate
from study.claims.results import Tables

LIF = "lif"

Cases = dict[str, Estimate]


def rivals(tables: Tables) -> list[str]:
    """The QIF models of the study."""
    return [
        neuron
        for neuron in tables.some("runs", "neuron")["neuron"].unique()
        if neuron.startswith("qif")
    ]


def has_lif(tables: Tables) -> bool:
    return bool((tables.some("runs", "neuron")["neuron"] == LIF).any())


def comparisons(tables: Tables, compare: Callable[[str], Cases]) -> Cases:
    """What ``compare`` finds of LIF beside each QIF model of the study."""
    if not has_lif(tables):
        return {"no LIF networks in this study": NOTHING}
    return of_qif(tables, compare)


def of_lif(tables: Tables, find: Callable[[], Cases]) -> Cases:
    """What ``find`` says of the study's LIF networks, if there are any."""
    return find() if has_lif(tables) else {"no LIF networks in this study": NOTHING}


def of_qif(tables: Tables, find: Callable[[str], Cases]) -> Cases:
    """What ``find`` says of each QIF model of the study."""
    if not rivals(tables):
        return {"no QIF networks in this study": NOTHING}
    return {
        f"{rival}: {case}": estimate
        for rival in rivals(tables)
        for case, estimate in find(rival).items()
    }
