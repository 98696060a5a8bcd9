"""Draw the error and the drift of finite networks' kernels against width, log-log."""

import matplotlib.pyplot as plt
import numpy as np

from _job import start
from spikegrad.ntk.figures import draw_widths, legend_below, sequence, slope_label
from spikegrad.report.style import save
from spikegrad.storage.tables import read_table

QUANTITIES = {
    "squared_error": ("mean squared error of the kernel", -1.0),
    "drift": ("relative change of the kernel by training", -0.5),
}


def draw(quantity, outputs):
    """One panel for each experiment; lines for slopes, before (dashed) and after training."""
    label, power = QUANTITIES[quantity]
    names = snakemake.params.experiments
    figure, panels = plt.subplots(1, len(names), figsize=(3.4 * len(names), 4), sharey=True)
    for axes, name, errors, exponents in zip(
        np.atleast_1d(panels), names, snakemake.input.errors, snakemake.input.exponents, strict=True
    ):
        table, powers = read_table(errors), read_table(exponents)
        first, last = table.step.min(), table.step.max()
        for slope, colour in sequence(sorted(table.slope.unique())).items():
            here = table[table.slope == slope]
            fit = powers[
                (powers.quantity == quantity) & (powers.slope == slope) & (powers.step == last)
            ].squeeze()
            text = (
                f"{slope_label(slope)}: $n^{{{fit.exponent:.2f}}}$ [{fit.low:.2f}, {fit.high:.2f}]"
            )
            draw_widths(axes, here[here.step == last], quantity, fmt="o-", color=colour, label=text)
            if quantity == "squared_error":
                start = here[here.step == first]
                draw_widths(axes, start, quantity, fmt="s:", color=colour, alpha=0.6)
        means = here[here.step == last].groupby("width")[quantity].mean()
        widths = means.index.to_numpy(float)
        guide = means.iloc[-1] * (widths / widths[-1]) ** power
        axes.plot(widths, guide, color="grey", linewidth=0.8, label=f"$n^{{{power:g}}}$")
        axes.set_title(f"{name.replace('_', ' ')}, {last} steps")
        legend_below(axes, title="power of the width [95 % interval]", title_fontsize=8)
    np.atleast_1d(panels)[0].set_ylabel(label)
    note = "dotted: before training; " if quantity == "squared_error" else ""
    figure.suptitle(
        f"{note}bars: standard error over {table.network.nunique()} networks", fontsize=9
    )
    save(figure, outputs)


log = start(snakemake)
out = snakemake.output
draw("squared_error", [out.error_png, out.error_pdf])
draw("drift", [out.drift_png, out.drift_pdf])
