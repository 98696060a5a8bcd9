"""Draw what the kernel misses of a step, and the spikes that change, by the step's length."""

import matplotlib.pyplot as plt
import numpy as np

from _job import start
from study.joining import EXACT, after_training
from study.storage.tables import read_table
from study.style import NEURON_COLOURS, letter, neuron_label, panels, save

start(snakemake)
table = after_training(read_table(snakemake.input.steps))
neurons = list(dict.fromkeys(table["neuron"]))
rules = [EXACT, *[rule for rule in dict.fromkeys(table["rule"]) if rule != EXACT]]
colours = dict(
    zip(rules[1:], plt.get_cmap("viridis")(np.linspace(0, 0.9, len(rules) - 1)), strict=True)
)
figure, axes = panels(2, len(neurons), (3.4, 2.6), (0, 0.4), sharex=True, sharey="row")
for column, neuron in zip(axes.T, neurons, strict=True):
    for rule in rules:
        own = table[(table["neuron"] == neuron) & (table["rule"] == rule)]
        colour = NEURON_COLOURS[neuron] if rule == EXACT else colours[rule]
        style = {"color": colour, "lw": 2 if rule == EXACT else 1, "label": rule}
        logs = np.log10(own.pivot_table(index="length", columns="seed", values="residual"))
        column[0].plot(logs.index, 10 ** logs.mean(axis=1), **style)
        if rule == EXACT:
            column[0].plot(logs.index, 10**logs, color=colour, lw=0.5, alpha=0.5)
            for name, line in (("samples_changed", "-"), ("appeared", "--"), ("vanished", ":")):
                means = own.groupby("length")[name].mean()
                column[1].plot(means[means > 0], line, color=colour, label=name.replace("_", " "))
    square = own["length"].min() * np.array([1, 1e2])
    first = logs.iloc[0].mean()
    column[0].plot(square, 3 * 10**first * (square / square[0]) ** 2, "k--", lw=0.8)
    column[0].set_title(neuron_label(neuron))
    for row in column:
        row.set(xscale="log", yscale="log")
    column[1].set_xlabel("length of the step (of ‖θ‖)")
axes[0, 0].set_ylabel("missed of a sample's loss (nats)")
axes[1, 0].set_ylabel("share of samples; spikes a sample")
axes[0, -1].legend(fontsize=6, title="step down", title_fontsize=6)
axes[1, 0].legend()
letter(axes.ravel())
seeds = table["seed"].nunique()
figure.suptitle(
    f"{snakemake.params.data}: what the kernel misses of a step, {seeds} trained networks\n"
    "(exact ones thin) and their geometric means; dashed: slope 2"
)
save(figure, snakemake.output)
