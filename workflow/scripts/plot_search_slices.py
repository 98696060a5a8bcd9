"""Draw the accuracy after the first rung against each parameter."""

from _job import start
from spikegrad.settings import validate
from study.config.search import Sampling
from study.search.figures import label_panels, parameter_panels
from study.search.regions import positions
from study.storage.tables import read_table
from study.style import NEURON_COLOURS, neuron_label, save
from study.training.outcomes import FINISHED

start(snakemake)
trials = read_table(snakemake.input.trials)
winners = read_table(snakemake.input.winners)
space = validate(Sampling, snakemake.params.sampling).space
figure, panels = parameter_panels(list(space), height=1.6)
for parameter, axes in panels:
    for neuron, own in trials.groupby("neuron"):
        x, y = positions(parameter, own[parameter.key]), own["rung0_accuracy"]
        colour, finished = NEURON_COLOURS[neuron], own["outcome"] == FINISHED
        axes.scatter(x[~finished], y[~finished], s=14, fc="none", ec=colour, lw=0.8)
        axes.scatter(x[finished], y[finished], s=14, c=colour, label=neuron_label(neuron))
        won = winners[(winners["neuron"] == neuron) & (winners["parameter"] == parameter.key)]
        values = won.loc[won["position"].notna(), "value"].astype(float)
        foot = axes.get_xaxis_transform()
        axes.plot(
            values, [0.03] * len(values), "^", c=colour, ms=5, mec="k", mew=0.5, transform=foot
        )
label_panels(figure, "validation accuracy")
figure.suptitle(
    f"{snakemake.params.data}: after the first rung; filled: passed all rungs; triangles: winners",
)
save(figure, snakemake.output)
