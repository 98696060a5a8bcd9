"""Draw loss, accuracy and activity against epochs: each seed, and the mean with its interval."""

import matplotlib.pyplot as plt
import pandas as pd
import seaborn as sns

from _job import start
from spikegrad.figures import NEURON_COLOURS, save

log = start(snakemake)
history = pd.concat(map(pd.read_parquet, snakemake.input.histories), ignore_index=True)
history["neuron"] = history["neuron"].astype("category")
seeds = history["seed"].nunique()
panels = {
    "train_loss": "training loss (nats)",
    "validation_loss": "validation loss (nats)",
    "validation_accuracy": "validation accuracy",
    "spikes_per_neuron": "spikes per neuron and sample",
}
figure, grid = plt.subplots(2, 2, figsize=(6.4, 4.6), sharex=True)
for axes, (measure, label) in zip(grid.flat, panels.items(), strict=True):
    common = {"data": history, "x": "epoch", "y": measure, "hue": "neuron", "ax": axes}
    common["palette"] = NEURON_COLOURS
    sns.lineplot(**common, units="seed", estimator=None, lw=0.5, alpha=0.6, legend=False)
    sns.lineplot(
        **common,
        errorbar=("ci", 95),
        seed=snakemake.params.seed,
        lw=1.5,
        legend=axes is grid.flat[0],
    )
    axes.set(xlabel="epoch", ylabel=label)
    axes.xaxis.get_major_locator().set_params(integer=True)
    axes.set_ylim(0, 1 if "accuracy" in measure else None)
legend = grid.flat[0].legend(title=None)
for text in legend.get_texts():
    text.set_text(text.get_text().upper())
figure.suptitle(
    f"{snakemake.params.data}: {seeds} seeds (thin), their mean and its 95 % bootstrap interval",
    fontsize=9,
)
save(figure, snakemake.output)
