"""Draw where the SG-NTK is unstable, and networks of growing width that drift away there."""

import matplotlib.pyplot as plt
import numpy as np

from _job import start
from study.ntk import UNSTABLE_POINTS
from study.ntk.figures import legend_below, sequence
from study.storage.tables import read_table
from study.style import COLOURS, letter, save

start(snakemake)
cases = read_table(snakemake.input.cases)
networks = read_table(snakemake.input.drift)
figure, (shares, depths, errors) = plt.subplots(1, 3, figsize=(11, 3.8))

surrogates = list(cases.surrogate.unique())
layers = sequence(sorted(cases.depth.unique()))
markers = dict(zip(sorted(cases.n_inputs.unique()), "o^sDv", strict=False))
height = 0.8 / (len(layers) * len(markers))
FLOOR = 1e-6
for k, ((depth, n_inputs), own) in enumerate(cases.groupby(["depth", "n_inputs"])):
    own = own.set_index("surrogate").loc[surrogates]
    y = np.arange(len(surrogates)) - 0.4 + (k + 0.5) * height
    style = {"color": layers[depth], "marker": markers[n_inputs], "markersize": 4, "ls": ""}
    shares.plot(100 * own.share.where(own.share > 0), y, **style)
    worst = -own.found
    depths.plot(worst.where(worst > FLOOR), y, **style)
    style["fillstyle"] = "none"
    depths.plot(np.where(worst > FLOOR, np.nan, FLOOR), y, **style)
    shares.plot(np.where(own.share > 0, np.nan, 50 / own.n_draws), y, **style)
for axes in (shares, depths):
    axes.set_xscale("log")
    axes.set_yticks(range(len(surrogates)), [name.replace("_", " ") for name in surrogates])
    axes.set_ylim(len(surrogates) - 0.5, -0.5)
    for edge in np.arange(len(surrogates) - 1) + 0.5:
        axes.axhline(edge, color="grey", linewidth=0.3)
depths.tick_params(labelleft=False)
for depth, colour in layers.items():
    shares.plot([], color=colour, marker="o", ls="", markersize=4, label=f"{depth} layers")
for n_inputs, marker in markers.items():
    label = f"{n_inputs} input{'s'[: n_inputs - 1]}"
    shares.plot([], color="grey", marker=marker, ls="", markersize=4, label=label)
figure.legend(
    *shares.get_legend_handles_labels(),
    loc="outside lower left",
    ncols=len(layers) + len(markers) + 1,
)
shares.set_xlabel("unstable random data sets (%)")
shares.set_title(f"of {cases.n_draws.iloc[0]} draws (open: none)")
depths.set_xlabel(r"$-\min$ Re $\lambda\; / \;\|K\|$")
depths.set_title("least stable data found (open: none)")

for width, colour in sequence(sorted(networks.width.unique())).items():
    own = networks[networks.width == width]
    table = own.pivot_table(index="step", columns="network", values="error")
    mean, error = table.mean(axis=1), 1.96 * table.sem(axis=1)
    errors.fill_between(mean.index, mean - error, mean + error, color=colour, alpha=0.3, lw=0)
    errors.plot(mean, color=colour, label=f"$n = {width}$")
predicted = networks.groupby("step").predicted.first()
errors.plot(predicted, "--", color="black", linewidth=1, label="SG-NTK, $n \\to \\infty$")
errors.axhline(0, color=COLOURS[4], linewidth=0.8)
top = networks.groupby(["width", "step"]).error.mean().max()
errors.set(
    ylim=(0, 1.5 * top), xlabel="steps of training", ylabel="error along the unstable direction"
)
first = networks.iloc[0]
errors.set_title(
    f"2 layers, {first.surrogate.replace('_', ' ')}, {networks.network.nunique()} networks"
)
legend_below(
    errors,
    ncols=2,
    fontsize=7,
    title=rf"$\lambda = {first.eigenvalue:.2f}$, $\|K\| = {first.norm:.1f}$; mean, 95 %",
    title_fontsize=7,
)
letter((shares, depths, errors))
figure.suptitle(f"SG-NTK of sign networks, {UNSTABLE_POINTS} points, seed {first.seed}")
save(figure, snakemake.output)
