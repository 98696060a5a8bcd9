"""Compose the first paper's single samples: jumps, their causes, and what follows them."""

import matplotlib.pyplot as plt
import numpy as np
import seaborn as sns

from _job import start
from study.landscape import figures
from study.landscape.constants import JUMP, STATES
from study.landscape.figures import where
from study.storage.tables import read_table
from study.style import NEURON_COLOURS, letter, neuron_label, save

start(snakemake)
changes, losses, spikes, examples, profiles, summary = (
    read_table(snakemake.input[name])
    for name in ("changes", "census_losses", "spikes", "examples", "profiles", "census")
)
breaks = where(changes, search="breaks")
jumps = where(breaks[breaks["loss_jump"].abs() > JUMP], state="trained")
losses = where(losses, search="breaks", state="trained")
here = ["seed", "direction", "sample"]
counts = jumps.groupby(here).size()
shown = counts.idxmax() if len(counts) else losses[here].iloc[0]  # the line with most jumps
neurons = list(losses["neuron"].unique())
figure = plt.figure(figsize=(12, 6.4))
upper, lower = figure.subfigures(2, 1, height_ratios=(1, 1.4))
*along, raster = upper.subplots(1, 3)
rate, causes, cascade = lower.subplots(1, 3)

for axes, neuron in zip(along, neurons, strict=False):
    line = {"neuron": neuron, **dict(zip(here, shown, strict=True))}
    n_jumps = len(where(jumps, **line))
    figures.draw_jumps(axes, where(losses, **line), where(jumps, **line), NEURON_COLOURS[neuron])
    axes.set_title(f"{neuron_label(neuron)}, one sample: {n_jumps} jump{'s' * (n_jumps != 1)}")
    axes.set_ylabel("loss (nats)")
figures.same_span(along[: len(neurons)])

largest = examples.loc[examples["loss_jump"].abs().idxmax()]
figures.draw_sides(raster, where(spikes, **largest[["neuron", "kind", "layer"]]), largest)
moment = 1000 * largest["time"]
raster.set(xlim=(moment - 40, moment + 40), xlabel="time (ms)", ylabel="neuron")
raster.set_title(f"{neuron_label(largest['neuron'])}, {figures.jump_label(largest['loss_jump'])}")
raster.legend(loc="upper center", bbox_to_anchor=(0.5, -0.25), ncols=2)

common = {"data": summary, "x": "state", "order": STATES, "y": "jumps_per_length", "ax": rate}
common |= {"hue": "neuron", "palette": NEURON_COLOURS, "legend": False}
sns.stripplot(**common, dodge=True, jitter=False, size=5)
positive = summary.loc[summary["jumps_per_length"] > 0, "jumps_per_length"]
if len(positive):
    rate.set_yscale("symlog", linthresh=positive.min())
    low, high = np.log10([positive.min(), positive.max()])
    rate.set_yticks([0, *10.0 ** np.arange(np.ceil(low), np.floor(high) + 1)])
figures.state_axis(rate)
rate.set_ylabel("jumps per relative distance\nand sample")
rate.set_ylim(0, 2 * summary["jumps_per_length"].max() or 1)

below = {"loc": "upper center", "bbox_to_anchor": (0.2, -0.25), "ncols": 3}
figures.draw_shares(causes, figures.variation_shares(profiles), **below)
causes.tick_params(axis="y", labelsize=7)
causes.set(xlabel="share of the total variation\nof a sample's loss")

below = {"loc": "upper center", "bbox_to_anchor": (0.4, -0.25), "ncols": 2, "columnspacing": 0.8}
figures.draw_disruption(cascade, changes, **below)
letter([*along, raster, rate, causes, cascade])
figure.suptitle(
    f"{snakemake.params.data}: single training samples; {summary['seed'].nunique()} seeds",
)
save(figure, snakemake.output)
