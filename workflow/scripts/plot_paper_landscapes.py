"""Compose the first paper's landscapes: surfaces, gradients, fragmentation."""

import matplotlib.pyplot as plt

from _job import start
from study.landscape.figures import (
    STATE_STYLES,
    density_axis,
    draw_lines,
    draw_predictions,
    draw_turn,
    minima_density,
    neuron_handles,
)
from study.landscape.plane_figures import (
    colour_range,
    direction_label,
    draw_field,
    draw_surface,
    plane_bars,
)
from study.storage.tables import read_table
from study.style import NEURON_COLOURS, letter, neuron_label, save

COMPARED = ["trained", "equal loss", "equal activity"]

log = start(snakemake)
planes = read_table(snakemake.input.planes)
lines, line_minima = map(read_table, (snakemake.input.lines, snakemake.input.line_minima))
first, second = snakemake.params.pair
plane = planes[
    (planes["seed"] == snakemake.params.seed)
    & (planes["state"] == "trained")
    & (planes["direction"] == first)
    & (planes["direction2"] == second)
]
neurons = list(plane["neuron"].unique())
figure, grid = plt.subplots(2, 2 * len(neurons), figsize=(5 * len(neurons) + 1, 5.2), squeeze=False)

low, high = colour_range(plane)
for k, neuron in enumerate(neurons):
    own = plane[plane["neuron"] == neuron]
    surface, field = grid[0, k], grid[0, len(neurons) + k]
    image = draw_surface(surface, own, low, high)
    arrows = draw_field(field, own, low, high)
    surface.set(title=neuron_label(neuron), xlabel=direction_label(first))
    field.set(title=f"{neuron_label(neuron)}, descent", xlabel=direction_label(first))
for axes in (grid[0, 0], grid[0, len(neurons)]):
    axes.set_ylabel(direction_label(second))
plane_bars(figure, image, grid[0, : len(neurons)], arrows, grid[0, len(neurons) :])

line, minima, turn, predictions, *unused = grid[1]
for axes in unused:
    axes.remove()
own = lines[(lines["state"] == "trained") & (lines["direction"] == snakemake.params.direction)]
draw_lines(line, own)
line.set(
    xlabel=f"relative distance,\n{direction_label(snakemake.params.direction)}",
    ylabel="loss (nats)",
)
density = minima_density(line_minima[line_minima["state"].isin(COMPARED)], "length")
for (neuron, state), part in density.groupby(["neuron", "state"]):
    mean = part.groupby("depth")["density"].mean()
    minima.plot(mean, color=NEURON_COLOURS[neuron], ls=STATE_STYLES[state], lw=1.2)
minima.set(xscale="log", xlabel="depth (nats)", ylabel="deeper minima\nper relative distance")
density_axis(minima, density["density"])
draw_turn(turn, read_table(snakemake.input.step_losses))
draw_predictions(predictions, read_table(snakemake.input.steps))
handles = neuron_handles(neurons)
handles += [
    plt.Line2D([], [], color="0.3", ls=STATE_STYLES[state], label=state) for state in COMPARED
]
figure.legend(handles=handles, loc="outside lower center", ncols=len(handles))
letter([*grid[0], line, minima, turn, predictions])
figure.suptitle(
    f"{snakemake.params.data}: around trained networks; above seed {snakemake.params.seed}, below "
    f"{lines['seed'].nunique()} seeds and their means",
)
save(figure, snakemake.output)
