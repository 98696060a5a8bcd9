"""Spikes that a word causes."""

from __future__ import annotations

import pandas as pd
from matplotlib.figure import Figure

from study.style import NEURON_COLOURS, draw_input, neuron_label, panels, plain


def draw(rasters: pd.DataFrame) -> Figure:
    """Draw the input spikes of one word beside the hidden spikes of each neuron model."""
    first = rasters.iloc[0]
    neurons = list(rasters["neuron"].unique())
    hidden = rasters[rasters["layer"] > 0]
    layers = sorted(hidden["layer"].unique())
    figure, grid = panels(len(layers) or 1, 1 + len(neurons), (2.6, 2.6), (0, 0.4), sharex=True)
    heard = rasters[(rasters["layer"] == 0) & (rasters["neuron"] == first["neuron"])]
    draw_input(grid[0, 0], heard, heard["unit"].max())
    grid[0, 0].set(ylabel="channel", title="input")
    for axes in grid[1:, 0]:
        axes.set_axis_off()
    for row, layer in zip(grid[:, 1:], layers, strict=False):
        for axes, neuron in zip(row, neurons, strict=True):
            own = hidden[(hidden["layer"] == layer) & (hidden["neuron"] == neuron)]
            # sorted by mean spike time, so that the order in time shows
            place = own.groupby("unit")["time"].mean().rank(method="first")
            colour = NEURON_COLOURS[neuron]
            axes.plot(1000 * own["time"], own["unit"].map(place), ".", ms=3, mew=0, color=colour)
            axes.set_title(f"{neuron_label(neuron)}, hidden layer {layer}")
        row[0].set_ylabel("spiking neuron, sorted by time")
    for axes in (grid[0, 0], *grid[-1, 1:]):
        axes.set(xlabel="time (ms)", xlim=(0, None))
        axes.tick_params(labelbottom=True)
    word = plain(first["word"])
    figure.suptitle(f"{first['data']}: “{word}”, test speaker {first['speaker']}")
    return figure
