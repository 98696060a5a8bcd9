"""The prepared data: examples and statistics."""

from __future__ import annotations

import matplotlib.pyplot as plt
import numpy as np
import pandas as pd
from matplotlib.figure import Figure, SubFigure

from study.style import COLOURS, draw_input, plain


def draw(
    examples: pd.DataFrame, samples: pd.DataFrame, profiles: pd.DataFrame, n_units: int
) -> Figure:
    """Draw examples of the prepared data, and their statistics over samples, channels and time."""
    figure = plt.figure(figsize=(7.2, 5.4))
    (above,), (below,) = figure.subfigures(2, 1, height_ratios=(1.15, 1), squeeze=False)
    above.suptitle(f"{samples['class'].nunique()} classes, {n_units} channels")
    end = 1000 * samples.last_spike.max()
    _draw_examples(above, examples, n_units, end)
    _draw_statistics(below, samples, profiles, n_units, end)
    return figure


def _draw_examples(figure: SubFigure, examples: pd.DataFrame, n_units: int, end: float) -> None:
    panels = figure.subplots(1, 4, sharex=True, sharey=True)
    shown = examples.groupby(["class", "speaker"], sort=False)
    for axes, ((word, speaker), example) in zip(panels, shown, strict=False):
        draw_input(axes, example, n_units)
        axes.set_title(f"“{plain(word)}”, speaker {speaker}")
        axes.set_xlabel("time (ms)")
    panels[0].set(ylabel="channel", xlim=(0, end), ylim=(0, n_units - 1))


def _draw_statistics(
    figure: SubFigure, samples: pd.DataFrame, profiles: pd.DataFrame, n_units: int, end: float
) -> None:
    counts, channels, times = figure.subplots(1, 3)
    bins = np.linspace(0, 1.02 * samples.spikes.max(), 30)
    for colour, (group, rows) in zip(COLOURS, samples.groupby("group", sort=False), strict=False):
        counts.hist(
            rows.spikes / 1000,
            bins / 1000,
            density=True,
            histtype="step",
            color=colour,
            label=f"{group}\n({len(rows)} samples)",
        )
        profile = profiles[profiles.group == group]
        for axes, kind, scale in ((channels, "channel", 1), (times, "time", 1000)):
            along = profile[profile["axis"] == kind]
            axes.plot(scale * along.position, along.spikes / scale, color=colour, lw=1)
    counts.set(xlabel="spikes of a sample (thousands)", ylabel="density of samples")
    channels.set(xlabel="channel", ylabel="spikes per sample", xlim=(0, n_units - 1), ylim=0)
    times.set(xlabel="time (ms)", ylabel="spikes per ms", xlim=(0, end), ylim=0)
    figure.legend(loc="outside lower center", ncols=4)
