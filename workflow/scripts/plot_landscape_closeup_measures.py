"""Draw how rough close-ups are: a dot for each network, the median as a bar."""

import matplotlib.pyplot as plt
import seaborn as sns

from _job import start
from study.storage.tables import read_table
from study.style import NEURON_COLOURS, neuron_legend, save

start(snakemake)
table = read_table(snakemake.input.measures)
table["reach"] = table["reach"].map("{:g}".format)
rows = {
    "minima": "minima deeper than 1 %\nof the losses' range",
    "turn": "angle between slopes\nat neighbouring points (degrees)",
    "norm_spread": "length of the gradient:\nninth decile over first",
}
kinds = list(table["of"].unique())
figure, grid = plt.subplots(
    len(rows), len(kinds), figsize=(1 + 2.6 * len(kinds), 7), sharex=True, sharey="row",
    squeeze=False,
)  # fmt: skip
several = table["neuron"].nunique() > 1
for row, (column, label) in zip(grid, rows.items(), strict=True):
    for axes, kind in zip(row, kinds, strict=True):
        own = table[table["of"] == kind]
        # Made here: seaborn would take medians of logarithms where the scale is logarithmic
        medians = own.groupby(["neuron", "reach"], sort=False, as_index=False)[column].median()
        common = {"x": "reach", "y": column, "hue": "neuron", "ax": axes, "palette": NEURON_COLOURS}
        sns.stripplot(own, **common, legend=False, dodge=several, jitter=False, size=4)
        bars = {"errorbar": None, "linestyle": "none", "marker": "_", "markersize": 20}
        bars |= {"legend": axes is grid[0, 0], "dodge": 0.4 if several else False}
        sns.pointplot(medians, **common, **bars)
        axes.set(xlabel="reach (relative distance)", ylabel=label)
        if column == "minima":
            axes.set_yscale("symlog", linthresh=1)
            axes.set_title(kind)
        elif column == "norm_spread":
            axes.set_yscale("log")
neuron_legend(grid[0, 0])
figure.suptitle(
    f"{snakemake.params.data}: close-ups of\n{table['seed'].nunique()} networks of each neuron "
    "model (dots), medians (bars)"
)
save(figure, snakemake.output)
