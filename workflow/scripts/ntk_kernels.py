"""Compare finite networks' kernels with the analytic kernel."""

import pandas as pd

from _job import start
from spikegrad.settings import validate
from study.config.ntk import NTKExperiment, NTKProblem
from study.ntk.convergence import analytic_rows, errors, growth, width_exponents
from study.storage.tables import read_table, write_table

log = start(snakemake)
problem = validate(NTKProblem, snakemake.params.problem)
experiment = validate(NTKExperiment, snakemake.params.experiment)
networks = read_table(*snakemake.input.networks)
out, n = snakemake.output, snakemake.params.n_resamples
quantities = ["squared_error", "drift"]
analytic = analytic_rows(problem, experiment)
per_network = errors(networks, analytic)
powers = pd.concat(width_exponents(per_network, quantity, n) for quantity in quantities)
log.info("powers of the width:\n%s", powers.to_string())
means = per_network.groupby(["slope", "width", "step"])[quantities].mean()
write_table(analytic, out.analytic)
write_table(per_network, out.errors)
write_table(means.reset_index(), out.mean_errors, digits=6)
write_table(powers, out.exponents)
write_table(growth(networks, analytic, experiment, n), out.growth)
