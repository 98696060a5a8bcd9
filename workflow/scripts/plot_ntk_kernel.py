"""Draw error of finite networks' kernels, and their change by training, against width."""

from _job import start
from study.ntk.figures import draw_widths, legend_below, sequence, slope_label
from study.storage.tables import read_table
from study.style import panels, save

QUANTITIES = {  # column, power of the width that is drawn as a guide, and label
    "error": ("squared_error", -1.0, "mean squared error of the kernel"),
    "drift": ("drift", -0.5, "relative change of the kernel by training"),
}

start(snakemake)
experiments = snakemake.params.experiments
errors = [read_table(file) for file in snakemake.input.errors]
exponents = [read_table(file) for file in snakemake.input.exponents]
figures = zip(QUANTITIES.values(), snakemake.output.png, snakemake.output.pdf, strict=True)
for (quantity, power, label), *files in figures:
    # A line for each slope, after training; of an error also before it (dotted).
    figure, grid = panels(1, len(experiments), (3.4, 4), sharey=True)
    for axes, name, table, powers in zip(grid[0], experiments, errors, exponents, strict=True):
        first, last = table["step"].min(), table["step"].max()
        fits = powers[(powers["quantity"] == quantity) & (powers["step"] == last)]
        for slope, colour in sequence(sorted(table["slope"].unique())).items():
            here = table[table["slope"] == slope]
            text = slope_label(slope)
            for _, fit in fits[fits["slope"] == slope].iterrows():  # none of a single width
                interval = f"[{fit['low']:.2f}, {fit['high']:.2f}]"
                text += f": $n^{{{fit['exponent']:.2f}}}$ {interval}"
            trained = here[here["step"] == last]
            draw_widths(axes, trained, quantity, fmt="o-", color=colour, label=text)
            if quantity == "squared_error":
                untrained = here[here["step"] == first]
                draw_widths(axes, untrained, quantity, fmt="s:", color=colour, alpha=0.6)
        means = trained.groupby("width")[quantity].mean()
        widths = means.index.to_numpy(float)
        guide = means.iloc[-1] * (widths / widths[-1]) ** power
        axes.plot(widths, guide, color="grey", linewidth=0.8, label=f"$n^{{{power:g}}}$")
        axes.set_title(f"{name.replace('_', ' ')}, {last} steps")
        legend_below(axes, title="power of the width [95 % interval]", title_fontsize=8)
    grid[0, 0].set_ylabel(label)
    note = "dotted: before training; " if quantity == "squared_error" else ""
    networks = table["network"].nunique()
    figure.suptitle(f"{note}bars: standard error over {networks} networks")
    save(figure, files)
