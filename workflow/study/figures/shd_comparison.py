"""The Heidelberg Digits' spikes beside SHD's."""

from __future__ import annotations

import matplotlib.pyplot as plt
import numpy as np
import pandas as pd
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from study.data.shd import CHANNELS, DURATIONS, RATES, SPIKES, english, training
from study.style import COLOURS, letter

HERE, SHD = COLOURS[0], "black"
TOP = 0.58  # of a panel; above it are legends


def draw(samples: pd.DataFrame, merged: bool) -> Figure:
    """Draw the statistics of the Heidelberg Digits' spikes beside those published of SHD.

    Channels are left out where they are ``merged``: their numbers say nothing beside those of
    SHD's 700.
    """
    trained = training(samples)
    figure, panels = plt.subplots(2, 2, figsize=(7.2, 5.4))
    rates, spikes, channels, durations = panels.flat
    _draw_rates(rates, trained)
    _draw_distribution(spikes, trained["spikes"], **{f"SHD, mean about {SPIKES:.4g}": SPIKES})
    spikes.set_xlabel("spikes of a training sample")
    for axes, values, published, name, low, high, label in (
        (channels, english(trained)["channels"], CHANNELS, "SHD", "1 %", "99 %",
         "channels that spike, English training words"),
        (durations, samples["last_spike"], DURATIONS, "recordings", "5 %", "95 %",
         "time of the last spike, all samples (s)"),
    ):  # fmt: skip
        mean = published["mean"]
        lines = {f"{name}, mean {mean:.4g}": mean, f"{name}, {low[:-2]} and {high}": published[low]}
        _draw_distribution(axes, values, **lines, **{"": published[high]})
        axes.set_xlabel(label)
    if merged:
        channels.remove()
    for axes in (spikes, channels, durations):
        axes.set_ylim(0, 1.75 * axes.get_ylim()[1])  # room for the legend
    letter(figure.axes)
    return figure


def _draw_rates(axes: Axes, trained: pd.DataFrame) -> None:
    """The mean rate of each speaker, beside SHD's."""
    mean, sd = (
        trained.groupby("speaker")["rate"].agg(how).reindex(list(RATES)) for how in ("mean", "std")
    )
    places = np.arange(len(RATES))
    axes.errorbar(places, mean, sd, fmt="o", ms=4, capsize=2, color=HERE, label="here, with sd")
    axes.plot(places, list(RATES.values()), "_", ms=12, mew=2, color=SHD, label="SHD, published")
    axes.set_xticks(places, map(str, RATES))
    axes.set(xlabel="training speaker", ylabel="rate (kHz)", ylim=0)
    axes.legend(loc="lower right")


def _draw_distribution(axes: Axes, values: pd.Series, **published: float) -> None:
    """A histogram, and lines at published values, dashed but for the first."""
    axes.hist(values, 50, histtype="stepfilled", alpha=0.5, color=HERE, label="here")
    axes.axvline(np.mean(values), 0, TOP, color=HERE, label=f"here, mean {np.mean(values):.4g}")
    for i, (name, value) in enumerate(published.items()):
        axes.axvline(value, 0, TOP, color=SHD, ls="--" if i else "-", label=None if i > 1 else name)
    axes.set(ylabel="samples")
    axes.legend(loc="upper right")
