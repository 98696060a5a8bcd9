"""Draw loss, accuracy and activity against epochs: each seed, and their mean."""

import matplotlib.pyplot as plt

from _job import start
from study.storage.tables import read_table
from study.style import neuron_legend, save
from study.training.figures import draw_learning_curves

start(snakemake)
history = read_table(snakemake.input.histories)
history["neuron"] = history["neuron"].astype("category")
seeds = history["seed"].nunique()
panels = {
    "train_loss": "training loss (nats)",
    "train_accuracy": "training accuracy",
    "spikes_per_neuron": "spikes per neuron and sample",
    "runaways": "samples that ran away",
}
figure, grid = plt.subplots(2, 2, figsize=(6.4, 4.6), sharex=True)
for axes, (measure, label) in zip(grid.flat, panels.items(), strict=True):
    draw_learning_curves(axes, history, measure, axes is grid.flat[0])
    axes.set_ylabel(label)
neuron_legend(grid.flat[0])
figure.suptitle(
    f"{snakemake.params.data}: {seeds} seeds (thin) and their mean",
)
save(figure, snakemake.output)
