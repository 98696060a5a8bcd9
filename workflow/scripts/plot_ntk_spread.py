"""Draw how far single networks are from their mean, beside what the SG-NTK predicts, by width."""

import numpy as np

from _job import start
from study.ntk.figures import legend_below, width_axis
from study.storage.tables import read_table
from study.style import COLOURS, panels, save

start(snakemake)
names = snakemake.params.experiments
figure, grid = panels(1, len(names), (2.5, 3.6), (0.6, 0), sharey=True)
STYLES = {"train": (COLOURS[0], "o"), "test": (COLOURS[1], "s")}
files = zip(grid[0], names, snakemake.input.spreads, snakemake.input.trends, strict=True)
for axes, name, spreads, trends in files:
    table, powers = read_table(spreads), read_table(trends)
    last = table[table.step == table.step.max()]
    for points, (colour, marker) in STYLES.items():
        own = last[last.points == points].sort_values("width")
        power = powers[powers.quantity == f"spread, {points}"]
        label = f"{points} points"
        if len(power):
            fit = power.iloc[0]
            ends = ", ".join(f"{p:.2f}".replace("-inf", r"$-\infty$") for p in (fit.low, fit.high))
            excess = rf"$\propto n^{{{fit.exponent:.2f}}}$" if np.isfinite(fit.exponent) else "none"
            label += f": excess {excess} [{ends}]"
        bars = [own["std"] - own.low, own.high - own["std"]]
        axes.errorbar(
            own.width, own["std"], np.maximum(bars, 0), fmt=marker + "-", color=colour,
            markersize=3, capsize=2, label=label,
        )  # fmt: skip
        axes.plot(own.width, own.std_predicted, marker + "--", color=colour, markersize=3, mfc="w")
    axes.plot([], [], "--", color="grey", label="SG-NTK flow")
    axes.set_yscale("log")
    width_axis(axes, last.width)
    axes.set_title(
        f"{name.replace('_', ' ')}\n{last.n_networks.max()} networks, {last.step.max()} steps"
    )
    legend_below(axes, fontsize=7)
grid[0, 0].set_ylabel("standard deviation of outputs, rms")
figure.suptitle(
    "power of the width of what exceeds the prediction;\n"
    f"bars: 95 % bootstrap interval over networks, seed {table.seed.iloc[0]}",
)
save(figure, snakemake.output)
