"""Draw measures of fragmentation against resolution."""

import matplotlib.pyplot as plt
import pandas as pd
import seaborn as sns
from matplotlib.ticker import NullFormatter, ScalarFormatter

from _job import start
from spikegrad.figures import NEURON_COLOURS, neuron_legend, resolution_axis, save
from spikegrad.landscape.terms import STATES

log = start(snakemake)
lines = pd.read_parquet(snakemake.input.lines)
planes = pd.read_parquet(snakemake.input.planes)
states = STATES
measures = {
    "minima": "local minima",
    "persistence": "depth of minima\n(sum over range)",
    "variation": "total variation\nover range",
}
figure, grid = plt.subplots(
    len(measures) + 1,
    len(states),
    figsize=(0.8 + 2.2 * len(states), 7.2),
    sharey="row",
    squeeze=False,
)
style = {
    "hue": "neuron",
    "palette": NEURON_COLOURS,
    "errorbar": ("pi", 100),
    "marker": "o",
    "markersize": 3,
    "lw": 1,
}
for column, state in enumerate(states):
    own = lines[lines["state"] == state]
    for axes, (measure, name) in zip(grid[:-1, column], measures.items(), strict=True):
        first = axes is grid[0, 0]
        sns.lineplot(own, x="stride", y=measure, ax=axes, legend=first, **style)
        axes.set(ylabel=name)
        resolution_axis(axes, lines["stride"])
    axes = grid[-1, column]
    own = planes[(planes["state"] == state) & (planes["stride"] == 1)]
    sns.lineplot(own, x="level", y="parts_below", ax=axes, legend=False, **style)
    axes.set(xlabel="level (share of the range)", ylabel="parts of the plane\nbelow the level")
    grid[0, column].set_title(state)
for name in ("minima", "parts_below"):
    row = 0 if name == "minima" else -1
    for axes in grid[row]:
        axes.set_yscale("log")
        axes.yaxis.set_major_formatter(ScalarFormatter())
        axes.yaxis.set_minor_formatter(NullFormatter())
neuron_legend(grid[0, 0])
figure.suptitle(
    f"{snakemake.params.data}: mean and range over {lines['seed'].nunique()} seeds and "
    f"{lines['direction'].nunique()} directions",
    fontsize=9,
)
save(figure, snakemake.output)
