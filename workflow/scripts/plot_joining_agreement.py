"""Draw how near surrogate gradients are to exact ones, by its width and over training."""

from _job import start
from study.joining import after_training, nearest, share_of_training
from study.joining.figures import KIND_COLOURS, cut, spread
from study.storage.tables import read_table
from study.style import letter, log_axis, neuron_label, panels, save

start(snakemake)
table = read_table(snakemake.input.agreement)
table["share"] = share_of_training(table)
neurons = list(dict.fromkeys(table["neuron"]))
quantities = {
    "cosine": "cosine",
    "same_sign": "weights of the same sign",
    "ratio": "norm over the exact one's",
}
figure, axes = panels(len(neurons), 4, (2.7, 2.4), (0, 0.4), sharex="col", sharey="col")
for row, neuron in zip(axes, neurons, strict=True):
    own = table[table["neuron"] == neuron]
    best = nearest(own, "surrogate").set_index("surrogate")["pseudo_width"]
    for kind, of_kind in own.groupby("surrogate", sort=False):
        style = {"color": KIND_COLOURS[kind], "label": kind}
        at_end = after_training(of_kind)
        for panel, quantity in zip(row, quantities, strict=False):
            spread(panel, at_end, "pseudo_width", quantity, quantity == "ratio", **style)
        style["label"] = f"{kind} {best[kind]:g}"
        of_best = of_kind[of_kind["pseudo_width"] == best[kind]]
        spread(row[3], of_best, "share", "cosine", **style)
    row[0].set_ylabel(neuron_label(neuron))
    row[2].set_yscale("log")
    row[3].legend(fontsize=6, loc="lower left")
for panel, title in zip(axes[0], [*quantities.values(), "cosine, best widths"], strict=True):
    panel.set_title(title, loc="right")
for panel in axes[:, [0, 1, 3]].flat:
    panel.set_ylim(max(-1.02, min(0, panel.get_ylim()[0])), 1.02)
cut(axes[:, 2])
for panel in axes[-1, :3]:
    log_axis(panel, table["pseudo_width"])
    panel.set_xlabel("width of the surrogate")
axes[-1, 3].set_xlabel("share of training")
axes[0, 0].legend(fontsize=6)
letter(axes.ravel())
seeds = table["seed"].nunique()
figure.suptitle(
    f"{snakemake.params.data}: gradients of hidden weights, same spikes, after training; "
    f"means and 95 % intervals over {seeds} networks"
)
save(figure, snakemake.output)
