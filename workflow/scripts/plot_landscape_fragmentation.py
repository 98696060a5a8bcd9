"""Draw how many minima lines and planes have, by depth."""

import numpy as np

from _job import start
from study.config.landscape import JUDGED_DEPTHS
from study.landscape.constants import STATES
from study.landscape.figures import density_axis, minima_density
from study.statistics import t_interval
from study.storage.tables import read_table
from study.style import NEURON_COLOURS, neuron_label, panels, save

start(snakemake)
lines, planes = (read_table(snakemake.input[name]) for name in ("lines", "planes"))
rows = {
    "minima per relative distance\non lines": minima_density(lines, "length"),
    "minima per whole plane": minima_density(planes, "area"),
}
figure, grid = panels(len(rows), len(STATES), (2.3, 2.4), (0.8, 0), sharex=True, sharey="row")
for row, (name, density) in zip(grid, rows.items(), strict=True):
    for axes, state in zip(row, STATES, strict=True):
        here = density[density["state"] == state]
        for k, (neuron, own) in enumerate(here.groupby("neuron", sort=False)):
            seeds = own.pivot_table(index="depth", columns="seed", values="density")
            mean, style = seeds.mean(axis=1), {"color": NEURON_COLOURS[neuron]}
            axes.plot(seeds, **style, lw=0.5, alpha=0.6)
            width = 2.8 - 0.8 * k  # lines that coincide stay visible
            axes.plot(mean, **style, lw=width, marker="o", ms=3, label=neuron_label(neuron))
            low, high = np.array([t_interval(values) for values in seeds.to_numpy()]).T
            axes.fill_between(mean.index, low.clip(min=0), high, **style, alpha=0.12, lw=0)
        for depth in JUDGED_DEPTHS:
            axes.axvline(depth, color="0.6", lw=0.8, ls=":", zorder=0)
        axes.set(xscale="log", xlabel="depth (nats)")
        depths = here["depth"].unique()
        axes.set_xticks(depths, [f"{depth:g}" for depth in depths])
        axes.set_xticks([], minor=True)
        axes.label_outer()
    density_axis(row[0], density["density"])
    row[0].set_ylabel(name)
for axes, state in zip(grid[0], STATES, strict=True):
    axes.set_title(state)
handles, labels = grid[0, 0].get_legend_handles_labels()
figure.legend(handles, labels, loc="outside upper right", ncols=len(handles))
settled = lines["settled"].mean()
figure.suptitle(
    f"{snakemake.params.data}: minima deeper than a depth; {lines['seed'].nunique()} seeds; "
    f"{settled:.0%} of the lines have settled",
    x=0.01,
    ha="left",
)
save(figure, snakemake.output)
