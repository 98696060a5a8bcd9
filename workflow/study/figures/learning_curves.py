"""Learning curves of all networks."""

from __future__ import annotations

import matplotlib.pyplot as plt
import pandas as pd
from matplotlib.figure import Figure

from study.figures.training_curves import draw_learning_curves

PANELS = {
    "train_loss": "training loss (nats)",
    "train_accuracy": "training accuracy",
    "spikes_per_neuron": "spikes per neuron and sample",
    "runaways": "samples of an epoch that ran away",
}


def draw(histories: pd.DataFrame, runs: pd.DataFrame) -> Figure:
    """Draw loss, accuracy and activity against epochs: each seed, and the mean over all."""
    figure, grid = plt.subplots(2, 2, figsize=(6.4, 4.6), sharex=True)
    shown = PANELS if histories["runaways"].any() else list(PANELS)[:-1]
    for axes, measure in zip(grid.flat, shown, strict=False):
        draw_learning_curves(axes, histories, runs, measure)
        axes.set_ylabel(PANELS[measure])
    for axes in grid.flat[len(shown) :]:
        axes.remove()
    grid.flat[0].legend()
    return figure
