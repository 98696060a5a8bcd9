"""Draw the change of finite networks' kernels by training against width, log-log."""

from _job import start
from study.ntk.figures import draw_kernel_widths
from study.storage.tables import read_table
from study.style import save

log = start(snakemake)
figure = draw_kernel_widths(
    snakemake.params.experiments,
    map(read_table, snakemake.input.errors),
    map(read_table, snakemake.input.exponents),
    "drift",
    -0.5,
    "relative change of the kernel by training",
)
save(figure, snakemake.output)
