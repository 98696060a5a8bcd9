"""Draw how much of single samples' losses along lines lies in jumps, and of their minima."""

import matplotlib.pyplot as plt
import numpy as np

from _job import start
from study.landscape.constants import STATES
from study.landscape.figures import draw_shares, neuron_handles, variation_shares
from study.storage.tables import read_table
from study.style import NEURON_COLOURS, save

start(snakemake)
profiles, minima = (read_table(snakemake.input[name]) for name in ("profiles", "profile_minima"))
states = [state for state in STATES if state in set(profiles["state"])]
figure, grid = plt.subplot_mosaic(
    [["shares"] * len(states), states],
    figsize=(1 + 2.2 * len(states), 2.4 + 0.18 * len(states) * profiles["neuron"].nunique() + 2),
)
above = {"loc": "lower center", "bbox_to_anchor": (0.4, 1.0), "ncols": 5}
draw_shares(grid["shares"], variation_shares(profiles), **above)
grid["shares"].set_xlabel("share of the total variation of a sample's loss")

keys = ["neuron", "seed", "state", "direction", "sample"]
per_length = minima.merge(profiles[[*keys, "length"]], on=keys)
versions = {
    "minima": ("-", "all"),
    "minima_without_jumps": ("--", "without jumps at order changes"),
    "minima_without_any_jumps": (":", "without any jumps"),
}
for state in states:
    axes = grid[state]
    for neuron, own in per_length[per_length["state"] == state].groupby("neuron", sort=False):
        for column, (ls, _) in versions.items():
            mean = (own[column] / own["length"]).groupby(own["depth"]).mean()
            axes.plot(
                mean.index, mean, marker="o", ms=2.5, lw=1.1, ls=ls, color=NEURON_COLOURS[neuron]
            )
    axes.set(xscale="log", xlabel="depth (nats)", ylim=(0, None))
    axes.set_xticks(np.unique(minima["depth"]), [f"{d:g}" for d in np.unique(minima["depth"])])
    axes.minorticks_off()
    axes.set_title(state)
grid[states[0]].set_ylabel("minima deeper than that\nper relative distance")
handles = neuron_handles(profiles["neuron"].unique())
handles += [plt.Line2D([], [], color="0.3", ls=ls, label=name) for ls, name in versions.values()]
figure.legend(handles=handles, loc="outside lower center", ncols=len(handles))
figure.suptitle(
    f"{snakemake.params.data}: single samples along lines, {len(profiles)} of them; "
    f"{profiles['settled'].mean():.0%} seen to the end",
)
save(figure, snakemake.output)
