"""Draw the share of failed trials in each region of the search space."""

from matplotlib.transforms import ScaledTranslation

from _job import start
from spikegrad.settings import validate
from study.config.search import Sampling
from study.search.figures import failure_shares, label_panels, parameter_panels
from study.storage.tables import read_table
from study.style import NEURON_COLOURS, neuron_label, save

log = start(snakemake)
trials = read_table(*snakemake.input.trials)
space = validate(Sampling, snakemake.params.sampling).space
figure, panels = parameter_panels(list(space), height=1.5)
for parameter, axes in panels:
    for place, (neuron, own) in enumerate(trials.groupby("neuron")):
        shares = failure_shares(parameter, own[parameter.key], own["failed"])
        error = [shares["share"] - shares["low"], shares["high"] - shares["share"]]
        # Neuron models side by side: moved by a few points, whatever the axis's scale.
        offset = ScaledTranslation(4 * place / 72, 0, figure.dpi_scale_trans)
        axes.errorbar(
            shares["centre"], shares["share"], error, c=NEURON_COLOURS[neuron], fmt="o-",
            ms=3, lw=1, capsize=2, label=neuron_label(neuron), transform=axes.transData + offset,
        )  # fmt: skip
    axes.set_ylim(-0.02, 1)
label_panels(figure, "failed trials (share)")
failed = trials.groupby("neuron")["failed"].agg(["sum", "size"])
counts = ", ".join(
    f"{neuron_label(n)} {row['sum']} of {row['size']}" for n, row in failed.iterrows()
)
figure.suptitle(f"{snakemake.params.data}: failed trials ({counts}), 95 % intervals (Wilson)")
save(figure, snakemake.output)
