"""Draw how often test samples of each class are taken for each other, for each neuron model."""

import pandas as pd
import seaborn as sns

from _job import start
from study.storage.tables import read_table
from study.style import neuron_label, panels, plain, save

start(snakemake)
tables = [read_table(file) for file in snakemake.input.samples]
figure, grid = panels(1, len(tables), (3.6, 3.6), (0.4, 0), sharey=True)
for axes, samples in zip(grid[0], tables, strict=True):
    share = pd.crosstab(samples["label"], samples["prediction"], normalize="index", dropna=False)
    last = axes is grid[0][-1]
    share = share.rename(index=plain, columns=plain)
    sns.heatmap(
        share,
        vmin=0,
        vmax=1,
        cmap="viridis",
        square=True,
        xticklabels=True,
        yticklabels=True,
        cbar=last,
        cbar_kws={"label": "share of the class's samples", "shrink": 0.8},
        ax=axes,
    )
    accuracy = (samples["label"] == samples["prediction"]).mean()
    neuron = neuron_label(samples["neuron"].iloc[0])
    axes.set_title(f"{neuron}: {accuracy:.1%} right, {samples['seed'].nunique()} seeds")
    axes.set(xlabel="predicted", ylabel="spoken" if axes is grid[0][0] else "")
    axes.tick_params(length=0, labelsize=7)
figure.suptitle(f"{snakemake.params.data}, test set")
save(figure, snakemake.output)
