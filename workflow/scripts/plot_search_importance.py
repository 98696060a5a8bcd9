"""Draw how much of the accuracy's variance each parameter explains."""

import seaborn as sns

from _job import start
from study.search.figures import label
from study.storage.tables import read_table
from study.style import NEURON_COLOURS, neuron_legend, plt, save

start(snakemake)
table = read_table(*snakemake.input.importances)
order = table.groupby("parameter")["importance"].mean().sort_values(ascending=False)
names = {key: label(key) for key in order.index}
figure, axes = plt.subplots(figsize=(5.2, 0.32 * len(order) + 1.0))
sns.barplot(
    table.assign(parameter=table["parameter"].map(names)),
    y="parameter", x="importance", hue="neuron", order=list(names.values()),
    palette=NEURON_COLOURS, errorbar=("pi", 100), err_kws={"lw": 1}, ax=axes,
)  # fmt: skip
axes.set(xlabel="share of the accuracy's variance (fANOVA)", ylabel=None)
neuron_legend(axes, loc="lower right")
figure.suptitle(f"{snakemake.params.data}: after the first rung; mean and range of searches")
save(figure, snakemake.output)
