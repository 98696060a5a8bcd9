"""Draw how far gradients can be trusted along the steps that training took."""

import matplotlib.pyplot as plt
from matplotlib.ticker import MaxNLocator, NullFormatter

from _job import start
from study.landscape import figures
from study.landscape.figures import where
from study.storage.tables import read_table
from study.style import NEURON_COLOURS, save

start(snakemake)
steps, losses, samples = (
    read_table(snakemake.input[name]) for name in ("steps", "step_losses", "sample_gradients")
)
figure, grid = plt.subplots(2, 3, figsize=(9, 5.2))
loss, predictions, share, turn, norms, tails = grid.flat

keys = ["neuron", "seed", "epoch", "batch"]
along = losses.merge(steps[[*keys, "predicted"]], on=keys)
along = where(along, batch="own")
along = where(along, seed=along["seed"].min())
for (neuron, _), own in along.groupby(["neuron", "epoch"]):
    gain = (own["loss"] - own["loss"].iloc[0]) / own["predicted"].abs()
    loss.plot(own["t"], gain, lw=0.6, alpha=0.7, color=NEURON_COLOURS[neuron])
loss.plot([0, 4], [0, -4], color="0.3", lw=0.9, ls=":")
loss.set(
    xlabel="distance (step lengths)",
    ylabel="change of the loss,\nin units of the predicted",
    ylim=(-5, 5),
)
loss.set_title(f"each step of seed {along['seed'].min()}; dotted: as predicted")

figures.draw_predictions(predictions, steps)
predictions.set_title("all steps, each on its own batch")

steps["missed"] = steps["error"] / steps["predicted"].abs()
for batch, ls in {"own": "-", "fixed": "--"}.items():
    own = where(steps, batch=batch)
    figures.draw_seeds(share, own, "epoch", "missed", ls)
    figures.draw_seeds(norms, own, "epoch", "norm_variation", ls)
share.set(xlabel="epoch", ylabel="|real - predicted change|\nover |predicted|", yscale="log")
norms.set(xlabel="epoch", ylabel="s.d. of log10 of the\ngradient's norm")
for axes in (share, norms):
    axes.xaxis.set_major_locator(MaxNLocator("auto", integer=True))
share.set_title("dashed: fixed samples")
norms.set_title("dashed: fixed samples")

figures.draw_turn(turn, losses)
turn.set_title("all steps, each on its own batch")

for neuron, own in where(samples, state="trained").groupby("neuron", sort=False):
    figures.draw_tail(tails, own["gradient_norm"], color=NEURON_COLOURS[neuron], lw=1.2)
tails.set(
    xscale="log",
    yscale="log",
    xlabel="gradient norm of a sample\n(nats per relative distance)",
    ylabel="share of samples\nat least as large",
)
tails.set_title("trained networks")
for axis in (tails.xaxis, tails.yaxis):
    axis.set_minor_formatter(NullFormatter())

handles = figures.neuron_handles(steps["neuron"].unique())
figure.legend(handles=handles, loc="outside lower center", ncols=len(handles))
figure.suptitle(
    f"{snakemake.params.data}: along the steps of training; "
    f"{steps['seed'].nunique()} seeds (thin) and their mean (thick)",
)
save(figure, snakemake.output)
