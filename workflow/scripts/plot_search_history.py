"""Draw each trial's accuracy against its number, the best so far, and the finalists."""

from _job import start
from study.search.figures import draw_best_so_far
from study.search.selection import over_inner_folds
from study.storage.tables import read_table
from study.style import NEURON_COLOURS, neuron_label, panels, save
from study.training.outcomes import FINISHED

start(snakemake)
trials = read_table(snakemake.input.trials)
runs = read_table(snakemake.input.finalists)
neurons = list(trials["neuron"].unique())
figure, grid = panels(1, len(neurons), (3, 2.8), (1.2, 0), sharey=True)
for neuron, axes in zip(neurons, grid.flat, strict=True):
    own, colour = trials[trials["neuron"] == neuron], NEURON_COLOURS[neuron]
    kinds = {
        "stopped": (own["outcome"] == "stopped", {"fc": "none", "ec": colour}),
        "finished": (own["outcome"] == FINISHED, {"fc": colour, "ec": colour}),
        "failed": (own["failed"], {"c": "k", "marker": "x", "lw": 0.8}),
    }
    for name, (chosen, style) in kinds.items():
        some = own[chosen]
        axes.scatter(some["number"] + 1, some["validation_accuracy"], s=14, label=name, **style)
    draw_best_so_far(axes, own, "best so far, mean")
    last = own["number"].max() + 1
    finalists = over_inner_folds(runs[runs["neuron"] == neuron])
    places = last * (1.08 + 0.06 * finalists["search"]) + 1
    axes.plot(places, finalists["validation_accuracy"], "D", ms=5, mfc="none", c=colour)
    axes.axvline(last * 1.04 + 0.5, c="0.8", lw=0.8)
    axes.set(title=neuron_label(neuron), xlabel="trial; right of the line: finalists")
    axes.set_xticks([tick for tick in axes.get_xticks() if 1 <= tick <= last])
grid.flat[-1].legend(loc="upper left", bbox_to_anchor=(1, 1), fontsize=7)
grid[0, 0].set_ylim(-0.02, None)
grid[0, 0].set_ylabel("validation accuracy")
figure.suptitle(
    f"{snakemake.params.data}: trials of {trials['search'].nunique()} searches; finalists' "
    "means over inner folds, a column for each search",
)
save(figure, snakemake.output)
