"""Draw the runs of each variant, by change."""

import seaborn as sns
from matplotlib.lines import Line2D

from _job import start
from study.config.neurons import NEURON_STYLES
from study.storage.tables import read_table
from study.style import NEURON_COLOURS, letter, neuron_label, panels, save
from study.training.outcomes import FINISHED
from study.variants import read_runs

PANELS = {  # with limits
    "accuracy": ("accuracy, all test samples", (None, None)),
    "spikes_per_neuron": ("spikes a neuron\nand sample", (0, None)),
    "word_in_jumps": ("share of a sample's\nloss that jumps", (-0.02, 1.02)),
    "word_minima": ("minima\nof a sample's loss", (-0.2, None)),
    "turned_clipped": ("cosine of gradients\n$10^{-3}$ apart", (-1.05, 1.05)),
}


def draw_changes(runs):
    """A row for each change, a point for each run; a dotted line: the mean of the final networks,
    which train with the samples that validate variants, too."""
    shown = [name for name in PANELS if name in runs]
    names = list(runs["to"].unique())
    widths, height = [2, *[1] * (len(shown) - 1)], 1.6 + len(names) / 4
    figure, grid = panels(1, len(shown), (1.8, height), (3, 0), sharey=True, width_ratios=widths)
    rows = {"y": "to", "order": names, "jitter": False, "legend": False, "size": 4}
    rows |= {"hue": "neuron", "hue_order": neurons, "dodge": len(neurons) > 1}
    crosses = {"marker": "x", "linewidth": 1, "palette": ["black"] * len(neurons)}
    for panel, name in zip(grid[0], shown, strict=True):
        label, limits = PANELS[name]
        sns.stripplot(runs, x=name, palette=NEURON_COLOURS, ax=panel, **rows)
        sns.stripplot(runs[runs["outcome"] != FINISHED], x=name, ax=panel, **crosses, **rows)
        for k in range(1, len(names), 2):
            panel.axhspan(k - 0.5, k + 0.5, color="0.95", zorder=0)
        if name == "word_minima":
            most = 2 * runs[name].max() + 1
            panel.set_xscale("symlog", linthresh=1)
            panel.set_xticks([0, *[10**k for k in range(5) if 10**k <= most]])
            limits = (-0.2, most)
        panel.set(xlabel=label, ylabel="", xlim=limits)
    for neuron in neurons:
        grid[0, 0].axvline(own[neuron], color=NEURON_COLOURS[neuron], lw=0.8, ls=":")
    letter(grid[0])
    return figure, Line2D([], [], color="0.3", lw=0.8, ls=":", label="final networks, mean")


start(snakemake)
own = read_table(snakemake.input.runs).groupby("neuron")["accuracy"].mean()
pictures = zip(snakemake.input.tables, snakemake.output.png, snakemake.output.pdf, strict=True)
for table, *files in pictures:
    runs = read_runs(table).fillna({"accuracy": 0.0})
    neurons = [neuron for neuron in NEURON_STYLES if neuron in set(runs["neuron"])]
    figure, line = draw_changes(runs)
    marks = {neuron_label(n): {"marker": "o", "color": NEURON_COLOURS[n]} for n in neurons}
    marks["diverged"] = {"marker": "x", "color": "black"}
    points = [Line2D([], [], ms=4, lw=0, label=label, **style) for label, style in marks.items()]
    figure.legend(handles=[*points, line], loc="outside lower center", ncols=5)
    figure.suptitle(f"{snakemake.params.data}: {runs['change'].iloc[0]}")
    save(figure, files)
