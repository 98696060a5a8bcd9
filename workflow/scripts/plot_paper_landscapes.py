"""Compose the first paper's landscapes: surfaces, gradients, fragmentation."""

import matplotlib.pyplot as plt

from _job import start
from study.landscape import figures
from study.landscape.figures import where
from study.landscape.plane_figures import direction_label, draw_planes
from study.storage.tables import read_table
from study.style import NEURON_COLOURS, letter, neuron_label, save

COMPARED = ["trained", "equal loss", "equal activity"]

start(snakemake)
planes = read_table(snakemake.input.planes)
lines, line_minima = map(read_table, (snakemake.input.lines, snakemake.input.line_minima))
first, second = snakemake.params.pair
plane = where(
    planes, seed=snakemake.params.seed, state="trained", direction=first, direction2=second
)
neurons = list(plane["neuron"].unique())
rows = 1 if len(neurons) < 3 else 2
figure = plt.figure(figsize=(11, 2.6 * (rows + 1)))
above, below = figure.subfigures(2, 1, height_ratios=[rows, 1])
surfaces = above.subplots(rows, 2 * len(neurons) // rows).ravel()

draw_planes(surfaces, plane)
names = [neuron_label(neuron) for neuron in neurons]
for axes, title in zip(surfaces, [*names, *(f"{n}, descent" for n in names)], strict=True):
    axes.set(title=title, xlabel=direction_label(first))
for axes in surfaces[:: len(neurons)]:
    axes.set_ylabel(direction_label(second))

line, minima, turn, predictions = below.subplots(1, 4)
direction = snakemake.params.direction
figures.draw_lines(line, where(lines, state="trained", direction=direction))
line.set(xlabel=f"relative distance,\n{direction_label(direction)}", ylabel="loss (nats)")
density = figures.minima_density(line_minima[line_minima["state"].isin(COMPARED)], "length")
for (neuron, state), part in density.groupby(["neuron", "state"]):
    mean = part.groupby("depth")["density"].mean()
    minima.plot(mean, color=NEURON_COLOURS[neuron], ls=figures.STATE_STYLES[state], lw=1.2)
minima.set(xscale="log", xlabel="depth (nats)", ylabel="deeper minima\nper relative distance")
figures.density_axis(minima, density["density"])
figures.draw_turn(turn, read_table(snakemake.input.step_losses))
figures.draw_predictions(predictions, read_table(snakemake.input.steps))
handles = figures.neuron_handles(neurons)
handles += [
    plt.Line2D([], [], color="0.3", ls=figures.STATE_STYLES[state], label=state)
    for state in COMPARED
]
below.legend(handles=handles, loc="outside lower center", ncols=len(handles))
letter([*surfaces, line, minima, turn, predictions])
figure.suptitle(
    f"{snakemake.params.data}: around trained networks; above seed {snakemake.params.seed}, below "
    f"{lines['seed'].nunique()} seeds and their means",
)
save(figure, snakemake.output)
