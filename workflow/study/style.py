"""The style that all figures share, and how they are written."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import Any

import matplotlib

matplotlib.use("Agg")

import matplotlib.pyplot as plt
import pandas as pd
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.ticker import NullLocator

from spikegrad.files import atomic
from study.calls import Given, named
from study.config.neurons import NEURON_STYLES

plt.rcParams.update(
    {
        "figure.constrained_layout.use": True,
        "font.size": 9,
        "axes.titlesize": 9,
        "figure.titlesize": 9,
        "legend.fontsize": 8,
        "legend.frameon": False,
        "axes.spines.top": False,
        "axes.spines.right": False,
        "savefig.dpi": 200,
        "svg.hashsalt": "spikegrad",  # so that the same figure is the same file
    }
)


NEURON_COLOURS = {neuron: style.colour for neuron, style in NEURON_STYLES.items()}
# of Okabe and Ito, as the neurons'
COLOURS = ("#009e73", "#882255", "#e69f00", "#56b4e9", "#999999")


def plain(text: object) -> str:
    """A name of the user's, in which a dollar begins no formula."""
    return str(text).replace("$", r"\$")


def neuron_label(names: str) -> str:
    """``names``, separated by ", ", for readers: neuron models have labels, other words stay."""
    return ", ".join(
        NEURON_STYLES[name].label if name in NEURON_STYLES else name for name in names.split(", ")
    )


def in_order(table: pd.DataFrame) -> pd.DataFrame:
    """``table`` with its neuron models, if it has any, in the order of NEURON_STYLES."""
    if "neuron" not in table:
        return table
    places = {neuron: place for place, neuron in enumerate(NEURON_STYLES)}
    return table.sort_values("neuron", key=lambda own: own.map(places), kind="stable")


def drawn(
    function: str, files: Mapping[str, Sequence[str]], settings: Mapping[str, Any]
) -> Figure | str:
    """What the ``function`` of a figure's entry makes of its ``files`` and ``settings``."""
    return Given(files, settings, in_order).call(named(function))


def log_axis(axes: Axes, values: Iterable[float]) -> None:
    """A logarithmic axis below, with these ``values`` as its ticks and no others."""
    ticks = sorted(set(values))
    axes.set_xscale("log")
    axes.set_xticks(ticks, [f"{tick:g}" for tick in ticks])
    axes.xaxis.set_minor_locator(NullLocator())


def draw_input(axes: Axes, spikes: pd.DataFrame, n_channels: int) -> None:
    """Input spikes, of the columns time (in seconds) and unit, as dots: milliseconds, channels."""
    size = 1.0 if n_channels > 200 else 2.5
    axes.plot(
        1000 * spikes["time"], spikes["unit"], ".", ms=size, mew=0, color="black", rasterized=True
    )


def panels(
    rows: int,
    columns: int,
    size: tuple[float, float],
    margin: tuple[float, float] = (0, 0),
    **options: Any,
) -> tuple[Figure, Any]:
    """A figure with rows of panels: each of a ``size`` (inches), and a ``margin`` for all."""
    figsize = margin[0] + size[0] * columns, margin[1] + size[1] * rows
    return plt.subplots(rows, columns, figsize=figsize, squeeze=False, **options)


def letter(panels: Iterable[Axes]) -> None:
    """Mark the panels of a composed figure a, b, c, ..."""
    for axes, name in zip(panels, "abcdefghijkl", strict=False):
        axes.set_title(name, loc="left", fontweight="bold", fontsize=11)


def save(figure: Figure | str, files: Iterable[str]) -> None:
    """Write ``figure``, or a page of HTML, to each of ``files``, in the format of its suffix; a
    figure is closed."""
    for name in files:
        if isinstance(figure, str):
            with atomic(name) as part:
                part.write_text(figure)
            continue
        # no dates in the file: the same figure is the same file
        metadata = {"pdf": {"CreationDate": None}, "svg": {"Date": None}}.get(name.split(".")[-1])
        with atomic(name) as part:
            figure.savefig(part, metadata=metadata)
    if isinstance(figure, Figure):
        plt.close(figure)
