"""Draw how far wide networks' kernels drift, and how far networks are from their descent."""

from _job import start
from study.joining.figures import cut, spread
from study.storage.tables import read_table
from study.style import NEURON_COLOURS, letter, log_axis, neuron_label, panels, save

start(snakemake)
table = read_table(snakemake.input.growing)
powers = read_table(snakemake.input.powers).set_index(["neuron", "rule", "scaling", "quantity"])
last = table["step"].max()
table = table[table["step"] == last]
neurons = list(dict.fromkeys(table["neuron"]))
scalings = list(dict.fromkeys(table["scaling"]))
quantities = {
    "drift": "relative change of the kernel",
    "distance": "distance from its descent (rms)",
    "loss": "loss on training samples",
}
figure, axes = panels(
    len(scalings), len(quantities), (3.2, 2.6), (0, 0.4), sharex=True, sharey="col"
)
for row, scaling in zip(axes, scalings, strict=True):
    for (neuron, rule), own in table[table["scaling"] == scaling].groupby(["neuron", "rule"]):
        style = {"color": NEURON_COLOURS[neuron], "ls": "-" if rule == "exact" else "--"}
        for panel, quantity in zip(row, quantities, strict=True):
            text = f"{neuron_label(neuron)}, {rule}"
            key = (neuron, rule, scaling, quantity)
            if key in powers.index:
                power = powers.loc[key]
                text += f": {power.exponent:.2f} ({power.low:.2f} to {power.high:.2f})"
                if power.ran_away:
                    text += f", {int(power.ran_away)} ran away"
            spread(panel, own, "width", quantity, True, label=text, **style)
            panel.set_yscale("log")
    row[0].set_title(f"readout as {'1/√n' if scaling == 'ntk' else '1/n'} ({scaling})")
    for panel in row[:2]:
        panel.legend(
            fontsize=6,
            title="power of n (95 %)",
            title_fontsize=6,
            handlelength=3,
            loc="upper right",
        )
for column, text in zip(axes.T, quantities.values(), strict=True):
    for panel in column:
        panel.set_ylabel(text)
    cut(column)
    log_axis(column[-1], table["width"])
    column[-1].set_xlabel("neurons of the hidden layer, n")
letter(axes.ravel())
figure.suptitle(
    f"{snakemake.params.data}: two classes, targets ±1, {last} steps of full-batch descent; "
    f"geometric means, 95 % intervals over {table['network'].nunique()} networks"
)
save(figure, snakemake.output)
