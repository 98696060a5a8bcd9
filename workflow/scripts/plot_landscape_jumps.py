"""Draw the loss of single samples along the lines of the census, with every jump marked."""

from _job import start
from study.landscape.constants import JUMP, STATES
from study.landscape.figures import draw_jumps, where
from study.landscape.plane_figures import direction_label
from study.storage.tables import read_table
from study.style import NEURON_COLOURS, neuron_label, panels, save

start(snakemake)
changes = read_table(snakemake.input.changes)
losses = where(read_table(snakemake.input.census_losses), search="breaks")
first = losses.iloc[0]
here = dict(first[["search", "seed", "direction", "sample"]])
losses, changes = where(losses, **here), where(changes, **here)
changes = changes[changes["loss_jump"].abs() > JUMP]
neurons = list(losses["neuron"].unique())
figure, grid = panels(len(neurons), len(STATES), (2.4, 1.9), (0.6, 0.8), sharex=True)
for row, neuron in zip(grid, neurons, strict=True):
    for axes, state in zip(row, STATES, strict=True):
        line, jumps = (where(t, neuron=neuron, state=state) for t in (losses, changes))
        draw_jumps(axes, line, jumps, NEURON_COLOURS[neuron])
        axes.set_title(f"{neuron_label(neuron)}, {state}: {len(jumps)} jumps")
        if axes is row[0]:
            axes.set_ylabel("loss (nats)")
for axes in grid[:-1].flat:
    axes.set_xlabel("")
figure.suptitle(
    f"{snakemake.params.data}: training sample {first['sample']} of the subset, seed "
    f"{first['seed']}, {direction_label(first['direction'], ' ')}; ticks mark jumps",
)
save(figure, snakemake.output)
