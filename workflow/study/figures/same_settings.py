"""The same settings with each neuron model."""

from __future__ import annotations

from typing import Any

import pandas as pd
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from study.figures.training_curves import draw_gains
from study.search.search_tables import CRITICAL, RECURRENCE, first_settings
from study.style import NEURON_COLOURS, letter, neuron_label, plt

PARTS, PER_PART = 6, 4  # of the settings, in which medians are drawn: at most, and settings in each
ACCURACY = "validation accuracy"


def draw(trials: pd.DataFrame, summary: pd.DataFrame) -> Figure:
    """Draw what became of the settings that the searches of all neuron models begin with, and, with
    several searches, how much neuron models differ."""
    neurons = list(trials["neuron"].unique())
    first = first_settings(trials, summary)
    n_settings = len(first) // len(neurons)
    bounded = first[first["bounded"]]
    parts = {}
    if len(set(first["search"])) > 1:
        parts = {
            f"all {n_settings} settings": first,
            f"the {len(bounded) // len(neurons)} below 2√2": bounded,
        }
    layout: list[Any] = [["reached", *parts]]
    if RECURRENCE in first:
        layout = [["scale", "reached"], *([[*parts]] if parts else [])]
    size = 3.3 * len(layout[0]), 2.6 * len(layout)
    figure, panels = plt.subplot_mosaic(layout, figsize=size)
    _draw_reached(panels["reached"], first)
    if RECURRENCE in first:
        _draw_scale(panels["scale"], first, min(PARTS, n_settings // PER_PART + 1))
    for name, own in parts.items():
        panels[name].set_title(name)
        if len(own):
            shares = own.pivot_table("rung0_accuracy", "search", "neuron")[neurons]
            draw_gains(panels[name], shares, ACCURACY)
    letter(panels.values())
    return figure


def _style(neuron: str) -> dict[str, Any]:
    return {"color": NEURON_COLOURS[neuron], "label": neuron_label(neuron)}


def _draw_reached(axes: Axes, trials: pd.DataFrame) -> None:
    """How many of the settings reach each accuracy."""
    for neuron, own in trials.groupby("neuron", sort=False):
        axes.ecdf(own["rung0_accuracy"], complementary=True, **_style(neuron))
    axes.set(xlabel=ACCURACY, ylabel="share of settings that reach it")
    axes.legend(handlelength=1)


def _draw_scale(axes: Axes, trials: pd.DataFrame, n_parts: int) -> None:
    """Accuracies by the scale of recurrent weights, crosses where a network failed, and medians of
    ``n_parts`` parts of the scales."""
    columns = [RECURRENCE, "rung0_accuracy"]
    for neuron, own in trials.groupby("neuron", sort=False):
        style = _style(neuron)
        for failed, some in own.groupby("failed"):
            dots = {"c": style["color"], "ms": 4, "alpha": 0.6, "clip_on": False}
            axes.plot(*some[columns].to_numpy().T, "x" if failed else ".", **dots)
        bins = pd.qcut(own[RECURRENCE], n_parts, duplicates="drop")
        medians = own.groupby(bins, observed=True)[columns].median()
        axes.plot(*medians.to_numpy().T, **style)
    axes.set(xscale="log", ylabel=ACCURACY, ylim=(0, None))
    axes.set_xlabel("initial scale of recurrent weights")
    axes.axvline(CRITICAL, color="0.5", ls=":", lw=1)
    above: dict[str, Any] = {"transform": axes.get_xaxis_transform(), "va": "bottom", "fontsize": 7}
    axes.text(CRITICAL, 1, "no finite LIF rate →", **above)
