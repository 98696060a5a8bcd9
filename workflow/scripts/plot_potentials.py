"""Draw the membrane potential of one neuron of each model over the same input."""

import matplotlib.pyplot as plt

from _job import start
from study.config.neurons import NEURON_STYLES
from study.storage.tables import read_table
from study.style import draw_input, plain, save

start(snakemake)
potentials = read_table(snakemake.input.potentials)
spikes = read_table(snakemake.input.rasters)
first = potentials.iloc[0]
neurons = list(potentials["neuron"].unique())
figure, panels = plt.subplots(
    1 + len(neurons), 1, figsize=(6, 1.2 + 1.6 * len(neurons)), sharex=True
)
heard = spikes[(spikes["layer"] == 0) & (spikes["neuron"] == first["neuron"])]
draw_input(panels[0], heard, heard["unit"].max())
panels[0].set(ylabel="input channel")
for axes, neuron in zip(panels[1:], neurons, strict=True):
    trace = potentials[potentials["neuron"] == neuron]
    unit = trace["unit"].iloc[0]
    fired = spikes[(spikes["layer"] == 1) & (spikes["neuron"] == neuron) & (spikes["unit"] == unit)]
    style = NEURON_STYLES[neuron]
    axes.axhline(1, color="0.6", lw=0.8, ls="--", label=style.landmark)
    # no line from one end of the range to the other where V passes infinity
    visible = trace["potential"].where(trace["potential"].between(-20, 20))
    axes.plot(1000 * trace["time"], visible, color=style.colour, lw=1)
    axes.set_ylim(style.limits)
    axes.plot(
        1000 * fired["time"],
        [0.94] * len(fired),
        "|",
        transform=axes.get_xaxis_transform(),
        color="black",
        ms=7,
        label="spike",
    )
    axes.set(ylabel=f"{style.label} potential $V$")
    axes.legend(loc="upper left", bbox_to_anchor=(1, 1))
panels[-1].set(xlabel="time (ms)", xlim=(0, 1100 * heard["time"].max()))
figure.suptitle(
    f"{first['data']}: “{plain(first['word'])}”, test speaker {first['speaker']}; "
    "one hidden neuron of each trained network",
)
save(figure, snakemake.output)
