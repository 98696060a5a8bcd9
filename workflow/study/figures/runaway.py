"""Why networks run away."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import pandas as pd
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from study.search.search_tables import RECURRENCE, ran_away_at_once
from study.style import NEURON_COLOURS, letter, neuron_label, plt
from study.training.mean_field import CRITICAL, RATES, Rate, mean_field
from study.training.outcomes import FINISHED

LINE: dict[str, Any] = {"color": "0.6", "lw": 0.8, "ls": ":"}


def draw(rates: pd.DataFrame, gains: pd.DataFrame, trials: pd.DataFrame | None = None) -> Figure:
    """Draw why networks diverge: rates beside theory, trials by recurrent scale, trained gains."""
    figure, grid = plt.subplots(2, 2, figsize=(8.5, 6.5))
    current, scale, *others = grid.flat

    of_current, of_scale = (rates[rates["of"] == kind] for kind in ("current", "scale"))
    _draw_rates(current, of_current, np.geomspace(0.3, 30, 200), lambda rate, value: rate(value))
    current.set(xscale="log", ylim=(2, 2000), xlabel="constant current (thresholds of LIF)")
    current.legend()

    _draw_rates(scale, of_scale, np.linspace(0, 15, 151), mean_field)
    scale.axvline(CRITICAL, **LINE)
    scale.set(ylim=(10, 3000), xlabel="scale of random recurrent weights")

    if trials is not None and RECURRENCE in trials:
        _draw_trials(others.pop(0), trials)
    if len(gains):
        _draw_gains(others.pop(0), gains)
    for panel in others:
        panel.remove()
    letter(figure.axes)
    figure.suptitle("crosses ran away in the first epoch or before it, black lines later")
    return figure


def _draw_rates(
    panel: Axes, rates: pd.DataFrame, values: np.ndarray, theory: Callable[[Rate, Any], Any]
) -> None:
    """Measured ``rates`` as points, the ``theory`` of a formula of RATES at ``values`` as lines."""
    for neuron, own in rates.groupby("neuron", sort=False):
        done, colour = own[np.isfinite(own["rate"])], NEURON_COLOURS[neuron]
        panel.plot(done["value"], done["rate"], "o", ms=4, mfc="none", c=colour)
        line = [theory(RATES[neuron], value) for value in values]
        panel.plot(values, line, c=colour, lw=1.2, label=neuron_label(neuron))
    panel.set(yscale="log", ylabel="spikes per second")


def _draw_trials(panel: Axes, trials: pd.DataFrame) -> None:
    """Accuracies of trials that finished, and crosses for those that ran away at once."""
    for neuron, own in trials.groupby("neuron", sort=False):
        finished = own["outcome"] == FINISHED
        for mark, some in (("o", own[finished]), ("x", own[ran_away_at_once(own)])):
            accuracy, colour = some["validation_accuracy"].fillna(0.0), NEURON_COLOURS[neuron]
            panel.plot(some[RECURRENCE], accuracy, mark, ms=4, mfc="none", color=colour)
    panel.axvline(CRITICAL, **LINE)
    panel.set(xscale="log", xlabel="initial scale of recurrent weights")
    panel.set(ylabel="validation accuracy of a trial")


def _draw_gains(panel: Axes, gains: pd.DataFrame) -> None:
    """Gains of LIF networks' recurrent weights during training; black if these ran away."""
    for (_, outcome), own in gains.groupby(["seed", "outcome"]):
        colour = NEURON_COLOURS["lif"] if outcome == FINISHED else "black"
        panel.plot(own["epoch"], own["gain"], lw=1.0, color=colour)
    panel.axhline(1.0, **LINE)
    panel.set(xlabel="epoch", ylabel="gain of the recurrent weights (LIF)")
