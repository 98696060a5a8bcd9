"""Draw the share of failed trials in each region of the search space."""

from matplotlib.transforms import ScaledTranslation

from _job import start
from spikegrad.settings import validate
from study.config.search import Sampling
from study.search.figures import failure_shares, label_panels, parameter_panels
from study.search.regions import centres
from study.storage.tables import read_table
from study.style import NEURON_COLOURS, neuron_label, save

start(snakemake)
regions = read_table(snakemake.input.regions)
space = validate(Sampling, snakemake.params.sampling).space
figure, panels = parameter_panels(list(space), height=1.5)
for parameter, axes in panels:
    of_parameter = regions[regions["parameter"] == parameter.key]
    for place, (neuron, own) in enumerate(of_parameter.groupby("neuron")):
        shares = failure_shares(own)
        error = [shares["share"] - shares["low"], shares["high"] - shares["share"]]
        # Neuron models side by side: moved by a few points, whatever the axis's scale.
        offset = ScaledTranslation(4 * place / 72, 0, figure.dpi_scale_trans)
        axes.errorbar(
            centres(parameter)[shares["region"]], shares["share"], error, c=NEURON_COLOURS[neuron],
            fmt="o-", ms=3, lw=1, capsize=2, label=neuron_label(neuron),
            transform=axes.transData + offset,
        )  # fmt: skip
    axes.set_ylim(-0.04, 1.04)
label_panels(figure, "failed trials (share)")
sums = of_parameter.groupby("neuron")[["failed", "trials"]].sum()
counts = ", ".join(
    f"{neuron_label(row.Index)} {row.failed} of {row.trials}" for row in sums.itertuples()
)
figure.suptitle(f"{snakemake.params.data}: failed trials ({counts}), 95 % intervals (Wilson)")
save(figure, snakemake.output)
