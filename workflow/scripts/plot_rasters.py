"""Draw the input spikes of one word beside the hidden spikes of each neuron model."""

from _job import start
from study.storage.tables import read_table
from study.style import NEURON_COLOURS, draw_input, neuron_label, panels, plain, save

start(snakemake)
spikes = read_table(snakemake.input.rasters)
first = spikes.iloc[0]
neurons = list(spikes["neuron"].unique())
hidden = spikes[spikes["layer"] > 0]
layers = sorted(hidden["layer"].unique())
figure, grid = panels(len(layers) or 1, 1 + len(neurons), (2.6, 2.6), (0, 0.4), sharex=True)
heard = spikes[(spikes["layer"] == 0) & (spikes["neuron"] == first["neuron"])]
draw_input(grid[0, 0], heard, heard["unit"].max())
grid[0, 0].set(ylabel="channel", title="input")
for axes in grid[1:, 0]:
    axes.set_axis_off()
for row, layer in zip(grid, layers, strict=False):
    for axes, neuron in zip(row[1:], neurons, strict=True):
        own = hidden[(hidden["layer"] == layer) & (hidden["neuron"] == neuron)]
        # sorted by mean spike time, so that the order in time shows
        place = own.groupby("unit")["time"].mean().rank(method="first")
        colour = NEURON_COLOURS[neuron]
        axes.plot(1000 * own["time"], own["unit"].map(place), ".", ms=3, mew=0, color=colour)
        axes.set(title=f"{neuron_label(neuron)}, hidden layer {layer}")
        axes.set(ylabel="spiking neuron, sorted by time" if neuron == neurons[0] else "")
for axes in (grid[0, 0], *grid[-1, 1:]):
    axes.set(xlabel="time (ms)", xlim=(0, None))
    axes.tick_params(labelbottom=True)
figure.suptitle(f"{first['data']}: “{plain(first['word'])}”, test speaker {first['speaker']}")
save(figure, snakemake.output)
