"""Draw accuracies of networks trained by exact and by surrogate gradients."""

import numpy as np

from _job import start
from study.config.neurons import SURROGATE
from study.statistics import t_interval
from study.storage.tables import read_table
from study.style import NEURON_COLOURS, neuron_label, panels, save
from study.training.summary import UNITS, by_unit, unit_of

start(snakemake)
runs = read_table(snakemake.input.runs)
unit = unit_of(runs)
models = [n for n in dict.fromkeys(runs["neuron"]) if n + SURROGATE in set(runs["neuron"])]
figure, ((axes,),) = panels(1, 1, (1.2 + 1.6 * len(models), 3.0))
names = []
for place, neuron in enumerate(models):
    both = [
        100 * by_unit(runs[runs["neuron"] == model], "accuracy")["accuracy"]
        for model in (neuron, neuron + SURROGATE)
    ]
    x = np.array([3 * place, 3 * place + 1])
    for pair in zip(*both, strict=True):
        axes.plot(x, pair, "-", color="grey", lw=0.7)
    for where, model, values in zip(x, (neuron, neuron + SURROGATE), both, strict=True):
        low, high = t_interval(values)
        axes.plot([where] * len(values), values, "o", ms=4, color=NEURON_COLOURS[model])
        axes.errorbar(
            where + 0.2, values.mean(), [[values.mean() - low], [high - values.mean()]],
            fmt="_", capsize=3, color=NEURON_COLOURS[model],
        )  # fmt: skip
        names.append((where, neuron_label(model)))
axes.set_xticks([x for x, _ in names], [text for _, text in names], rotation=20)
axes.set_ylabel("test accuracy (%)")
axes.set_title(f"{snakemake.params.data}\n{len(both[0])} {UNITS[unit]}, mean and 95 %")
save(figure, snakemake.output)
