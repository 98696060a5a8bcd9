"""Compose the second paper's figures: kernels, their constancy, and regression."""

import matplotlib.pyplot as plt

from _job import start
from study.ntk import SAME_TIME, figures
from study.storage.tables import read_table
from study.style import letter, save

start(snakemake)
tables = ("naive_analytic", "surrogate_analytic", "errors", "predictions", "distances", "problem")
naive, surrogate, errors, predictions, distances, points = (
    read_table(snakemake.input[name]) for name in tables
)
networks = read_table(*snakemake.input.networks)
figure, grid = plt.subplots(2, 3, figsize=(10.5, 6))
diverging, converging, drift = grid[0]
single, means, during = grid[1]

figures.draw_limit(diverging, naive)
figures.decades_axis(diverging)
diverging.set(title="NTK of erf$_m$: no limit", ylabel="kernel with angle 0")
diverging.legend()
figures.draw_limit(converging, surrogate)
converging.set(title="SG-NTK of erf$_m$: a limit", ylabel="kernel with angle 0")

last = errors["step"].max()
for slope, colour in figures.sequence(sorted(errors["slope"].unique())).items():
    own = errors[(errors["slope"] == slope) & (errors["step"] == last)]
    style = {"fmt": "o-", "color": colour, "label": figures.slope_label(slope)}
    figures.draw_widths(drift, own, "drift", **style)
drift.set(title=f"change by {last} steps of training", ylabel="relative change of the kernel")

step, width = networks["step"].max(), networks["width"].max()
final = networks[networks["step"] == step]
outputs = final[final["width"] == width].pivot_table(
    index="angle", columns="network", values="output"
)
flow = predictions[predictions["step"] == step].sort_values("angle")
figures.draw_networks(single, outputs, dict(iter(flow.groupby("kernel"))), points[points["train"]])
figures.angle_axis(single)
single.set(title=f"{outputs.shape[1]} sign networks, $n = {width}$", ylabel="output")
single.legend(fontsize=7, ncols=2, loc="upper center", bbox_to_anchor=(0.5, -0.2))

same_time = distances[distances["at"] == SAME_TIME]
figures.draw_distances(means, same_time[same_time["step"] == step], "width")
means.set_title(f"after {step} steps")
figures.width_axis(means, same_time["width"])
widest = same_time[(same_time["width"] == width) & (same_time["step"] > 0)]
figures.draw_distances(during, widest, "step")
during.set(xscale="log", xlabel="steps of training", title=f"$n = {width}$")
for axes in (means, during):
    axes.set_ylim(bottom=0)
    axes.set_ylabel("distance to the kernel's flow, rms")
means.legend()
letter(grid.flat)
experiment = snakemake.params.experiment
figure.suptitle(
    f"regression on the circle, seed {networks['seed'].iloc[0]}: kernels with two hidden layers "
    f"(top), experiment {experiment} (bottom); bars: standard errors (c), 95 % intervals (e, f)",
)
save(figure, snakemake.output)
