"""Draw the asymmetry of the SG-NTK for inputs of unequal norm."""

import numpy as np

from _job import start
from study.ntk import OFF_CIRCLE_INPUTS, OFF_CIRCLE_SLOPE, SAME_TIME
from study.ntk.figures import draw_distances, width_axis
from study.storage.tables import read_table
from study.style import COLOURS, panels, save

start(snakemake)
table = read_table(snakemake.input.off_circle)
setup = snakemake.params.setup
n = table.predict.max() + 1


i, j = np.triu_indices(n, 1)


def pairs(column):
    """Values for every pair of points once, and with the points exchanged."""
    matrix = table[column].to_numpy().reshape(n, n)
    return matrix[i, j], matrix[j, i]


def asymmetry(column):
    """K(x, x') - K(x', x)."""
    return np.subtract(*pairs(column))


error = np.hypot(*pairs("empirical_se"))
norms, norms_exchanged = pairs("norm_predict")
distances = [read_table(file) for file in snakemake.input.distances]
figure, [(empirical, sign, *trained)] = panels(1, 2 + len(distances), (3.75, 3.4))
exact = asymmetry("erf")
empirical.errorbar(exact, asymmetry("empirical"), 2 * error, fmt="o", markersize=2.5, linewidth=0.6)
ends = np.array([exact.min(), exact.max()])
empirical.plot(ends, ends, color="black", linewidth=0.8, label="equal")
empirical.plot(ends, -ends, "--", color=COLOURS[1], linewidth=0.8, label="arguments exchanged")
empirical.set(xlabel="analytic $K(x, x') - K(x', x)$", ylabel="mean of finite networks")
empirical.set_title(
    f"erf$_{{{OFF_CIRCLE_SLOPE:g}}}$, {setup['n_networks']} networks, $n = {setup['width']}$"
)
empirical.legend()
mean = np.abs(np.add(*pairs("sign")) / 2)
sign.scatter(norms / norms_exchanged, asymmetry("sign") / mean, s=8, c=mean, cmap="viridis")
sign.axhline(0, color="grey", linewidth=0.8)
sign.axvline(1, color="grey", linewidth=0.8)
figure.colorbar(sign.collections[0], label="mean of $K(x, x')$, $K(x', x)$")
sign.set(xscale="log", xlabel="$|x| / |x'|$", ylabel="relative asymmetry")
ticks = [0.25, 0.5, 1, 2, 4]
sign.set_xticks(ticks, ticks)
sign.minorticks_off()
sign.set_title("sign networks, analytic")
for axes, distance, name in zip(trained, distances, snakemake.params.experiments, strict=True):
    own = distance[(distance["at"] == SAME_TIME) & (distance.step == distance.step.max())]
    draw_distances(axes, own, "width")
    width_axis(axes, own.width)
    axes.set_ylabel("distance of the mean to the flow, rms")
    axes.set_ylim(bottom=0)
    axes.set_title(f"{name.replace('_', ' ')}: {own.n_networks.max()} trained sign networks")
    axes.legend(loc="upper center", bbox_to_anchor=(0.5, -0.16), ncols=3)
figure.suptitle(
    f"{n} Gaussian inputs in {OFF_CIRCLE_INPUTS} dimensions, seed {table.seed.iloc[0]}; "
    "bars: 2 standard errors; right: 95 % intervals over networks",
)
save(figure, snakemake.output)
