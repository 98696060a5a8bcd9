"""Draw the error of finite networks' kernels against width, log-log."""

from _job import start
from spikegrad.ntk.figures import draw_kernel_widths
from spikegrad.report.style import save
from spikegrad.storage.tables import read_table

log = start(snakemake)
files = zip(snakemake.input.errors, snakemake.input.exponents, strict=True)
tables = [(read_table(errors), read_table(exponents)) for errors, exponents in files]
experiments = dict(zip(snakemake.params.experiments, tables, strict=True))
figure = draw_kernel_widths(experiments, "squared_error", -1.0, "mean squared error of the kernel")
save(figure, snakemake.output)
