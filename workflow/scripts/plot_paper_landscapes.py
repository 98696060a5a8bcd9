"""Compose the first paper's landscapes: surfaces, gradients, fragmentation."""

import matplotlib.pyplot as plt
import pandas as pd
import seaborn as sns
from matplotlib.ticker import ScalarFormatter

from _job import start
from spikegrad.figures import NEURON_COLOURS, letter, neuron_label, resolution_axis, save
from spikegrad.landscape.figures import colour_range, draw_field, draw_surface

log = start(snakemake)
planes = pd.read_parquet(snakemake.input.planes)
lines, fragmentation = map(
    pd.read_parquet, (snakemake.input.lines, snakemake.input.line_fragmentation)
)
nearby = pd.concat(map(pd.read_parquet, snakemake.input.nearby), ignore_index=True)
first, second = snakemake.params.pair
plane = planes[
    (planes["seed"] == snakemake.params.seed)
    & (planes["state"] == "trained")
    & (planes["direction"] == first)
    & (planes["direction2"] == second)
]
neurons = list(plane["neuron"].unique())
figure, grid = plt.subplots(2, 2 * len(neurons), figsize=(5 * len(neurons) + 1, 5.2), squeeze=False)

low, high = colour_range(plane)
for k, neuron in enumerate(neurons):
    own = plane[plane["neuron"] == neuron]
    surface, field = grid[0, k], grid[0, len(neurons) + k]
    image = draw_surface(surface, own, low, high)
    arrows = draw_field(field, own, low, high)
    surface.set(title=neuron_label(neuron), xlabel=first, ylabel=second)
    field.set(title=f"{neuron_label(neuron)}, descent", xlabel=first, ylabel=second)
figure.colorbar(image, ax=grid[0, : len(neurons)], label="loss (nats)", extend="max")
bar = figure.colorbar(arrows, ax=grid[0, len(neurons) :], label="slope in the plane")
bar.set_ticks([-1, 0, 1, 2, 3], labels=["0.1", "1", "10", "100", "1000"])

line, minima, cosine, missed, *unused = grid[1]
for axes in unused:
    axes.remove()
own = lines[(lines["state"] == "trained") & (lines["direction"] == snakemake.params.direction)]
for (neuron, _), part in own.groupby(["neuron", "seed"]):
    line.plot(part["x"], part["loss"], lw=0.8, color=NEURON_COLOURS[neuron])
line.set(xlabel=f"relative distance along {snakemake.params.direction}", ylabel="loss (nats)")
style = {"hue": "neuron", "palette": NEURON_COLOURS, "style": "state", "lw": 1.2}
style |= {"errorbar": None, "style_order": ["trained", "matched"]}
compared = fragmentation[fragmentation["state"].isin(["trained", "matched"])]
sns.lineplot(compared, x="stride", y="minima", ax=minima, legend=False, **style)
minima.set(yscale="log", ylabel="local minima")
sns.lineplot(compared, x="stride", y="missed_change", ax=missed, legend=False, **style)
missed.set(ylabel="change that slopes miss")
near = nearby[nearby["state"].isin(["trained", "matched"])]
near = near.assign(far=near["distance"].abs())
sns.lineplot(near, x="far", y="cosine", ax=cosine, legend=False, **style)
cosine.set(xscale="log", xlabel="relative distance", ylabel="cosine between gradients")
for axes in (minima, missed):
    resolution_axis(axes, compared["stride"])
minima.yaxis.set_major_formatter(ScalarFormatter())
minima.yaxis.set_minor_formatter("{x:g}")
handles = [plt.Line2D([], [], color=NEURON_COLOURS[n], label=neuron_label(n)) for n in neurons]
handles += [
    plt.Line2D([], [], color="0.3", ls=ls, label=state)
    for state, ls in {"trained": "-", "matched in activity": "--"}.items()
]
figure.legend(handles=handles, loc="outside lower center", ncols=len(handles))
letter([*grid[0], line, minima, cosine, missed])
figure.suptitle(
    f"{snakemake.params.data}: around trained networks; above seed {snakemake.params.seed}, below "
    f"{lines['seed'].nunique()} seeds and their means",
    fontsize=9,
)
save(figure, snakemake.output)
