"""Draw the accuracy after the first rung against each parameter."""

import pandas as pd

from _job import start
from spikegrad.config.base import validate
from spikegrad.config.search import Sampling
from spikegrad.figures import NEURON_COLOURS, neuron_label, save
from spikegrad.search.figures import parameter_panels, positions

log = start(snakemake)
trials = pd.concat(map(pd.read_parquet, snakemake.input.trials), ignore_index=True)
space = validate(Sampling, snakemake.params.sampling).space
figure, panels = parameter_panels(list(space), height=1.6)
for parameter, axes in panels:
    for neuron, own in trials.groupby("neuron"):
        x, y = positions(parameter, own[parameter.key]), own["first_rung_accuracy"]
        colour, finished = NEURON_COLOURS[neuron], own["outcome"] == "finished"
        axes.scatter(x[~finished], y[~finished], s=14, fc="none", ec=colour, lw=0.8)
        axes.scatter(x[finished], y[finished], s=14, c=colour, label=neuron_label(neuron))
    if axes.get_subplotspec().is_first_col():
        axes.set_ylabel("validation accuracy")
handles, names = axes.get_legend_handles_labels()
figure.legend(handles, names, loc="outside lower center", ncols=len(names))
figure.suptitle(
    f"{snakemake.params.data}: accuracy after the first rung; filled: passed all rungs", fontsize=9
)
save(figure, snakemake.output)
