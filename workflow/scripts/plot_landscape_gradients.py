"""Draw how far gradients can be trusted."""

import matplotlib.pyplot as plt
import numpy as np
import pandas as pd
import seaborn as sns
from matplotlib.ticker import NullFormatter

from _job import start
from spikegrad.figures import NEURON_COLOURS, neuron_legend, save
from spikegrad.landscape.terms import STATES

log = start(snakemake)
nearby, samples = (
    pd.concat(map(pd.read_parquet, files), ignore_index=True)
    for files in (snakemake.input.nearby, snakemake.input.samples)
)
nearby["far"] = nearby["distance"].abs()
states = STATES
figure, grid = plt.subplots(
    3, len(states), figsize=(0.8 + 2.3 * len(states), 5.8), sharey="row", squeeze=False
)
style = {"hue": "neuron", "palette": NEURON_COLOURS, "errorbar": ("pi", 100), "lw": 1.2}
for column, state in enumerate(states):
    cosine, linear, tails = grid[:, column]
    own = nearby[nearby["state"] == state]
    sns.lineplot(own, x="far", y="cosine", ax=cosine, legend=column == 0, **style)
    cosine.set(xscale="log", xlabel="relative distance", ylabel="cosine between gradients")
    sns.lineplot(own, x="far", y="linear_error", ax=linear, legend=False, **style)
    linear.set(
        xscale="log",
        yscale="log",
        xlabel="relative distance",
        ylabel="error of the linear\nprediction (nats)",
    )
    for neuron, norms in samples[samples["state"] == state].groupby("neuron", sort=False):
        ordered = np.sort(norms["gradient_norm"])
        share = 1 - np.arange(len(ordered)) / len(ordered)
        tails.step(ordered, share, where="pre", color=NEURON_COLOURS[neuron], lw=1.2)
    tails.set(
        xscale="log",
        yscale="log",
        xlabel="gradient norm of a sample\n(nats per relative distance)",
        ylabel="share of samples\nat least as large",
    )
    tails.xaxis.set_minor_formatter(NullFormatter())
    tails.yaxis.set_minor_formatter(NullFormatter())
    cosine.set_title(state)
neuron_legend(grid[0, 0], loc="lower left")
figure.suptitle(
    f"{snakemake.params.data}: mean and range over {nearby['seed'].nunique()} seeds and directions",
    fontsize=9,
)
save(figure, snakemake.output)
