"""Draw trained networks beside kernel regression (arXiv 2405.15539, fig. 3)."""

import matplotlib.pyplot as plt
import numpy as np

from _job import start
from study.ntk import SG_NTK, figures, of_experiment
from study.storage.tables import read_table
from study.style import save

start(snakemake)
points = read_table(snakemake.input.problem)
train = points[points.train]
inputs, out = snakemake.input, snakemake.output
for experiment, file, *files in zip(
    snakemake.params.experiments, inputs.predictions, out.png, out.pdf, strict=True
):
    parts = of_experiment(inputs.networks, experiment["name"])
    networks, predictions = read_table(*parts), read_table(file)
    last = networks.step.max()
    final = networks[networks.step == last]
    ordered = predictions.sort_values("angle")
    regression, flow = (
        dict(iter(ordered[ordered.step == step].groupby("kernel"))) for step in (np.inf, last)
    )
    sg_ntk = regression[SG_NTK]
    widths = experiment["widths"]
    functions = {
        width: final[final.width == width].pivot_table(
            index="angle", columns="network", values="output"
        )
        for width in widths
    }
    colours = figures.sequence(widths)
    figure, (single, means, differences) = plt.subplots(1, 3, figsize=(11, 3.3))

    widest = functions[widths[-1]]
    figures.draw_networks(single, widest, regression, train)
    single.set_ylabel("output")
    single.set_title(f"{widest.shape[1]} networks, $n = {widths[-1]}$")

    for width, colour in colours.items():
        means.plot(functions[width].mean(axis=1), color=colour, lw=2, label=f"$n = {width}$")
    means.plot(sg_ntk.angle, sg_ntk["mean"], color="black", lw=1.2, label="SG-NTK regression")
    means.plot(train.angle, train.target, **figures.TRAINING_POINTS)
    means.set_ylabel("mean output")
    means.set_title("means of networks")

    offset = flow[SG_NTK]["mean"].to_numpy()
    error = 1.96 * widest.sem(axis=1)
    mean = widest.mean(axis=1) - offset
    differences.fill_between(widest.index, mean - error, mean + error, color=colour, alpha=0.3)
    differences.plot(mean, color=colour, lw=2, label=f"networks, $n = {widths[-1]}$, 95 %")
    for kernel, table in flow.items():
        style = figures.KERNEL_STYLES[kernel]
        differences.plot(table.angle, table["mean"].to_numpy() - offset, label=kernel, **style)
    differences.set_ylabel("difference from SG-NTK flow")
    differences.set_title("which kernel do the networks follow?")

    for axes in (single, means, differences):
        figures.angle_axis(axes)
        figures.legend_below(axes, ncols=2, fontsize=7)
    psi = " ".join(str(value) for value in experiment["surrogate"].values())
    figure.suptitle(
        f"sign networks, {experiment['hidden_layers']} hidden, surrogate {psi}, output scale "
        f"{experiment['output_scale']:g}, {last} steps, seed {networks.seed.iloc[0]}",
        fontsize=9,
    )
    save(figure, files)
