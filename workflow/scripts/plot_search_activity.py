"""Draw each trial's accuracy against its activity."""

from _job import start
from spikegrad.report.style import NEURON_COLOURS, neuron_label, plt, save
from spikegrad.storage.tables import read_table

log = start(snakemake)
trials = read_table(*snakemake.input.trials)
figure, axes = plt.subplots(figsize=(4.2, 3.2))
for neuron, own in trials[~trials["failed"]].groupby("neuron"):
    colour = NEURON_COLOURS[neuron]
    for outcome, style in {"stopped": {"fc": "none"}, "finished": {"fc": colour}}.items():
        some = own[own["outcome"] == outcome]
        axes.scatter(
            some["spikes_per_neuron"], some["validation_accuracy"], s=18, ec=colour,
            label=f"{neuron_label(neuron)}, {outcome}", **style,
        )  # fmt: skip
axes.set_xscale("log")
axes.set_ylim(0, None)
axes.set(xlabel="spikes per neuron and sample", ylabel="validation accuracy")
axes.set_title(f"{snakemake.params.data}: trials at their last rung")
figure.legend(loc="outside lower center", ncols=2)
save(figure, snakemake.output)
