"""Random networks beside the theory of runaways, and the gain of trained recurrent weights."""

from _job import start
from study.storage.tables import write_table
from study.training.runaway import gains, rates

start(snakemake)
params, files = snakemake.params, snakemake.input
table = rates(params.neurons, params.options["neurons"], params.options["networks"])
write_table(table, snakemake.output.rates, digits=6)
trained = gains(files.outcomes, files.histories, files.snapshots)
write_table(trained, snakemake.output.gains, digits=6)
