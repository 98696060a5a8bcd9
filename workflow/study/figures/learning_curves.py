"""Learning curves of all networks."""

from __future__ import annotations

import matplotlib.pyplot as plt
import pandas as pd
from matplotlib.figure import Figure

from study.figures.training_curves import draw_learning_curves
from study.style import neuron_legend

PANELS = {
    "train_loss": "training loss (nats)",
    "train_accuracy": "training accuracy",
    "spikes_per_neuron": "spikes per neuron and sample",
    "runaways": "samples that ran away",
}


def draw(histories: pd.DataFrame, data: str) -> Figure:
    """Draw loss, accuracy and activity against epochs: each seed, and their mean."""
    history = histories.astype({"neuron": "category"})
    figure, grid = plt.subplots(2, 2, figsize=(6.4, 4.6), sharex=True)
    for axes, (measure, label) in zip(grid.flat, PANELS.items(), strict=True):
        draw_learning_curves(axes, history, measure, axes is grid.flat[0])
        axes.set_ylabel(label)
    neuron_legend(grid.flat[0])
    figure.suptitle(f"{data}: {history['seed'].nunique()} seeds (thin) and their mean")
    return figure
