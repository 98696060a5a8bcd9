"""Draw the error of finite networks' kernels against width, log-log."""

from _job import start
from study.ntk.figures import draw_kernel_widths
from study.storage.tables import read_table
from study.style import save

log = start(snakemake)
figure = draw_kernel_widths(
    snakemake.params.experiments,
    map(read_table, snakemake.input.errors),
    map(read_table, snakemake.input.exponents),
    "squared_error",
    -1.0,
    "mean squared error of the kernel",
)
save(figure, snakemake.output)
