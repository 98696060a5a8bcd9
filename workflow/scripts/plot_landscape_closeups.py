"""Draw close-ups of a network of each neuron model: loss, gradient's length and direction."""

import numpy as np
from matplotlib.colors import LogNorm

from _job import start
from study.landscape.figures import where
from study.landscape.plane_figures import draw_map, grid_of
from study.storage.tables import read_table
from study.style import neuron_label, panels, save

SHARED = {  # scales of all panels
    "length": {"cmap": "magma", "norm": LogNorm(0.2, 5)},
    "downhill": {"cmap": "twilight", "vmin": -180, "vmax": 180},
}
TICKS = {"length": [0.2, 1, 5], "downhill": [-180, 0, 180]}
TITLES = ("loss (nats)", "gradient's length\nover its median", "downhill (degrees)")

start(snakemake)
planes = where(read_table(snakemake.input.closeups), seed=snakemake.params.seed)
planes["length"] = planes["norm"] / planes.groupby(["neuron", "of", "reach"])["norm"].transform(
    "median"
)
planes["downhill"] = np.degrees(np.arctan2(-planes["slope_y"], -planes["slope_x"]))
neurons = list(planes["neuron"].unique())
views = list(planes.groupby(["of", "reach"]).groups)
size, margin = (1.5, 1.35), (1.2, 0.8)
figure, grid = panels(len(views), 3 * len(neurons), size, margin, sharex=True, sharey=True)
for row, (of, reach) in zip(grid, views, strict=True):
    losses, *others = np.split(row, 3)
    for axes, neuron in zip(losses, neurons, strict=True):
        plane = where(planes, of=of, reach=reach, neuron=neuron)
        low, high = plane["loss"].quantile([0.01, 0.99])
        image = draw_map(axes, grid_of(plane), cmap="viridis", vmin=low, vmax=high)
        figure.colorbar(image, ax=axes, shrink=0.8)
    for group, (column, colours) in zip(others, SHARED.items(), strict=True):
        for axes, neuron in zip(group, neurons, strict=True):
            plane = where(planes, of=of, reach=reach, neuron=neuron)
            image = draw_map(axes, grid_of(plane, column), **colours)
        bar = figure.colorbar(image, ax=list(group), shrink=0.8)
        bar.set_ticks(TICKS[column], labels=[f"{tick:g}" for tick in TICKS[column]])
        bar.ax.minorticks_off()
    row[0].set_ylabel(f"{of}\nreach {reach:g}")
for k, axes in enumerate(grid[0]):
    what, which = divmod(k, len(neurons))
    axes.set_title(f"{neuron_label(neurons[which])}\n{TITLES[what]}")
figure.supxlabel("distance along the first direction, in units of the reach")
figure.supylabel("distance along the second direction")
figure.suptitle(f"{snakemake.params.data}, seed {snakemake.params.seed}: around trained networks")
save(figure, snakemake.output)
