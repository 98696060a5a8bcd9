"""Draw loss surfaces and gradient fields on planes, neuron models side by side, same colours."""

import matplotlib.pyplot as plt
import numpy as np
import pandas as pd

from _job import start
from spikegrad.figures import save
from spikegrad.landscape.terms import STATES

log = start(snakemake)
planes = pd.read_parquet(snakemake.input.planes)
planes = planes[planes["seed"] == snakemake.params.seed]
neurons = list(planes["neuron"].unique())
rows = [(state, *pair) for pair in snakemake.params.pairs for state in STATES]
columns = [(neuron, what) for what in ("surface", "field") for neuron in neurons]
figure, grid = plt.subplots(
    len(rows),
    len(columns),
    figsize=(0.8 + 2.2 * len(columns), 0.5 + 2.1 * len(rows)),
    squeeze=False,
)
for panels, (state, first, second) in zip(grid, rows, strict=True):
    chosen = planes[
        (planes["state"] == state)
        & (planes["direction"] == first)
        & (planes["direction2"] == second)
    ]
    low, high = chosen["loss"].min(), chosen["loss"].quantile(0.98)
    # the upper few per cent saturate, or one steep corner would take all the colours
    levels = np.linspace(low, high, 25)
    for axes, (neuron, what) in zip(panels, columns, strict=True):
        own = chosen[chosen["neuron"] == neuron]
        loss = own.pivot_table(index="y", columns="x", values="loss", dropna=False)
        if what == "surface":
            image = axes.pcolormesh(
                loss.columns, loss.index, loss, vmin=low, vmax=high, cmap="viridis", rasterized=True
            )
            axes.contour(
                loss.columns, loss.index, loss, levels, colors="white", linewidths=0.3, alpha=0.6
            )
        else:
            axes.contour(
                loss.columns,
                loss.index,
                loss,
                levels,
                vmin=low,
                vmax=high,
                cmap="viridis",
                linewidths=0.6,
            )
            arrows = own.dropna(subset=["slope_x", "slope_y"])
            length = np.hypot(arrows["slope_x"], arrows["slope_y"])
            drawn = axes.quiver(
                arrows["x"],
                arrows["y"],
                -arrows["slope_x"] / length,
                -arrows["slope_y"] / length,
                np.log10(length.clip(lower=1e-3)),
                cmap="magma_r",
                clim=(-1, 3),
                pivot="mid",
                scale=14,
                width=0.008,
            )
        axes.set(aspect="equal", title=f"{neuron.upper()}, {state}")
        axes.set_xlabel(first)
        axes.set_ylabel(second if axes is panels[0] else "")
    figure.colorbar(image, ax=panels[: len(neurons)], label="loss (nats)", extend="max")
    bar = figure.colorbar(drawn, ax=panels[len(neurons) :], label="slope in the plane")
    bar.set_ticks([-1, 0, 1, 2, 3], labels=["0.1", "1", "10", "100", "1000"])
figure.suptitle(
    f"{snakemake.params.data}, seed {snakemake.params.seed}: loss, and descent directions "
    "(slopes in nats per relative distance)",
    fontsize=9,
)
save(figure, snakemake.output)
