"""Compare finite networks' kernels with the analytic kernel."""

import pandas as pd

from _job import start
from spikegrad.config.base import validate
from spikegrad.config.ntk import KernelExperiment, NTKProblem
from spikegrad.ntk.convergence import analytic_rows, errors, exponents, growth
from spikegrad.storage.files import atomic

log = start(snakemake)
problem = validate(NTKProblem, snakemake.params.problem)
experiment = validate(KernelExperiment, snakemake.params.experiment)
networks = pd.concat(map(pd.read_parquet, snakemake.input.networks), ignore_index=True)
analytic = analytic_rows(problem, experiment)
per_network = errors(networks, analytic)
powers = pd.concat(
    exponents(per_network, quantity, problem, snakemake.params.n_resamples)
    for quantity in ("squared_error", "drift")
)
log.info("powers of the width:\n%s", powers.to_string())
with atomic(snakemake.output.analytic) as file:
    analytic.to_parquet(file)
with atomic(snakemake.output.errors) as file:
    per_network.to_parquet(file)
for table, path in (
    (powers, snakemake.output.exponents),
    (
        growth(networks, analytic, problem, experiment, snakemake.params.n_resamples),
        snakemake.output.growth,
    ),
):
    with atomic(path) as file:
        table.to_csv(file, index=False)
