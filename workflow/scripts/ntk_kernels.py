"""Compare finite networks' kernels with the analytic kernel."""

import pandas as pd

from _job import start
from spikegrad.settings import validate
from study.config.ntk import KernelExperiment, NTKProblem
from study.ntk.convergence import analytic_rows, errors, exponents, growth
from study.storage.tables import read_table, write_table

log = start(snakemake)
problem = validate(NTKProblem, snakemake.params.problem)
experiment = validate(KernelExperiment, snakemake.params.experiment)
networks = read_table(*snakemake.input.networks)
analytic = analytic_rows(problem, experiment)
per_network = errors(networks, analytic)
powers = pd.concat(
    exponents(per_network, quantity, problem, snakemake.params.n_resamples)
    for quantity in ("squared_error", "drift")
)
log.info("powers of the width:\n%s", powers.to_string())
write_table(analytic, snakemake.output.analytic)
write_table(per_network, snakemake.output.errors)
means = per_network.groupby(["slope", "width", "step"])[["squared_error", "drift"]].mean()
write_table(means.reset_index(), snakemake.output.mean_errors, digits=6)
for table, path in (
    (powers, snakemake.output.exponents),
    (
        growth(networks, analytic, problem, experiment, snakemake.params.n_resamples),
        snakemake.output.growth,
    ),
):
    write_table(table, path)
