"""How rough close-ups of landscapes are."""

from __future__ import annotations

from typing import Any

import matplotlib.pyplot as plt
import pandas as pd
import seaborn as sns
from matplotlib.figure import Figure

from study.style import NEURON_COLOURS, neuron_legend

ROWS = {
    "minima": "minima deeper than 1 %\nof the losses' range",
    "turn": "angle between slopes\nat neighbouring points (degrees)",
    "norm_spread": "length of the gradient:\nninth decile over first",
}


def draw(measures: pd.DataFrame, data: str) -> Figure:
    """Draw how rough close-ups are: a dot for each network, the median as a bar."""
    table = measures.assign(reach=measures["reach"].map("{:g}".format))
    kinds = list(table["of"].unique())
    figure, grid = plt.subplots(
        len(ROWS), len(kinds), figsize=(1 + 2.6 * len(kinds), 7), sharex=True, sharey="row",
        squeeze=False,
    )  # fmt: skip
    several = len(table["neuron"].unique()) > 1
    for row, (column, label) in zip(grid, ROWS.items(), strict=True):
        for axes, kind in zip(row, kinds, strict=True):
            own = table[table["of"] == kind]
            # Made here: seaborn would take medians of logarithms where the scale is logarithmic
            medians = own.groupby(["neuron", "reach"], sort=False, as_index=False)[column].median()
            common: dict[str, Any] = {"x": "reach", "y": column, "hue": "neuron", "ax": axes}
            common["palette"] = NEURON_COLOURS
            sns.stripplot(own, **common, legend=False, dodge=several, jitter=False, size=4)
            bars: dict[str, Any] = {
                "errorbar": None,
                "linestyle": "none",
                "marker": "_",
                "markersize": 20,
            }
            bars |= {"legend": axes is grid[0, 0], "dodge": 0.4 if several else False}
            sns.pointplot(medians, **common, **bars)
            axes.set(xlabel="reach (relative distance)", ylabel=label)
            if column == "minima":
                axes.set_yscale("symlog", linthresh=1)
                axes.set_title(kind)
            elif column == "norm_spread":
                axes.set_yscale("log")
    neuron_legend(grid[0, 0])
    figure.suptitle(
        f"{data}: close-ups of\n{table['seed'].nunique()} networks of each neuron "
        "model (dots), medians (bars)"
    )
    return figure
