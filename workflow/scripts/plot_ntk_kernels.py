"""Draw finite networks' kernels with the analytic ones (arXiv 2405.15539, figs. 1 and 2)."""

import matplotlib.pyplot as plt

from _job import start
from study.ntk import TRUE_DERIVATIVE, of_experiment
from study.ntk.figures import angle_axis, decades_axis, draw_limit, sequence, slope_label
from study.storage.tables import read_table
from study.style import save

start(snakemake)
inputs, out = snakemake.input, snakemake.output
for experiment, file, *files in zip(
    snakemake.params.experiments, inputs.analytic, out.png, out.pdf, strict=True
):
    parts = of_experiment(inputs.networks, experiment["name"])
    networks, analytic = read_table(*parts), read_table(file)
    ordinary = experiment["surrogate"]["name"] == TRUE_DERIVATIVE
    name = "NTK" if ordinary else "SG-NTK"
    slopes, widths = sorted(networks.slope.unique()), experiment["widths"]
    steps = [min(experiment["record_steps"]), max(experiment["record_steps"])]
    colours = sequence(steps)

    figure = plt.figure(figsize=(2 * len(widths) + 2.6, 1.6 * len(slopes) + 0.9))
    grid = figure.add_gridspec(len(slopes), len(widths) + 1, width_ratios=[1] * len(widths) + [1.3])
    shared = None
    for row, slope in enumerate(slopes):
        exact = analytic[analytic.slope == slope]
        for column, width in enumerate(widths):
            axes = figure.add_subplot(grid[row, column], sharex=shared, sharey=shared)
            shared = shared or axes
            cell = networks[(networks.slope == slope) & (networks.width == width)]
            for step in steps:
                curves = cell[cell.step == step].pivot_table(
                    index="angle", columns="network", values="kernel"
                )
                axes.plot(curves, color=colours[step], linewidth=0.8, alpha=0.6)
            axes.plot(exact.angle, exact.kernel, color="black", linewidth=1.2)
            angle_axis(axes, label=row == len(slopes) - 1)
            axes.tick_params(labelbottom=row == len(slopes) - 1, labelleft=column == 0)
            if row == 0:
                axes.set_title(f"$n = {width}$")
            if column == 0:
                axes.set_ylabel(f"{name}, {slope_label(slope)}")
    if ordinary:
        decades_axis(shared)
    else:  # the narrowest networks' curves may leave the panels, else the others' would be flat
        low, high = analytic.kernel.min(), analytic.kernel.max()
        shared.set_ylim(low - 0.6 * (high - low), high + 0.6 * (high - low))
    for step in steps:
        shared.plot([], color=colours[step], label=f"{step} steps")
    shared.plot([], color="black", label="analytic")

    limit = figure.add_subplot(grid[:, -1])
    draw_limit(limit, analytic)
    limit.set_title(r"$n \to \infty$, analytic")
    limit.set_ylabel(name)
    if ordinary:
        decades_axis(limit)
    limit.legend()
    figure.legend(*shared.get_legend_handles_labels(), loc="outside lower left", ncols=3)
    figure.suptitle(
        f"{name} of erf$_m$ networks with a point at angle 0; "
        f"{experiment['n_networks']} networks, seed {networks.seed.iloc[0]}",
        fontsize=9,
    )
    save(figure, files)
