"""Draw eigenvalues of the SG-NTK between samples and outputs of trained networks."""

from matplotlib.ticker import NullLocator

from _job import start
from study.joining import UNSTABLE_BELOW, after_training, nearest
from study.joining.figures import KIND_COLOURS, spread
from study.storage.tables import read_table
from study.style import NEURON_COLOURS, letter, log_axis, neuron_label, panels, save

start(snakemake)
PLACES, NAMES = [-1, -1e-2, 0, 1e-2, 1], ["−1", "−0.01", "0", "0.01", "1"]
spectra, values = (
    after_training(read_table(file))
    for file in (snakemake.input.spectra, snakemake.input.eigenvalues)
)
near = nearest(read_table(snakemake.input.agreement), "neuron").set_index("neuron")
neurons = list(dict.fromkeys(spectra["neuron"]))
figure, axes = panels(len(neurons), 3, (3.2, 2.4), (0, 0.4))
for row, neuron in zip(axes, neurons, strict=True):
    kind, width = near.loc[neuron]
    own = values[values["neuron"] == neuron]
    own = own[(own["surrogate"] == kind) & (own["pseudo_width"] == width)]
    row[0].plot(own["real"], own["imaginary"], ".", ms=3, color=NEURON_COLOURS[neuron])
    row[0].axvline(0, color="grey", lw=0.8)
    row[0].set_xscale("symlog", linthresh=1e-3)
    row[0].set_yscale("symlog", linthresh=1e-3)
    row[0].set_xticks(PLACES, NAMES)
    row[0].set_yticks(PLACES, NAMES)
    for axis in (row[0].xaxis, row[0].yaxis):
        axis.set_minor_locator(NullLocator())
    row[0].set(title=f"{neuron_label(neuron)}, {kind} {width:g}", ylabel="imaginary part")
    of_neuron = spectra[spectra["neuron"] == neuron]
    for name, of_kind in of_neuron.groupby("surrogate", sort=False):
        style = {"color": KIND_COLOURS[name], "label": name}
        spread(row[1], of_kind, "pseudo_width", "least", **style)
        spread(row[2], of_kind, "pseudo_width", "asymmetry", **style)
    for panel in row[1:]:
        log_axis(panel, spectra["pseudo_width"])
    row[1].axhline(0, color="grey", lw=0.8)
    row[1].axhline(UNSTABLE_BELOW, color="grey", lw=0.8, ls=":")
    row[1].set_yscale("symlog", linthresh=1e-3)
    row[1].set_yticks(PLACES, NAMES)
    row[1].yaxis.set_minor_locator(NullLocator())
    row[1].set(ylabel="least real part / largest size", ylim=(-1.5, 0.5))
    row[2].set(ylabel="antisymmetric / symmetric part", ylim=(0, None))
axes[-1, 0].set_xlabel("real part / largest size")
for panel in axes[-1, 1:]:
    panel.set_xlabel("width of the surrogate")
axes[0, 2].legend(fontsize=6)
letter(axes.ravel())
seeds = spectra["seed"].nunique()
figure.suptitle(
    f"{snakemake.params.data}: the SG-NTK after training, {seeds} networks; "
    "means and 95 % intervals"
)
save(figure, snakemake.output)
